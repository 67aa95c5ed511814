"""Several GPUs on one machine: pretended ones, real processes."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tools import ROOT, copy_checkout

from sglr.engine.device import prepare
from sglr.engine.lease import visible_gpus
from sglr.files.errors import UsageError
from sglr.plan import scale_files
from sglr.plan.scales import PLAIN

# Leases a GPU, says which, and holds it until its input ends.
HOLDER = """import os, sys
from sglr.engine.lease import lease_gpu
lease_gpu()
print("CUDA sees", os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


def with_gpus(gpus: str, folder: Path) -> dict[str, str]:
    """An environment with these GPUs, outside Slurm; leases lie in `folder`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SLURM", "SGLR"))
    }
    return kept | {"TMPDIR": str(folder), "CUDA_VISIBLE_DEVICES": gpus}


class Holder:
    """A process that leases a GPU; `gpus` are those that it may choose from."""

    def __init__(
        self, folder: Path, number: int, gpus: str, environment: dict[str, str]
    ):
        self.said = folder / f"said{number}"
        environment = with_gpus(gpus, folder) | {"PYTHONPATH": str(ROOT)} | environment
        with open(self.said, "w") as said:
            words = [sys.executable, "-c", HOLDER]
            self.process = subprocess.Popen(
                words, env=environment, stdin=subprocess.PIPE, stdout=said
            )

    def gpu(self) -> str:
        """What CUDA would see, once the process has gone on."""
        deadline = time.monotonic() + 300
        while not (found := re.search("CUDA sees (.*)\n", self.said.read_text())):
            assert self.process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        return found[1]


@pytest.fixture
def start(tmp_path):
    started = []

    def begin(gpus: str, **environment: str) -> Holder:
        started.append(Holder(tmp_path, len(started), gpus, environment))
        return started[-1]

    yield begin
    for holder in started:
        holder.process.kill()
        holder.process.wait()


def test_each_process_has_a_gpu_of_its_own_and_a_killed_ones_is_free_again(start):
    holders = [start("0,1,2") for _ in range(3)]
    taken = [holder.gpu() for holder in holders]
    assert sorted(taken) == ["0", "1", "2"]
    waiting = start("0,1,2")
    until_it_waits(waiting)
    holders[1].process.send_signal(signal.SIGKILL)
    assert waiting.gpu() == taken[1]
    waiting = start("0,1,2")
    until_it_waits(waiting)
    holders[0].process.stdin.close()
    assert waiting.gpu() == taken[0]


def until_it_waits(holder: Holder) -> None:
    deadline = time.monotonic() + 300
    while "waiting" not in holder.said.read_text():
        assert holder.process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("gpus", "environment"),
    [
        ("5", {}),
        ("", {}),
        ("-1", {}),
        ("0,1", {"SLURM_JOB_ID": "7"}),
        ("0,1", {"SGLR_DEVICE": "cuda:1"}),
    ],
)
def test_nothing_is_done_where_there_is_no_choice_or_another_has_chosen(
    start, gpus, environment
):
    assert [start(gpus, **environment).gpu() for _ in range(2)] == [gpus, gpus]


def test_gpus_are_those_that_nvidia_smi_lists_unless_the_user_names_some(
    tmp_path, monkeypatch
):
    (tmp_path / "nvidia-smi").write_text(
        "#!/bin/sh\necho 'GPU 0: A (UUID: GPU-1)'\necho '  MIG 1g (UUID: MIG-2)'\necho 'GPU 1: A (UUID: GPU-3)'\n"
    )
    (tmp_path / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert visible_gpus() == ["GPU-1", "GPU-3"]
    # One card is one lease, by whichever of its names.
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1, GPU-1")
    assert visible_gpus() == ["GPU-3", "GPU-1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-9, MIG-2")
    assert visible_gpus() == ["3", "GPU-9", "MIG-2"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("PATH", "/nowhere")
    assert visible_gpus() == []


def test_a_scale_that_uses_no_gpu_computes_on_the_cpu_beside_one(monkeypatch):
    monkeypatch.delenv("SGLR_DEVICE", raising=False)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert prepare(PLAIN, 1, gpu=False)[0].type == "cpu"


def test_whether_a_scale_uses_a_gpu_is_true_or_false(tmp_path, monkeypatch):
    (tmp_path / "scales").mkdir()
    text = (scale_files.CONFIG / "scales/smoke.yaml").read_text()
    (tmp_path / "scales/bad.yaml").write_text(
        text.replace("gpu: false", "gpu: sometimes")
    )
    monkeypatch.setattr(scale_files, "CONFIG", tmp_path)
    with pytest.raises(UsageError, match="bad.yaml: gpu must be bool, got 'sometimes'"):
        scale_files.load_scale("bad")


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A copy of this checkout whose smallest scale asks for GPUs."""
    copy_checkout(tmp_path)
    scale = tmp_path / "config/scales/smoke.yaml"
    scale.write_text(scale.read_text().replace("gpu: false", "gpu: true"))
    with open(tmp_path / "sglr/engine/device.py", "a") as code:
        # The CPU computes in the leased GPU's place, once the test has seen what it waits for.
        code.write("\n\ndef _device(gpu):\n    import os, time\n")
        code.write("    while not os.path.exists('go'):\n        time.sleep(0.05)\n")
        code.write("    return torch.device('cpu')\n")
    return tmp_path


def test_snakemakes_jobs_lease_gpus_and_a_second_snakemake_harms_nothing(checkout):
    runs = ["digits-standard-s0", "digits-at-s0"]
    words = [sys.executable, "-m", "snakemake", "--cores", "8"]
    words += ["--", *(f"results/smoke/runs/{run}/manifest.json" for run in runs)]
    how = {"cwd": checkout, "env": with_gpus("4,6", checkout)}
    with open(checkout / "said", "w") as said:
        first = subprocess.Popen(words, stdout=said, stderr=said, **how)
    while not list(checkout.glob(".snakemake/locks/*")):
        assert first.poll() is None
        time.sleep(0.02)
    second = subprocess.run(words, capture_output=True, text=True, **how)
    assert (
        second.returncode != 0
        and "Directory cannot be locked" in second.stdout + second.stderr
    )
    (checkout / "go").touch()
    assert first.wait(900) == 0, (checkout / "said").read_text()
    assert 'gpu=Resource("gpu", 2)' in (checkout / "said").read_text()
    for run in runs:
        assert (checkout / f"results/smoke/runs/{run}/manifest.json").exists()
        log = (checkout / f"logs/smoke/train/{run}.log").read_text()
        assert "leased GPU 4 of 4, 6" in log or "leased GPU 6 of 4, 6" in log
