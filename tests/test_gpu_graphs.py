"""CUDA graphs, on a pretended GPU: they are what they replace, captured where and when they may be."""

from contextlib import nullcontext, suppress
from dataclasses import replace

import pytest
import torch
from gpu_jobs import EXACT, SCALE, copy_to_gpu, job_of, new
from pretended_gpu import CAPTURING

from benchmarks.stopping import StopAt
from sglr.attacks.adversary import Adversary
from sglr.attacks.threat import LinfBall
from sglr.engine.graphs import Graphed
from sglr.evaluation.bench import Bench
from sglr.files.errors import Interrupted
from sglr.methods.losses import cross_entropy, divergence_from
from sglr.methods.te import both_terms
from sglr.models import build
from sglr.models.folding import fold_batchnorm
from sglr.training.signals import StopRequest


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


def test_a_graph_captured_on_another_gpu_is_empty(gpu, monkeypatch):
    """What comes of a current device that is not the tensors': the first result for ever, and no error."""
    monkeypatch.setattr(torch.cuda, "device", lambda device: nullcontext())
    graph = Graphed(lambda x: 2 * x, (torch.ones(2, device="cuda:1"),))
    assert graph(torch.full((2,), 3.0, device="cuda:1")).cpu().tolist() == [2, 2]


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
