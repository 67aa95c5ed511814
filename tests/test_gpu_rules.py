"""CUDA's rules, on a pretended GPU: nothing mixes devices or makes the host wait within a step. Faults planted on
purpose show that each rule can be broken."""

import collections
from types import SimpleNamespace

import pytest
import torch
from gpu_jobs import EXACT, FAST, SCALE, job_of
from pretended_gpu import Mismatch

from benchmarks.stopping import StopAt
from sglr.attacks.threat import LinfBall
from sglr.engine import parallel
from sglr.evaluation import autoattack, masking
from sglr.evaluation.finished import Finished
from sglr.evaluation.measure import evaluate, measure_features, measure_trajectory
from sglr.files.errors import Interrupted
from sglr.methods import METHODS
from sglr.models import build
from sglr.training.job import Job
from sglr.training.recipe import Recipe
from sglr.training.signals import StopRequest

START_UPLOADS = {
    "data/images.py",
    "models/networks.py",
    "attacks/threat.py",  # KD-AT's attack on held-out images, and its grid
    "methods/kd_at.py",
}

# Teachers first.
ORDER = sorted(METHODS, key=lambda name: (name not in ("standard", "at"), name))


@pytest.fixture
def waits_of_steps(gpu, monkeypatch):
    """What made the host wait within training steps, so far."""
    found, step = collections.Counter(), Recipe.step

    def watched(self, x, index, epoch):
        before = gpu.waits.copy()
        taken = step(self, x, index, epoch)
        found.update(gpu.waits - before)
        return taken

    monkeypatch.setattr(Recipe, "step", watched)
    return found


@pytest.fixture
def uploads(gpu, monkeypatch):
    """From which files something was brought to the GPU, while trainings were set up and within their epochs."""
    found = {"start": set(), "epoch": set()}

    def watched(name, place):
        function = getattr(Job, name)

        def call(self, *args, **kwargs):
            before = gpu.waits.copy()
            function(self, *args, **kwargs)
            kinds = gpu.waits - before
            found[place] |= {line.split(":")[0] for kind, line in kinds if up(kind)}

        monkeypatch.setattr(Job, name, call)

    watched("__init__", "start")
    watched("_epoch", "epoch")
    return found


def up(kind):
    return "host to device" in kind or kind in ("copy_ across devices", "new_tensor")


def stopped_and_resumed(folder, method, engine=EXACT):
    """Stopped after the second epoch's first step."""
    with pytest.raises(Interrupted, match="in epoch 2"):
        job_of(folder, method, engine).fit(StopAt(6))
    job = job_of(folder, method, engine)
    job.fit(StopRequest())
    return job


def test_every_method_trains_stops_resumes_and_is_measured(
    gpu, waits_of_steps, uploads, monkeypatch, tmp_path
):
    for method in ORDER:
        # APGD takes a hundred iterations, which no method changes.
        monkeypatch.setattr(masking, "_NUM_APGD", 5 * (method == "at"))
        job = stopped_and_resumed(tmp_path, method, FAST)
        done = Finished(job.run, SCALE, job.folder, job.device)
        evaluate(done, with_autoattack=False)
        if method == "at":
            measure_trajectory(done)
            measure_features(done)
    assert waits_of_steps == {}
    assert len(gpu.graphs) > len(ORDER)
    # Images and weights; the curve's first start, which is the same on every device.
    assert uploads["start"] == START_UPLOADS
    assert uploads["epoch"] == {"attacks/threat.py"}


def test_cudnn_tries_no_kernels_where_shapes_keep_changing(monkeypatch, splits):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    seen = []

    class StandIn:
        def __init__(self, *_, **how):
            self.apgd = SimpleNamespace(perturb=self.run_standard_evaluation)

        def run_standard_evaluation(self, x, y, **_):
            seen.append(torch.backends.cudnn.benchmark)
            return x

    for module in (autoattack, masking):
        monkeypatch.setattr(module, "AutoAttack", StandIn)
    x, y = splits.test.first(4).pixels(), splits.test.labels[:4]
    autoattack.standard_autoattack(None, x, y, LinfBall(0.1), 0, 4)
    masking._stuck(lambda x: x.flatten(1)[:, :10], x, y, LinfBall(0.1))
    assert seen == [False, False] and torch.backends.cudnn.benchmark


def test_a_batchnorm_of_several_processes_never_waits(gpu, monkeypatch, splits):
    model = build("small_resnet", 10, 1, 4, 0).to("cuda").train()
    monkeypatch.setattr(parallel, "world_size", lambda: 2)
    monkeypatch.setattr(parallel, "over_processes", lambda x: 2 * x)
    x = splits.test.first(8).to("cuda").pixels()
    before = gpu.waits.copy()
    model(x).sum().backward()
    assert gpu.waits == before


def test_a_wait_within_a_step_is_seen(gpu, waits_of_steps, monkeypatch, tmp_path):
    monkeypatch.setattr(
        torch, "full_like", lambda norm, count: norm.new_tensor(float(count))
    )
    job_of(tmp_path).trial(50)
    ((kind, place),) = waits_of_steps
    assert "new_tensor" in kind and place.startswith("training/recipe.py")


def test_an_order_of_images_drawn_on_the_cpu_is_seen(gpu, waits_of_steps, tmp_path):
    job = job_of(tmp_path)
    x, index = next(job.batches.following(job.batches.order()))
    job.recipe.step(x, index.cpu(), 1)
    assert {kind for kind, _ in waits_of_steps} == {"index from the cpu"}


def test_noise_of_the_cpu_is_seen(gpu, tmp_path):
    job = job_of(tmp_path)
    job.recipe.objective.adversary.generator = torch.Generator()
    job.recipe.objective.adversary.ball = CpuNoise(0.1)
    with pytest.raises(Mismatch, match="found \\['cpu', 'cuda:0'\\]"):
        job.trial(10)


class CpuNoise(LinfBall):
    def random_start(self, x, generator):
        return x + torch.rand(x.shape, generator=generator)
