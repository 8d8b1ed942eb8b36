"""Trousers of all lengths."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from reposer.data.people.arrays import Bools, Floats, smoothstep
from reposer.data.people.garments.canvas import Canvas, Patch
from reposer.data.people.garments.colours import Colour, luma, towards
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shells import bottom_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites, panel_chart
from reposer.data.people.texture import Texture

_F = np.float32
_BRASS = (176, 128, 70)


@dataclass(frozen=True, kw_only=True)
class Bottom(Garment):
    """Jeans, trousers, shorts, leggings, joggers."""

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
    def hides(self) -> float:
        return 0.03

    @property
    def panels(self) -> tuple[str, ...]:
        return "leg.front.L", "leg.front.R", "leg.back.L", "leg.back.R"

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        inside = np.minimum(_F(self.waist) - y, y - _F(self.hem))
        return np.where(sites.arm > 0.5, _F(-1), inside)

    def shell(self, body: Body) -> Floats:
        return bottom_shell(body, ease=self.ease, knee_ease=self.knee_ease, ankle_ease=self.ankle_ease)

    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        base, thread = self.fabric.base, canvas.thread
        if self.worn > 0:
            self._fade(canvas)
        canvas.seams()
        if self.style == "jeans" and luma(base) < 130:
            thread = _BRASS if luma(base) > 44 else towards(base, (150, 150, 155), 0.5)
        edge.line(cover - _F(0.014), thread, width=0.0018)
        if self.stripe is not None:
            canvas.where(_side(canvas.panel, canvas.chart.density)[canvas.window]).lay(self.stripe)
        if self.style in ("jeans", "trousers"):
            self._tailoring(canvas.where(canvas.chart.sites.y > -0.07), thread, "front" in canvas.panel)
        elif self.style == "joggers":
            ribs = edge.where((cover < 0.045) & (np.floor(edge.u * _F(1 / 0.005)) % 2 == 0))
            ribs.lay(canvas.thread, 0.3)
            edge.line(cover - _F(0.047), strength=0.7)
        return canvas.finished(hang=self.hang, bend=min(1.0, self.hang + 0.25))

    def _fade(self, canvas: Canvas) -> None:
        """Wear the thighs pale."""
        sites, strength = canvas.chart.sites, self.worn if "front" in canvas.panel else 0.6 * self.worn
        patch = canvas.where(np.abs(sites.y + _F(0.22)) < 0.34)
        x, y = patch.sites.x, patch.sites.y
        fade = smoothstep(np.abs(x - _F(0.11)), 0.075, 0.01) * smoothstep(np.abs(y + _F(0.22)), 0.34, 0.05)
        patch.lay(towards(self.fabric.base, (235, 238, 242), 0.5), fade * _F(strength))

    def _tailoring(self, patch: Patch, thread: Colour, front: bool) -> None:
        """Waistband, belt, loops, fly and pockets."""
        x, y, base = patch.sites.x, patch.sites.y, self.fabric.base
        dark, shade = towards(base, (0, 0, 0), 0.5), towards(base, (0, 0, 0), 0.3)
        band = _F(self.waist) - y
        patch.line(band - _F(0.036), thread, width=0.002)
        girdle = patch.where((band > 0.003) & (band < 0.036))
        loops = np.abs(girdle.sites.x - _F(0.075)) < 0.005
        if self.belt is not None:
            girdle.lay(self.belt)
            if front:
                buckle = girdle.where(girdle.sites.x < 0.02)
                buckle.lay((186, 182, 170))
                buckle.where((buckle.sites.x < 0.013) & (np.abs(band_of(buckle, self.waist) - _F(0.019)) < 0.010)).lay(
                    self.belt
                )
        girdle.where(loops).lay(shade, 0.8)
        below = band > 0.036
        if not front:
            if self.style == "jeans":
                box = np.maximum(np.abs(x - _F(0.078)) - _F(0.05), np.abs(y - _F(0.045)) - _F(0.058))
                patch.line(box, thread, width=0.003, strength=0.85)
            else:
                box = np.maximum(np.abs(x - _F(0.078)) - _F(0.05), np.abs(y - _F(0.085)))
                patch.line(box, dark, width=0.003)
            return
        patch.line(x - _F(0.002), dark, width=0.003, strength=0.8, where=(y > -0.03) & below)
        patch.line(np.maximum(x - _F(0.032), _F(0.02) - y), thread, where=below)
        if self.belt is None:
            off = y - _F(self.waist - 0.018)
            patch.disc(np.sqrt(x * x + off * off), 0.007, _BRASS if self.style == "jeans" else shade)
        if self.style == "jeans":
            dx, dy = (x - _F(0.165)) * _F(1 / 0.075), (y - _F(self.waist - 0.03)) * _F(1 / 0.075)
            curve = (np.sqrt(dx * dx + dy * dy) - 1) * _F(0.075)
            patch.line(curve, thread, width=0.003, strength=0.8, where=below)
        else:
            slit = x - _F(0.138) + (y - _F(0.06)) * _F(0.35)
            patch.line(slit, dark, width=0.003, strength=0.8, where=np.abs(y - _F(0.06)) < 0.07)


def band_of(patch: Patch, waist: float) -> Floats:
    """(N,) metres below a waist."""
    return _F(waist) - patch.sites.y


@lru_cache(maxsize=32)
def _side(panel: str, density: float) -> Bools:
    """(h, w) texels within 14 mm of a leg's side seam, on the flat panel."""
    chart = panel_chart(panel, density)
    away = cv2.distanceTransform(np.pad(chart.inside, 1).astype(np.uint8), cv2.DIST_L1, 3)[1:-1, 1:-1]
    axis = _F(0.10) - _F(0.17) * (chart.sites.y + _F(0.045))  # of the leg: it is spread
    return (away < 0.014 * density) & (chart.sites.x > axis) & (np.abs(chart.sites.y + _F(0.26)) < 0.40) & chart.inside


SHORT, KNEE, CALF, ANKLE = -0.19, -0.35, -0.55, -0.755
"""Hems of trousers and skirts, metres on the average body."""
