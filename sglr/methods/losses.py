"""Losses, one value an example, (N,). Targets are class indices (N,) or distributions (N, K)."""

from __future__ import annotations

from sglr.files.lazy import torch


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return H(target, softmax(logits)), (N,). `targets`: (N,) classes or (N, K) rows that sum to 1."""
    return torch.nn.functional.cross_entropy(logits, targets, reduction="none")


def kl_divergence(target_probs: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
    """Return KL(target || softmax(logits)), (N,); `target_probs` (N, K). Differentiable in both."""
    # PyTorch's kl_div has a NaN gradient where a softmax underflowed to 0, and TRADES differentiates in the target
    log_target = target_probs.clamp_min(torch.finfo(target_probs.dtype).tiny).log()
    return (target_probs * (log_target - logits.log_softmax(dim=1))).sum(dim=1)


def divergence_from(logits: torch.Tensor, target_probs: torch.Tensor) -> torch.Tensor:
    """Return the same, (N,), its arguments in an attack's order."""
    return kl_divergence(target_probs, logits)


def squared_distance(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean over classes of (softmax(logits) - target)^2, (N,); `targets` (N, K)."""
    return (logits.softmax(dim=1) - targets).square().mean(dim=1)
