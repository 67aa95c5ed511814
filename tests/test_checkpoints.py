"""Checkpoints and states that must not be used, through the user's commands."""

import shutil
from pathlib import Path

import pytest
from tools import one_line, output, sglr

from sglr.engine.checkpoints import load_payload, load_state, save_payload
from sglr.files.errors import UsageError

RUN = "digits-at-s0"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    output(sglr(folder, "train", RUN))
    return folder / "results"


@pytest.fixture
def results(trained, tmp_path) -> Path:
    return shutil.copytree(trained, tmp_path / "results")


def refused(results: Path, message: str) -> None:
    assert one_line(sglr(results.parent, "evaluate", RUN), message)
    assert not (results / "smoke" / "runs" / RUN / "evaluation.json").exists()


@pytest.mark.parametrize("damage", ("cut", "changed", "empty"))
def test_a_damaged_checkpoint_is_never_evaluated(results, damage):
    path = results / "smoke" / "runs" / RUN / "final.pt"
    content = path.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes(
        {"cut": content[:middle], "changed": changed, "empty": b""}[damage]
    )
    refused(results, "final.pt: damaged, its checksum does not match its content")


def test_a_missing_checkpoint_says_what_to_do(results):
    (results / "smoke" / "runs" / RUN / "final.pt").unlink()
    refused(results, "final.pt: no such file; to make it: sglr train digits-at-s0")


def test_a_folder_copied_under_another_runs_name_is_refused(results):
    folder = results / "smoke" / "runs"
    shutil.copytree(folder / RUN, folder / "digits-ls-s0")
    done = sglr(results.parent, "evaluate", "digits-ls-s0")
    assert (
        done.returncode == 2
        and "holds run 'digits-at-s0', expected 'digits-ls-s0'" in done.stderr
    )


def test_a_checkpoint_put_in_place_of_another_is_refused(results):
    folder = results / "smoke" / "runs" / RUN
    payload = load_payload(folder / "final.pt")
    save_payload(folder / "final.pt", payload | {"epoch": payload["epoch"] + 1})
    refused(results, "final.pt: damaged, not the checkpoint that manifest.json names")


def test_another_runs_state_is_set_aside(results):
    folder = results / "smoke" / "runs"
    (folder / "digits-ls-s0").mkdir()
    shutil.copy(folder / RUN / "state.pt", folder / "digits-ls-s0" / "state.pt")
    done = sglr(results.parent, "train", "digits-ls-s0")
    assert (
        done.returncode == 0
        and "it belongs to other settings" in done.stdout
        and "epoch 1/" in done.stdout
    )


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "sprung",))

    save_payload(tmp_path / "trap.pt", {"run": Trap()})
    with pytest.raises(
        UsageError,
        match="trap.pt: damaged, it holds more than tensors and plain values",
    ):
        load_payload(tmp_path / "trap.pt")
    assert (
        load_state(tmp_path / "trap.pt", "any") is None
        and not (tmp_path / "sprung").exists()
    )
