"""Writes docs/data.md and committed scales' data packages from config/data.yaml: `python -m docs.dictionary`."""

from pathlib import Path

from sglr.collected.dictionary import Field, File, data_package, objects, others, tables
from sglr.files.records import write_json

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "data.md"
_INTRODUCTION = """\
# Every file under results/

Written from `config/data.yaml` by `python -m docs.dictionary`; tests hold it to the files. Paths are below
`results/{scale}/`. Accuracies are fractions in runs' and collected files, percent in `tables/`, points in claims. An
empty cell is a number that there is not. Where a run of a collected table has collapsed, a column `collapsed` says why.
`results/mini/datapackage.json` has the same as
[Frictionless table schemas](https://specs.frictionlessdata.io/table-schema/).
"""


def page() -> str:
    """Return docs/data.md."""
    parts = [_INTRODUCTION, "## Tables\n"]
    parts += [_section(file) for file in tables()]
    parts += ["## JSON\n", *(_section(file) for file in objects())]
    rows = [f"| `{pattern}` | {meaning} |" for pattern, meaning in others().items()]
    head = ["| path below results/ | what |", "|---|---|"]
    return "\n".join([*parts, "## Other files\n", *head, *rows]) + "\n"


def _section(file: File) -> str:
    title = f"### `{file.path}`\n\n{file.meaning[0].upper()}{file.meaning[1:]}. Written by `{file.command}`."
    key = f" Unique by {', '.join(file.key)}." if file.key else ""
    head = "| field | type | unit | range | meaning |\n|---|---|---|---|---|"
    rows = "\n".join(_row(field) for field in file.fields)
    return f"{title}{key}\n\n{head}\n{rows}\n"


def _row(field: Field) -> str:
    low, high = ("" if end is None else f"{end:g}" for end in (field.low, field.high))
    limits = f"{low} to {high}" if low and high else f"from {low}" if low else ""
    cells = (f"`{field.name}`", field.type, field.unit, limits, field.meaning)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
    for claims in sorted(ROOT.glob("results/*/claims.csv")):
        write_json(claims.parent / "datapackage.json", data_package(claims.parent))
