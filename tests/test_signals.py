"""Signals: a training stops between any two steps, says by which, and goes on to the same bits."""

import os
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
from sglr_run import RUN, command, folder_of, results_of
from tools import standing_still

from benchmarks.stopping import StopAt
from sglr.engine.checkpoints import STATE_FORMAT, load_payload
from sglr.files.errors import Interrupted
from sglr.plan.plan import find_run
from sglr.plan.plan_files import load_plan
from sglr.training.job import Job
from sglr.training.signals import EXIT_STATUS, StopRequest


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
            training(tmp_path / "stopped", run_id, augment).fit(StopAt(life % 7))
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
        first.fit(StopAt(1))
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


def test_a_signal_stops_a_training_in_the_middle_of_an_epoch(trained_sglr, tmp_path):
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
    assert results_of(folder_of(tmp_path)) == results_of(folder_of(trained_sglr))


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
