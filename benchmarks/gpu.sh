#!/usr/bin/env bash
# What only a GPU can measure, without Snakemake: the benchmark, whether the shortcuts change results, then trainings of
# the scale `quick` and of `paper`. Needs torch, this package's folder, pyautoattack, and CIFAR at SGLR_DATA.
# At most 9 minutes a call, and each call goes on where the last one stopped, until it says "all measured".
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
results=${RESULTS:-results}
deadline=$((SECONDS + 530))  # nine minutes, less ten seconds for a training to stop in

# Run a command until the deadline; SIGTERM makes a training stop with its finished epochs saved.
within() {
    local left=$((deadline - SECONDS))
    if [ "$left" -lt 20 ]; then echo "time is up: call again"; exit 0; fi
    local status=0
    timeout -k 10 "$left" "$python" -m "$@" || status=$?
    case $status in
    0) ;;
    75 | 124) echo "time is up: call again"; exit 0 ;;
    *) exit "$status" ;;
    esac
}

[ -e "$results/benchmark_gpu.json" ] || within benchmarks --device cuda --out "$results/benchmark_gpu.json"
[ -e "$results/agreement_gpu.json" ] || within benchmarks.agreement --out "$results/agreement_gpu.json"
# AutoAttack on the 10,000 images of `paper` takes longer than a call: Snakemake evaluates those checkpoints.
for job in quick:{at,sglr,sglr_released,ls,trades,trades_sglr,te,awp,standard,kd_at,kd_swa} paper:{at,sglr_released}; do
    scale=${job%%:*} run=cifar10-${job##*:}-s0
    folder=$results/$scale/runs/$run
    [ -e "$folder/manifest.json" ] || within sglr train "$run" --scale "$scale" --results "$results"
    [ "$scale" = paper ] || [ -e "$folder/evaluation.json" ] || within sglr evaluate "$run" --scale "$scale" --results "$results"
done
echo "all measured"
