"""A result is believed only where it is what today's settings, and whole files, give."""

import errno
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tools import (
    ROOT,
    Done,
    check_commands_of_sums,
    copy_checkout,
    one_line,
    output,
    run,
    sglr,
    sglr_words,
)
from torch import nn

from sglr import cli
from sglr.artefacts.collect import check_collected
from sglr.cli import _parser
from sglr.commands.advice import completed
from sglr.engine import parallel
from sglr.engine.weights import load_weights, read_packed, save_weights
from sglr.evaluation.accuracy import in_batches
from sglr.evaluation.features import tsne
from sglr.export.weights import load_model
from sglr.files.again import command_for
from sglr.files.disk import write_bytes
from sglr.files.errors import Interrupted, ReadOnly, UsageError
from sglr.files.lock import only_writer
from sglr.files.origin import differences
from sglr.files.overlay import link_missing
from sglr.files.records import read_csv, read_json, write_json
from sglr.files.sums import write_sums
from sglr.files.yaml import parse_yaml
from sglr.methods.schedules import learning_rate
from sglr.plan.bound import check_measurement, measured_with, read_manifest
from sglr.plan.plan_files import load_plan
from sglr.plan.runs import make_run
from sglr.training import job
from sglr.training.job import Job
from sglr.training.signals import StopRequest
from sglr.training.state import _lost_checkpoint

RUN = "digits-at-s0"
SMOKE = load_plan("smoke")


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """A folder in which a run is trained and evaluated."""
    folder = tmp_path_factory.mktemp("done")
    for command in ("train", "evaluate"):
        output(sglr(folder, command, RUN))
    return folder


@pytest.fixture
def here(done, tmp_path) -> Path:
    shutil.copytree(done, tmp_path, dirs_exist_ok=True)
    return tmp_path


def files(folder: Path) -> Path:
    return folder / "results/smoke/runs" / RUN


# Settings.


@pytest.fixture
def edited(here) -> Path:
    """A checkout whose scale has another epsilon than the run in it."""
    copy_checkout(here)
    scale = here / "config/scales/smoke.yaml"
    text = scale.read_text()
    assert "epsilon: 0.15" in text
    scale.write_text(text.replace("epsilon: 0.15", "epsilon: 0.3"))
    return here


@pytest.mark.parametrize(
    "words",
    [
        ("evaluate", RUN),
        ("trajectory", RUN),
        ("features", RUN),
        ("export", RUN),
        ("collect", "table2"),
        ("show",),
        ("train", "digits-kd_at-s0"),
    ],
    ids=lambda words: words[0],
)
def test_every_reader_refuses_a_run_of_another_setting(edited, words):
    said = sglr(edited, *words)
    assert one_line(said, "trained with attack.epsilon 0.15, which is 0.3 today"), (
        said.stderr
    )
    assert f"sglr train {RUN} --scale smoke" in said.stderr


