#!/usr/bin/env bash
# Audits a data set on a Slurm cluster: a plan with everything that the parts share, an array of parts, and then their merge.
#
#   deploy/slurm/submit.sh CONFIG PARTS FOLDER [KEY=VALUE ...]
#
# CONFIG is a config as for `reglet audit`, and PARTS is the number of tasks in the array. The parts are written to FOLDER/parts and
# the results to FOLDER/results; every node must be able to access FOLDER. KEY=VALUE override values of the config. REGLET is the path
# of the program, and SBATCH_OPTIONS contains further options for every job, such as a partition, memory or a time limit. Prints the
# number of the last job.
#
# A task that is killed, or whose node fails, is requeued and continues where it stopped.
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

# The command of a job, as one line of shell: a job that is killed by a signal is requeued, at most three times.
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
# If a shortcut is found, the exit status is 1, which is a result and not a failure of the job.
sbatch "${options[@]}" --job-name=reglet-merge "--output=$folder/log/%x.txt" "--dependency=afterok:$array" --kill-on-invalid-dep=yes \
    --wrap "$(job merge "$folder/parts" --out "$folder/results")"
