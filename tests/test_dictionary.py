"""The data dictionary says what is in the files: every file, every column and key, types and ranges."""

import json
from fnmatch import fnmatch

import pandas as pd
import pytest
from tools import ROOT, git

from docs.dictionary import PAGE, page
from sglr.collected.dictionary import (
    Field,
    File,
    data_package,
    meaning_of,
    objects,
    table_schema,
    tables,
)

RESULTS = ROOT / "results"
SCALES = sorted(path.parent for path in RESULTS.glob("*/claims.csv"))
TYPES = {"string": str, "integer": int, "object": (dict, type(None)), "array": list}


def test_the_page_is_written_from_the_declarations():
    assert page() == PAGE.read_text(), "python -m docs.dictionary writes it again"


def test_every_committed_result_has_its_entry():
    listed = git(ROOT, "ls-files", "results").splitlines()
    assert len(listed) > 300
    paths = [path.removeprefix("results/") for path in listed]
    missing = [path for path in paths if not meaning_of(path, path.split("/")[0])]
    assert missing == []


def wrong(frame: pd.DataFrame, file: File) -> list[str]:
    """What a table's cells, read as text, have that their fields do not allow."""
    # Wherever a run of a table collapsed, a column says why.
    frame = frame.drop(columns="collapsed", errors="ignore")
    if list(frame) != [field.name for field in file.fields]:
        return [f"columns {list(frame)}"]
    faults = [field.name for field in file.fields if not fits(frame[field.name], field)]
    if file.key and frame.duplicated(list(file.key)).any():
        faults.append("its key repeats")
    return faults


def fits(cells: pd.Series, field: Field) -> bool:
    """Whether every cell that is not empty is of the type and in the range."""
    known = cells[cells != ""]
    if field.type == "boolean":
        return set(known) <= {"True", "False"}
    if field.type not in ("number", "integer"):
        return True
    numbers = pd.to_numeric(known, errors="coerce")
    whole = field.type == "number" or (numbers % 1 == 0).all()
    low = field.low is None or (numbers >= field.low).all()
    high = field.high is None or (numbers <= field.high).all()
    return bool(numbers.notna().all() and whole and low and high)


@pytest.mark.parametrize("file", tables(), ids=lambda file: file.path)
def test_the_committed_tables_are_as_described(file):
    found = [path for scale in SCALES for path in scale.glob(file.path)]
    for path in found:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        assert wrong(frame, file) == [], path
    assert found


@pytest.mark.parametrize("file", objects(), ids=lambda file: file.path)
def test_the_committed_objects_are_as_described(file):
    fields = {field.name: field for field in file.fields}
    seen = set()
    found = [path for scale in SCALES for path in scale.glob(file.path)]
    for path in found:
        for key, value in keys(json.loads(path.read_text()), fields):
            names = [name for name in fields if same_depth(key, name)]
            assert len(names) == 1, (path, key)
            field = fields[names[0]]
            assert isinstance(value, TYPES.get(field.type, (int, float))), (path, key)
            if field.type in ("number", "integer"):
                assert fits(pd.Series([str(value)]), field), (path, key)
            seen.add(field.name)
    assert found and set(fields) == seen


def keys(value: dict, fields: dict[str, Field], above: str = ""):
    """Each key with its path, down to where the dictionary has it."""
    for name, content in value.items():
        key = f"{above}{name}"
        known = any(same_depth(key, field) for field in fields)
        if not known and isinstance(content, dict):
            yield from keys(content, fields, f"{key}.")
        else:
            yield key, content


def same_depth(key: str, field: str) -> bool:
    """Whether a key is the field, * standing for one name."""
    return fnmatch(key, field) and key.count(".") == field.count(".")


def test_a_wrong_table_is_noticed():
    file = next(file for file in tables() if file.path == "runs/*/labels.csv")
    good = pd.DataFrame([("0", "0", "0.9"), ("0", "1", "0.1")])
    good.columns = [field.name for field in file.fields]
    assert wrong(good, file) == []
    assert wrong(good.assign(probability="1.5"), file) == ["probability"]
    assert wrong(good.assign(target_class="0"), file) == ["its key repeats"]
    assert wrong(good.assign(class_index="0.5"), file) == ["class_index"]
    assert wrong(good.drop(columns="probability"), file) != []


@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: scale.name)
def test_the_data_package_is_committed_and_names_every_table(scale):
    package = json.loads((scale / "datapackage.json").read_text())
    assert package == json.loads(json.dumps(data_package(scale)))
    paths = [path for each in package["resources"] for path in paths_of(each)]
    assert len(paths) == len(set(paths))
    csvs = {path.relative_to(scale).as_posix() for path in scale.rglob("*.csv")}
    assert set(paths) == csvs


def paths_of(resource: dict) -> list[str]:
    return (
        resource["path"] if isinstance(resource["path"], list) else [resource["path"]]
    )


def test_a_schema_is_one_that_frictionless_knows():
    """Types, constraints and key by the names of the Table Schema specification."""
    for file in tables():
        schema = table_schema(file)
        assert set(schema) <= {"fields", "primaryKey", "missingValues"}
        names = [field["name"] for field in schema["fields"]]
        assert len(set(names)) == len(names) and set(
            schema.get("primaryKey", [])
        ) <= set(names)
        for field in schema["fields"]:
            assert field["type"] in {"string", "number", "integer", "boolean"}
            assert set(field.get("constraints", {})) <= {"minimum", "maximum"}
            assert field["description"]
