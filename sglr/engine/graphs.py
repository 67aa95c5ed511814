"""A function of tensors replayed as a CUDA graph: one launch in place of thousands."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_WARMING_UP = 2  # cuDNN chooses its kernels before they are captured


class Graphed:
    """`function`, captured with tensors like `sample` and replayed for any of the same shapes.

    What it reads besides its arguments, such as weights, is read where it lies, so changing it in place is seen; what
    Python decides in it is decided once. It draws no random numbers and never makes the host wait. Needs a GPU, and
    captures on the one that holds the sample.
    """

    def __init__(self, function: Callable[..., Tensor], sample: Sequence[Tensor]):
        self.inputs = [tensor.detach().clone() for tensor in sample]
        with torch.cuda.device(self.inputs[0].device):
            aside = torch.cuda.Stream()
            aside.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(aside):
                for _ in range(_WARMING_UP):
                    function(*self.inputs)
            torch.cuda.current_stream().wait_stream(aside)
            self.graph = torch.cuda.CUDAGraph()
            # Other threads may go on using the GPU meanwhile.
            with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
                self.output = function(*self.inputs)

    def __call__(self, *tensors: Tensor) -> Tensor:
        """Return what the function returns for tensors of the sample's shapes."""
        for own, given in zip(self.inputs, tensors, strict=True):
            own.copy_(given)
        self.graph.replay()
        return self.output.clone()
