"""Cloth: what it is made of, its colours and its pattern."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.garments.colours import Colour, contrast, pick_dye, tint
from reposer.data.people.garments.patterns import PATTERNS, cloud
from reposer.data.people.sites import Chart, panel_chart
from reposer.data.people.surface import Material

MATERIALS = {
    "jersey": Material(wrap=0.25, gloss=0.02, sharpness=2, detail="jersey"),
    "heather": Material(wrap=0.25, gloss=0.02, sharpness=2, detail="heather"),
    "poplin": Material(wrap=0.2, gloss=0.03, sharpness=2, detail="weave"),
    "silk": Material(wrap=0.2, gloss=0.14, sharpness=3, detail="weave", detail_strength=0.5),
    "knit": Material(wrap=0.32, gloss=0.01, sharpness=2, detail="knit"),
    "fleece": Material(wrap=0.32, gloss=0.01, sharpness=2, detail="heather", detail_strength=0.6),
    "twill": Material(wrap=0.2, gloss=0.02, sharpness=2, detail="twill"),
    "denim": Material(wrap=0.2, gloss=0.02, sharpness=2, detail="denim"),
    "wool": Material(wrap=0.3, gloss=0.01, sharpness=2, detail="wool"),
    "leather": Material(wrap=0.15, gloss=0.16, sharpness=4, detail="leather"),
    "nylon": Material(wrap=0.2, gloss=0.1, sharpness=3, detail="weave", detail_strength=0.5),
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


def weave(fabric: Fabric, panel: str, chart: Chart) -> Floats:
    """Colours (h, w, 3) float32, 0 to 255, of a panel cut from a cloth; patterns meet at the seams."""
    left, top = origin(panel, chart.density)
    return cloth(fabric, chart.u - np.float32(left), chart.v - np.float32(top), 1 / chart.density)


def cloth(fabric: Fabric, u: Floats, v: Floats, texel: float) -> Floats:
    """Colours (h, w, 3) float32 at metres u across and v down, with texels of so many metres."""
    image = np.empty((*u.shape, 3), np.float32)
    image[:] = np.array(fabric.base, np.float32)
    if fabric.pattern is not None:
        for share, which in PATTERNS[fabric.pattern](u, v, fabric.period, texel, fabric.seed):
            mix(image, share, fabric.others[which])
    if fabric.kind == "denim":
        worn = cloud(u * 30, v * 8, fabric.seed % 97)
        image *= (np.float32(0.95) + np.float32(0.1) * worn)[..., None]
    return image


def mix(image: Floats, share: Floats, colour: Colour) -> None:
    """Lay a colour over an image (h, w, 3) where a share (h, w) says so, in place."""
    place = np.flatnonzero(share > 0)
    if len(place):
        texels = image.reshape(-1, 3)
        old = texels[place]
        texels[place] = old + share.ravel()[place][:, None] * (np.array(colour, np.float32) - old)


def rounded(image: Floats) -> np.ndarray:
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
