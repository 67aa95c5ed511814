"""When a training is saved: each state with the checkpoints that it counts on, by a thread where there is a GPU."""

import json
import threading

import pytest
import torch

from sglr.engine.checkpoints import STATE_FORMAT, load_payload
from sglr.engine.device import prepare
from sglr.engine.weights import load_weights
from sglr.files import disk
from sglr.files.disk import write_together
from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.plan.plan_files import load_plan
from sglr.training import divergence, saving
from sglr.training.job import Job
from sglr.training.saving import Saver
from sglr.training.signals import StopRequest

PLAN = load_plan("smoke+attack.train_steps=1+attack.curve_steps=1")
CPU = torch.device("cpu")


@pytest.fixture
def states(monkeypatch):
    """The epochs of each state that has been written."""
    found, write = [], saving.write_together

    def noted(contents):
        write(contents)
        path = next(path for path in contents if path.name == "state.pt")
        plain = load_payload(path, version=STATE_FORMAT)["plain"]
        found.append(len(json.loads(plain)["history"]))

    monkeypatch.setattr(saving, "write_together", noted)
    return found


def job_of(folder):
    device, engine = prepare(PLAN.scale.engine, threads=1)
    run = PLAN.runs["digits-at-s0"]
    return Job(run, PLAN.scale, folder, PLAN.settings_of(run), device, engine)


def weights(number, on):
    return torch.full((3,), float(number), device=on)


class OneWeight(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.register_buffer("w", weight)


def state(**plain):
    return {"recipe": {}, "plain": plain}


def saver_of(folder, device=None):
    names = {"run": "one", "shape": {}}
    return Saver(folder, device or torch.device("cuda", 0), names)


def saved(folder, name):
    return load_payload(folder / name)


@pytest.mark.parametrize(
    ("device", "written"), (("cpu", [1, 2, 3, 4]), ("cuda", [1, 4]))
)
def test_a_gpus_states_are_a_minute_apart_and_the_last_is_written(
    gpu, monkeypatch, states, tmp_path, device, written
):
    monkeypatch.setenv("SGLR_DEVICE", device)
    job_of(tmp_path).fit(StopRequest())
    assert states == written
    manifest = read_json(tmp_path / "manifest.json")
    for name in ("best", "best_validation", "final"):
        load_weights(tmp_path / f"{name}.safetensors", manifest[name]["sha256"])


def test_what_waits_is_written_when_the_training_fails(
    gpu, monkeypatch, states, tmp_path
):
    job = job_of(tmp_path)
    monkeypatch.setattr(divergence, "check", lambda job, _, epoch, __: fail(epoch == 4))
    with pytest.raises(UsageError, match="diverged"):
        job.fit(StopRequest())
    assert states == [1, 3]


def fail(now):
    if now:
        raise UsageError("diverged")


def test_a_thread_writes_a_copy_while_the_training_goes_on(gpu, monkeypatch, tmp_path):
    held, pack = threading.Event(), saving.packed
    monkeypatch.setattr(saving, "packed", lambda each: held.wait(60) and pack(each))
    saver, trained = saver_of(tmp_path), weights(1, "cuda")
    saver.keep("best.safetensors", OneWeight(trained), 1)
    saver.save(state() | {"recipe": {"w": trained}})
    trained.fill_(2)
    assert not list(tmp_path.iterdir())
    held.set()
    saver.close()
    assert saved(tmp_path, "state.pt")["recipe"]["w"].tolist() == [1, 1, 1]
    assert (
        load_weights(tmp_path / "best.safetensors")["weights"]["w"].tolist() == [1] * 3
    )


def test_a_checkpoint_that_waits_comes_with_the_next_state(gpu, tmp_path):
    saver, entries = saver_of(tmp_path), []
    for epoch in (1, 2, 3):
        network = OneWeight(weights(epoch, "cuda"))
        name = f"{min(epoch, 2)}.safetensors"
        entries.append(saver.keep(name, network, epoch))
        saver.save(state(checkpoints={"last": entries[-1]}))
    saver.close()
    plain = json.loads(saved(tmp_path, "state.pt")["plain"])
    assert plain["checkpoints"]["last"] == entries[2]
    assert load_weights(tmp_path / "2.safetensors")["epoch"] == 3
    assert ["sha256" in entry for entry in entries] == [True, False, True]
    load_weights(tmp_path / "1.safetensors", entries[0]["sha256"])


def test_what_a_thread_cannot_write_stops_the_training(gpu, tmp_path):
    (tmp_path / "file").write_text("in the way of a folder")
    saver = saver_of(tmp_path / "file")
    saver.save(state())
    saver.writing.exception()
    with pytest.raises(UsageError, match="state.pt: cannot be written"):
        saver.save(state())


@pytest.mark.parametrize("device", (CPU, torch.device("cuda", 0)))
def test_a_network_that_is_not_finite_leaves_what_was_there(gpu, tmp_path, device):
    saver = saver_of(tmp_path, device)
    saver.keep("best.safetensors", OneWeight(weights("nan", device)), 7)
    with pytest.raises(UsageError, match="epoch 7: w is not finite"):
        saver.save(state())
        saver.close()
    assert not list(tmp_path.iterdir())


def test_files_that_speak_of_each_other_are_all_new_or_all_old(tmp_path, monkeypatch):
    """A state that is new beside a checkpoint that is old would begin with the first epoch."""
    paths = [tmp_path / "best.pt", tmp_path / "state.pt"]
    write_together(dict.fromkeys(paths, b"old"))
    synced, fsync = [], disk.os.fsync

    def full(number):
        synced.append(fsync(number))
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.os, "fsync", full)
    with pytest.raises(UsageError, match="state.pt: cannot be written: No space left"):
        write_together(dict.fromkeys(paths, b"new"))
    assert [path.read_bytes() for path in paths] == [b"old", b"old"]
    assert len(list(tmp_path.iterdir())) == 2
