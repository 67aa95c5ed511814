"""Results that lie where nothing may be written are read from there."""

from sglr.files.overlay import link_missing
from sglr.files.records import read_json, write_json


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
