"""On which device is computed, GPUs being pretended, what is said of it, and what goes on upon another."""

from contextlib import suppress
from dataclasses import replace

import pytest
import torch
from gpu_jobs import EXACT, FAST, job_of

from benchmarks.stopping import StopAt
from sglr.engine import device as engine_device
from sglr.engine import parallel
from sglr.engine.device import described, prepare
from sglr.files.errors import Interrupted, UsageError
from sglr.models import build
from sglr.training.signals import StopRequest

CPU = torch.device("cpu")


def test_graphs_and_the_number_of_processes_leave_the_fingerprint_alone(
    gpu, monkeypatch, tmp_path
):
    alone = job_of(tmp_path)
    plain = job_of(tmp_path, engine=replace(EXACT, graphs=False))
    assert alone.engine.graphs and not plain.engine.graphs
    assert alone.fingerprint == plain.fingerprint
    assert alone.fingerprint != job_of(tmp_path, engine=FAST).fingerprint
    monkeypatch.setattr(parallel, "world_size", lambda: 2)
    assert prepare(EXACT, 1)[1].graphs


@pytest.mark.parametrize("first", ("cpu", "cuda"))
def test_a_state_goes_on_on_the_other_kind_of_device_and_says_so(
    gpu, monkeypatch, capsys, tmp_path, first
):
    second = {"cpu": "cuda", "cuda": "cpu"}[first]
    monkeypatch.setenv("SGLR_DEVICE", first)
    with suppress(Interrupted):
        job_of(tmp_path).fit(StopAt(6))
    monkeypatch.setenv("SGLR_DEVICE", second)
    job = job_of(tmp_path)
    job.fit(StopRequest())
    said = capsys.readouterr().out
    assert f"begun on a {first} device, going on upon a {second} one" in said
    assert said.count("epoch 1/2") == 1 and len(job.state.stretches) == 2


def test_each_of_several_processes_opens_its_own_gpu_alone(gpu, monkeypatch):
    names = {"TORCHELASTIC_RUN_ID": "1", "RANK": "1", "WORLD_SIZE": "2"}
    for name, value in (names | {"LOCAL_RANK": "1"}).items():
        monkeypatch.setenv(name, value)
    current = []
    monkeypatch.setattr(
        parallel.dist, "init_process_group", lambda _: current.append(gpu.current)
    )
    monkeypatch.setattr(parallel, "is_first", lambda: True)
    monkeypatch.setattr(parallel.atexit, "register", lambda _: None)
    assert prepare(EXACT, 1)[0] == torch.device("cuda", 1)
    assert gpu.opened == {1} and current == [1]


def test_building_a_network_seeds_no_gpu(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    before = torch.get_rng_state()
    build("small_resnet", 10, 1, 4, 0)
    assert seeded == [] and torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("built", "driver", "words"),
    (
        (None, None, "built for CPUs alone"),
        ("13.0", None, "no NVIDIA driver was found"),
        ("13.0", "535.104", "needs driver 580 or newer; found 535.104"),
    ),
)
def test_a_scale_for_a_gpu_does_not_silently_compute_on_the_cpu(
    monkeypatch, built, driver, words
):
    monkeypatch.delenv("SGLR_DEVICE", raising=False)
    monkeypatch.setattr(torch.version, "cuda", built)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(engine_device, "driver_version", lambda: driver)
    with pytest.raises(UsageError, match=words) as refused:
        prepare(EXACT, 1)
    assert "SGLR_DEVICE=cpu" in str(refused.value)
    assert prepare(EXACT, 1, gpu=False)[0] == CPU
    monkeypatch.setenv("SGLR_DEVICE", "cpu")
    assert prepare(EXACT, 1)[0] == CPU


def test_the_log_names_device_precision_and_engine(gpu):
    assert described(*prepare(FAST, 1)) == (
        "computing on pretended GPU (cuda:0), 1 thread: bf16, fold, channels_last, graphs"
    )
