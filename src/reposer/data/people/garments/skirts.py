"""Skirts, and the lower half of dresses and coats."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.garments.canvas import Canvas, Patch
from reposer.data.people.garments.colours import towards
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shells import skirt_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites
from reposer.data.people.texture import Texture

_F = np.float32
_SPREAD = 0.07  # how much higher a hem is towards the sides while the legs are spread, so that it hangs level


@dataclass(frozen=True, kw_only=True)
class Skirt(Garment):
    """A skirt of any length."""

    fabric: Fabric
    layer: str = "bottom"
    hem: float = -0.30
    waist: float = 0.17
    ease: float = 0.010
    flare: float = 0.04
    taper: float = 0.0
    pleats: int = 0
    depth: float = 0.0
    gap: float = 0.0
    """Half the width of an open front, metres; 0 is closed."""
    band: bool = True

    @property
    def name(self) -> str:
        return self.layer

    @property
    def panels(self) -> tuple[str, ...]:
        return "skirt.front", "skirt.back"

    @property
    def hides(self) -> float:
        return 0.015 if self.gap == 0 else 1.0  # the legs are seen between open fronts

    @property
    def rim(self) -> float:
        return 1.0 if self.gap > 0 else 0.2

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        level = _F(self.hem) + _F(_SPREAD) * sites.x  # with the legs apart, as they are at rest
        inside = np.minimum(_F(self.waist) - y, y - level)
        if self.gap > 0:
            inside = np.where(sites.z > 0, np.minimum(inside, sites.x - _F(self.gap)), inside)
        return np.where(sites.arm > 0.5, _F(-1), inside)

    def shell(self, body: Body) -> Floats:
        return skirt_shell(
            body, ease=self.ease, flare=self.flare, taper=self.taper, pleats=self.pleats, depth=self.depth
        )

    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        canvas.seams()
        edge.line(cover - _F(0.018), width=0.0018)
        if self.band:
            edge.line(_F(self.waist - 0.034) - edge.sites.y, strength=0.8)
        if self.pleats:
            place = canvas.chart.u * _F(20)
            fold = place - np.floor(place)
            canvas.where(fold < 0.16).lay(canvas.thread, 0.45)
            canvas.where(fold > 0.92).lay(towards(self.fabric.base, (255, 255, 255), 0.2), 0.4)
        return canvas.finished(hang=0.5 if self.taper > 0 else 0.75, bend=0.0)
