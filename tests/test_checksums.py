"""The checksums beside results: a change since they were written is noticed, and speaks against its own file alone."""

import pytest
from at_run import RUN, files
from tools import one_line, output, run, sglr

from sglr.files.errors import UsageError
from sglr.files.records import read_json, write_json
from sglr.files.sums import write_sums


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


def test_the_checksums_are_those_of_the_common_tool(evaluated_at):
    for stage in ("train", "evaluate"):
        output(
            run(
                files(evaluated_at),
                "sha256sum",
                "--check",
                "--strict",
                f"{stage}.sha256",
            )
        )


def test_another_runs_checksums_in_place_of_a_stages_stand_in_nobodys_way(here):
    (files(here) / "evaluate.sha256").write_text(f"{'0' * 64}  manifest.json\n")
    output(sglr(here, "collect", "table2"))
    output(sglr(here, "evaluate", RUN))
    assert "manifest" not in (files(here) / "evaluate.sha256").read_text()


def test_a_users_own_checksums_are_nobodys(tmp_path):
    write_json(tmp_path / "evaluation.json", {})
    write_sums(tmp_path, "mine", ["evaluation.json"])
    write_json(tmp_path / "evaluation.json", {"a": 1})
    assert read_json(tmp_path / "evaluation.json") == {"a": 1}
