"""Fine patterns of cloth and skin that no texture could hold: small tiles, repeated."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.texture import SLOPE_UNIT, halved, slopes_of

SIDE = 256
"""Texels of a tile."""
TEXEL = 0.0005
"""Metres."""
LEVELS = 6


@dataclass(frozen=True)
class Detail:
    """How a pattern changes what is below it."""

    factor: Floats  # (SIDE, SIDE) brightness, about 1
    height: Floats  # (SIDE, SIDE) metres


def _waves(across: float, down: float, phase: Floats | float = 0.0) -> Floats:
    """A wave with whole numbers of periods per tile."""
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    return np.sin(2 * np.pi * (across * x + down * y) + phase)


def _noise(seed: int, reach: int) -> Floats:
    """Tileable noise of unit spread that changes over about `reach` texels."""
    values = np.random.default_rng(seed).integers(-512, 513, (SIDE, SIDE)).astype(np.float64)
    for axis in (0, 1):
        for _ in range(2):
            values = np.sum([np.roll(values, k, axis) for k in range(-(reach // 2), reach - reach // 2)], axis=0)
    return values / values.std()


def _jersey() -> Detail:
    wales = _waves(64, 0)
    return Detail(1 + 0.03 * wales + 0.02 * _noise(1, 2), 6e-5 * wales)


def _twill() -> Detail:
    lines = _waves(64, 64)
    return Detail(1 + 0.04 * lines + 0.03 * _noise(2, 2), 5e-5 * lines)


def _knit() -> Detail:
    wales = np.abs(_waves(16, 0))
    loops = wales * (0.8 + 0.2 * _waves(0, 18, 2.5 * wales))  # stitches are Vs
    return Detail(0.90 + 0.16 * loops + 0.02 * _noise(3, 2), 2.5e-4 * loops)


def _weave() -> Detail:
    threads = _waves(64, 0) * _waves(0, 64)
    return Detail(1 + 0.03 * threads + 0.02 * _noise(7, 2), 4e-5 * threads)


def _denim() -> Detail:
    lines = _waves(48, 48)
    return Detail(1 + 0.10 * lines + 0.10 * _noise(8, 2), 8e-5 * lines)


def _heather() -> Detail:
    return Detail(1 + 0.04 * _noise(9, 4) + 0.03 * _noise(10, 2), 5e-5 * _noise(11, 2))


def _wool() -> Detail:
    ribs = _waves(40, 20)
    return Detail(1 + 0.04 * ribs + 0.05 * _noise(12, 3), 0.7e-4 * _noise(13, 3))


def _leather() -> Detail:
    return Detail(1 + 0.03 * _noise(14, 6), 6e-5 * _noise(15, 5))


def _pores() -> Detail:
    return Detail(1 + 0.02 * _noise(4, 6) + 0.01 * _noise(5, 2), 2e-5 * _noise(6, 3))


DETAILS = {
    "jersey": _jersey, "twill": _twill, "knit": _knit, "pores": _pores, "weave": _weave, "denim": _denim,
    "heather": _heather, "wool": _wool, "leather": _leather,
}  # fmt: skip
"""Name -> how it is made. A new pattern is a function and a line here."""
NAMES = tuple(DETAILS)


@lru_cache(maxsize=1)
def _levels() -> tuple[NDArray[np.uint32], ...]:
    """Packed factor (of 128), slope along u, slope along v for all details: (names * side * side,) by level."""
    tiles: list[NDArray[np.uint8]] = []
    for make in DETAILS.values():
        detail = make()
        tile = np.zeros((SIDE, SIDE, 4), np.uint8)
        tile[..., 0] = np.clip(np.rint(128 * detail.factor), 0, 255)
        wrapped = np.pad(detail.height, 1, mode="wrap")
        slopes = slopes_of(wrapped.astype(np.float32), 1 / TEXEL)[:, 1:-1, 1:-1]
        tile[..., 1:3] = np.moveaxis(slopes, 0, -1).view(np.uint8) ^ 128
        tiles.append(tile)
    levels = []
    for _ in range(LEVELS):
        levels.append(np.stack(tiles).view(np.uint32).ravel())
        tiles = [halved(tile) for tile in tiles]
    return tuple(levels)


def level_for(pitch: float) -> int:
    """The level whose texels are about as large as samples `pitch` metres apart."""
    level = 0
    while pitch > TEXEL * 1.5 * 2**level:
        level += 1
    return level


@lru_cache(maxsize=64)
def visible(name: str, level: int) -> bool:
    """Whether a pattern is more than an even tone at a level."""
    if level >= LEVELS:
        return False
    side, own = SIDE >> level, NAMES.index(name)
    tile = _levels()[level].view(np.uint8).reshape(len(NAMES), side, side, 4)[own]
    return bool(tile[..., :3].astype(np.float64).std(axis=(0, 1)).max() > 1.0)


def look_up(which: Integers, x: Floats, y: Floats, pitch: float) -> Floats:
    """Factor and slopes along u and v (3, N) of details `which` (N,) at metres x, y.

    `pitch` is how far apart samples are, metres.
    """
    level = level_for(pitch)
    side = SIDE >> level
    scale = np.float32(1 / (TEXEL * 2**level))
    column = (x * scale).astype(np.int32) & (side - 1)
    row = (y * scale).astype(np.int32) & (side - 1)
    packed = np.take(_levels()[level], (which * side + row) * side + column).view(np.uint8).reshape(-1, 4)
    values = packed[:, :3].T.astype(np.float32)
    values[0] *= np.float32(1 / 128)
    values[1:] -= 128
    values[1:] *= SLOPE_UNIT
    return values
