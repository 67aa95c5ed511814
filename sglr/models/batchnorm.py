"""BatchNorm whose statistics are those of the whole batch, however many processes share it."""

import torch
from torch import Tensor, nn

from sglr.engine import parallel


class BatchNorm(nn.BatchNorm2d):
    """nn.BatchNorm2d; in train mode with several processes, mean and variance are taken over all of them, in fp32."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised x, (N, C, H, W) like it."""
        if not self.training or parallel.world_size() == 1:
            return super().forward(x)
        values = x.float()
        size = values.new_full((1,), values.numel() // values.shape[1])
        sums = parallel.over_processes(torch.cat([values.sum((0, 2, 3)), size]))
        mean, size = sums[:-1] / sums[-1], sums[-1].detach()
        centred = values - mean[:, None, None]
        variance = parallel.over_processes(centred.square().sum((0, 2, 3))) / size
        self._update_running_statistics(
            mean.detach(), variance.detach() * size / (size - 1)
        )
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(x.dtype)

    @torch.no_grad()
    def _update_running_statistics(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics, as nn.BatchNorm2d does."""
        assert (
            self.running_mean is not None
            and self.running_var is not None
            and self.num_batches_tracked is not None
        )
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance, self.momentum)
