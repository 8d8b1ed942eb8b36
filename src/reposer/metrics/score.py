"""Scores: a number with its interval, its count and the signature of how it was made. Never a bare float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reposer.checks import InputError

LEVEL = 0.95
_DRAWS_AT_ONCE = 2**22
"""Random numbers held at one time by the bootstrap: 32 MiB."""


@dataclass(frozen=True)
class Score:
    """The value of one metric over a set of images, and what is needed to compare it."""

    name: str
    """Name of the metric, such as "ssim"."""
    value: float
    """Mean over the images, or ratio of two sums over them (PCKh)."""
    interval: tuple[float, float]
    """95 % bootstrap interval of the value over images: what another draw of test images might have given."""
    n: int
    """Number of images behind the value."""
    signature: str
    """Protocol, pair list, codec and version, see ``reposer.protocols.signature``."""

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.name} = {self.value:.4f} [{low:.4f}, {high:.4f}] (n = {self.n}) {self.signature}"

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a dict that ``json`` can write."""
        return {
            "name": self.name,
            "value": self.value,
            "interval": list(self.interval),
            "n": self.n,
            "signature": self.signature,
        }


def make_score(name: str, values: ArrayLike, *, totals: ArrayLike | None = None, signature: str) -> Score:
    """Sum up one value an image: their mean, or sum(values) / sum(totals), with its bootstrap interval.

    Args:
        name: name of the metric.
        values: (N,) one finite number an image.
        totals: (N,) denominators of a ratio; None means a mean.
        signature: of the protocol and the pairs.

    Raises:
        ValueError: if there is no image, a number is not finite, or the totals do not fit.
    """
    numerators, denominators = _checked(values, totals)
    return Score(
        name=name,
        value=float(numerators.sum() / denominators.sum()),
        interval=bootstrap_interval(numerators, totals=denominators),
        n=len(numerators),
        signature=signature,
    )


def bootstrap_interval(
    values: ArrayLike,
    *,
    totals: ArrayLike | None = None,
    level: float = LEVEL,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    r"""Percentile bootstrap interval of a mean, or of a ratio of two sums, over images.

    Each resample draws N images with replacement and computes
    :math:`\sum_i v_i / \sum_i t_i` of them; the interval runs between the (1 - level) / 2 and (1 + level) / 2
    quantiles of those numbers.

    Args:
        values: (N,) one finite number an image.
        totals: (N,) denominators of a ratio, positive; None means 1 each, a mean.
        level: probability covered, between 0 and 1.
        resamples: number of resamples.
        seed: of the random draws; the same numbers give the same interval.

    Returns:
        Lower and upper end; the value itself lies between them.

    Raises:
        ValueError: if there is no image, a number is not finite, or the totals or the level do not fit.

    Reference: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    numerators, denominators = _checked(values, totals)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, got {level}")
    n = len(numerators)
    generator = np.random.default_rng(seed)
    rows = max(1, _DRAWS_AT_ONCE // n)
    ratios = []
    for start in range(0, resamples, rows):
        drawn = generator.integers(n, size=(min(rows, resamples - start), n))
        ratios.append(numerators[drawn].sum(1) / denominators[drawn].sum(1))
    low, high = np.quantile(np.concatenate(ratios), [(1 - level) / 2, (1 + level) / 2])
    # In another order the same numbers add up a little differently: rounding must not put the value outside.
    value = numerators.sum() / denominators.sum()
    return float(min(low, value)), float(max(high, value))


def check_comparable(a: Score, b: Score) -> None:
    """Raise InputError, naming what differs, unless both are one metric under one signature."""
    if a.name != b.name:
        raise InputError(f"cannot compare {a.name} with {b.name}: these are different metrics")
    if a.signature != b.signature:
        left, right = _parts(a.signature), _parts(b.signature)
        differing = [
            f"{key} ({left.get(key, 'none')} and {right.get(key, 'none')})"
            for key in dict.fromkeys([*left, *right])
            if left.get(key) != right.get(key)
        ]
        raise InputError(
            f"cannot compare two scores of {a.name}: they differ in {', '.join(differing)}; "
            "evaluate both under one protocol, on the same pairs and files"
        )


def _parts(signature: str) -> dict[str, str]:
    """Split ``NAME|key:value|...`` into {"protocol": NAME, key: value, ...}."""
    protocol, *rest = signature.split("|")
    return {"protocol": protocol} | dict(part.partition(":")[::2] for part in rest)


def _checked(values: ArrayLike, totals: ArrayLike | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numerators = np.asarray(values, dtype=np.float64)
    denominators = np.ones_like(numerators) if totals is None else np.asarray(totals, dtype=np.float64)
    if numerators.ndim != 1 or len(numerators) == 0:
        raise ValueError(f"values must have shape (N,) with N > 0, got {numerators.shape}")
    if denominators.shape != numerators.shape or not (denominators > 0).all():
        raise ValueError(f"totals must be {len(numerators)} positive numbers, one an image, got {denominators.shape}")
    if not (np.isfinite(numerators).all() and np.isfinite(denominators).all()):
        raise ValueError("values and totals must be finite")
    return numerators, denominators
