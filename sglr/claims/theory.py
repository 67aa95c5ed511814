"""Measures on random tables of N predictions over K classes, in NumPy alone: the identities
behind the paper's propositions. No network is trained, so no seed changes what is found.

Each has an argument with which it must fail: its placebo.
"""

import math
from collections.abc import Callable

import numpy as np

from sglr.claims.verdict import Evidence, exact
from sglr.collected.results import Results

Array = np.ndarray

K, N = 10, 200
_FLOOR = 1e-4  # reverse cross-entropy cuts the label here (Wang et al. 2019)
_SHARE, _NOISES = 0.3, (0.2, 0.4, 0.6, 0.8)


def softmax(z: Array) -> Array:
    """Return exp(z_k) / sum_j exp(z_j) over the last axis."""
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _logits(seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(N, K))


def _hard() -> Array:
    return np.eye(K)[np.arange(N) % K]


def entropy(p: Array, q: Array) -> Array:
    """Return the cross-entropy H(p, q) = -sum_k p_k ln q_k, (N,)."""
    return -(p * np.log(q)).sum(axis=-1)


def proposition1(results: Results, *, lagging: bool = False) -> Evidence:
    """Return the largest error of H(rp + (1-r)q, p) = (1-r)H(q, p) + rH(p, q) - rKL(p, q).

    p and q have full support: for a one-hot label H(p, q) and KL are infinite. `lagging`:
    the label holds an average in place of the current p.
    """
    p, q = softmax(_logits(0)), softmax(_logits(1))
    average = softmax(_logits(2)) if lagging else p
    kl = entropy(p, q) - entropy(p, p)
    left = entropy(_SHARE * average + (1 - _SHARE) * q, p)
    return _largest(
        left - ((1 - _SHARE) * entropy(q, p) + _SHARE * entropy(p, q) - _SHARE * kl)
    )


def gradient(results: Results, *, held: bool = True) -> Evidence:
    """Return the largest error of (1-r)(p - q) as the loss's gradient in the logits.

    Not `held`: the gradient runs through the label as well.
    """
    z, q, step = _logits(0), _hard(), 1e-5
    label = _SHARE * softmax(z) + (1 - _SHARE) * q

    def loss(at: Array) -> Array:
        """The loss (rows) at these logits."""
        return entropy(
            label if held else _SHARE * softmax(at) + (1 - _SHARE) * q, softmax(at)
        )

    moved = [
        (loss(z + step * unit) - loss(z - step * unit)) / (2 * step)
        for unit in np.eye(K)
    ]
    return _largest(np.stack(moved, axis=1) - (1 - _SHARE) * (softmax(z) - q))


def proposition2(results: Results, *, temperature: float = 1) -> Evidence:
    """Return the largest error of (1-a)H(q, p) + aH(t, p) = H((1-a)q + at, p); at another
    temperature than 1 the student is softened in one term."""
    z, q, teacher = _logits(0), _hard(), softmax(_logits(1) / temperature)
    both = (1 - _SHARE) * entropy(q, softmax(z)) + _SHARE * entropy(
        teacher, softmax(z / temperature)
    )
    return _largest(both - entropy((1 - _SHARE) * q + _SHARE * teacher, softmax(z)))


def reverse(p: Array) -> Array:
    """Return the reverse cross-entropy of predictions p with each class as the label, (N, K)."""
    return -(1 - p) * np.log(_FLOOR)


def absolute(p: Array) -> Array:
    """Return sum_j |p_j - label_j| with each class as the label, (N, K)."""
    return 2 * (1 - p)


def cross_entropy(p: Array) -> Array:
    """Return -ln p with each class as the label, (N, K)."""
    return -np.log(p)


def refined(p: Array, r: float = 0.2) -> Array:
    """Return SGLR's loss H(rp + (1-r)q, p) with each class as the label q, (N, K)."""
    return r * entropy(p, p)[:, None] + (1 - r) * cross_entropy(p)


LOSSES: dict[str, Callable[[Array], Array]] = {
    "reverse": reverse,
    "absolute": absolute,
    "cross_entropy": cross_entropy,
    "refined": refined,
}


def noisy_risks(results: Results, *, loss: str) -> Evidence:
    """Return the largest error, over noise rates, of Ghosh et al. 2017: noisy risk
    difference of two predictors = (1 - noise K/(K-1)) times the clean one."""
    true = np.arange(N) % K
    tables = [LOSSES[loss](softmax(_logits(seed))) for seed in (0, 1)]
    clean = [table[np.arange(N), true] for table in tables]
    errors = []
    for noise in _NOISES:
        risks = []
        for table, right in zip(tables, clean, strict=True):
            wrong = noise / (K - 1) * (table.sum(axis=1) - right)
            risks.append(((1 - noise) * right + wrong).mean())
        expected = (1 - noise * K / (K - 1)) * (clean[0] - clean[1]).mean()
        errors.append(risks[0] - risks[1] - expected)
    return _largest(np.array(errors))


def class_dependent(results: Results, *, loss: str, allowed: bool = True) -> Evidence:
    """Return the least of R(f) - R(f*) under class-dependent noise, over random noises and
    predictors f, where f* is always right: negative where noise makes another f best.

    A class y turns into each other i with a probability below 1 - (that of turning at all),
    the condition of Theorem 2; not `allowed`: one of them is above it.
    """
    generator, true = np.random.default_rng(0), np.arange(N) % K
    right = LOSSES[loss](np.clip(np.eye(K)[true], 1e-12, 1))
    smallest = np.inf
    for seed in range(20):
        noise = _noise(generator, allowed)[true]
        other = LOSSES[loss](softmax(5 * _logits(seed)))
        smallest = min(smallest, (noise * (other - right)).sum(axis=1).mean())
        turned = LOSSES[loss](np.clip(np.eye(K)[noise.argmax(axis=1)], 1e-12, 1))
        smallest = min(smallest, (noise * (turned - right)).sum(axis=1).mean())
    return exact(smallest)


def _noise(generator: np.random.Generator, allowed: bool) -> Array:
    """What each class turns into, (K, K), rows summing to 1."""
    stays = generator.uniform(0.3, 0.9, size=K)
    shares = generator.dirichlet(np.ones(K - 1), size=K)
    if allowed:  # no other class as likely as the true one
        most = stays / (1 - stays)
        shares = np.where((shares.max(1) < most)[:, None], shares, 1 / (K - 1))
    else:  # one other class takes it all
        stays, shares = np.full(K, 0.3), np.eye(K - 1)[np.zeros(K, dtype=int)]
    noise = np.diag(stays)
    for y in range(K):
        noise[y, np.arange(K) != y] = (1 - stays[y]) * shares[y]
    return noise


def _largest(errors: Array) -> Evidence:
    return exact(_told(float(np.abs(errors).max())))


def _told(error: float) -> float:
    """An error of rounding by its order of magnitude, rounded up: its digits are the processor's, not the claim's."""
    return 10.0 ** math.ceil(math.log10(error)) if 0 < error < 1e-6 else error
