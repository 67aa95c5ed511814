"""A measurement that is killed goes on, and ends with the bits of one that was not."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tools import ROOT, output, run, sglr_words

from sglr.attacks.threat import LinfBall
from sglr.engine.underway import Underway
from sglr.evaluation import autoattack
from sglr.evaluation.accuracy import predictions
from sglr.evaluation.autoattack import run_autoattack
from sglr.evaluation.finished import Finished
from sglr.models.folding import fold_batchnorm
from sglr.plan.plan import find_run
from sglr.plan.scale_files import load_scale

RUN = "digits-at-s0"
# So many images that some are right and attacked.
SCALE = "smoke+measurement.num_autoattack=6"
BALL = LinfBall(0.07)


class Killed(BaseException):
    """As SIGKILL: nothing catches it."""


class Mortal(Underway):
    """Computes so many parts, then dies: of the last one before it is kept."""

    def __init__(self, folder: Path, left: int, settings: dict | None = None):
        super().__init__(folder, settings or {"network": "one"})
        self.left = left

    def part(self, name, compute):
        def counted():
            found = compute()
            if self.left == 0:
                raise Killed
            self.left -= 1
            return found

        return super().part(name, counted)


def attacked(network, splits, underway):
    few = splits.test.first(16)
    return run_autoattack(
        network, few, ball=BALL, seed=0, batch_size=3, underway=underway
    )


def kept(result):
    return [result.correct.tolist(), result.images.tolist(), result.robust_after]


def test_killed_after_every_batch_autoattack_ends_with_the_same_bits(
    network, splits, tmp_path, monkeypatch
):
    network = fold_batchnorm(network)
    # The other two take minutes; the test of the command has all four.
    monkeypatch.setattr(autoattack, "ATTACKS", ("apgd-ce", "apgd-t"))
    whole = attacked(network, splits, Underway(None, {}))
    assert 0 < whole.robust_after["apgd-ce"] < 16
    calls = []
    honest = autoattack._attack
    monkeypatch.setattr(
        autoattack, "_attack", lambda *a: calls.append(a[1]) or honest(*a)
    )
    lives = 0
    while True:
        try:
            found = attacked(network, splits, Mortal(tmp_path, 1))
            break
        except Killed:
            lives += 1
    assert kept(found) == kept(whole) and lives > 3
    # One batch at most was attacked twice a life: nothing begins from zero.
    assert len(calls) == 2 * lives + 1
    again = autoattack.predictions(network, found.images, 3)
    assert torch.equal(again == splits.test.labels[:16], found.correct)


def test_parts_of_another_network_or_damaged_ones_are_computed_again(tmp_path):
    def number(value):
        return lambda: {"value": value}

    one = Underway(tmp_path / "parts", {"network": "one"})
    assert one.part("a", number(1)) == one.part("a", number(2)) == {"value": 1}
    assert Underway(tmp_path / "parts", {"network": "two"}).part("a", number(3)) == {
        "value": 3
    }
    path = tmp_path / "parts/a.pt"
    for length in range(0, path.stat().st_size, 97):
        path.write_bytes(path.read_bytes()[:length])
        assert one.part("a", number(length)) == {"value": length}
    one.close()
    assert not (tmp_path / "parts").exists()


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    output(run(ROOT, *words("train", folder)))
    return folder


def words(command: str, folder: Path, *more: str) -> list[str]:
    return [*sglr_words(command, RUN, *more, scale=SCALE), "--results", str(folder)]


def stable(folder: Path) -> list:
    """What must not depend on kills: all but the origin and the log's seconds."""
    record = json.loads((folder / "evaluation.json").read_text())
    del record["origin"]
    images = load_file(folder / "adversarial-final.safetensors")
    return [record, {key: value.tolist() for key, value in images.items()}]


def test_a_killed_evaluation_goes_on_and_its_images_recount(trained, tmp_path):
    results = shutil.copytree(trained, tmp_path / "killed")
    folder = results / f"{SCALE}/runs" / RUN
    command = words("evaluate", results, "--keep-images")
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    # The first line says where it computes.
    first = next((line for line in process.stdout if "natural" in line), "")
    process.send_signal(signal.SIGKILL)
    process.wait()
    parts = folder / "evaluate.underway"
    assert "natural" in first and list(parts.glob("*.pt"))
    assert not (folder / "evaluation.json").exists()
    before = {path: path.stat().st_mtime_ns for path in parts.glob("*-pgd.pt")}
    said = output(run(ROOT, *command))
    assert before and not parts.exists()
    assert "digits-at-s0-final: square: " in said
    scale = load_scale(SCALE)
    finished = Finished(find_run(RUN, scale), scale, folder, torch.device("cpu"))
    whole = finished.bench.accuracies(
        fold_batchnorm(finished.network("final")), "whole", with_autoattack=True
    )
    record, images = stable(folder)
    assert record["checkpoints"]["final"]["autoattack"] == whole.entry["autoattack"]
    assert whole.attacked is not None
    assert images["images"] == whole.attacked.images.tolist()
    x, y = torch.tensor(images["images"]), torch.tensor(images["labels"])
    right = predictions(fold_batchnorm(finished.network("final")), x, 32) == y
    assert right.tolist() == images["correct"]
    bits = record["checkpoints"]["final"]["autoattack"]["correct"]
    assert "".join(str(int(value)) for value in right) == bits
    log = (folder / "autoattack.log").read_text()
    assert "robust accuracy after APGD-CE" in log and "square: " in log
    check = run(folder, "sha256sum", "--check", "--strict", "evaluate.sha256")
    assert output(check).count("OK") == 5


@pytest.mark.parametrize(
    ("measure", "file"),
    [("measure_trajectory", "trajectory.csv"), ("measure_features", "features.csv")],
)
def test_trajectory_and_features_go_on_too(
    measure, file, trained, tmp_path, monkeypatch, capsys
):
    from sglr.evaluation import measure as module

    scale = load_scale(SCALE)
    found = []
    for name in ("whole", "killed"):
        folder = shutil.copytree(trained, tmp_path / name) / f"{SCALE}/runs" / RUN
        finished = Finished(find_run(RUN, scale), scale, folder, torch.device("cpu"))
        lives = 0
        while True:
            if name == "killed":
                key = {"by": "anyone"}
                mortal = Mortal(folder / "parts.underway", 1, key)
                monkeypatch.setattr(finished, "underway", lambda _, m=mortal: m)
            try:
                getattr(module, measure)(finished)
                break
            except Killed:
                lives += 1
        found.append((folder / file).read_bytes())
    assert lives >= 1 and found[0] == found[1]
    assert RUN in capsys.readouterr().out
