"""Propositions 1 and 2, Lemma 1, Theorem 2 on random tables, each with a control that must fail. NumPy alone.

A table holds N predictions over K classes. No network is trained, so no seed can change what is found.
"""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from sglr.claims.claim import Claim
from sglr.claims.verdict import Evidence, exact

Array = np.ndarray
Error = Callable[[], float]

K, N = 10, 200
_FLOOR = 1e-4  # reverse cross-entropy cuts the label here (Wang et al. 2019)
_SEEN = 1e-2  # a control fails by at least so much
_SHARE, _NOISES = 0.3, (0.2, 0.4, 0.6, 0.8)
_ROUNDING = (
    1e-10  # of float64; a numerical gradient's central differences are worth 1e-7
)


def theory() -> list[Claim]:
    """The identities, each worth nothing if its control holds as well."""
    return [
        _identity(
            "proposition1",
            "Prop. 1",
            "SGLR's loss is symmetric cross-entropy less a reverse KL divergence",
            "H(rp + (1-r)q, p) less (1-r)H(q, p) + rH(p, q) - rKL(p, q); control: an average that lags behind p",
            partial(proposition1, lagging=False),
            partial(proposition1, lagging=True),
        ),
        _identity(
            "gradient",
            "follows from Eq. 6",
            "with a label held fixed, SGLR's gradient in the logits is (1-r) times that of hard labels",
            "numerical gradient less (1-r)(p - q); control: the gradient runs through the label",
            partial(gradient, held=True),
            partial(gradient, held=False),
            margin=1e-7,
        ),
        _identity(
            "proposition2",
            "Prop. 2",
            "distillation is cross-entropy with a label refined by the teacher",
            "(1-a)H(q, p) + aH(t, p) less H((1-a)q + at, p); control: temperature 2",
            partial(proposition2, 1.0),
            partial(proposition2, 2.0),
        ),
        *(
            _identity(
                f"lemma1/{name}",
                "Lemma 1",
                f"{words} is symmetric and so keeps the order of risks under symmetric noise below 1 - 1/K",
                "noisy risk difference less (1 - noise K/(K-1)) times the clean one; control: cross-entropy",
                partial(lemma1, loss),
                partial(lemma1, cross_entropy),
            )
            for name, words, loss in (
                ("reverse", "reverse cross-entropy", reverse),
                ("absolute", "the mean absolute error", absolute),
            )
        ),
        _theorem2(),
    ]


def _identity(
    name: str,
    where: str,
    text: str,
    quantity: str,
    error: Error,
    control: Error,
    margin: float = _ROUNDING,
) -> Claim:
    return Claim(
        name,
        where,
        "Theory",
        text,
        f"largest error of {quantity}",
        {"": lambda results: checked(error, control)},
        f"an identity holds up to rounding; a check that cannot fail shows nothing: the control misses by {_SEEN:g}",
        unit="largest error",
        margin=margin,
        target=0.0,
    )


def checked(error: Error, control: Error) -> Evidence:
    """The error; infinite where the control, which must fail, does not."""
    return exact(error() if control() > _SEEN else math.inf)


def _theorem2() -> Claim:
    return Claim(
        "theorem2",
        "Theorem 2",
        "Theory",
        "SGLR tolerates symmetric noise: the order of two predictors' risks survives it",
        "largest error of noisy risk difference less (1 - noise K/(K-1)) times the clean one",
        {
            "its reverse cross-entropy alone": lambda results: exact(lemma1(reverse)),
            "all of SGLR, r = 0.2": lambda results: exact(lemma1(refined)),
        },
        "an identity holds up to rounding; the paper itself says 'nearly'",
        unit="largest error",
        margin=_ROUNDING,
        target=0.0,
    )


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


def proposition1(lagging: bool) -> float:
    """Return the identity's largest error; `lagging`: the average is not the current prediction."""
    p, q = softmax(_logits(0)), softmax(_logits(1))
    average = softmax(_logits(2)) if lagging else p
    kl = entropy(p, q) - entropy(p, p)
    left = entropy(_SHARE * average + (1 - _SHARE) * q, p)
    return _largest(
        left - ((1 - _SHARE) * entropy(q, p) + _SHARE * entropy(p, q) - _SHARE * kl)
    )


def gradient(held: bool) -> float:
    """Return the largest error of (1-r)(p - q) as the gradient; `held`: the label does not move with the logits."""
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


def proposition2(temperature: float) -> float:
    """Return the identity's largest error; at another temperature than 1 the student is softened in one term."""
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


def lemma1(loss: Callable[[Array], Array]) -> float:
    """Return the largest error, over noise rates, of Ghosh et al. 2017: noisy risk difference of two predictors =
    (1 - noise K/(K-1)) times the clean one."""
    true = np.arange(N) % K
    tables = [loss(softmax(_logits(seed))) for seed in (0, 1)]
    clean = [table[np.arange(N), true] for table in tables]
    errors = []
    for noise in _NOISES:
        noisy = [
            (1 - noise) * right + noise / (K - 1) * (table.sum(axis=1) - right)
            for table, right in zip(tables, clean, strict=True)
        ]
        expected = (1 - noise * K / (K - 1)) * (clean[0] - clean[1]).mean()
        errors.append((noisy[0] - noisy[1]).mean() - expected)
    return _largest(np.array(errors))


def _largest(errors: Array) -> float:
    return float(np.abs(errors).max())
