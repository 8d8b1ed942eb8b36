"""A first set of clothes: tee, trousers, shoes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.garments.garment import Garment
from reposer.data.people.garments.shells import bottom_shell, shoe_shell, top_shell
from reposer.data.people.shape import Body
from reposer.data.people.sites import Chart, Sites
from reposer.data.people.surface import Material
from reposer.data.people.texture import Texture

Colour = tuple[int, int, int]


def plain(chart: Chart, colour: Colour) -> Texture:
    """One colour all over."""
    return Texture(np.broadcast_to(np.array(colour, np.uint8), (*chart.size, 3)))


@dataclass(frozen=True)
class Tee(Garment):
    """A T-shirt or, with longer sleeves, a plain jumper."""

    colour: Colour
    sleeve: float = 0.75
    """Where sleeves end: 0 at the shoulder, 1 at the elbow, 2 at the wrist."""
    hem: float = 0.0
    """Height of the hem on the average body, metres above the hips' middle."""
    ease: float = 0.006
    name: ClassVar[str] = "top"
    panels: ClassVar[tuple[str, ...]] = ("torso.front", "torso.back", "arm.L", "arm.R")
    material: ClassVar[Material] = Material(wrap=0.25, gloss=0.02, sharpness=2, detail="jersey")

    def cover(self, sites: Sites) -> Floats:
        x, y, z = sites.x, sites.y, sites.z
        rise = np.float32(0.75) * np.maximum(x - np.float32(0.058), 0)
        throat = np.sqrt(x * x + (y - np.float32(0.600)) ** 2 * np.float32(0.7225)) - np.float32(0.074)
        front = np.minimum(throat, np.float32(0.600) - y + rise)
        back = np.float32(0.583) - np.float32(0.45) * np.maximum(z, np.float32(-0.035)) - y + rise
        trunk = np.minimum(np.where(z > 0.02, front, back), y - np.float32(self.hem))
        sleeve = (np.float32(self.sleeve) - sites.along_arm) * np.float32(0.27)
        return np.where(sites.arm > 0.5, sleeve, trunk)

    def shell(self, body: Body) -> Floats:
        return top_shell(body, ease=self.ease)

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        return plain(chart, self.colour)


@dataclass(frozen=True)
class Trousers(Garment):
    """Trousers or shorts."""

    colour: Colour
    hem: float = -0.76
    """Height of the hem on the average body; the ankle is at -0.74, the knee at -0.37."""
    waist: float = 0.17
    name: ClassVar[str] = "bottom"
    panels: ClassVar[tuple[str, ...]] = ("leg.front.L", "leg.front.R", "leg.back.L", "leg.back.R")
    material: ClassVar[Material] = Material(wrap=0.2, gloss=0.02, sharpness=2, detail="twill")

    def cover(self, sites: Sites) -> Floats:
        y = sites.y
        inside = np.minimum(np.float32(self.waist) - y, y - np.float32(self.hem))
        return np.where(sites.arm > 0.5, np.float32(-1), inside)

    def shell(self, body: Body) -> Floats:
        return bottom_shell(body)

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        return plain(chart, self.colour)


@dataclass(frozen=True)
class Shoes(Garment):
    """Plain low shoes with a pale sole."""

    colour: Colour
    sole: Colour = (214, 212, 206)
    name: ClassVar[str] = "shoes"
    panels: ClassVar[tuple[str, ...]] = ("foot.L", "foot.R")
    material: ClassVar[Material] = Material(wrap=0.2, gloss=0.12, sharpness=3)
    top: ClassVar[float] = -0.715

    def cover(self, sites: Sites) -> Floats:
        opening = np.float32(self.top) + np.float32(0.25) * np.minimum(sites.z - np.float32(0.06), 0)
        return opening - sites.y - np.float32(0.35) * np.maximum(sites.z - np.float32(0.02), 0)

    def shell(self, body: Body) -> Floats:
        return shoe_shell(body)

    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        low = chart.sites.y < -0.796
        return Texture(np.where(low[..., None], np.array(self.sole, np.uint8), np.array(self.colour, np.uint8)))