CHANGES = {
    "attack.train_steps": {"attack": replace(SMOKE.scale.attack, train_steps=9)},
    "network.width": {"network": replace(SMOKE.scale.network, width=9)},
    "optimisation.momentum": {
        "adversarial": replace(SMOKE.scale.adversarial, momentum=0.5)
    },
    "data.num_train": {
        "data": SMOKE.scale.data
        | {"digits": replace(SMOKE.scale.data["digits"], num_train=61)}
    },
    "engine.fold": {"engine": replace(SMOKE.scale.engine, fold=False)},
    "threads": {"threads": 2},
    "scale": {"name": "other"},
    "num_curve": {"measurement": replace(SMOKE.scale.measurement, num_curve=9)},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_setting_of_any_kind_is_named(done, name):
    changed = replace(SMOKE.scale, **CHANGES[name])
    with pytest.raises(
        UsageError, match=rf"trained with {re.escape(name)} \S+, which is"
    ):
        read_manifest(files(done), SMOKE.runs[RUN], changed)
    assert read_manifest(files(done), SMOKE.runs[RUN], SMOKE.scale)["run"] == RUN


def test_what_the_attack_of_a_measurement_changes_trains_nothing_anew(done):
    longer = replace(SMOKE.scale, attack=replace(SMOKE.scale.attack, test_steps=30))
    assert read_manifest(files(done), SMOKE.runs[RUN], longer)


# Files.


@pytest.mark.parametrize("name", ["history.csv", "manifest.json", "evaluation.json"])
def test_a_digit_changed_in_a_file_is_noticed(here, name):
    path = files(here) / name
    text = path.read_text()
    place = max(text.rfind(digit) for digit in "123456789")
    path.write_text(text[:place] + "0" + text[place + 1 :])
    artefact = "figure2" if name == "history.csv" else "table2"
    assert one_line(
        sglr(here, "collect", artefact), f"{name}: changed since it was written"
    )


def test_checksums_that_are_damaged_speak_against_their_own_files_alone(tmp_path):
    for name in ("one", "other"):
        write_json(tmp_path / f"{name}.json", {})
        write_sums(tmp_path, name, [f"{name}.json"])
    sums = tmp_path / "one.sha256"
    sums.write_bytes(b"\xff" + sums.read_bytes()[1:])
    assert read_json(tmp_path / "other.json") == {}
    with pytest.raises(UsageError, match="one.json: changed since it was written"):
        read_json(tmp_path / "one.json")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("1,0.5\n2\n", "its rows differ in length"),
        ("1,0.5\n2,0.5,7\n", "not readable as CSV|its rows differ"),
        ("1,0.5\n2,half\n3,0.5\n", "not all of column 'accuracy' are numbers"),
        ("1,0.5\n2,0.", "its last line is cut off"),
    ],
)
def test_a_table_with_damaged_rows_is_refused(tmp_path, rows, said):
    path = tmp_path / "smoke/collected/figure2_marks.csv"
    path.parent.mkdir(parents=True)
    path.write_text("epoch,accuracy\n" + rows)
    again = "to make it again: sglr collect figure2 --scale smoke"
    with pytest.raises(UsageError, match=f"damaged, ({said}); {again}"):
        read_csv(path)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("runs/digits-at-s0/trajectory/0002.safetensors", "train digits-at-s0"),
        (
            "runs/digits-at-noise0.4-s0/evaluate.sha256",
            "evaluate digits-at-noise0.4-s0",
        ),
        ("runs/digits-at-s0/separability.json", "features digits-at-s0"),
        ("collected/erm.csv", "collect evidence"),
        ("claims_paper.csv", "claims"),
        ("overhead.json", "time-steps"),
        ("figure3.svg", "draw figure3"),
        (
            "exported/digits-at-noise0.4-s0-best.safetensors",
            "export digits-at-noise0.4-s0 --checkpoint best",
        ),
        ("tables/table2.csv", "draw table2"),
        ("report.html", ""),
    ],
)
def test_every_result_has_the_command_that_makes_it(name, command):
    found = command_for(Path("results/smoke", name))
    assert found == (f"sglr {command} --scale smoke" if command else "")


def test_what_was_collected_of_other_runs_is_neither_drawn_nor_judged(here):
    folder = here / "results/smoke"
    output(sglr(here, "collect", "table2"))
    evaluation = files(here) / "evaluation.json"
    content = json.loads(evaluation.read_text())
    evaluation.write_text(json.dumps(content))  # measured again, say
    write_sums(files(here), "evaluate", ["evaluation.json"])
    plan = load_plan("smoke")
    with pytest.raises(UsageError, match="sglr collect table2 --scale smoke"):
        check_collected(plan.artefacts, plan, folder)
    measurement = replace(plan.scale.measurement, num_autoattack=5)
    other = replace(plan, scale=replace(plan.scale, measurement=measurement))
    with pytest.raises(UsageError, match="measured with num_autoattack 3, which is 5"):
        check_collected(["table2"], other, folder)


