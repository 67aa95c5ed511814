"""Checkpoints and states that must not be used, through the user's commands, and what takes the place of a lost one."""

import io
import shutil
from pathlib import Path
from random import Random

import pytest
import torch
from safetensors.torch import load_file
from tools import one_line, output, sglr
from torch import nn

from sglr.engine.checkpoints import STATE_FORMAT, load_payload, load_state, save_payload
from sglr.engine.weights import load_weights, read_packed, save_weights
from sglr.export.weights import load_model
from sglr.files.errors import UsageError
from sglr.files.records import digest, read_json
from sglr.training.state import _lost_checkpoint

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
    done = sglr(results.parent, "evaluate", RUN)
    assert one_line(done, message) and "natural" not in done.stdout  # none before it
    assert not (results / "smoke" / "runs" / RUN / "evaluation.json").exists()


@pytest.mark.parametrize("damage", ("cut", "changed", "empty"))
def test_a_damaged_checkpoint_is_never_evaluated(results, damage):
    path = results / "smoke" / "runs" / RUN / "final.safetensors"
    content = path.read_bytes()
    middle = len(content) // 2
    changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    path.write_bytes(
        {"cut": content[:middle], "changed": changed, "empty": b""}[damage]
    )
    what = "its checksum does not match its content"
    if damage != "changed":
        what = "or no safetensors file"
    refused(results, f"final.safetensors: damaged, {what}")


def test_a_missing_checkpoint_says_what_to_do(results):
    (results / "smoke" / "runs" / RUN / "final.safetensors").unlink()
    refused(
        results, "final.safetensors: no such file; to make it: sglr train digits-at-s0"
    )


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
    path = folder / "final.safetensors"
    header, _ = read_packed(path)
    save_weights(path, load_model(path), header["network"], RUN, header["epoch"] + 1)
    refused(
        results,
        "final.safetensors: damaged, not the checkpoint that manifest.json names",
    )


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


def test_a_checkpoint_is_put_back_from_one_that_is_the_same(tmp_path, capsys):
    best, final = (tmp_path / f"{name}.safetensors" for name in ("best", "final"))
    entry = {"sha256": save_weights(best, nn.Linear(1, 1), {}, RUN, 1)}
    other = {"sha256": save_weights(final, nn.Linear(1, 1), {}, RUN, 2)}
    copied = tmp_path / "best_validation.safetensors"
    copied.write_bytes(b"")
    checkpoints = {"best": entry, "best_validation": entry, "final": other}
    assert not _lost_checkpoint(tmp_path, checkpoints | {"trajectory": []})
    assert (
        "best_validation.safetensors: put back from best.safetensors"
        in capsys.readouterr().out
    )
    load_weights(copied, entry["sha256"])
    final.write_bytes(b"")  # of which there is no other
    assert _lost_checkpoint(tmp_path, checkpoints | {"trajectory": []})


def folder_of(results: Path) -> Path:
    return results / "smoke" / "runs" / RUN


def test_a_state_of_another_version_is_set_aside(results, capsys):
    path = folder_of(results) / "state.pt"
    state = load_payload(path, version=STATE_FORMAT)
    del state["format"]  # as before formats had numbers
    save_payload(path, state)
    assert (
        load_state(path, state["fingerprint"]) is None
        and path.with_suffix(".set-aside").exists()
    )
    assert (
        f"of another version of this program (format 1; this one reads {STATE_FORMAT})"
        in capsys.readouterr().out
    )


def test_a_checkpoint_of_another_version_is_refused(results):
    path = folder_of(results) / "final.safetensors"
    content = path.read_bytes().replace(b'\\"format\\": 1,', b'\\"format\\": 7,')
    path.write_bytes(content)
    with pytest.raises(UsageError, match="final.safetensors: not written by this"):
        load_weights(path)


def a_list() -> bytes:
    file = io.BytesIO()
    torch.save([1], file)
    return file.getvalue()


@pytest.mark.parametrize(
    "body", [b"", b"no payload", b"PK\x03\x04" + bytes(200), a_list()]
)
def test_a_forged_file_with_a_right_checksum_is_one_line(tmp_path, body, capsys):
    path = tmp_path / "state.pt"
    path.write_bytes(digest(body).encode() + body)
    with pytest.raises(
        UsageError,
        match="state.pt: damaged, (no file of this program|it holds more than tensors)",
    ):
        load_payload(path)
    assert load_state(path, "any") is None and "set aside" in capsys.readouterr().out


# Any program reads a network that a training leaves.


def test_a_checkpoint_is_plain_safetensors_of_the_sha256_that_the_manifest_has(trained):
    folder = trained / "smoke" / "runs" / RUN
    manifest = read_json(folder / "manifest.json")
    for name in ("best", "best_validation", "final"):
        path, entry = folder / f"{name}.safetensors", manifest[name]
        network = load_model(path)  # the architecture is in the file
        plain, own = load_file(path), network.state_dict()
        assert plain.keys() == own.keys()
        assert all(torch.equal(plain[key], own[key]) for key in plain)
        if manifest["engine"]["channels_last"]:
            network.to(memory_format=torch.channels_last)
        content = io.BytesIO()  # as trainings wrote it before
        payload = {"run": RUN, "epoch": entry["epoch"], "weights": network.state_dict()}
        torch.save(payload, content)
        assert digest(content.getvalue()) == entry["sha256"]


def test_no_byte_of_a_checkpoint_changes_unseen(trained, tmp_path):
    folder = trained / "smoke" / "runs" / RUN
    sha256 = read_json(folder / "manifest.json")["final"]["sha256"]
    content = (folder / "final.safetensors").read_bytes()
    whole = load_weights(folder / "final.safetensors", sha256)
    end = 8 + int.from_bytes(content[:8], "little")
    path, chance = tmp_path / "final.safetensors", Random(0)
    places = [*range(0, end, 7), *(chance.randrange(len(content)) for _ in range(50))]
    for place in places:
        bit = 1 << chance.randrange(8)
        changed = bytes([content[place] ^ bit])
        path.write_bytes(content[:place] + changed + content[place + 1 :])
        try:
            loaded = load_weights(path, sha256)
        except UsageError:
            continue
        for key, value in whole["weights"].items():
            assert torch.equal(loaded["weights"][key], value), place


def test_weights_of_a_training_before_they_were_safetensors_are_read(results):
    folder = results / "smoke" / "runs" / RUN
    for name in ("best", "best_validation", "final"):
        path = folder / f"{name}.safetensors"
        header, network = read_packed(path)[0], load_model(path)
        network.to(memory_format=torch.channels_last)
        payload = {"run": RUN, "epoch": header["epoch"]}
        payload["weights"] = network.state_dict()
        path.unlink()
        sha256 = save_payload(folder / f"{name}.pt", payload)
        assert sha256 == header["checkpoint_sha256"]
    output(sglr(results.parent, "evaluate", RUN))
