"""A network is trained in channels_last only where its gradients stay within their memory, on every processor."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from sglr.models.layout import memory_format

# Many gradients of the weights, each beside memory that glibc checks and fills: what overruns ends the process.
MANY = """import sys, torch
from torch import nn
from sglr.models.layout import memory_format
torch.set_num_threads(1)
channels, stride, kernel = map(int, sys.argv[1:])
network = nn.Conv2d(channels, 2 * channels, kernel, stride, kernel // 2)
layout = memory_format(network, True)
network.to(memory_format=layout)
kept = []
for number in range(60):
    kept.append(torch.empty(37 + number))
    x = torch.randn(20, channels, 8, 8).contiguous(memory_format=layout)
    network(x).square().sum().backward()
"""


@pytest.mark.parametrize(
    "sizes", [(4, 2, 1), (7, 2, 1), (8, 2, 1), (4, 1, 1), (4, 2, 3)]
)
def test_gradients_stay_within_their_memory(sizes, monkeypatch):
    monkeypatch.setenv("MALLOC_CHECK_", "3")
    monkeypatch.setenv("MALLOC_PERTURB_", "5")
    words = (sys.executable, "-c", MANY, *map(str, sizes))
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_narrow_strided_shortcuts_keep_a_network_in_the_plain_layout():
    def layout(*convolution: int) -> torch.memory_format:
        return memory_format(nn.Sequential(nn.Conv2d(*convolution)), True)

    assert layout(7, 16, 1, 2) is torch.contiguous_format
    for wide_enough in ((8, 16, 1, 2), (7, 16, 1, 1), (7, 16, 3, 2)):
        assert layout(*wide_enough) is torch.channels_last
    assert memory_format(nn.Conv2d(8, 8, 3), False) is torch.contiguous_format
