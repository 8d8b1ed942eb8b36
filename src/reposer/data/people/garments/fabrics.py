"""Cloth: what it is made of, its colours and its pattern."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.garments.colours import Colour, contrast, pick_dye, tint
from reposer.data.people.garments.patterns import PATTERNS, cloud
from reposer.data.people.sites import Chart, panel_chart
from reposer.data.people.surface import Material
from reposer.data.people.texture import MARGIN

Image = NDArray[np.uint32]
"""Texels, each R, G, B and a spare byte."""
VARIANTS = 5
"""Different folds and wear of each panel; people share them, as paper patterns."""

MATERIALS = {
    "jersey": Material(wrap=0.12, gloss=0.02, sharpness=2, detail="jersey"),
    "heather": Material(wrap=0.12, gloss=0.02, sharpness=2, detail="heather"),
    "poplin": Material(wrap=0.1, gloss=0.03, sharpness=2, detail="weave"),
    "silk": Material(wrap=0.1, gloss=0.14, sharpness=3, detail="weave", detail_strength=0.5),
    "knit": Material(wrap=0.2, gloss=0.01, sharpness=2, detail="knit"),
    "fleece": Material(wrap=0.2, gloss=0.01, sharpness=2, detail="heather", detail_strength=0.6),
    "twill": Material(wrap=0.1, gloss=0.02, sharpness=2, detail="twill"),
    "denim": Material(wrap=0.1, gloss=0.02, sharpness=2, detail="denim"),
    "wool": Material(wrap=0.2, gloss=0.01, sharpness=2, detail="wool"),
    "leather": Material(wrap=0.08, gloss=0.16, sharpness=4, detail="leather"),
    "nylon": Material(wrap=0.1, gloss=0.1, sharpness=3, detail="weave", detail_strength=0.5),
}


@dataclass(frozen=True)
class Fabric:
    """A cloth."""

    base: Colour
    kind: str = "jersey"
    """Of MATERIALS."""
    pattern: str | None = None
    """Of PATTERNS; None: one colour."""
    others: tuple[Colour, Colour] = ((236, 236, 232), (40, 44, 60))
    """What the pattern lays over the base."""
    period: float = 0.03
    """Metres."""
    seed: int = 0

    @property
    def material(self) -> Material:
        return MATERIALS[self.kind]


def weave(fabric: Fabric, panel: str, chart: Chart) -> Image:
    """The cloth of a panel (h, w); patterns meet at the seams."""
    left, top = origin(panel, chart.density)
    (row, column), size = chart.corner, chart.size
    if fabric.pattern is None:
        window = tuple(slice(start, start + side) for start, side in zip((row, column), size, strict=True))
        uneven = unevenness(panel, chart.density, fabric.seed % VARIANTS)[window]
        return cv2.merge([cv2.LUT(uneven, shades) for shades in _shades(fabric)]).view(np.uint32)[..., 0]
    start = row - MARGIN - round(top * chart.density), column - MARGIN - round(left * chart.density)
    return cloth(fabric, size, chart.density, start)


def cloth(fabric: Fabric, size: tuple[int, int], density: float, start: tuple[int, int] = (0, 0)) -> Image:
    """A rectangle (h, w) of cloth; `start` is the first texel's place on the bolt (down, across)."""
    tile = _tile(fabric, density)
    if tile.size == 1:
        return np.full(size, tile[0, 0])
    rows, columns = ((np.arange(n) + first) % side for n, first, side in zip(size, start, tile.shape, strict=False))
    if tile.shape[1] == 1:
        return np.repeat(tile[rows], size[1], axis=1)
    return tile[:, columns][rows]


@lru_cache(maxsize=32)
def _tile(fabric: Fabric, density: float) -> Image:
    """What repeats on a bolt of cloth (rows, columns)."""
    if fabric.pattern is None:
        return np.array([[packed(fabric.base)]])
    pattern = PATTERNS[fabric.pattern]
    tile = pattern.tile(fabric.period * density, fabric.seed)
    image = np.empty((*tile.size, 3), np.float32)
    image[:] = np.array(fabric.base, np.float32)
    for share, which in pattern.draw(tile):
        image += share[..., None] * (np.array(fabric.others[which], np.float32) - image)
    whole = np.zeros((*tile.size, 4), np.uint8)
    whole[..., :3] = rounded(image)
    return whole.view(np.uint32)[..., 0]


