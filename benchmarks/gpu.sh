#!/usr/bin/env bash
# What only a GPU can measure, in the order of what a few minutes on one are worth; needs torch, numpy and this folder, and
# CIFAR at SGLR_DATA for what trains on it (a file cut into NAME.part-aa, NAME.part-ab, ... is put together there).
# At most 9 minutes a call; each call goes on where the last one stopped, until it says "all measured". Everything is
# written as it is known; a row whose package is missing is skipped, and one that makes no progress is given up.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
results=${RESULTS:-results}
allowed=${SECONDS_A_CALL:-530}  # nine minutes, less ten seconds for a training to stop in
deadline=$((SECONDS + allowed))
mkdir -p "$results/gpu"
export SGLR_DEVICE=${SGLR_DEVICE:-cuda}

# Run a command until the deadline; SIGTERM makes a training stop with its steps saved. What was cut off in three calls
# that it had to itself is given up: status 124 is timeout's, 75 a training's that has saved how far it is.
within() {
    local name=$1 left=$((deadline - SECONDS)) status=0 cut
    shift
    cut=$results/gpu/cut-off/${name//\//_}
    if [ -e "$cut" ] && [ "$(wc -l < "$cut")" -ge 3 ]; then echo "given up: $name"; return 0; fi
    if [ "$left" -lt 20 ]; then echo "time is up: call again"; exit 0; fi
    timeout -k 10 "$left" "$python" -m "$@" || status=$?
    case $status in
    0) ;;
    75) echo "time is up: call again"; exit 0 ;;
    124 | 137)
        mkdir -p "$(dirname "$cut")"
        if [ "$left" -gt $((allowed / 2)) ]; then echo "$left seconds" >> "$cut"; fi
        echo "time is up: call again"
        exit 0 ;;
    *) exit "$status" ;;
    esac
}

train() {
    local folder=$results/$1/runs/cifar10-$2-s0
    [ -e "$folder/manifest.json" ] || within "train $1/$2" sglr train "cifar10-$2-s0" --scale "$1" --results "$results"
}

evaluate() {
    local folder=$results/$1/runs/cifar10-$2-s0
    [ ! -e "$folder/manifest.json" ] || [ -e "$folder/evaluation.json" ] ||
        within "evaluate $1/$2" sglr evaluate "cifar10-$2-s0" --scale "$1" --results "$results"
}

joined() {
    local first
    for first in "${SGLR_DATA:-data}"/*.part-aa; do
        [ -e "$first" ] || continue
        [ -e "${first%.part-aa}" ] || cat "${first%-aa}"-* > "${first%.part-aa}"
    done
}

has() { "$python" -c "import $1" 2> /dev/null; }

within checks benchmarks.gpu checks --out "$results/gpu" ${SIZES:-}
within timing benchmarks.gpu timing --out "$results/gpu" ${SIZES:-}
joined
[ -e "$results/agreement_gpu.json" ] || within agreement benchmarks.agreement --out "$results/agreement_gpu.json"
first="at sglr_released" rest="sglr ls trades trades_sglr te awp standard kd_at kd_swa"
for method in $first; do train quick "$method"; done
if has autoattack || has pyautoattack; then measuring=evaluate; else
    measuring=true
    echo "skipped: evaluations, for want of the package pyautoattack"
fi
for method in $first; do $measuring quick "$method"; done
for method in $rest; do train quick "$method"; $measuring quick "$method"; done
# AutoAttack on the 10,000 images of `paper` takes longer than a call: Snakemake evaluates those checkpoints.
for method in $first; do train paper "$method"; done
echo "all measured"
