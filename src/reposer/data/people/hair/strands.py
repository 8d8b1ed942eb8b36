"""Strands: how hair looks on a sheet whose rows run from roots to tips."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.face.noise import cloud, to_bytes
from reposer.data.people.surface import Material
from reposer.data.people.texture import Texture, slopes_of

HAIR = Material(wrap=0.35, gloss=0.10, sharpness=4)
_F = np.float32
_FINE = 300
"""Texels per metre from which single strands cast shadows on each other."""


@dataclass(frozen=True, kw_only=True)
class Strands:
    """How the hair of one sheet lies."""

    colour: tuple[int, int, int]
    metres: tuple[float, float]
    """From roots to tips, and across."""
    density: float
    """Texels per metre."""
    wave: float = 0.0
    """How far strands swing to the side, metres."""
    curl: float = 0.0
    """0 combed, 1 curls all over."""
    roots: float = 0.0
    """Share of its length over which hair begins to cover."""
    tips: float = 0.08
    """Share of the length by which strands end before others do."""
    edges: float = 0.0
    """Metres over which the sheet frays out at its sides."""
    dark_roots: float = 0.25
    seed: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of texels; strands change less along than across."""
        down, across = self.metres
        return max(8, round(down * self.density * (0.5 + 0.5 * self.curl))), max(8, round(across * self.density))


def paint_strands(strands: Strands, *, sparse: float = 0.0) -> Texture:
    """Colour, cover and relief of a sheet of hair; `sparse`: share of the strands that are missing."""
    rng = np.random.default_rng(strands.seed)
    height, width = strands.size
    clumps, locks, single = _noises(strands, rng)
    along = (np.arange(height, dtype=np.float32) + _F(0.5))[:, None] * _F(1 / height)
    bright = 1 + _F(0.10 + 0.10 * strands.curl) * clumps + _F(0.20) * locks + _F(0.17) * single
    bright *= 1 - _F(strands.dark_roots) * smoothstep(along, 0.07, 0.0)
    bright *= 1 + _F(0.10) * smoothstep(along, 0.6, 1.0)
    colour = np.empty((height, width, 3), np.float32)
    warm = _F(4) * clumps + _F(5) * locks  # lighter strands are warmer
    lift = 7.0  # even black hair shows its strands
    for k, (value, share) in enumerate(zip(strands.colour, (1.0, 0.6, 0.25), strict=True)):
        colour[..., k] = (value + lift) * bright + warm * _F(share * min(1.0, value / 60))
    tip = 1 - _F(strands.tips) * (_F(0.5) + _F(0.28) * clumps[-1:] + _F(0.30) * locks[-1:] + _F(0.12) * single[-1:])
    cover = (tip - along) * _F(6 / max(strands.tips, 0.02))
    if strands.roots:
        start = _F(strands.roots) * (_F(0.45) + _F(0.35) * locks[:1] + _F(0.35) * single[:1])
        cover = np.minimum(cover, (along - start) * _F(6 / strands.roots))
    if strands.edges:
        column = np.arange(width, dtype=np.float32) + _F(0.5)
        inwards = np.minimum(column, width - column) * _F(1 / (strands.density * strands.edges))
        cover = np.minimum(cover, inwards - _F(0.6) - _F(0.5) * locks - _F(0.5) * single + _F(0.35) * (1 - along))
    if sparse:
        cover = np.minimum(
            cover, (locks + single) * _F(0.5) + _F(0.5 - 1.3 * sparse) - _F(0.4) * smoothstep(along, 0.5, 1.0)
        )
    alpha = np.clip(_F(128) + np.rint(cover * _F(200)), 0, 255).astype(np.uint8)
    return Texture(to_bytes(colour), alpha, _relief(strands, locks, single))


def _noises(strands: Strands, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """(h, w) noise of clumps, locks and single strands, bent where hair is wavy."""
    height, width = strands.size
    across = strands.metres[1]
    noises = []
    for metres, length in ((0.016, 0.25), (0.005, 0.12), (1.6 / strands.density, 0.05)):
        length += (0.012 - length) * strands.curl
        cells = max(3, round(strands.metres[0] / length)), max(3, round(across / max(metres, 1.6 / strands.density)))
        noises.append(cloud(rng, (height, width), cells))
    if strands.wave:
        shift = _swing(strands, rng)
        rows, columns = np.arange(height)[:, None], np.arange(width)
        noises = [noise[rows, np.clip(columns + shift, 0, width - 1)] for noise in noises]
    return noises[0], noises[1], noises[2]


def _swing(strands: Strands, rng: np.random.Generator) -> NDArray[np.intp]:
    """(h, w) texels by which strands swing to the side."""
    height, width = strands.size
    turns = strands.metres[0] / 0.085
    phase = cloud(rng, (height, width), (2, max(2, round(strands.metres[1] / 0.06)))).astype(np.float64) * 1.2
    place = (np.arange(height) + 0.5)[:, None] / height
    swing = np.sin(2 * np.pi * turns * place + phase) * np.minimum(3 * place, 1)
    return np.rint(np.round(swing * strands.wave * strands.density, 6)).astype(np.intp)


def _relief(strands: Strands, locks: Floats, single: Floats) -> NDArray[np.int8] | None:
    if strands.density < _FINE:
        return None
    height = locks * _F(0.0007 + 0.0012 * strands.curl) + single * _F(0.00025)
    return slopes_of(height, strands.density)
