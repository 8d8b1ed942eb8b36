"""Shoes of five kinds."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.garments.canvas import Canvas
from reposer.data.people.garments.colours import Colour, towards
from reposer.data.people.garments.fabrics import Fabric, rounded
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shells import shoe_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Chart, Sites
from reposer.data.people.texture import Texture

_F = np.float32
TOPS = {"sneaker": -0.738, "high top": -0.71, "loafer": -0.765, "boot": -0.705, "flat": -0.785}
"""Kind -> height of its opening at the ankle on the average body, metres."""


@dataclass(frozen=True, kw_only=True)
class Shoes(Garment):
    """A pair of shoes."""

    hides = 0.015

    fabric: Fabric
    style: str = "sneaker"
    """Of TOPS."""
    sole: Colour = (226, 224, 218)
    lace: Colour = (228, 226, 222)

    @property
    def name(self) -> str:
        return "shoes"

    @property
    def panels(self) -> tuple[str, ...]:
        return "foot.L", "foot.R"

    @property
    def slack(self) -> float:
        return 0.0  # the rim of the panel lies over the sole in the flat

    @property
    def rim(self) -> float:
        return 1.0  # toes fold over soles

    def cover(self, sites: Sites) -> Floats:
        rim = _F(TOPS[self.style]) - sites.y
        vamp = {"loafer": 0.075, "flat": 0.125}.get(self.style)
        if vamp is not None:
            rim = np.minimum(np.maximum(rim, sites.z - _F(vamp)), _F(-0.72) - sites.y)
        return np.where(sites.arm > 0.5, _F(-1), rim)

    def shell(self, body: Body) -> Floats:
        thick = {"sneaker": 0.016, "high top": 0.016, "boot": 0.022}.get(self.style, 0.010)
        return shoe_shell(body, ease=0.010 if self.style == "boot" else 0.007, sole=thick)

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        canvas = Canvas(self.fabric, panel, chart)
        x, y, z = chart.sites.x, chart.sites.y, chart.sites.z
        dark = towards(self.fabric.base, (0, 0, 0), 0.4)
        canvas.line(cover - _F(0.006), dark, width=0.004)
        if self.style in ("sneaker", "high top"):
            tongue = (z > 0.045) & (z < 0.125) & (y > -0.782) & (np.abs(x - _F(0.222)) < 0.02)
            canvas.lay(tongue, dark, 0.35)
            canvas.lay(tongue & (np.floor(z * _F(1 / 0.007)) % 2 == 0), self.lace, 0.8)
            canvas.lay((z > 0.165) & (y < -0.775), self.sole, 0.6 if self.style == "high top" else 0.0)
        elif self.style == "loafer":
            canvas.line(z - _F(0.085), dark, width=0.006, where=y > -0.79)
        canvas.lay(y < (-0.790 if self.style in ("sneaker", "high top", "boot") else -0.802), self.sole)
        canvas.line(y + _F(0.790), dark, strength=0.4)
        return Texture(rounded(canvas.image))
