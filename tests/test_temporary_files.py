"""The temporary files of writes that were cut: none is read, and none of who still writes is taken away."""

import os

import pytest

from sglr.files.disk import write_bytes


def test_a_write_that_is_cut_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(
        os, "fsync", lambda number: (_ for _ in ()).throw(KeyboardInterrupt)
    )
    with pytest.raises(KeyboardInterrupt):
        write_bytes(tmp_path / "file", b"new")
    assert not list(tmp_path.iterdir())
