"""What is not finite, or all the same, is trained no further, measured nowhere, and teaches nobody."""

import json
import shutil

import pytest
import torch
from at_run import RUN, files
from smoke_job import a_job
from tools import one_line, sglr

from sglr.attacks.attack import Attack
from sglr.attacks.images import attack_images
from sglr.attacks.threat import L2Ball, LinfBall
from sglr.data.images import ImageSet
from sglr.engine.weights import read_packed, save_weights
from sglr.evaluation.accuracy import in_batches
from sglr.evaluation.features import tsne
from sglr.evaluation.gradient_norm import full_gradient_norm
from sglr.evaluation.masking import gradient_signs
from sglr.export.weights import load_model
from sglr.files.errors import UsageError
from sglr.training.signals import StopRequest


@pytest.mark.parametrize("name", ["classifier.weight", "trunk.0.bn.running_var"])
def test_a_network_that_is_not_finite_is_measured_nowhere(here, name):
    path = files(here) / "final.safetensors"
    network, shape = load_model(path), read_packed(path)[0]["network"]
    ending = name.rpartition(".")[2]
    weights = network.state_dict()  # shares memory with the network
    names = [each for each in weights if each.endswith(ending)]
    weights[names[-1]].view(-1)[0] = float("inf")
    sha256 = save_weights(path, network, shape, RUN, 1)
    shutil.copy(path, path.with_stem("best_validation"))
    # As if the training and its evaluation had been of this network.
    for stage, record in (("train", "manifest.json"), ("evaluate", "evaluation.json")):
        content = json.loads((files(here) / record).read_text())
        for checkpoint in ("final", "best_validation"):  # which teaches
            content.get("checkpoints", content)[checkpoint]["sha256"] = sha256
        (files(here) / record).write_text(json.dumps(content))
        (files(here) / f"{stage}.sha256").unlink()
    weights_file = path.relative_to(here)
    for words in (
        ("evaluate", RUN),
        ("features", RUN),
        ("export", RUN, "--checkpoint", "final"),
        ("judge", weights_file, "--data", "digits"),
        ("train", "digits-kd_at-s0"),
    ):
        said = sglr(here, *words)
        assert one_line(said, "is not finite"), said


def test_outputs_that_are_no_numbers_and_features_that_are_all_the_same_are_refused():
    with pytest.raises(UsageError, match="not finite"):
        in_batches(lambda x: x * float("nan"), torch.ones(3, 2), 2)
    for features in (torch.zeros(60, 8), torch.rand(3, 8)):
        with pytest.raises(UsageError, match="nothing to embed"):
            tsne(features)


class Masked(torch.nn.Module):
    """Finite logits at every input, and a gradient that is NaN: one that steps along it gets NaN, and answers it."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = x.nan_to_num().flatten(1)[:, :10]
        return logits + (self.weight * 0 * x.sum()).abs().sqrt()


def test_a_gradient_that_is_not_finite_is_no_attack_and_no_norm():
    images = ImageSet(
        torch.randint(0, 16, (4, 1, 8, 8), dtype=torch.uint8), torch.arange(4), 16
    )
    network = Masked()
    assert network(images.pixels()).isfinite().all()
    with pytest.raises(UsageError, match="gradient is not finite, and so no attack"):
        attack_images(Attack(network, L2Ball(0.1), 0.05, 2), images, 4)
    with pytest.raises(UsageError, match="respect to the images is not finite"):
        gradient_signs(network, images, ball=LinfBall(0.1), batch_size=4)
    with pytest.raises(UsageError, match="gradient is not finite: nothing"):
        full_gradient_norm(network, images.pixels(), images.labels, 4)


def test_weights_that_are_not_finite_end_the_training_in_their_epoch(tmp_path):
    job = a_job("digits-at-s0", tmp_path)
    next(iter(job.recipe.model.buffers()))[0] = torch.inf  # of BatchNorm
    with pytest.raises(UsageError, match="epoch 1: .* is not finite: the training"):
        job.fit(StopRequest())
    assert not list(tmp_path.rglob("manifest.json"))
