#!/usr/bin/env bash
# Reglet beside PyTorch, torch.compile and Captum on an NVIDIA GPU, in about ten minutes once libtorch is prepared and built:
#
#     cargo xtask setup --cuda
#     benches/gpu.sh [DEVICE] [PEAK]
#
# DEVICE is cuda:0 by default; PEAK is the device's peak in 10^12 operations a second with 32-bit floats, for the share of it.
# REGLET_PYTHON is a Python with the packages of tests/reference/requirements.txt and a PyTorch for the GPU. With REGLET_DATA,
# Integrated Gradients are compared with Captum's, too, on its pictures and weights.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
device=${1:-cuda:0}
peak=${2:+--peak $2}
runs=${RUNS:-5}

for batch in ${BATCHES:-16 64 256}; do
    printf '\n## Batches of %s on %s\n\n' "$batch" "$device"
    # shellcheck disable=SC2086 # No words where there is no peak.
    cargo xtask bench --forward --device "$device" $peak --batch "$batch" --runs "$runs" --compile \
        --networks "${NETWORKS:-resnet18,resnet50,vit_b_16}"
done
if [ -n "${REGLET_DATA:-}" ]; then
    cargo xtask bench --peers --device "$device" --integrals --runs "$runs" --out "$(mktemp)"
fi