_UNEVEN = {
    "denim": 0.26, "heather": 0.22, "wool": 0.12, "leather": 0.10, "jersey": 0.05, "poplin": 0.04, "silk": 0.04,
    "knit": 0.10, "fleece": 0.12, "twill": 0.10, "nylon": 0.05,
}  # fmt: skip
"""How far the brightness of a kind of cloth varies from place to place."""


def _shades(fabric: Fabric) -> NDArray[np.uint8]:
    """(4, 256) colours of uneven cloth, and nothing."""
    factor = 1 + _UNEVEN[fabric.kind] * (np.arange(256) / 255 - 0.5)
    return rounded(factor * np.array([*fabric.base, 0])[:, None])


@lru_cache(maxsize=128)
def unevenness(panel: str, density: float, variant: int) -> NDArray[np.uint8]:
    """(h, w) 0 to 255: worn threads, slubs along the grain, single yarns; shared, so never write into it."""
    chart = panel_chart(panel, density)
    seed = 131 * variant + sum(map(ord, panel))
    yarns = np.random.default_rng(seed).random(chart.size, np.float32)
    u, v = chart.u[:1], chart.v[:, :1]
    streaks, blots = cloud(u * 160, v * 11, seed + 1), cloud(u * 30, v * 8, seed + 2)
    return rounded(255 * (np.float32(0.5) * yarns + np.float32(0.3) * streaks + np.float32(0.2) * blots))


def packed(colour: Colour) -> np.uint32:
    """A colour as a texel."""
    return np.array([*colour, 0], np.uint8).view(np.uint32)[0]


def mix(texels: Image, place: Integers, share: Floats | float, colour: Colour) -> None:
    """Lay a colour over texels `place` (N,) of (K,) by shares (N,) or one for all, in place."""
    if isinstance(share, float) and share == 1:
        texels[place] = packed(colour)
        return
    old = np.take(texels, place).view(np.uint8).reshape(-1, 4).astype(np.float32)
    shares = share[:, None] if isinstance(share, np.ndarray) else np.float32(share)
    old += shares * (np.array([*colour, 0], np.float32) - old)
    texels[place] = np.rint(old, out=old).astype(np.uint8).view(np.uint32)[:, 0]


def bytes_of(image: Image) -> NDArray[np.uint8]:
    """(h, w, 3) sRGB of texels (h, w)."""
    return image.view(np.uint8).reshape(*image.shape, 4)[..., :3]


def rounded(image: Floats) -> NDArray[np.uint8]:
    """An image in bytes."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


@lru_cache(maxsize=64)
def origin(panel: str, density: float) -> tuple[float, float]:
    """Metres (u, v) of where patterns begin: the middle of a panel, level with its neighbours at the side seam."""
    chart = panel_chart(panel, density)
    sites, inside = chart.sites, chart.inside
    if panel.startswith("arm"):
        middle, level = inside & (np.abs(sites.along_arm - 0.5) < 0.03), inside & (np.abs(sites.along_arm - 0.5) < 0.03)
    else:
        height = -0.3 if panel.startswith("leg") else -0.2 if panel.startswith("skirt") else 0.2
        level = inside & (np.abs(sites.y - height) < 0.012)
        outer = sites.x > np.quantile(sites.x[level], 0.8) if level.any() else inside
        middle, level = (level & (sites.x < 0.03)) if not panel.startswith("leg") else level, level & outer
    if not middle.any() or not level.any():
        return float(chart.u.max() / 2), 0.0
    return round(float(chart.u[middle].mean(dtype=np.float64)), 3), round(
        float(chart.v[level].mean(dtype=np.float64)), 3
    )


def sample_fabric(
    rng: np.random.Generator, kind: str, base: Colour, odds: dict[str | None, float], *, period: float | None = None
) -> Fabric:
    """Draw the pattern of a cloth of one colour; `odds` by name of PATTERNS, None for plain."""
    names = list(odds)
    shares = np.cumsum(np.array(list(odds.values())))
    pattern = names[int(np.searchsorted(shares, rng.random() * shares[-1], side="right"))]
    second = contrast(rng, base)
    third = tint(rng, pick_dye(rng, "dress"))
    chosen = period if period is not None else float(round(rng.uniform(0.022, 0.042), 4))
    return Fabric(base, kind, pattern, (second, third), chosen, int(rng.integers(1 << 20)))
