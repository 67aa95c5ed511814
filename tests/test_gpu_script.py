"""benchmarks/gpu.sh with a stand-in for Python: each call goes on where the last one stopped."""

from pathlib import Path

from tools import ROOT, Done, run

SCRIPT = ROOT / "benchmarks/gpu.sh"
STAND_IN = """#!/bin/bash
echo "$*" >> "$RESULTS/calls"
shift
case $1 in
benchmarks) touch "$5" ;;
benchmarks.agreement) touch "$3" ;;
sglr)
    folder=$RESULTS/$5/runs/$3
    [ "$2 $3" = "train $STOPS" ] && [ ! -e "$RESULTS/stopped" ] && touch "$RESULTS/stopped" && exit 75
    mkdir -p "$folder"
    [ "$2" = train ] && touch "$folder/manifest.json" || touch "$folder/evaluation.json" ;;
esac
"""


def call(folder: Path, stops: str) -> Done:
    (folder / "python").write_text(STAND_IN)
    (folder / "python").chmod(0o755)
    return run(
        folder, SCRIPT, PYTHON=str(folder / "python"), RESULTS=str(folder), STOPS=stops
    )


def test_a_stopped_training_is_the_next_calls_first_and_nothing_is_done_twice(tmp_path):
    first = call(tmp_path, "cifar10-sglr-s0")
    assert (
        first.returncode == 0
        and "call again" in first.stdout
        and "all measured" not in first.stdout
    )
    before = (tmp_path / "calls").read_text().splitlines()
    assert before[-1].startswith("-m sglr train cifar10-sglr-s0 --scale quick")
    second = call(tmp_path, "cifar10-sglr-s0")
    after = (tmp_path / "calls").read_text().splitlines()[len(before) :]
    assert second.stdout.strip() == "all measured" and after[0] == before[-1]
    assert len(set(before + after)) == len(before + after) - 1
    assert not any("evaluate" in line and "--scale paper" in line for line in after)
    assert call(tmp_path, "none").stdout.strip() == "all measured"
    assert (tmp_path / "calls").read_text().splitlines() == before + after


def test_an_error_stops_the_script_with_its_status(tmp_path):
    (tmp_path / "python").write_text("#!/bin/bash\nexit 2\n")
    (tmp_path / "python").chmod(0o755)
    assert (
        run(
            tmp_path, SCRIPT, PYTHON=str(tmp_path / "python"), RESULTS=str(tmp_path)
        ).returncode
        == 2
    )
