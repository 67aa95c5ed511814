"""What another program or the user's own settings have left around a command changes no result."""

import shutil

import pytest
import torch
from tools import ROOT, output, sglr

from sglr import load_model
from sglr.engine import parallel

RUN = "cifar10-at-s0"


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


def test_a_default_dtype_changes_no_loaded_network():
    name, x = f"mini/{RUN}-final", torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        plain = load_model(name)(x)
        torch.set_default_dtype(torch.float64)
        try:
            found = load_model(name)(x)
        finally:
            torch.set_default_dtype(torch.float32)
    assert found.dtype == torch.float32 and torch.equal(found, plain)
