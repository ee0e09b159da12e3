#!/usr/bin/env bash
# Audits a data set on a Slurm cluster: what all parts have in common, an array of parts, and then their merging.
#
#   deploy/slurm/submit.sh CONFIG PARTS FOLDER [KEY=VALUE ...]
#
# CONFIG is a config as for `reglet audit`, PARTS how many tasks the array has, and FOLDER, which every node must see, gets the
# parts in FOLDER/parts and the results in FOLDER/results. KEY=VALUE override values of the config. REGLET names the program,
# SBATCH_OPTIONS more options for every job, such as a partition, memory or a time limit. Prints the number of the last job.
#
# A task that is killed, or whose node fails, is queued again and goes on where it was.
set -euo pipefail

if [ $# -lt 3 ]; then
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config=$(realpath "$1") parts=$2 folder=$3
shift 3
mkdir -p "$folder/log"
folder=$(realpath "$folder")
reglet=${REGLET:-reglet}
overrides=()
for setting in "$@"; do
    overrides+=(--set "$setting")
done
read -r -a options <<<"${SBATCH_OPTIONS:-}"
options+=(--parsable --requeue --open-mode=append)

# The command of a job, as one line of shell: what is killed by a signal is queued again, three times at most.
job() {
    printf '%q ' "$reglet" "$@"
    cat <<'END'
; status=$?
if [ $status -ge 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt 3 ]; then
    scontrol requeue "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
    sleep 60
fi
exit $status
END
}

audit=(audit --config "$config" ${overrides[@]+"${overrides[@]}"} --out "$folder/parts")
plan=$(sbatch "${options[@]}" --job-name=reglet-plan "--output=$folder/log/%x.txt" \
    --wrap "$(job "${audit[@]}" --plan)")
array=$(sbatch "${options[@]}" --job-name=reglet-part "--output=$folder/log/%x-%a.txt" "--array=1-$parts" \
    "--dependency=afterok:$plan" --kill-on-invalid-dep=yes --wrap "$(job "${audit[@]}" --shard auto)")
# A found shortcut is status 1, which is a result and no failure of the job.
sbatch "${options[@]}" --job-name=reglet-merge "--output=$folder/log/%x.txt" "--dependency=afterok:$array" --kill-on-invalid-dep=yes \
    --wrap "$(job merge "$folder/parts" --out "$folder/results")"
