"""The stamps of a run's manifest: who trained each stretch of it, with which code."""

import json

import pytest
from at_run import RUN
from smoke_job import a_job

from benchmarks.stopping import StopAt
from sglr.files.errors import Interrupted, UsageError
from sglr.files.origin import differences
from sglr.training import job
from sglr.training.signals import StopRequest


def test_each_stretch_keeps_its_own_stamp_and_a_finished_one_is_never_rewritten(
    tmp_path, monkeypatch, capsys
):
    def stamped(commit: str) -> None:
        monkeypatch.setattr(
            job, "origin", lambda *_: {"commit": commit, "device": "cpu"}
        )

    stamped("first")
    with pytest.raises(Interrupted):
        a_job(RUN, tmp_path).fit(StopAt(8))
    stamped("second")
    with pytest.raises(UsageError, match="--strict: commit: first, second"):
        a_job(RUN, tmp_path).fit(StopRequest(), strict=True)
    a_job(RUN, tmp_path).fit(StopRequest())
    assert "goes on with other commit: first, second" in capsys.readouterr().out
    manifest = json.loads((tmp_path / RUN / "manifest.json").read_text())
    assert [each["origin"]["commit"] for each in manifest["stretches"]] == [
        "first",
        "second",
    ]
    assert [each["from_epoch"] for each in manifest["stretches"]] == [1, 2]
    written = (tmp_path / RUN / "manifest.json").read_bytes()
    stamped("third")
    a_job(RUN, tmp_path).fit(StopRequest())
    assert (tmp_path / RUN / "manifest.json").read_bytes() == written


def test_another_commit_with_the_same_sources_is_the_same_code():
    one = {"commit": "a", "code_sha256": "1" * 64, "device": "cpu"}
    assert differences(one, one | {"commit": "b"}) == []
    assert differences(one, one | {"code_sha256": "2" * 64}) == [
        "code_sha256: 111111111111, 222222222222"
    ]
    assert differences({"commit": "a"}, {"commit": "b"}) == ["commit: a, b"]
