"""The notebook of the docs runs from its first cell to its last, and is the ten lines that it should be."""

import json
import sys

from tools import ROOT, output, run

# The names are the notebook's; its images are counted once more, and compared with the test set's own.
CHECKS = """
from sglr.data import load_splits
from sglr.plan.scale_files import load_scale

splits = load_splits(load_scale(few).data["cifar10"], label_noise=0.0, seed=0)
test, bits = splits.test.first(8), found.entry["autoattack"]["correct"]
far = (adversarial - test.pixels()).abs().max()
assert 8 / 255 - 1e-6 < far < 8 / 255 + 1e-6
right = model(adversarial).argmax(1) == test.labels
assert bits == "".join(str(int(each)) for each in right)
assert right.double().mean() == found.autoattack
assert found.autoattack < (model(test.pixels()).argmax(1) == test.labels).double().mean()
assert 0 < found.pgd < found.natural < 1
heights = [bar.get_height() for bar in plt.gca().patches]
assert heights == found.per_class and len(heights) == 10
assert plt.gca().images[0].get_array().shape == (32, 8 * 32, 3)
"""


def test_the_notebook_loads_attacks_judges_and_plots_in_ten_lines(tmp_path):
    cells = json.loads((ROOT / "docs/judge.ipynb").read_text())["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lines = [line for line in "\n".join(code).splitlines() if line.strip()]
    assert len(lines) == 10 and not any(";" in line for line in lines)
    assert not any(cell.get("outputs") for cell in cells)
    (tmp_path / "notebook.py").write_text("\n".join([*code, CHECKS]))
    words = (sys.executable, "notebook.py")
    output(run(tmp_path, *words, MPLBACKEND="agg", PYTHONPATH=str(ROOT)))
