"""The notebook of the docs runs from its first cell to its last."""

import json
import sys

from tools import ROOT, output, run


def test_the_notebook_loads_attacks_judges_and_plots(tmp_path):
    cells = json.loads((ROOT / "docs/judge.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    assert not any(cell.get("outputs") for cell in cells)
    checks = "assert 0 < found.pgd < found.natural < 1 and len(right.patches) == 10\n"
    checks += "assert (adversarial - images.pixels()).abs().max() <= 8 / 255 + 1e-6\n"
    (tmp_path / "notebook.py").write_text("\n".join([*code, checks]))
    words = (sys.executable, "notebook.py")
    said = output(run(tmp_path, *words, MPLBACKEND="agg", PYTHONPATH=str(ROOT)))
    assert "natural " in said and "flags: none" in said