def test_features_of_other_networks_or_of_another_number_are_refused(done, tmp_path):
    manifest = json.loads((files(done) / "manifest.json").read_text())
    record = {
        "networks": [manifest["final"]["sha256"]],
        "measured_with": measured_with("features", SMOKE.scale),
    }
    check_measurement("features", tmp_path, manifest, SMOKE.scale)  # none was recorded
    write_json(tmp_path / "features.json", record)
    check_measurement("features", tmp_path, manifest, SMOKE.scale)
    fewer = replace(SMOKE.scale.measurement, num_features=40)
    with pytest.raises(UsageError, match="measured with num_features 52, which is 40"):
        changed = replace(SMOKE.scale, measurement=fewer)
        check_measurement("features", tmp_path, manifest, changed)
    write_json(tmp_path / "features.json", record | {"networks": ["0" * 64]})
    with pytest.raises(UsageError, match="another training's networks"):
        check_measurement("features", tmp_path, manifest, SMOKE.scale)


def test_what_a_message_advises_has_the_options_of_the_command_that_met_it(
    monkeypatch,
):
    words = ["collect", "table2", "--scale", "my.yaml", "--set", "threads=2"]
    words += ["--results", "there", "--plan", "a plan.yaml"]
    arguments = _parser().parse_args(words)
    monkeypatch.setattr(sys, "argv", ["sglr", *words])
    options = "--scale my.yaml --set threads=2 --plan 'a plan.yaml' --results there"
    line = "a: no such file; to make it: sglr train digits-at-s0 --scale my+threads=2"
    said = completed(UsageError(line), arguments)
    assert said == f"a: no such file; to make it: sglr train digits-at-s0 {options}"
    typed = completed(ReadOnly("a: cannot be written"), arguments).split(": ")[-1]
    again = _parser().parse_args(shlex.split(typed)[1:])
    assert (str(again.read_from), again.scale) == ("there", "my.yaml")
    assert again.results != arguments.results


