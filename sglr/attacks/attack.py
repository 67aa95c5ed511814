"""PGD of one strength on one network, whole in one CUDA graph where asked."""

from functools import partial

from torch import Tensor

from sglr.attacks.pgd import LogitsLoss, Network, pgd
from sglr.attacks.threat import Ball
from sglr.engine.graphs import Graphed


class Attack:
    """PGD in `ball`; batches of `graphed` images are attacked by a graph, others plainly. 0 captures nothing."""

    def __init__(
        self,
        network: Network,
        ball: Ball,
        step_size: float,
        num_steps: int,
        graphed: int = 0,
    ):
        self.network, self.ball = network, ball
        self.step_size, self.num_steps = step_size, num_steps
        self.graphed = graphed
        self.graphs: dict[LogitsLoss, Graphed] = {}

    def __call__(
        self, x: Tensor, start: Tensor, loss_fn: LogitsLoss, *given: Tensor
    ) -> Tensor:
        """Return images (N, C, H, W) around `x`, reached from `start`, that raise `loss_fn(logits, *given)`, (N,).

        A graph holds what `loss_fn` is of; so it holds functions of a module alone, and what changes is `given`.
        """
        if len(x) != self.graphed or not _of_a_module(loss_fn):
            return self._plainly(loss_fn, x, start, *given)
        if loss_fn not in self.graphs:
            steps = partial(self._plainly, loss_fn)
            self.graphs[loss_fn] = Graphed(steps, (x, start, *given))
        return self.graphs[loss_fn](x, start, *given)

    def _plainly(
        self, loss_fn: LogitsLoss, x: Tensor, start: Tensor, *given: Tensor
    ) -> Tensor:
        return pgd(
            self.network,
            x,
            lambda logits: loss_fn(logits, *given),
            ball=self.ball,
            step_size=self.step_size,
            num_steps=self.num_steps,
            start=start,
        )


def _of_a_module(function: LogitsLoss) -> bool:
    """Whether it is one function for good, and not made afresh with other values inside."""
    return "<" not in getattr(function, "__qualname__", "<") and not hasattr(
        function, "__self__"
    )
