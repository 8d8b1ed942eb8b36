"""Noise that repeats: clouds of all sizes, and grain."""

from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats

SIDE = 256


@lru_cache(maxsize=8)
def clouds(seed: int, rough: float = 0.6) -> Floats:
    """(256, 256) repeating noise of standard deviation 1; `rough` is how strong each finer octave is."""
    rng = np.random.default_rng(seed)
    total: Floats = np.zeros((SIDE, SIDE))
    for octave, cells in enumerate((4, 8, 16, 32, 64, 128)):
        total += rough**octave * _smooth(rng.uniform(-1, 1, (cells, cells)))
    return ((total - total.mean()) / total.std()).astype(np.float32)


@lru_cache(maxsize=2)
def grain(seed: int) -> Floats:
    """(256, 256) white noise, uniform in -1 to 1."""
    return np.random.default_rng([seed, 1]).uniform(-1, 1, (SIDE, SIDE)).astype(np.float32)


def _smooth(lattice: Floats) -> Floats:
    """(256, 256) smooth interpolation of a lattice that repeats."""
    cells = lattice.shape[0]
    place = np.arange(SIDE) * (cells / SIDE)
    first = place.astype(int)
    share = place - first
    share = share * share * (3 - 2 * share)
    following = (first + 1) % cells
    rows = lattice[first] * (1 - share[:, None]) + lattice[following] * share[:, None]
    return rows[:, first] * (1 - share) + rows[:, following] * share


def at(tile: Floats, x: Floats, y: Floats, period: float) -> Floats:
    """Values of a tile that repeats every `period` metres at places x, y."""
    scale = np.float32(SIDE / period)
    column = np.floor(x * scale).astype(np.int32) & (SIDE - 1)
    row = np.floor(y * scale).astype(np.int32) & (SIDE - 1)
    return tile[row, column]
