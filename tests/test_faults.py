"""What a training survives and what it refuses: signals, other versions, forged files, names that are paths."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tools import ROOT, Done, one_line, run, sglr_words, standing_still

from sglr.engine.checkpoints import STATE_FORMAT, load_payload, load_state, save_payload
from sglr.engine.weights import load_weights
from sglr.files.errors import Interrupted, UsageError
from sglr.files.records import digest, read_json
from sglr.plan import plan_files, scale_files
from sglr.plan.plan import find_run
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import make_run
from sglr.plan.scale_files import load_scale
from sglr.training.job import Job
from sglr.training.records import LABEL_FILES
from sglr.training.signals import EXIT_STATUS, StopRequest

RUN = "digits-sglr-start0.25-s0"


def command(results: Path, *words: str) -> list[str]:
    return [*sglr_words(*words), "--results", str(results)]


def sglr(results: Path, *words: str) -> Done:
    return run(ROOT, *command(results, *words))


def folder_of(results: Path, run: str = RUN) -> Path:
    return results / "smoke" / "runs" / run


def results_of(folder: Path) -> list:
    manifest = read_json(folder / "manifest.json")
    kept = [
        manifest[name] for name in ("best", "best_validation", "final", "trajectory")
    ]
    return [
        *((folder / name).read_bytes() for name in ("history.csv", *LABEL_FILES)),
        kept,
    ]


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> Path:
    results = tmp_path_factory.mktemp("trained")
    assert sglr(results, "train", RUN).returncode == 0
    return results


@pytest.fixture
def results(trained, tmp_path) -> Path:
    return shutil.copytree(trained, tmp_path / "results")


# Signals


class StopAtCheck(StopRequest):
    """As if a signal came before the `number`-th look at it."""

    def __init__(self, number: int):
        super().__init__()
        self.left = number

    def check(self, any_process=bool) -> None:
        self.left -= 1
        if self.left == 0:
            self.received = signal.SIGTERM
        super().check(any_process)


def training(results: Path, run_id: str, augment: bool = False) -> Job:
    smoke = load_plan("smoke")
    run = find_run(run_id, smoke.scale)
    data = smoke.scale.data | {
        "digits": replace(smoke.scale.data["digits"], augment=augment)
    }
    scale = replace(smoke.scale, data=data)
    folder = folder_of(results, run.id)
    settings = replace(smoke, scale=scale).settings_of(run)
    return Job(run, scale, folder, settings, torch.device("cpu"), scale.engine)


@pytest.mark.parametrize(
    ("run_id", "augment"),
    [
        (RUN, True),
        ("digits-te-s0", False),
        ("digits-awp-s0", False),
        ("digits-at_wa-s0", False),
        ("digits-trades_sglr-start0.25-s0", False),
        # Its average draws images of its own at an epoch's end.
        (
            "digits-kd_swa-average_start0.25-s0",
            True,
        ),
    ],
)
def test_stopped_between_any_two_steps_it_ends_with_the_same_bits(
    run_id, augment, tmp_path
):
    for results in (tmp_path / "whole", tmp_path / "stopped"):
        for teacher in (
            ("digits-standard-s0", "digits-at-s0") if "kd_swa" in run_id else ()
        ):
            training(results, teacher, augment).fit(StopRequest())
    training(tmp_path / "whole", run_id, augment).fit(StopRequest())
    folder = folder_of(tmp_path / "stopped", run_id)
    places = set()
    for life in range(100):
        try:
            training(tmp_path / "stopped", run_id, augment).fit(
                StopAtCheck(1 + life % 7)
            )
            break
        except Interrupted:
            under_way = load_payload(folder / "state.pt", version=STATE_FORMAT)[
                "underway"
            ]
            places.add((len(under_way["steps"]), under_way["averaged"]))
    assert {steps for steps, _ in places} == {0, 1, 2} and not (
        folder / "state.set-aside"
    ).exists()
    assert results_of(folder) == results_of(folder_of(tmp_path / "whole", run_id))


def test_an_interrupted_epoch_counts_the_seconds_of_all_its_parts(tmp_path):
    first = training(tmp_path, RUN)
    with pytest.raises(
        Interrupted,
        match="stopped by SIGTERM in epoch 1; 0 epochs are saved, and the steps",
    ):
        first.fit(StopAtCheck(2))
    spent = first.state.underway.seconds
    second = training(tmp_path, RUN)
    second.fit(StopRequest())
    assert second.state.training_seconds[0] > spent > 0


def start(words: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def signalled(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    process.send_signal(number)
    _, errors = process.communicate()
    return process.returncode, errors


def test_a_signal_stops_a_training_in_the_middle_of_an_epoch(trained, tmp_path):
    for number, name, status in (
        (signal.SIGTERM, "SIGTERM", 75),
        (signal.SIGINT, "SIGINT", 130),
    ):
        process = start(standing_still(1, command(tmp_path, "train", RUN)))
        assert process.stdout is not None
        assert "computing on the CPU" in process.stdout.readline()
        assert "/4 loss" in process.stdout.readline()
        code, errors = signalled(process, number)
        assert code == status and errors.count("\n") == 1
        assert f"run {RUN}: stopped by {name} in epoch" in errors
        state = load_payload(folder_of(tmp_path) / "state.pt", version=STATE_FORMAT)
        assert len(state["underway"]["steps"]) == 1
    process = start(command(tmp_path, "train", RUN))
    while (
        process.poll() is None
    ):  # a signal that comes when all is written changes nothing, not the status either
        if (folder_of(tmp_path) / "manifest.json").exists():
            process.send_signal(signal.SIGTERM)
        time.sleep(0.001)
    assert process.returncode == 0
    assert results_of(folder_of(tmp_path)) == results_of(folder_of(trained))


def test_a_signal_before_the_first_step_stops_with_its_status_too(tmp_path):
    process = start(command(tmp_path, "train", RUN))
    maps = Path(f"/proc/{process.pid}/maps")
    while (
        "libtorch" not in maps.read_text()
    ):  # torch is being imported, so the signals are listened for
        time.sleep(0.005)
    code, errors = signalled(process, signal.SIGTERM)
    assert (code, errors) == (75, "sglr: stopped by SIGTERM\n") and not folder_of(
        tmp_path
    ).exists()


def test_a_second_sigint_stops_raising():
    program = "import sys\nfrom sglr.training.signals import EXIT_STATUS, StopRequest\n"
    program += "with StopRequest().listen():\n"
    program += "    for line in sys.stdin: print(line, end='', flush=True)"
    words = [sys.executable, "-c", program]
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    assert process.stdin is not None and process.stdout is not None
    answers = 0
    # Python handles a signal between two of its steps: by the second answer it has.
    for number in (None, signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
        if number:
            process.send_signal(number)
        for _ in range(2):
            process.stdin.write(f"{answers}\n")
            assert process.stdout.readline() == f"{answers}\n"
            answers += 1
    assert signalled(process, signal.SIGINT) == (-signal.SIGINT, "")


@pytest.fixture
def handlers() -> Iterator[None]:
    """What is done of signals in this process is afterwards what it was."""
    kept = {number: signal.getsignal(number) for number in EXIT_STATUS}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_a_closed_terminal_and_a_schedulers_warning_stop_like_sigterm(name):
    with StopRequest().listen() as stop:
        os.kill(os.getpid(), signal.Signals[name])
    with pytest.raises(Interrupted, match=f"stopped by {name}") as caught:
        stop.check()
    assert caught.value.status == 75


@pytest.mark.usefixtures("handlers")
def test_a_signal_swallowed_by_the_code_it_came_in_still_counts():
    with StopRequest().listen() as stop:
        with pytest.raises(Interrupted), stop.raising(), suppress(Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)  # outside it is only noted
    with pytest.raises(Interrupted) as caught:
        stop.check()
    assert caught.value.status == 75


# Files of another version, made by hand, or left behind


def test_a_state_of_another_version_is_set_aside(results, capsys):
    path = folder_of(results) / "state.pt"
    state = load_payload(path, version=STATE_FORMAT)
    del state["format"]  # as before formats had numbers
    save_payload(path, state)
    assert (
        load_state(path, state["fingerprint"]) is None
        and path.with_suffix(".set-aside").exists()
    )
    assert (
        f"of another version of this program (format 1; this one reads {STATE_FORMAT})"
        in capsys.readouterr().out
    )


def test_a_checkpoint_of_another_version_is_refused(results):
    path = folder_of(results) / "final.safetensors"
    content = path.read_bytes().replace(b'\\"format\\": 1,', b'\\"format\\": 7,')
    path.write_bytes(content)
    with pytest.raises(UsageError, match="final.safetensors: not written by this"):
        load_weights(path)


def a_list() -> bytes:
    file = io.BytesIO()
    torch.save([1], file)
    return file.getvalue()


@pytest.mark.parametrize(
    "body", [b"", b"no payload", b"PK\x03\x04" + bytes(200), a_list()]
)
def test_a_forged_file_with_a_right_checksum_is_one_line(tmp_path, body, capsys):
    path = tmp_path / "state.pt"
    path.write_bytes(digest(body).encode() + body)
    with pytest.raises(
        UsageError,
        match="state.pt: damaged, (no file of this program|it holds more than tensors)",
    ):
        load_payload(path)
    assert load_state(path, "any") is None and "set aside" in capsys.readouterr().out


def test_leftover_temporary_files_are_never_read_and_go_at_the_next_start(
    trained, results
):
    folder = folder_of(results)
    for name in (
        "state.pt",
        "best.safetensors",
        "history.csv",
        "manifest.json",
        "trajectory/0001.safetensors",
    ):
        left = folder / name
        left = left.with_name(f".{left.name}.1.tmp")
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"half a fi")
    (folder / "manifest.json").unlink()
    (folder / "history.csv").unlink()
    with pytest.raises(UsageError, match=r"manifest.json: no such file"):
        read_json(folder / "manifest.json")
    assert sglr(results, "train", RUN).returncode == 0
    assert results_of(folder) == results_of(folder_of(trained))
    assert not list(folder.rglob("*.tmp"))


# Names and configuration


@pytest.mark.parametrize(
    "run_id",
    [
        "../digits-at-s0",
        "/tmp/digits-at-s0",
        "digits-../../../x-at-s0",
        "digits-/x-at-s0",
        "digits-at/../../x-s0",
        "digits-at-s0/../../../x",
        "digits-at-noise0/.-s0",
        "digits-at-s0.1.2",
        "digits-at-s99999999999",
    ],
)
def test_no_runs_name_leaves_the_results_folder(run_id):
    with pytest.raises(UsageError):
        find_run(run_id, load_scale("smoke"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["digits-../../../x-at-s0", "--scale", "smoke"],
            "a name is letters, digits and '_', got '../../../x'",
        ),
        (
            ["digits-at-s0", "--scale", "../scales/smoke"],
            "unknown scale '../scales/smoke'",
        ),
        (
            ["digits-at-s0", "--scale", str(scale_files.CONFIG / "scales" / "smoke")],
            "unknown scale '/",
        ),
    ],
)
def test_a_name_that_is_a_path_is_refused_and_nothing_written(tmp_path, words, message):
    words = [
        sys.executable,
        "-m",
        "sglr",
        "train",
        *words,
        "--results",
        str(tmp_path / "results"),
    ]
    assert one_line(run(tmp_path, *words), message)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dataset", ["../digits", "/digits", "a-b", "", ".", int])
def test_a_data_sets_name_is_one_plain_word(dataset):
    with pytest.raises(UsageError, match="a name is letters"):
        make_run(dataset, "at")


def planned(tmp_path, monkeypatch, line: str) -> None:
    """Load config/plan.yaml with `line` as its last."""
    shutil.copytree(scale_files.CONFIG, tmp_path / "config")
    with open(tmp_path / "config" / "plan.yaml", "a") as file:
        file.write(f"  - {line}\n")
    for module in (plan_files, scale_files):
        monkeypatch.setattr(module, "CONFIG", tmp_path / "config")
    load_plan("smoke")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{data: ten_classes, method: ../at}", "unknown method '../at'"),
        (
            "{data: ../digits, method: at}",
            "data: unknown value '../digits'; allowed: ten_classes",
        ),
        ("{data: __class__, method: at}", "data: unknown value '__class__'"),
    ],
)
def test_a_plans_name_that_is_a_path_is_refused(tmp_path, monkeypatch, line, message):
    planned(tmp_path, monkeypatch, "{data: ten_classes, method: at}")
    with pytest.raises(UsageError, match=message):
        planned(tmp_path / "other", monkeypatch, line)


def test_a_yaml_tag_is_never_code(tmp_path, monkeypatch):
    sprung = tmp_path / "sprung"
    with pytest.raises(
        UsageError,
        match=r"plan.yaml: not readable as YAML: could not determine a constructor",
    ):
        planned(tmp_path, monkeypatch, f"!!python/object/apply:os.mkdir ['{sprung}']")
    assert not sprung.exists()
