"""YAML as it is read here: a key stands once, a number is what it looks like, and a tag is never code."""

import pytest
from changed_plan import planned

from sglr.files.errors import UsageError
from sglr.files.yaml import parse_yaml


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


def test_a_yaml_tag_is_never_code(tmp_path, monkeypatch):
    sprung = tmp_path / "sprung"
    with pytest.raises(
        UsageError,
        match=r"plan.yaml: not readable as YAML: could not determine a constructor",
    ):
        planned(tmp_path, monkeypatch, f"!!python/object/apply:os.mkdir ['{sprung}']")
    assert not sprung.exists()
