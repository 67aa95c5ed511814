"""Training through the user's command: same bits twice, killed and resumed, damaged state, not-finite loss."""

import shlex
import shutil
import signal
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from tools import one_line, output, run, sglr_words, standing_still

from sglr.data import load_splits
from sglr.engine.checkpoints import load_state
from sglr.engine.weights import load_weights
from sglr.files import origin as origin_module
from sglr.files.errors import UsageError
from sglr.files.records import read_json
from sglr.plan.plan_files import load_plan
from sglr.plan.scales import PLAIN
from sglr.training.divergence import advice
from sglr.training.job import Job
from sglr.training.recipe import means
from sglr.training.records import LABEL_FILES
from sglr.training.signals import StopRequest

RUN = "digits-sglr-start0.25-s0"  # refinement from the first of four epochs, so the label averages matter


def command(folder: Path, name: str = RUN) -> list[str]:
    return [*sglr_words("train", name), "--results", str(folder)]


def train(folder: Path) -> Path:
    output(run(folder, *command(folder)))
    return folder / "smoke" / "runs" / RUN


def in_process(folder: Path, run_id: str) -> Job:
    plan = load_plan("smoke")
    run = plan.runs[run_id]
    return Job(
        run,
        plan.scale,
        folder,
        plan.settings_of(run),
        torch.device("cpu"),
        plan.scale.engine,
    )


