"""Patterns of cloth by metres across and down: shares, 0 to 1, of a second and a third colour on a ground."""

from collections.abc import Callable

import numpy as np

from reposer.data.people.arrays import Floats

Paint = list[tuple[Floats, int]]
"""Shares (h, w) and which further colour of the fabric (0, 1) is laid on, in this order."""


def _off(values: Floats) -> Floats:
    """How far values are from the nearest half, 0 to 0.5: 0 in the middle of each period."""
    return np.abs(values - np.floor(values) - np.float32(0.5))


def band(metres: Floats, period: float, share: float, texel: float) -> Floats:
    """Stripes that cover `share` of each period, with edges one texel soft."""
    soft = np.float32(max(texel / period, 0.02))
    edge = (np.float32(share / 2) - _off(metres * np.float32(1 / period))) / soft
    return np.clip(edge + np.float32(0.5), 0, 1)


def _hash(column: Floats, row: Floats, seed: int) -> Floats:
    """Numbers in 0..1 that belong to cells of a lattice."""
    table = np.random.default_rng(seed).random((64, 64)).astype(np.float32)
    return table[row.astype(np.intp) & 63, column.astype(np.intp) & 63]


def _stripes(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    return [(band(v, period, 0.5, texel), 0)]


def _thin(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    return [(band(v, 0.7 * period, 0.24, texel), 0)]


def _wide(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    return [(band(v, 2.6 * period, 0.5, texel), 0)]


def _pinstripe(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    return [(np.float32(0.7) * band(u, 0.5 * period, 0.14, texel), 0)]


def _plaid(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    width, shift = 2.2 * period, np.float32(0.66 * period)
    half = np.float32(0.5)
    return [
        (half * band(u, width, 0.45, texel), 0),
        (half * band(v, width, 0.45, texel), 0),
        (np.float32(0.7) * band(u + shift, width, 0.06, texel), 1),
        (np.float32(0.7) * band(v + shift, width, 0.06, texel), 1),
    ]


def _gingham(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    half = np.float32(0.5)
    return [(half * band(u, 0.5 * period, 0.5, texel), 0), (half * band(v, 0.5 * period, 0.5, texel), 0)]


def _dots(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    x, y = u * np.float32(1 / period), v * np.float32(1 / period)
    x = x + np.float32(0.5) * (np.floor(y) % 2)
    dx, dy = x - np.floor(x) - np.float32(0.5), y - np.floor(y) - np.float32(0.5)
    edge = np.float32(0.2) - np.sqrt(dx * dx + dy * dy)
    return [(np.clip(edge / np.float32(texel / period) + np.float32(0.5), 0, 1), 0)]


def _blossoms(u: Floats, v: Floats, period: float, texel: float, seed: int, grow: float) -> Floats:
    """Flowers of five petals, one somewhere in each cell of a lattice."""
    x, y = u * np.float32(1 / period), v * np.float32(1 / period)
    column, row = np.floor(x), np.floor(y)
    first, second = _hash(column, row, seed), _hash(column, row, seed + 1)
    dx = x - column - np.float32(0.35) - np.float32(0.3) * first
    dy = y - row - np.float32(0.35) - np.float32(0.3) * second
    square = dx * dx + dy * dy
    radius = np.sqrt(np.maximum(square, np.float32(1e-8)))
    c, s = dx / radius, dy / radius
    cc = c * c
    petals = c * (16 * cc * cc - 20 * cc + 5) + np.float32(0.2) * s * (first - np.float32(0.5))
    edge = (
        np.where(first + second < np.float32(1.3), np.float32(grow), 0) * (np.float32(0.22) + np.float32(0.07) * petals)
        - radius
    )
    return np.clip(edge / np.float32(texel / period) + np.float32(0.5), 0, 1)


def _floral(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    small = _blossoms(u + np.float32(0.7 * period), v, 0.9 * period, texel, seed + 4, 1.0)
    leaves = _blossoms(u + np.float32(0.4 * period), v, 0.6 * period, texel, seed + 2, 0.8)
    flowers = _blossoms(u, v, 1.3 * period, texel, seed, 1.2)
    hearts = _blossoms(u, v, 1.3 * period, texel, seed, 0.45)
    return [(leaves, 1), (small, 0), (flowers, 0), (hearts, 1)]


def _abstract(u: Floats, v: Floats, period: float, texel: float, seed: int) -> Paint:
    """Blots: smooth noise cut at two heights."""
    field = cloud(u * np.float32(1 / period), v * np.float32(1 / period), seed)
    soft = np.float32(2 * texel / period)
    return [
        (np.clip((field - np.float32(0.55)) / soft + np.float32(0.5), 0, 1), 0),
        (np.clip((np.float32(0.33) - field) / soft + np.float32(0.5), 0, 1), 1),
    ]


def cloud(x: Floats, y: Floats, seed: int) -> Floats:
    """Smooth noise, 0 to 1, that changes over one unit."""
    column, row = np.floor(x), np.floor(y)
    fx, fy = x - column, y - row
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    upper = _hash(column, row, seed) * (1 - fx) + _hash(column + 1, row, seed) * fx
    lower = _hash(column, row + 1, seed) * (1 - fx) + _hash(column + 1, row + 1, seed) * fx
    return upper * (1 - fy) + lower * fy


Pattern = Callable[[Floats, Floats, float, float, int], Paint]
PATTERNS: dict[str, Pattern] = {
    "stripes": _stripes, "thin stripes": _thin, "wide stripes": _wide, "pinstripe": _pinstripe, "plaid": _plaid,
    "gingham": _gingham, "dots": _dots, "floral": _floral, "abstract": _abstract,
}  # fmt: skip
"""Name -> how it is painted. A new pattern is a function and a line here."""
