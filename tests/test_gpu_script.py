"""benchmarks/gpu.sh: its first stages on the pretended GPU, and with a stand-in for Python, how its calls follow on."""

import json
import sys
from pathlib import Path

from tools import ROOT, Done, output, run

SCRIPT = ROOT / "benchmarks/gpu.sh"
STAND_IN = """#!/bin/bash
[ "$1" = -c ] && exit ${NO_AUTOATTACK:-0}
echo "$*" >> "$RESULTS/calls"
shift
[ "$2 $3 $5" = "$CUT_OFF" ] && exit 124
case $1 in
benchmarks.agreement) touch "$3" ;;
sglr)
    folder=$RESULTS/$5/runs/$3
    [ "$2 $3" = "train $STOPS" ] && [ ! -e "$RESULTS/stopped" ] && touch "$RESULTS/stopped" && exit 75
    mkdir -p "$folder"
    [ "$2" = train ] && touch "$folder/manifest.json" || touch "$folder/evaluation.json" ;;
esac
"""
# Python, on a machine with pretended GPUs, which no profiler knows, where a package that is asked for is missing.
PRETENDING = f"""#!/bin/bash
[ "$1" = -c ] && exit 1
case $2 in benchmarks.agreement | sglr) exit 75 ;; esac
exec {sys.executable} - "$@" <<'CODE'
import contextlib, runpy, sys
from types import SimpleNamespace as Simple
import torch.profiler
averages = Simple(table=lambda **_: "a table")
told = Simple(key_averages=lambda: averages)
torch.profiler.profile = lambda **_: contextlib.nullcontext(told)
sys.modules["torchattacks"] = None
from pretended_gpu import pretended
sys.argv = sys.argv[2:]
with pretended():
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
CODE
"""


def call(folder: Path, stand_in: str = STAND_IN, **environment: str) -> Done:
    (folder / "python").write_text(stand_in)
    (folder / "python").chmod(0o755)
    how = {"PYTHON": str(folder / "python"), "RESULTS": str(folder)} | environment
    return run(folder, SCRIPT, **how)


def test_checks_and_timing_on_the_pretended_gpu_are_written_row_by_row(tmp_path):
    sizes = "--width 4 --batch-size 6 --steps 1 --repetitions 1"
    how = {"SIZES": sizes, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    said = output(call(tmp_path, PRETENDING, **how))
    assert "call again" in said
    stages = [
        [json.loads(line) for line in (tmp_path / f"gpu/{stage}.jsonl").open()]
        for stage in ("checks", "timing")
    ]
    checks, timing = (
        {row["row"]: row for row in rows if "begun" not in row} for rows in stages
    )
    assert checks["no wait within a step"]["found"] == "none"
    assert max(checks["a graphed attack is the plain one"]["found"]) == 0
    assert checks["stopped and resumed"]["found"] == 4
    assert checks["memory advice"]["found"] == "memory did not run out"
    assert checks["memory advice"]["origin"]["device"] == "pretended GPU"
    assert "torchattacks is not installed" in timing["torchattacks"]["skipped"]
    assert timing["engine, bf16, graphs"]["found"]["step_seconds"] > 0
    assert not any("failed" in row for row in [*checks.values(), *timing.values()])
    call(tmp_path, PRETENDING, **how)
    assert len((tmp_path / "gpu/checks.jsonl").open().readlines()) == len(stages[0])


def test_a_stopped_training_is_the_next_calls_first_and_nothing_is_done_twice(tmp_path):
    first = call(tmp_path, STOPS="cifar10-sglr-s0")
    assert first.returncode == 0 and "call again" in first.stdout
    assert "all measured" not in first.stdout
    before = (tmp_path / "calls").read_text().splitlines()
    assert before[-1].startswith("-m sglr train cifar10-sglr-s0 --scale quick")
    second = call(tmp_path, STOPS="cifar10-sglr-s0")
    after = (tmp_path / "calls").read_text().splitlines()[len(before) :]
    assert second.stdout.strip() == "all measured"
    trained = [line for line in [*before, *after] if "sglr train" in line]
    assert len(set(trained)) == len(trained) - 1
    assert not any("evaluate" in line and "--scale paper" in line for line in after)
    # First what decides: the two trainings, and only then what they measure.
    order = [line.split()[2:4] for line in before if " sglr " in line][:4]
    assert [words[0] for words in order] == ["train", "train", "evaluate", "evaluate"]


def test_without_autoattack_the_evaluations_are_skipped_and_it_says_so(tmp_path):
    done = call(tmp_path, NO_AUTOATTACK="1")
    assert "skipped: evaluations" in done.stdout and "all measured" in done.stdout
    assert "evaluate" not in (tmp_path / "calls").read_text()


def test_what_is_cut_off_in_three_calls_is_given_up(tmp_path):
    how = {"CUT_OFF": "evaluate cifar10-at-s0 quick"}
    for _ in range(3):
        assert "time is up: call again" in call(tmp_path, **how).stdout
    done = call(tmp_path, **how)
    assert "given up: evaluate quick/at" in done.stdout
    assert done.stdout.strip().endswith("all measured")
    calls = (tmp_path / "calls").read_text()
    assert calls.count("evaluate cifar10-at-s0 --scale quick") == 3


def test_data_in_parts_is_put_together(tmp_path):
    for name, content in (("aa", "one "), ("ab", "two")):
        (tmp_path / f"cifar10.decoded.part-{name}").write_text(content)
    output(call(tmp_path, SGLR_DATA=str(tmp_path)))
    assert (tmp_path / "cifar10.decoded").read_text() == "one two"


def test_an_error_stops_the_script_with_its_status(tmp_path):
    assert call(tmp_path, "#!/bin/bash\nexit 2\n").returncode == 2
