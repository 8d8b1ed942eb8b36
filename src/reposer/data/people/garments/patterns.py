"""Patterns of cloth, each drawn on one tile that repeats: shares, 0 to 1, of a second and a third colour."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.texture import halved

Paint = list[tuple[Floats, int]]
"""Shares, of a shape that fits (rows, columns), and which further colour of the fabric (0, 1) is laid on, in order."""
_LEAST = 48  # texels along a tile; so that whole numbers of periods come near whole numbers of texels


@dataclass(frozen=True)
class Tile:
    """What repeats: so many texels with so many periods."""

    size: tuple[int, int]
    """Texels down and across; 1 where the pattern does not change."""
    periods: tuple[int, int]
    """Down and across."""
    texel: float
    """Of a period."""
    seed: int

    @classmethod
    def of(cls, period: float, down: bool, across: bool, seed: int, *, least: int = _LEAST) -> "Tile":
        """Of a period in texels."""
        counts = range(max(1, round(least / period)), max(1, round(least / period)) + 5)
        count = min(counts, key=lambda k: abs(round(k * period) / (k * period) - 1) + 0.001 * k)
        side = max(1, round(count * period))
        return cls((side if down else 1, side if across else 1), (count, count), count / side, seed)

    @property
    def down(self) -> Floats:
        """(rows, 1) periods from the top."""
        return ((np.arange(self.size[0]) + 0.5) * self.texel)[:, None].astype(np.float32)

    @property
    def across(self) -> Floats:
        """(1, columns) periods from the left."""
        return ((np.arange(self.size[1]) + 0.5) * self.texel)[None].astype(np.float32)


def band(place: Floats, every: float, share: float, texel: float) -> Floats:
    """Stripes `every` so many periods that cover a share of them; their edges are as soft as a texel and a half."""
    off = np.abs(place * np.float32(1 / every) - np.floor(place * np.float32(1 / every)) - np.float32(0.5))
    soft = np.float32(1.5 * texel / every)
    return np.clip((np.float32(share / 2) - off) / soft + np.float32(0.5), 0, 1)


def _stripes(tile: Tile) -> Paint:
    return [(band(tile.down, 1, 0.5, tile.texel), 0)]


def _thin(tile: Tile) -> Paint:
    return [(band(tile.down, 1, 0.24, tile.texel), 0)]


def _pinstripe(tile: Tile) -> Paint:
    return [(np.float32(0.7) * band(tile.across, 1, 0.14, tile.texel), 0)]


def _plaid(tile: Tile) -> Paint:
    half, shift = np.float32(0.5), np.float32(0.3)
    return [
        (half * band(tile.across, 1, 0.45, tile.texel), 0),
        (half * band(tile.down, 1, 0.45, tile.texel), 0),
        (np.float32(0.7) * band(tile.across + shift, 1, 0.06, tile.texel), 1),
        (np.float32(0.7) * band(tile.down + shift, 1, 0.06, tile.texel), 1),
    ]


def _gingham(tile: Tile) -> Paint:
    half = np.float32(0.5)
    return [(half * band(tile.across, 1, 0.5, tile.texel), 0), (half * band(tile.down, 1, 0.5, tile.texel), 0)]


def _dots(tile: Tile) -> Paint:
    """Dots in rows of which every other one is shifted by half a period."""
    x, y = tile.across, tile.down * 2
    dx = np.abs(x + np.float32(0.5) * (np.floor(y) % 2))
    dx, dy = dx - np.floor(dx) - np.float32(0.5), (y - np.floor(y) - np.float32(0.5)) / 2
    edge = np.float32(0.17) - np.sqrt(dx * dx + dy * dy)
    return [(np.clip(edge / np.float32(tile.texel) + np.float32(0.5), 0, 1), 0)]


_FINER = 4  # how many times larger drawings are made


class _Drawing:
    """A tile on which shapes are drawn that go on at the other end."""

    def __init__(self, tile: Tile) -> None:
        self.rows, self.columns = (side * _FINER for side in tile.size)
        self.image = np.zeros((self.rows, self.columns), np.uint8)

    def ellipse(self, x: float, y: float, long: float, wide: float, turn: float) -> None:
        """Half axes in pixels of the drawing, degrees."""
        reach = max(long, wide) + 1
        for shift_x in (-self.columns, 0, self.columns):
            for shift_y in (-self.rows, 0, self.rows):
                near = -reach < x + shift_x < self.columns + reach and -reach < y + shift_y < self.rows + reach
                if near:
                    centre, axes = (round(x + shift_x), round(y + shift_y)), (max(1, round(long)), max(1, round(wide)))
                    cv2.ellipse(self.image, centre, axes, turn, 0, 360, 255, -1)

    def share(self) -> Floats:
        return halved(halved(self.image)).astype(np.float32) * np.float32(1 / 255)


def _floral(tile: Tile) -> Paint:
    """Flowers of five petals, large and small, with leaves, strewn at random."""
    rng, unit = np.random.default_rng(tile.seed), _FINER / tile.texel
    leaves, blossoms, hearts = _Drawing(tile), _Drawing(tile), _Drawing(tile)
    for row in range(tile.periods[0]):
        for column in range(tile.periods[1]):
            x, y = np.array([column + 0.5 * (row % 2), row]) + rng.uniform(-0.36, 0.36, 2)
            size, turn = rng.choice([0.1, 0.15, 0.21, 0.26]), rng.uniform(0, 72)
            for away in rng.uniform(0, 360, 2):
                side = np.radians(away)
                far = 1.7 * size
                leaves.ellipse((x + far * np.cos(side)) * unit, (y + far * np.sin(side)) * unit, 0.9 * size * unit,
                               0.35 * size * unit, float(round(away)))  # fmt: skip
            for petal in range(5):
                side = np.radians(turn + 72 * petal)
                blossoms.ellipse((x + size * np.cos(side)) * unit, (y + size * np.sin(side)) * unit,
                                 0.72 * size * unit, 0.5 * size * unit, float(round(turn + 72 * petal)))  # fmt: skip
            hearts.ellipse(x * unit, y * unit, 0.42 * size * unit, 0.42 * size * unit, 0.0)
    return [(leaves.share(), 1), (blossoms.share(), 0), (hearts.share(), 1)]


def _abstract(tile: Tile) -> Paint:
    """Blots: smooth noise cut at two heights."""
    x, y = tile.across, tile.down
    count = tile.periods[1]
    coarse = cloud(x, y, tile.seed, count)
    field = coarse + np.float32(0.45) * (cloud(3 * x, 3 * y, tile.seed + 1, 3 * count) - np.float32(0.5))
    soft = np.float32(1.5 * tile.texel * 2)
    return [
        (np.clip((field - np.float32(0.57)) / soft + np.float32(0.5), 0, 1), 0),
        (np.clip((np.float32(0.36) - field) / soft + np.float32(0.5), 0, 1), 1),
    ]


_SIDE = 512  # of the lattice of which every noise has a part


def cloud(x: Floats, y: Floats, seed: int, every: int = 64) -> Floats:
    """Smooth noise (h, w), 0 to 1, that changes over one unit and repeats after `every`.

    Args:
        x: (h, w) or (1, w) places across.
        y: (h, 1) places down.
    """
    top, down = _between(y, every)
    first, low = (seed * prime % (_SIDE - every) for prime in (7919, 104729))
    table = _lattice()[low : low + every, first : first + every]
    table = np.concatenate([table, table[:, :1]], 1)
    rows = np.take(table, top[:, 0], 0) * (1 - down) + np.take(table, (top[:, 0] + 1) % every, 0) * down
    left, right = _between(x, every)
    place = left + np.arange(len(rows))[:, None] * (every + 1)
    start, flat = np.take(rows, place), rows.ravel()
    return start + (np.take(flat[1:], place) - start) * right


@lru_cache(maxsize=1)
def _lattice() -> Floats:
    return np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)


def _between(place: Floats, every: int) -> tuple[Integers, Floats]:
    """The points of a lattice before places, and how far on the way to the next one they are, smoothly."""
    whole = np.floor(place)
    share = place - whole
    return whole.astype(np.intp) % every, share * share * (3 - 2 * share)


@dataclass(frozen=True)
class Pattern:
    """How a pattern repeats and how it is drawn."""

    draw: Callable[[Tile], Paint]
    scale: float
    """Of a fabric's period: one period of the tile."""
    down: bool = True
    across: bool = True
    """Whether it changes in these directions."""
    least: float = 0.0
    """Periods that a tile holds at least."""

    def tile(self, period: float, seed: int) -> Tile:
        """The tile for a fabric's period in texels."""
        own = self.scale * period
        return Tile.of(own, self.down, self.across, seed, least=max(_LEAST, round(self.least * own)))


PATTERNS = {
    "stripes": Pattern(_stripes, 1.0, across=False), "thin stripes": Pattern(_thin, 0.7, across=False),
    "wide stripes": Pattern(_stripes, 2.6, across=False), "pinstripe": Pattern(_pinstripe, 0.5, down=False),
    "plaid": Pattern(_plaid, 2.2), "gingham": Pattern(_gingham, 0.5), "dots": Pattern(_dots, 1.3),
    "floral": Pattern(_floral, 1.3, least=6), "abstract": Pattern(_abstract, 1.6, least=7),
}  # fmt: skip
"""Name -> how it is painted. A new pattern is a function and a line here."""
