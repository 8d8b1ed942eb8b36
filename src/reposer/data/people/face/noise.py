"""Noise made of whole numbers: the same on every machine."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats

SIDE = 512
"""Cells along each side of a table of noise, which repeats."""


def cloud(rng: np.random.Generator, size: tuple[int, int], cells: tuple[int, int]) -> Floats:
    """(h, w) smooth noise between -1 and 1 with `cells` bumps down and across."""
    coarse = rng.integers(0, 256, cells).astype(np.uint8)
    fine = cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR_EXACT)
    return fine.astype(np.float32) * np.float32(1 / 127.5) - 1


@lru_cache(maxsize=8)
def grain(reach: int = 1) -> Floats:
    """(SIDE, SIDE) noise between -1 and 1, drawn out over `reach` cells along the second axis."""
    values = np.random.default_rng(97).integers(-(1 << 12), 1 << 12, (SIDE, SIDE)).astype(np.float64)
    drawn = sum(np.roll(values, k, axis=1) for k in range(reach))
    return np.clip(drawn / (np.abs(drawn).mean() * 2), -1, 1).astype(np.float32)


def look_up(table: Floats, across: Floats, along: Floats) -> Floats:
    """Values of a table of noise at cells `across` (first axis) and `along`, of one shape, not below -2^20."""
    rows = np.floor(across).astype(np.int32) & (SIDE - 1)
    columns = np.floor(along).astype(np.int32) & (SIDE - 1)
    return np.take(table.ravel(), rows * SIDE + columns)


def rounded(values: Floats) -> Floats:
    """Shares between 0 and 1 in steps of 1 / 255: sines and exponentials may differ in the last bit."""
    return (np.clip(np.rint(values * 255), 0, 255) * (1 / 255)).astype(np.float32)


def to_bytes(colour: Floats) -> NDArray[np.uint8]:
    return np.clip(np.rint(colour), 0, 255).astype(np.uint8)