def test_results_elsewhere_are_read_and_never_written_to(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    write_json(there / "runs/a/manifest.json", {"a": 1})
    write_json(there / "runs/b/manifest.json", {"b": 1})
    write_json(here / "runs/b/manifest.json", {"b": 2})
    (there / ".writer").write_text("somebody")
    link_missing(there, here)
    assert read_json(here / "runs/a/manifest.json") == {"a": 1}
    assert read_json(here / "runs/b/manifest.json") == {"b": 2}
    write_json(here / "runs/a/manifest.json", {"a": 3})
    assert read_json(there / "runs/a/manifest.json") == {"a": 1}
    assert not (here / ".writer").exists()


def test_the_checksums_are_those_of_the_common_tool(done):
    for stage in ("train", "evaluate"):
        output(run(files(done), "sha256sum", "--check", "--strict", f"{stage}.sha256"))


def test_every_file_is_made_again_by_the_command_of_its_checksums(done):
    committed = [ROOT / "results", ROOT / "figures"]
    assert sum(map(check_commands_of_sums, [*committed, done])) > 40


def test_another_runs_checksums_in_place_of_a_stages_stand_in_nobodys_way(here):
    (files(here) / "evaluate.sha256").write_text(f"{'0' * 64}  manifest.json\n")
    output(sglr(here, "collect", "table2"))
    output(sglr(here, "evaluate", RUN))
    assert "manifest" not in (files(here) / "evaluate.sha256").read_text()


def test_an_evaluation_of_another_trainings_networks_is_refused(here):
    path = files(here) / "evaluation.json"
    content = json.loads(path.read_text())
    content["checkpoints"]["final"]["sha256"] = "0" * 64
    path.write_text(json.dumps(content))
    (files(here) / "evaluate.sha256").unlink()
    assert one_line(
        sglr(here, "collect", "table2"), "measured on another training's networks"
    )


def advice(said: Done) -> list[str]:
    """The command that a message tells to type."""
    (command,) = re.findall(r"sglr (\w+ \S+ --scale \w+)", said.stderr)
    return [sys.executable, "-m", "sglr", *command.split()]


@pytest.mark.parametrize("damage", ["all cut", "exchanged", "gone"])
def test_a_damaged_checkpoint_is_healed_by_what_the_message_says(here, damage):
    path, before = (
        files(here) / "final.safetensors",
        (files(here) / "manifest.json").read_bytes(),
    )
    if damage == "all cut":  # no copy of it is left
        for each in files(here).rglob("*.safetensors"):
            each.write_bytes(each.read_bytes()[:9000])
    elif damage == "exchanged":
        save_weights(path, load_model(path), read_packed(path)[0]["network"], RUN, 1)
    else:
        path.unlink()
    refused = sglr(here, "evaluate", RUN)
    assert refused.returncode == 2 and ".safetensors: " in refused.stderr
    output(run(here, *advice(refused)))
    output(sglr(here, "evaluate", RUN))
    after = json.loads((files(here) / "manifest.json").read_text())
    assert after["final"] == json.loads(before)["final"]


def test_a_checkpoint_is_put_back_from_one_that_is_the_same(tmp_path, capsys):
    best, final = (tmp_path / f"{name}.safetensors" for name in ("best", "final"))
    entry = {"sha256": save_weights(best, nn.Linear(1, 1), {}, RUN, 1)}
    other = {"sha256": save_weights(final, nn.Linear(1, 1), {}, RUN, 2)}
    copied = tmp_path / "best_validation.safetensors"
    copied.write_bytes(b"")
    checkpoints = {"best": entry, "best_validation": entry, "final": other}
    assert not _lost_checkpoint(tmp_path, checkpoints | {"trajectory": []})
    assert (
        "best_validation.safetensors: put back from best.safetensors"
        in capsys.readouterr().out
    )
    load_weights(copied, entry["sha256"])
    final.write_bytes(b"")  # of which there is no other
    assert _lost_checkpoint(tmp_path, checkpoints | {"trajectory": []})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("manifest.json", ("evaluate", RUN)),
        ("best_validation.safetensors", ("export", RUN)),
        ("evaluation.json", ("collect", "table2")),
        ("evaluation.json", ("show",)),
        ("history.csv", ("events", RUN)),
    ],
)
def test_a_disk_that_cannot_read_is_one_line(here, name, words):
    path = files(here) / name
    path.unlink()
    path.symlink_to("/proc/self/mem")  # what is read at its beginning is EIO
    said = sglr(here, *words)
    assert one_line(said, f"{name}: cannot be read: Input/output error"), said.stderr


def test_a_file_that_a_file_server_has_lost_is_one_line(here, monkeypatch, capsys):
    def lost(path, *_):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))

    monkeypatch.chdir(here)
    monkeypatch.setattr(Path, "read_bytes", lost)
    monkeypatch.setattr(sys, "argv", sglr_words("collect", "table2")[2:])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    assert "cannot be read: Stale file handle" in capsys.readouterr().err


def test_a_write_that_is_cut_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(
        os, "fsync", lambda number: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "file", b"new")
    assert not list(tmp_path.iterdir())


# Who trained what.


def a_job(folder: Path) -> Job:
    planned = SMOKE.runs[RUN]
    settings = SMOKE.settings_of(planned)
    cpu, engine = torch.device("cpu"), SMOKE.scale.engine
    return Job(planned, SMOKE.scale, folder, settings, cpu, engine)


class StopAfter(StopRequest):
    """As if SIGTERM came at the `number`-th look."""

    def __init__(self, number: int):
        super().__init__()
        self.left = number

    def check(self, any_process=bool) -> None:
        self.left -= 1
        self.received = signal.SIGTERM if self.left < 0 else None
        super().check(any_process)


