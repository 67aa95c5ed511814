"""The norm of the adversarial loss' gradient with respect to the weights (paper, Figure 1a)."""

import torch
from torch import Tensor, nn

from sglr.files.errors import UsageError
from sglr.methods.losses import cross_entropy


def flat_gradient(network: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """Return the gradient (P,) of the mean cross-entropy over x (N, C, H, W), y (N,); nothing is left in `.grad`.

    Raises UsageError where it is not finite.
    """
    with torch.enable_grad():
        loss = cross_entropy(network(x), y).mean()
        trained = [each for each in network.parameters() if each.requires_grad]
        gradients = torch.autograd.grad(loss, trained, materialize_grads=True)
    flat = torch.cat([gradient.flatten() for gradient in gradients])
    if not flat.isfinite().all():
        raise UsageError(
            "the network's gradient is not finite: nothing of it is measured"
        )
    return flat


def full_gradient_norm(
    network: nn.Module, x_adv: Tensor, y: Tensor, batch_size: int
) -> float:
    """Return the l2 norm of the gradient of the mean loss over all adversarial images, in eval mode."""
    parts = zip(x_adv.split(batch_size), y.split(batch_size), strict=True)
    total = sum(
        flat_gradient(network, x, labels).double() * len(labels) for x, labels in parts
    )
    return (torch.as_tensor(total) / len(y)).norm().item()