def weights(path: Path) -> dict[str, torch.Tensor]:
    return load_weights(path)["weights"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> Path:
    return train(tmp_path_factory.mktemp("undisturbed"))


def assert_same(one: Path, other: Path) -> None:
    for name in ("history.csv", *LABEL_FILES):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    first, second = (
        weights(one / "final.safetensors"),
        weights(other / "final.safetensors"),
    )
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_the_same_training_twice_gives_the_same_bits(undisturbed, tmp_path):
    assert_same(undisturbed, train(tmp_path))


def test_killed_after_an_epoch_and_started_again_ends_with_the_same_bits(
    undisturbed, tmp_path
):
    process = subprocess.Popen(
        standing_still(2, command(tmp_path)), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "epoch 2/" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.wait()
    folder = tmp_path / "smoke" / "runs" / RUN
    assert (folder / "state.pt").exists() and not (folder / "manifest.json").exists()
    assert "epoch 1/" not in output(run(tmp_path, *command(tmp_path)))
    assert_same(undisturbed, folder)


def test_sigterm_loses_an_epoch_at_most_and_has_its_own_status(undisturbed, tmp_path):
    process = subprocess.Popen(
        standing_still(1, command(tmp_path)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "epoch 1/" in line:
            process.send_signal(signal.SIGTERM)
            break
    _, message = process.communicate()
    assert process.returncode == 75 and "epochs are saved" in message
    assert_same(undisturbed, train(tmp_path))


def test_a_damaged_state_is_set_aside_and_never_used(undisturbed, tmp_path):
    folder = tmp_path / "smoke" / "runs" / RUN
    folder.mkdir(parents=True)
    content = bytearray((undisturbed / "state.pt").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "state.pt").write_bytes(content)
    assert (
        "set aside" in output(run(tmp_path, *command(tmp_path)))
        and (folder / "state.set-aside").exists()
    )
    assert_same(undisturbed, folder)


def test_a_lost_checkpoint_is_trained_again_to_the_same_bits(undisturbed, tmp_path):
    folder = tmp_path / "smoke" / "runs" / RUN
    shutil.copytree(undisturbed, folder)
    for name in ("best", "best_validation"):  # of one epoch, here
        (folder / f"{name}.safetensors").unlink()
    assert (
        "best.safetensors: no such file" in output(run(tmp_path, *command(tmp_path)))
        and (folder / "best.safetensors").exists()
    )
    assert_same(undisturbed, folder)


def test_a_state_of_other_settings_is_not_used(undisturbed, tmp_path):
    state = shutil.copy(undisturbed / "state.pt", tmp_path)
    assert (
        load_state(Path(state), "another fingerprint") is None
        and (tmp_path / "state.set-aside").exists()
    )


def test_a_state_knows_its_images_and_its_engine(tmp_path, monkeypatch):
    plan = load_plan("smoke")
    run, cpu = plan.runs["digits-at-s0"], torch.device("cpu")

    def fingerprint(engine=plan.scale.engine) -> str:
        return Job(
            run, plan.scale, tmp_path, plan.settings_of(run), cpu, engine
        ).fingerprint

    first = fingerprint()
    assert (
        fingerprint() == first
        and fingerprint(replace(plan.scale.engine, fold=False)) != first
    )
    monkeypatch.setattr("sglr.data.digits._SEED", 1)  # other images of the same sizes
    assert fingerprint() != first


def test_a_terminal_gets_a_bar_and_a_log_a_line_an_epoch(tmp_path):
    screen = tmp_path / "terminal"
    words = [
        "script",
        "-qec",
        f"stty cols 150 rows 40; {shlex.join(command(tmp_path))}",
        str(screen),
    ]
    output(run(tmp_path, *words))
    shown = screen.read_text()
    assert f"{RUN}: 100%" in shown and "4/4" in shown and "epoch 4/4" not in shown
    assert (tmp_path / "smoke" / "runs" / RUN / "manifest.json").exists()


def test_history_has_every_epoch_and_no_gap(undisturbed):
    history = pd.read_csv(undisturbed / "history.csv")
    assert list(history["epoch"]) == [1, 2, 3, 4]
    assert history.notna().all().all()


def test_means_of_an_epoch_weigh_steps_by_their_images():
    # Loss, images, correct images, gradient norm.
    steps = torch.tensor([[1.0, 2, 1, 3], [4.0, 1, 1, 5]])
    assert means(steps) == {
        "train_loss": 2,
        "train_accuracy": pytest.approx(2 / 3),
        "gradient_norm": 4,
    }


def test_the_manifest_says_how_many_labels_are_true_and_how_long_it_took(tmp_path):
    job = in_process(tmp_path, "digits-standard-noise0.4-s0")
    job.fit(StopRequest())
    manifest = read_json(tmp_path / "manifest.json")
    spec = job.scale.data[job.run.dataset]
    clean, noisy = (
        load_splits(spec, label_noise=noise, seed=0).train.labels for noise in (0, 0.4)
    )
    assert manifest["untouched_portion"] == pytest.approx(0.6)
    assert manifest["true_portion"] == (clean == noisy).double().mean().item() < 0.8
    assert manifest["images_sha256"].keys() == {"train", "test"} and manifest[
        "engine"
    ] == asdict(job.engine)
    times = list(
        zip(
            manifest["training_seconds_per_epoch"],
            manifest["seconds_per_epoch"],
            strict=True,
        )
    )
    assert len(times) == job.how.epochs and all(
        0 < training < whole for training, whole in times
    )


class Diverging(StopRequest):
    """Spoils the weights once `epochs` are saved, as a rate that is too high would."""

    def __init__(self, job: Job, epochs: int):
        super().__init__()
        self.job, self.epochs = job, epochs

    def check(self, *_) -> None:
        if len(self.job.state.history) == self.epochs:
            with torch.no_grad():
                next(self.job.recipe.model.parameters()).fill_(float("nan"))


def diverge(folder: Path, epochs: int) -> str:
    job = in_process(folder, "digits-at-s0")
    with pytest.raises(UsageError) as caught:
        job.fit(Diverging(job, epochs))
    assert not (folder / "manifest.json").exists()
    return str(caught.value)


def test_a_loss_that_is_not_finite_says_where_what_is_saved_and_what_helps(tmp_path):
    assert diverge(tmp_path, 2) == (
        "run digits-at-s0: the loss is nan at epoch 3, step 1, at a learning rate of 0.0010000000000000002; "
        "the last good epoch is 2, epochs 1 to 2 are saved; a lower rate usually helps "
        "(--set adversarial.learning_rate=0.01)"
    )
    assert "the last good epoch is none, no epoch is saved" in diverge(
        tmp_path / "a", 0
    )


def test_the_third_attempt_at_the_same_step_fails_at_once(tmp_path, monkeypatch):
    first, second = diverge(tmp_path, 1), diverge(tmp_path, 1)
    assert first == second
    saved = (tmp_path / "state.pt").stat().st_mtime_ns
    with monkeypatch.context() as patch:
        patch.setattr(Job, "_epoch", lambda *_: pytest.fail("it trains again"))
        third = diverge(tmp_path, 1)
    assert third.startswith(f"{first}. It was tried 2 times and is not tried again")
    assert (tmp_path / "state.pt").stat().st_mtime_ns == saved
    monkeypatch.setattr(origin_module, "code_digest", lambda: "another code")
    assert diverge(tmp_path, 1) == first  # which may do better
    monkeypatch.undo()
    (tmp_path / "diverged.json").write_text("{")
    in_process(tmp_path, "digits-at-s0").fit(StopRequest())
    assert (tmp_path / "manifest.json").exists()


def test_a_step_that_diverges_in_bf16_may_not_in_fp32():
    how = replace(load_plan("smoke").scale.standard, learning_rate=0.3)
    said = advice(3, 0.3, how, "standard", replace(PLAIN, precision="bf16"))
    assert said.endswith(
        "(--set standard.learning_rate=0.03 or --set engine.precision=fp32)"
    )


def test_a_full_disk_stops_with_one_line_and_loses_nothing(undisturbed, tmp_path):
    # KiB a file.
    limited = [
        "bash",
        "-c",
        'ulimit -f 30; exec "$@"',
        "bash",
        *command(tmp_path),
    ]
    done = run(tmp_path, *limited)
    folder = tmp_path / "smoke" / "runs" / RUN
    assert (
        done.returncode == 2
        and "cannot be written" in done.stderr
        and "Traceback" not in done.stderr
    )
    assert not (folder / "manifest.json").exists() and not list(folder.glob("*.tmp"))
    assert_same(undisturbed, train(tmp_path))


def test_bad_input_is_one_line_and_status_2(tmp_path):
    for words, message in (
        (command(tmp_path, "digits-magic-s0"), "unknown method 'magic'"),
        ([*command(tmp_path)[:-3], "nowhere"], "unknown scale 'nowhere'"),
        (
            command(tmp_path, "digits-kd_at-s0"),
            "digits-at-s0/manifest.json: no such file",
        ),
    ):
        assert one_line(run(tmp_path, *words), message)


def test_an_output_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "smoke").write_text("a file where a folder must be")
    assert one_line(run(tmp_path, *command(tmp_path)), "cannot be written")
