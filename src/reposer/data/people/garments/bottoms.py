"""Trousers of all lengths."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.garments.canvas import Canvas
from reposer.data.people.garments.colours import Colour, luma, towards
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shells import bottom_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Chart, Sites
from reposer.data.people.texture import Texture

_F = np.float32
_BRASS = (176, 128, 70)


@dataclass(frozen=True, kw_only=True)
class Bottom(Garment):
    """Jeans, trousers, shorts, leggings, joggers."""

    hides = 0.03

    fabric: Fabric
    hem: float = -0.76
    """Height of the hem on the average body; the ankle is at -0.74, the knee at -0.37."""
    waist: float = 0.165
    ease: float = 0.006
    knee_ease: float = 0.018
    ankle_ease: float = 0.03
    style: str = "trousers"
    """'jeans', 'trousers', 'joggers' or 'leggings'."""
    belt: Colour | None = None
    worn: float = 0.0
    """How far the thighs are faded, 0 to 1."""
    stripe: Colour | None = None
    """Down the sides."""
    hang: float = 1.0

    @property
    def name(self) -> str:
        return "bottom"

    @property
    def panels(self) -> tuple[str, ...]:
        return "leg.front.L", "leg.front.R", "leg.back.L", "leg.back.R"

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        inside = np.minimum(_F(self.waist) - y, y - _F(self.hem))
        return np.where(sites.arm > 0.5, _F(-1), inside)

    def shell(self, body: Body) -> Floats:
        return bottom_shell(body, ease=self.ease, knee_ease=self.knee_ease, ankle_ease=self.ankle_ease)

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        canvas = Canvas(self.fabric, panel, chart)
        sites, front = chart.sites, "front" in panel
        x, y = sites.x, sites.y
        base = self.fabric.base
        thread = canvas.thread
        if self.worn > 0:
            fade = smoothstep(np.abs(x - _F(0.11)), 0.075, 0.01) * smoothstep(np.abs(y + _F(0.22)), 0.34, 0.05)
            canvas.lay(fade * _F(self.worn if front else 0.6 * self.worn), towards(base, (235, 238, 242), 0.5))
        canvas.seams(0.3)
        if self.style == "jeans" and luma(base) < 130:
            thread = _BRASS if luma(base) > 44 else towards(base, (150, 150, 155), 0.5)
        canvas.line(cover - _F(0.014), thread, width=0.0018)
        if self.stripe is not None:
            canvas.lay(self._side(canvas) < 0.012, self.stripe)
        if self.style in ("jeans", "trousers"):
            self._tailoring(canvas, cover, thread, front)
        return canvas.finished(hang=self.hang, bend=min(1.0, self.hang + 0.25))

    def _side(self, canvas: Canvas) -> Floats:
        """Metres from the side seam, on the flat panel; half a metre away from it."""
        chart = canvas.chart
        edge = np.where(chart.inside & (chart.sites.x > 0.1), chart.sites.x, 0)
        return np.maximum(edge.max(1, keepdims=True) - chart.sites.x, 0) + np.where(chart.sites.x > 0.1, 0, _F(0.5))

    def _tailoring(self, canvas: Canvas, cover: Floats, thread: Colour, front: bool) -> None:
        """Waistband, belt, fly and pockets."""
        sites = canvas.chart.sites
        x, y, base = sites.x, sites.y, self.fabric.base
        dark = towards(base, (0, 0, 0), 0.5)
        band = _F(self.waist) - y
        canvas.line(band - _F(0.036), thread, width=0.002, where=y > 0)
        if self.belt is not None:
            canvas.lay((band > 0.004) & (band < 0.034) & (y > 0), self.belt)
            if front:
                canvas.lay((band > 0.004) & (band < 0.034) & (x < 0.018), (186, 182, 170))
        if front:
            canvas.line(x - _F(0.003), dark, width=0.003, strength=0.8, where=(y > -0.03) & (band > 0.036))
            fly = np.maximum(x - _F(0.032), _F(0.02) - y)
            canvas.line(fly, thread, where=band > 0.036)
            if self.style == "jeans":
                dx, dy = (x - _F(0.165)) * _F(1 / 0.075), (y - _F(self.waist - 0.03)) * _F(1 / 0.075)
                curve = (np.sqrt(dx * dx + dy * dy) - 1) * _F(0.075)
                canvas.line(curve, thread, width=0.003, strength=0.8, where=band > 0.036)
            else:
                slit = x - _F(0.138) + (y - _F(0.06)) * _F(0.35)
                canvas.line(slit, dark, width=0.003, strength=0.8, where=(np.abs(y - _F(0.06)) < 0.07))
            return
        box = np.maximum(np.abs(x - _F(0.078)) - _F(0.05), np.abs(y - _F(0.045)) - _F(0.058))
        if self.style == "jeans":
            canvas.line(box, thread, width=0.003, strength=0.85)
        else:
            canvas.line(np.maximum(np.abs(x - _F(0.078)) - _F(0.05), np.abs(y - _F(0.085))), dark, width=0.003)


SHORT, KNEE, CALF, ANKLE = -0.19, -0.35, -0.55, -0.755
"""Hems of trousers and skirts, metres on the average body."""
