"""Tops and jackets, from tank to coat."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.garments.canvas import Canvas
from reposer.data.people.garments.collars import collar_layers
from reposer.data.people.garments.colours import Colour, luma, towards
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Density, Garment
from reposer.data.people.garments.prints import Print
from reposer.data.people.garments.shells import top_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Chart, Sites
from reposer.data.people.surface import Layer
from reposer.data.people.texture import Texture

_F = np.float32
NECKLINES = ("crew", "scoop", "v", "high", "shirt", "tank")


def below_neckline(neckline: str, sites: Sites, deep: float) -> Floats:
    """Metres below a neckline; `deep` is how far the opening of 'v' and 'shirt' goes down."""
    x, y, z = sites.x, sites.y, sites.z
    rise = _F(0.75) * np.maximum(x - _F(0.058), 0)
    if neckline in ("crew", "scoop", "tank"):
        radius, middle, nape = (0.062, 0.602, 0.585) if neckline == "crew" else (0.100, 0.590, 0.570)
        throat = np.sqrt(x * x + (y - _F(middle)) ** 2 * _F(0.7225)) - _F(radius)
        front = np.minimum(throat, _F(0.600) - y + rise)
        wide = rise if neckline == "crew" else _F(0.75) * np.maximum(x - _F(0.085), 0)
        back = _F(nape) - _F(0.45) * np.maximum(z, _F(-0.035)) - y + wide
        if neckline != "crew":
            front = np.minimum(throat, _F(0.62) - y + rise)
        return np.where(z > 0.02, front, back)
    top, fall = (0.612, 0.35) if neckline == "high" else (0.598, 0.35)
    opening = 0.0 if neckline == "high" else deep
    forward = smoothstep(z, -0.01, 0.05)
    cut = forward * np.maximum(0, _F(opening) - _F(1.5) * x)
    return _F(top) - _F(fall) * np.maximum(z, _F(-0.03)) - y - cut + rise


@dataclass(frozen=True, kw_only=True)
class Top(Garment):
    """Anything on the trunk, with or without sleeves."""

    hides = 0.03

    fabric: Fabric
    layer: str = "top"
    neckline: str = "crew"
    deep: float = 0.05
    sleeve: float = 0.62
    """Where sleeves end: 0 none, 1 at the elbow, 2 at the wrist."""
    hem: float = 0.02
    """Height of the hem on the average body, metres above the hips' middle."""
    curve: float = 0.0
    """How much higher the hem is at the sides."""
    ease: float = 0.006
    hem_ease: float = 0.024
    sleeve_ease: float = 0.014
    slope: float = 0.5
    closure: str | None = None
    """None, 'buttons', 'half' (a placket of three) or 'zip'."""
    gap: float = 0.0
    """Half the width of an open front, metres at the hem; 0 is closed."""
    collar: str | None = None
    """None, 'shirt', 'lapel', 'stand', 'roll' or 'hood'."""
    cuffs: bool = False
    """Ribbed hems, as of sweaters."""
    pockets: str | None = None
    """None, 'chest', 'sides' or 'pouch'."""
    sleeves: Fabric | None = None
    block: Colour | None = None
    """Of the yoke above the chest."""
    trim: Colour | None = None
    logo: Print | None = None
    hang: float = 1.0
    """Strength of its folds."""
    panel_names: ClassVar[tuple[str, ...]] = ("torso.front", "torso.back", "arm.L", "arm.R")

    @property
    def name(self) -> str:
        return self.layer

    @property
    def panels(self) -> tuple[str, ...]:
        return self.panel_names if self.sleeve > 0 else self.panel_names[:2]

    @property
    def rim(self) -> float:
        return 1.0 if self.gap > 0 else 0.10

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        side = np.minimum(sites.x * _F(1 / 0.17), 1)
        trunk = np.minimum(
            below_neckline(self.neckline, sites, self.deep), y - _F(self.hem) - _F(self.curve) * side * side
        )
        if self.sleeve <= 0:
            return np.where(sites.arm > 0.5, _F(-1), np.minimum(trunk, self._armhole(sites)))
        if self.gap > 0:
            half = _F(self.gap) * smoothstep(y, 0.60, 0.35) + _F(0.012)
            trunk = np.where(sites.z > 0, np.minimum(trunk, sites.x - half), trunk)
        return np.where(sites.arm > 0.5, (_F(self.sleeve) - sites.along_arm) * _F(0.27), trunk)

    def _armhole(self, sites: Sites) -> Floats:
        """Metres inside the arm-holes: straps over the shoulders, whole below the armpits."""
        edge = _F(0.128 if self.neckline == "tank" else 0.155) + _F(1.2) * np.maximum(_F(0.40) - sites.y, 0)
        return np.minimum(edge - sites.x, (_F(0.5) - sites.arm) * _F(0.2))

    def shell(self, body: Body) -> Floats:
        return top_shell(body, ease=self.ease, hem_ease=self.hem_ease, slope=self.slope, sleeve_ease=self.sleeve_ease)

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        arm = panel.startswith("arm")
        canvas = Canvas(self.sleeves if arm and self.sleeves is not None else self.fabric, panel, chart)
        sites, shade = chart.sites, towards(self.fabric.base, (0, 0, 0), 0.4)
        if self.block is not None:
            canvas.lay((sites.y > 0.40) & (sites.arm < 0.5) if not arm else sites.along_arm < 0.1, self.block)
        canvas.seams()
        if self.logo is not None:
            self.logo.lay(canvas)
        self._edges(canvas, cover, arm)
        if panel == "torso.front":
            self._front(canvas, shade)
        return canvas.finished(hang=self.hang, bend=1.0)

    def _edges(self, canvas: Canvas, cover: Floats, arm: bool) -> None:
        """Hems, ribs and the binding of the neck."""
        sites, chart = canvas.chart.sites, canvas.chart
        bound = self.collar is None and self.gap == 0 and self.neckline not in ("shirt", "tank")
        if self.cuffs:
            canvas.line(cover - _F(0.05), strength=0.7, where=(sites.y < 0.4) | arm)
            ribs = np.floor(chart.u * _F(1 / 0.005)) % 2 == 0
            canvas.lay((cover < 0.05) & ribs & ((sites.y < 0.4) | arm), canvas.thread, 0.3)
        else:
            canvas.line(cover - _F(0.018), width=0.0016)
        if bound and not arm:
            neck = below_neckline(self.neckline, sites, self.deep)
            binding = self.trim if self.trim is not None else towards(self.fabric.base, canvas.thread, 0.3)
            canvas.lay((neck > 0) & (neck < 0.017), binding, 0.9)
            canvas.line(neck - _F(0.018), width=0.0016)
        elif self.trim is not None:
            canvas.lay(cover < 0.012, self.trim)

    def _front(self, canvas: Canvas, shade: Colour) -> None:
        """Plackets, buttons, zips and pockets."""
        sites = canvas.chart.sites
        x, y = sites.x, sites.y
        top = _F(0.598 - self.deep)
        low = _F(0.36) if self.closure == "half" else _F(self.hem)
        span = (y < top) & (y > low) & (sites.z > 0)
        dark = luma(self.fabric.base) < 110
        button = towards(self.fabric.base, (235, 230, 220) if dark else (40, 36, 34), 0.55)
        if self.closure in ("buttons", "half") and self.gap == 0:
            canvas.line(x - _F(0.016), width=0.0018, where=span)
            canvas.lay(span & (sites.points[0] < -0.014) & (sites.points[0] > -0.019), shade, 0.35)
            step = 0.035 if self.closure == "half" else 0.075
            place = y * _F(1 / step)
            off = (place - np.floor(place) - _F(0.5)) * _F(step)
            dot = _F(0.0058) - np.sqrt(x * x + off * off)
            canvas.lay(np.clip(dot * _F(1 / canvas.texel) + _F(0.5), 0, 1) * span, button)
        if self.closure == "zip" and self.gap == 0:
            canvas.lay((x < 0.0045) & span, towards(self.fabric.base, (150, 150, 152), 0.7))
            canvas.line(x - _F(0.014), strength=0.5, where=span)
        if self.pockets == "chest":
            box = np.maximum(np.abs(sites.points[0] - _F(0.082)) - _F(0.042), np.abs(y - _F(0.39)) - _F(0.05))
            canvas.line(box, strength=0.8)
        elif self.pockets == "sides":
            slit = np.maximum(
                np.abs(x - _F(0.115) + (y - _F(0.08)) * _F(0.25)) - _F(0.001), np.abs(y - _F(0.08)) - _F(0.06)
            )
            canvas.line(slit, shade, width=0.006, strength=0.9)
        elif self.pockets == "pouch":
            slant = x + np.maximum(y - _F(0.10), 0) * _F(0.8) - _F(0.12)
            box = np.maximum(slant, np.abs(y - _F(0.10)) - _F(0.075))
            canvas.line(box, strength=0.9)

    def extras(self, body: Body, shell: Floats, density: Density) -> list[Layer]:
        if self.collar is None:
            return []
        return collar_layers(self.collar, self.fabric, self.layer, shell, density, opening=self.deep, gap=self.gap)
