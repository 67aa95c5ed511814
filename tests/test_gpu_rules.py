"""CUDA's rules, on a pretended GPU: nothing mixes devices or makes the host wait within a step; graphs are what they
replace; what is resumed elsewhere goes on. Faults planted on purpose show that each rule can be broken."""

import collections
from contextlib import nullcontext, suppress
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from pretended_gpu import CAPTURING, Mismatch, pretended

from benchmarks.stopping import StopAt
from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.engine import device as engine_device
from sglr.engine import parallel
from sglr.engine.device import described, prepare
from sglr.engine.graphs import Graphed
from sglr.evaluation import autoattack, masking
from sglr.evaluation.bench import Bench
from sglr.evaluation.finished import Finished
from sglr.evaluation.measure import (
    evaluate,
    measure_features,
    measure_trajectory,
)
from sglr.files.errors import Interrupted, UsageError
from sglr.methods import METHODS
from sglr.methods.losses import cross_entropy, divergence_from
from sglr.methods.te import both_terms
from sglr.models import build
from sglr.models.folding import fold_batchnorm
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import make_run
from sglr.plan.scales import Engine
from sglr.training.job import Job
from sglr.training.recipe import Recipe
from sglr.training.signals import StopRequest

PLAN = load_plan(
    "smoke+adversarial.epochs=2+standard.epochs=2+attack.curve_steps=1"
    "+attack.test_steps=1+measurement.batch_size=20+measurement.num_gradient=20"
    "+measurement.num_curve=20"
)
SCALE = PLAN.scale
FAST = Engine(precision="bf16", fold=True, channels_last=True, graphs=True)
EXACT = replace(FAST, precision="fp32")
CPU = torch.device("cpu")
START_UPLOADS = {
    "data/images.py",
    "models/networks.py",
    "attacks/threat.py",  # KD-AT's attack on held-out images, and its grid
    "methods/kd_at.py",
}
# Teachers first.
ORDER = sorted(METHODS, key=lambda name: (name not in ("standard", "at"), name))


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.setenv("SGLR_DEVICE", "cuda")
    with pretended() as gpu:
        yield gpu


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


def job_of(folder, method="at", engine=EXACT):
    device, able = prepare(engine, threads=1)
    run = make_run("digits", method)
    settings = PLAN.settings_of(run) | {"trajectory_every": 2 * (method == "at")}
    return Job(run, SCALE, folder / run.id, settings, device, able)


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


def test_a_graphed_attack_is_the_plain_one_whatever_the_loss_the_weights_and_the_size(
    gpu, network, splits
):
    few = splits.test.first(50).to("cuda")
    given = {
        cross_entropy: (few.labels,),
        divergence_from: (
            torch.rand(50, 10, device="cuda", generator=new()).softmax(1),
        ),
    }
    given[both_terms] = (
        few.labels,
        *given[divergence_from],
        torch.full((), 30.0).cuda(),
    )
    networks = [network, build("small_resnet", 10, 1, 8, 1).eval()]
    networks = [copy_to_gpu(each) for each in networks]
    found = {}
    for how in (replace(EXACT, graphs=False), EXACT):
        adversary = Adversary(networks[0], LinfBall(0.15), 0.0375, 3, new(), how, 50)
        found[how.graphs] = torch.cat(
            [
                adversary.attack(
                    model,
                    few.first(count).pixels(),
                    loss,
                    *(t[:count] if t.dim() else t for t in tensors),
                ).cpu()
                for loss, tensors in given.items()
                for count, model in (
                    (50, networks[0]),
                    (50, networks[1]),
                    (7, networks[0]),
                )
            ]
        )
    assert torch.equal(found[False], found[True]) and found[True].isfinite().all()
    assert [graph.replays for graph in gpu.graphs] == [2, 2, 2]


def new():
    return torch.Generator("cuda").manual_seed(0)


def copy_to_gpu(network):
    copied = build("small_resnet", 10, 1, 8, 0).to("cuda")
    copied.load_state_dict(network.state_dict())
    return copied.eval()


def test_a_loss_made_afresh_each_time_is_not_captured(gpu, network, splits):
    """It would be replayed with the values of the first time."""
    few, model = splits.test.first(20).to("cuda"), copy_to_gpu(network)
    adversary = Adversary(model, LinfBall(0.15), 0.0375, 2, new(), EXACT, 20)
    adversary.attack(model, few.pixels(), lambda z: cross_entropy(z, few.labels))
    assert gpu.graphs == []


def test_a_graph_is_captured_on_the_named_gpu_at_the_recipes_batch(
    gpu, monkeypatch, tmp_path
):
    """Of a training that goes on at an epoch's last, smaller batch."""
    monkeypatch.setenv("SGLR_DEVICE", "cuda:1")
    with suppress(Interrupted):
        job_of(tmp_path).fit(StopAt(1))
    gpu.graphs.clear()
    job = job_of(tmp_path)
    assert gpu.current == 1
    job.fit(StopRequest())
    _, training = gpu.graphs
    assert str(training.device) == "cuda:1" and training.operations
    attack = job.recipe.objective.adversary.steps
    assert [len(graph.inputs[0]) for graph in attack.graphs.values()] == [50]
    assert training.replays == SCALE.adversarial.epochs - 1


def test_a_graphed_measurement_is_the_plain_one_network_after_network(gpu, splits):
    on_gpu, device = splits.to("cuda"), torch.device("cuda", 0)
    few = on_gpu.test.first(50)  # of 20 at a time
    networks = [fold_batchnorm(build("small_resnet", 10, 1, 8, n)) for n in range(2)]
    networks = [network.to("cuda") for network in networks]
    plain, graphed = (Bench(SCALE, on_gpu, device, graphs) for graphs in (False, True))
    for network in (*networks, networks[0]):
        found = [bench.adversarial(network, few, 2).cpu() for bench in (plain, graphed)]
        assert torch.equal(*found) and found[1].isfinite().all()
    (graph,) = gpu.graphs
    assert graph.replays == 6


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


def test_a_graph_captured_on_another_gpu_is_empty(gpu, monkeypatch):
    """What comes of a current device that is not the tensors': the first result for ever, and no error."""
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    graph = Graphed(lambda x: 2 * x, (torch.ones(2, device="cuda:1"),))
    assert graph(torch.full((2,), 3.0, device="cuda:1")).cpu().tolist() == [2, 2]


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


def test_a_batchnorm_of_several_processes_never_waits(gpu, monkeypatch, splits):
    model = build("small_resnet", 10, 1, 4, 0).to("cuda").train()
    monkeypatch.setattr(parallel, "world_size", lambda: 2)
    monkeypatch.setattr(parallel, "over_processes", lambda x: 2 * x)
    x = splits.test.first(8).to("cuda").pixels()
    before = gpu.waits.copy()
    model(x).sum().backward()
    assert gpu.waits == before


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


# Faults planted on purpose.


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


def test_a_wait_and_a_draw_within_a_capture_are_refused(gpu):
    x = torch.ones(3, device="cuda")
    with pytest.raises(RuntimeError, match=CAPTURING):
        Graphed(lambda x: x * x.sum().item(), (x,))
    generator = new()
    with pytest.raises(RuntimeError, match="not registered"):
        Graphed(lambda x: x + torch.rand(3, device="cuda", generator=generator), (x,))


def test_what_python_decides_in_a_capture_is_decided_once(gpu):
    sign = [1.0]
    graph = Graphed(lambda x: sign[0] * x, (torch.ones(2, device="cuda"),))
    sign[0] = -1.0
    assert graph(torch.full((2,), 3.0, device="cuda")).cpu().tolist() == [3, 3]