def test_each_stretch_keeps_its_own_stamp_and_a_finished_one_is_never_rewritten(
    tmp_path, monkeypatch, capsys
):
    def stamped(commit: str) -> None:
        monkeypatch.setattr(
            job, "origin", lambda *_: {"commit": commit, "device": "cpu"}
        )

    stamped("first")
    with pytest.raises(Interrupted):
        a_job(tmp_path).fit(StopAfter(8))
    stamped("second")
    with pytest.raises(UsageError, match="--strict: commit: first, second"):
        a_job(tmp_path).fit(StopRequest(), strict=True)
    a_job(tmp_path).fit(StopRequest())
    assert "goes on with other commit: first, second" in capsys.readouterr().out
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert [each["origin"]["commit"] for each in manifest["stretches"]] == [
        "first",
        "second",
    ]
    assert [each["from_epoch"] for each in manifest["stretches"]] == [1, 2]
    written = (tmp_path / "manifest.json").read_bytes()
    stamped("third")
    a_job(tmp_path).fit(StopRequest())
    assert (tmp_path / "manifest.json").read_bytes() == written


def test_another_commit_with_the_same_sources_is_the_same_code():
    one = {"commit": "a", "code_sha256": "1" * 64, "device": "cpu"}
    assert differences(one, one | {"commit": "b"}) == []
    assert differences(one, one | {"code_sha256": "2" * 64}) == [
        "code_sha256: 111111111111, 222222222222"
    ]
    assert differences({"commit": "a"}, {"commit": "b"}) == ["commit: a, b"]


def test_a_run_has_one_writer_and_a_dead_one_holds_nothing(here):
    program = "import sys\nfrom pathlib import Path\nfrom sglr.files.lock import only_writer\n"
    program += "with only_writer(Path(sys.argv[1])):\n    print('held', flush=True)\n    input()"
    words = [sys.executable, "-c", program, str(files(here))]
    holder = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    refused = sglr(here, "train", RUN)
    assert one_line(refused, f"another process writes to it: process {holder.pid} on ")
    assert "since 20" in refused.stderr
    holder.kill()
    holder.wait()
    with only_writer(files(here)):
        pass
    output(sglr(here, "train", RUN))


def test_a_file_system_without_locks_has_one_writer_too(tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    holder = tmp_path / ".writer"
    with only_writer(tmp_path):
        assert str(os.getpid()) in holder.read_text()
        with (
            pytest.raises(UsageError, match=f"process {os.getpid()} on .*: rm "),
            only_writer(tmp_path),
        ):
            pass
    assert not holder.exists()
    host = socket.gethostname()
    holder.write_text(f"{2**22 + 1} on {host} since then")  # no process has this number
    with only_writer(tmp_path):
        pass
    holder.write_text(f"{2**22 + 1} on another since then")  # who knows?
    with (
        pytest.raises(UsageError, match="on another since then; if it runs no more"),
        only_writer(tmp_path),
    ):
        pass


# Broken networks.


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


# What another program left behind.


@pytest.mark.parametrize(
    "left",
    [{"WORLD_SIZE": "4"}, {"WORLD_SIZE": ""}, {"WORLD_SIZE": "abc", "RANK": "0"}],
    ids=str,
)
def test_a_world_size_without_torchrun_means_nothing(monkeypatch, left):
    for name, value in left.items():
        monkeypatch.setenv(name, value)
    parallel.init(torch.device("cpu"))
    assert parallel.world_size() == 1


def test_a_users_style_changes_no_figure(tmp_path):
    shutil.copytree(
        ROOT / "results/mini/collected", tmp_path / "results/mini/collected"
    )
    style = tmp_path / "style/matplotlibrc"  # in the working folder all would read it
    style.parent.mkdir()
    style.write_text(
        "axes.grid: True\nsavefig.bbox: tight\nsavefig.dpi: 10\nfont.size: 20\n"
    )
    for name, more in (
        ("plain", {}),
        (
            "styled",
            {"MATPLOTLIBRC": str(style), "MPLBACKEND": "nonsense"},
        ),
    ):
        words = ("draw", "figure3", "--figures", name)
        output(sglr(tmp_path, *words, scale="mini", **more))
    for path in (tmp_path / "plain/mini").iterdir():
        assert path.read_bytes() == (tmp_path / "styled/mini" / path.name).read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [("a: 1\na: 2", "the key 'a' stands twice"), ("a: {b: 1, b: 1}", "stands twice")],
)
def test_a_key_stands_once(text, said):
    with pytest.raises(UsageError, match=said):
        parse_yaml(text, "here")


