"""Skirts, and the lower half of dresses and coats."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.garments.canvas import Canvas
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shells import skirt_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Chart, Sites
from reposer.data.people.texture import Texture

_F = np.float32


@dataclass(frozen=True, kw_only=True)
class Skirt(Garment):
    """A skirt of any length."""

    hides = 0.015

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
    buttons: bool = False

    @property
    def name(self) -> str:
        return self.layer

    @property
    def panels(self) -> tuple[str, ...]:
        return "skirt.front", "skirt.back"

    @property
    def rim(self) -> float:
        return 1.0 if self.gap > 0 else 0.2

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        inside = np.minimum(_F(self.waist) - y, y - _F(self.hem))
        if self.gap > 0:
            inside = np.where(sites.z > 0, np.minimum(inside, sites.x - _F(self.gap)), inside)
        return np.where(sites.arm > 0.5, _F(-1), inside)

    def shell(self, body: Body) -> Floats:
        return skirt_shell(
            body, ease=self.ease, flare=self.flare, taper=self.taper, pleats=self.pleats, depth=self.depth
        )

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        canvas = Canvas(self.fabric, panel, chart)
        x, y = chart.sites.x, chart.sites.y
        canvas.seams()
        canvas.line(y - _F(self.hem + 0.018), width=0.0018)
        if self.band:
            canvas.line(_F(self.waist - 0.034) - y, strength=0.8)
        if self.buttons and panel.endswith("front"):
            canvas.line(x - _F(0.016))
            place = y * _F(1 / 0.075)
            off = (place - np.floor(place) - _F(0.5)) * _F(0.075)
            dot = _F(0.007) - np.sqrt(x * x + off * off)
            canvas.lay(np.clip(dot * _F(1 / canvas.texel) + _F(0.5), 0, 1), canvas.thread)
        if self.pleats:
            canvas.lay(smoothstep(np.abs(chart.u - np.floor(chart.u * 20) * _F(0.05)), 0.006, 0.0), canvas.thread, 0.4)
        return canvas.finished(hang=0.5 if self.taper > 0 else 1.0, bend=0.0)
