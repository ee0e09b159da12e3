#!/usr/bin/env bash
# Audits a data set with HyperQueue: a plan with everything that the parts share, an array of parts, and their merge.
#
#   deploy/hyperqueue/submit.sh CONFIG PARTS FOLDER
#
# The parts and the results are written to FOLDER, which every worker must be able to access. REGLET is the path of the program. A
# server and workers must already be running (`hq server start`, `hq worker start` or `hq alloc add`).
set -euo pipefail

if [ $# -ne 3 ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
config=$(realpath "$1") parts=$2
mkdir -p "$3"
folder=$(realpath "$3")
reglet=${REGLET:-reglet}

hq submit --wait --name reglet-plan -- "$reglet" audit --config "$config" --plan --out "$folder/parts"
# The number of a task, from 1, is in HQ_TASK_ID, which --shard auto reads.
hq submit --wait --name reglet-part --array "1-$parts" --crash-limit 3 -- \
    "$reglet" audit --config "$config" --shard "auto/$parts" --out "$folder/parts"
hq submit --wait --name reglet-merge -- "$reglet" merge "$folder/parts" --out "$folder/results"
