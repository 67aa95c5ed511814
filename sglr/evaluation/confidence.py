"""Confidence of correct and incorrect predictions (paper, Figure 3) and calibration."""

import torch
from torch import Tensor


def confidence_summary(logits: Tensor, y: Tensor, prefix: str) -> dict[str, float]:
    """Return mean confidence when correct and when incorrect (NaN where there is none), accuracy and ECE."""
    confidence, predicted = logits.softmax(dim=1).max(dim=1)
    correct = predicted == y
    return {
        f"{prefix}_confidence_correct": confidence[correct].mean().item(),
        f"{prefix}_confidence_incorrect": confidence[~correct].mean().item(),
        f"{prefix}_accuracy": correct.double().mean().item(),
        f"{prefix}_ece": expected_calibration_error(confidence, correct),
    }


def expected_calibration_error(
    confidence: Tensor, correct: Tensor, bins: int = 15
) -> float:
    """Return sum_b (n_b / N) |accuracy_b - confidence_b| over equal-width bins (Guo et al. 2017)."""
    place = torch.clamp((confidence.double() * bins).ceil().long() - 1, 0, bins - 1)
    gap = correct.double() - confidence.double()
    return gap.new_zeros(bins).index_add_(0, place, gap).abs().sum().item() / len(
        confidence
    )
