"""Penultimate features (paper, Figure 5): a t-SNE picture, and numbers for its claim."""

import math

import numpy as np
from sklearn.manifold import TSNE
from sklearn.metrics import silhouette_score
from torch import Tensor, nn

from sglr.evaluation.accuracy import in_batches
from sglr.files.errors import UsageError


def penultimate_features(network: nn.Module, x: Tensor, batch_size: int) -> Tensor:
    """Return the features (N, D) that the last layer sees, computed for so many images at a time."""
    return in_batches(network.features, x, batch_size)  # type: ignore[arg-type]


def tsne(features: Tensor, seed: int = 0) -> np.ndarray:
    """Return the features' t-SNE embedding (N, 2), perplexity 30 or less for few points, from a PCA start.

    Raises UsageError where all features are the same, which scikit-learn's t-SNE does not survive, or too few.
    """
    if len(features) < 4 or not (features != features[0]).any():
        raise UsageError(
            "all features are the same, or fewer than 4: there is nothing to embed"
        )
    perplexity = min(30, (len(features) - 1) / 3)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(
        features.cpu().numpy()
    )


def separability(features: Tensor, y: Tensor) -> dict[str, float]:
    """Return the silhouette (-1 to 1, higher is better) and tr(S_W) / tr(S_B) (lower is better) of the classes.

    Raises UsageError where no class has two images.
    """
    check_within(y)
    return {
        "silhouette": float(silhouette_score(features.cpu().numpy(), y.cpu().numpy())),
        "variance_ratio": variance_ratio(features, y),
    }


def check_within(y: Tensor) -> None:
    """Raise UsageError where no class of y (N,) has two images: nothing is within a class then."""
    if len(y.unique()) == len(y):
        raise UsageError(
            f"{len(y)} images, one a class: how separable classes are is measured on more"
        )


def variance_ratio(features: Tensor, y: Tensor) -> float:
    """Return the scatter within classes over the scatter between their means; infinite where the means coincide."""
    x = features.double()
    within = between = 0.0
    for label in y.unique():
        members = x[y == label]
        centre = members.mean(dim=0)
        within += (members - centre).square().sum().item()
        between += len(members) * (centre - x.mean(dim=0)).square().sum().item()
    return within / between if between else math.inf