def test_a_number_is_what_it_looks_like():
    read = parse_yaml("[010, 1:00, 10, 1e-4, 0.5, .5, 5.0e-4, true]", "here")
    assert read == ["010", "1:00", 10, 1e-4, 0.5, 0.5, 5e-4, True]


@pytest.mark.parametrize(
    ("method", "settings", "said"),
    [
        ("te", {"start": 0.9, "ramp_end": 0.9}, "ramp_end must come after start"),
        ("te", {"decay": 1.0}, "decay must be within"),
        ("sglr", {"decay": 1.0}, "decay must be within"),
        (
            "kd_swa",
            {
                "cross_entropy_weight": 0.0,
                "standard_weight": 0.0,
                "adversarial_weight": 0.0,
            },
            "are all 0",
        ),
    ],
)
def test_settings_that_together_make_no_training_are_refused(method, settings, said):
    with pytest.raises(UsageError, match=said):
        make_run("digits", method, **settings)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_the_first_epoch_trains_at_the_rate_that_the_scale_names(epochs):
    assert learning_rate(1, epochs, 0.1) == 0.1
    assert learning_rate(epochs, epochs, 0.1) < 0.1 or epochs == 1


# How a command ends.


# Before the command line is read, and within the command.
@pytest.mark.parametrize("library", ["_multiarray_umath", "libtorch_cpu"])
def test_ctrl_c_anywhere_is_one_line_and_130(here, library):
    process = subprocess.Popen(
        sglr_words("evaluate", RUN),
        cwd=here,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    loaded = Path(f"/proc/{process.pid}/maps")
    while library not in loaded.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert said == "sglr: stopped by SIGINT\n"
    assert process.returncode in (130, -signal.SIGINT)  # which a shell calls 130


@pytest.mark.parametrize(("redirection", "status"), [("> /dev/full", 2), (">&-", 0)])
def test_an_output_that_is_full_or_closed_ends_without_a_traceback(
    tmp_path, redirection, status
):
    words = ["bash", "-c", f"{sys.executable} -m sglr plan --scale smoke {redirection}"]
    said = run(tmp_path, *words, PYTHONPATH=str(ROOT))
    assert said.returncode == status and "Traceback" not in said.stderr, said.stderr
    assert said.stderr.count("\n") <= 1


def test_the_version_and_a_command_that_is_none(tmp_path):
    assert output(run(tmp_path, sys.executable, "-m", "sglr", "--version")).startswith(
        "sglr "
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("trian", RUN), "unknown command 'trian'; did you mean 'train'?"),
        (
            ("draw", "tabel2"),
            "unknown table or figure 'tabel2'; did you mean 'table2'?",
        ),
        (("collect", "words"), "unknown table or figure 'words'; allowed: table1"),
        (
            ("export", RUN, "--checkpoint", "finale"),
            "unknown checkpoint 'finale'; did you mean 'final'?",
        ),
    ],
)
def test_a_word_that_is_none_says_the_nearest(tmp_path, words, said):
    assert one_line(sglr(tmp_path, *words), said)
