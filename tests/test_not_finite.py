"""What is not finite, or all the same, is trained no further, measured nowhere, and teaches nobody."""

import json
import shutil

import pytest
import torch
from at_run import RUN, files
from tools import one_line, sglr

from sglr.engine.weights import read_packed, save_weights
from sglr.evaluation.accuracy import in_batches
from sglr.evaluation.features import tsne
from sglr.export.weights import load_model
from sglr.files.errors import UsageError


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
