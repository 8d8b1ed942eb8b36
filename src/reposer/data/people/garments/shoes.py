"""Shoes of five kinds."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.garments.canvas import Canvas, Patch
from reposer.data.people.garments.colours import Colour, towards
from reposer.data.people.garments.fabrics import Fabric, bytes_of
from reposer.data.people.garments.garment import Density, Garment
from reposer.data.people.garments.pieces import Hold, sheet
from reposer.data.people.garments.shells import shoe_shell, suit_sites, suit_vertices
from reposer.data.people.parts import PARTS
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites
from reposer.data.people.surface import Layer
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture

_F = np.float32
TOPS = {"sneaker": -0.738, "high top": -0.715, "loafer": -0.765, "boot": -0.713, "flat": -0.785}
"""Kind -> height of its opening at the ankle on the average body, metres."""


@dataclass(frozen=True, kw_only=True)
class Shoes(Garment):
    """A pair of shoes."""

    fabric: Fabric
    style: str = "sneaker"
    """Of TOPS."""
    sole: Colour = (226, 224, 218)
    lace: Colour = (228, 226, 222)
    shaft: float = -0.64
    """Height of a boot's shaft on the average body, metres."""

    @property
    def name(self) -> str:
        return "shoes"

    @property
    def panels(self) -> tuple[str, ...]:
        return "foot.L", "foot.R"

    @property
    def hides(self) -> float:
        return 0.015

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

    def extras(self, body: Body, shell: Floats, density: Density) -> list[Layer]:
        if self.style != "boot":
            return []
        return [_shaft(self.fabric, side, self.shaft, shell, density) for side in "LR"]

    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        patch = canvas.where(canvas.chart.sites.y < -0.68)
        x, y, z = patch.sites.x, patch.sites.y, patch.sites.z
        dark = towards(self.fabric.base, (0, 0, 0), 0.4)
        if self.style in ("sneaker", "high top"):
            tongue = patch.where((z > 0.045) & (z < 0.125) & (y > -0.782) & (np.abs(x - _F(0.222)) < 0.02))
            tongue.lay(dark, 0.35)
            tongue.where(np.floor(tongue.sites.z * _F(1 / 0.007)) % 2 == 0).lay(self.lace, 0.8)
            if self.style == "high top":
                patch.where((z > 0.165) & (y < -0.775)).lay(self.sole, 0.6)
            else:
                patch.line(np.maximum(_F(0.15) - z, y + _F(0.772)), dark, width=0.003, strength=0.5)
                patch.line(z - _F(0.02) + y * _F(0.6) + _F(0.46), dark, width=0.003, strength=0.4)
        elif self.style == "loafer":
            patch.line(z - _F(0.085), dark, width=0.006, where=y > -0.79)
        edge.line(cover - _F(0.005), dark, width=0.004)
        patch.where(y < (-0.797 if self.style in ("sneaker", "high top", "boot") else -0.805)).lay(self.sole)
        patch.line(y + _F(0.797), dark, strength=0.4)
        return Texture(bytes_of(canvas.image))


_ROWS, _COLUMNS, _RING = 5, 19, 0.05


def _shaft(fabric: Fabric, side: str, top: float, shell: Floats, density: Density) -> Layer:
    """A tube from the ankle up; the last row turns inwards."""
    hold = _around_leg(side, round(top, 3))
    points = hold.mean(shell).reshape(3, _ROWS, _COLUMNS)
    middle = points[:, :, :-1].mean(2, keepdims=True)
    out = points - middle
    out[1] = 0
    ease = np.array([-0.002, 0.004, 0.006, 0.007, -0.004])[:, None]
    length = np.sqrt((out * out).sum(0))
    points = points + out * (ease / length)
    metres = top + 0.725, 0.3
    return sheet(
        points,
        hold,
        fabric,
        name="shoes",
        metres=metres,
        density=density.cloth,
        part=PARTS["left foot" if side == "L" else "right foot"],
    )


@lru_cache(maxsize=32)
def _around_leg(side: str, top: float) -> Hold:
    """Where rings around an ankle sit on the leg."""
    sites, sign = suit_sites(), 1 if side == "L" else -1
    leg = (sites.y < -0.5) & (sites.y > -0.76) & (sites.points[0] * sign > 0)
    own, places = suit_vertices()[leg], sites.points[:, leg].astype(np.float64)
    knee, ankle = (load_template().heads[load_template().bone(f"{bone}.{side}")] for bone in ("lowerleg01", "foot"))
    down = (places[1] - knee[1]) / (ankle[1] - knee[1])
    x, z = (places[k] - knee[k] - (ankle[k] - knee[k]) * down for k in (0, 2))
    turn = np.arctan2(x, z)
    around, height = np.meshgrid(np.linspace(0, 2 * np.pi, _COLUMNS), [-0.725, -0.70, (top - 0.70) / 2, top, top])
    flat, level = around.ravel(), height.ravel()
    return Hold.of(
        np.stack([np.sin(flat) * _RING, np.cos(flat) * _RING, level]),
        np.stack([np.sin(turn) * _RING, np.cos(turn) * _RING, places[1]]),
        own,
    )
