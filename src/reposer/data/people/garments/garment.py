"""What a garment is, and how it becomes layers of a person."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.shape import Body
from reposer.data.people.sites import Chart, Sites, panel_chart, vertex_sites
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.surface import Layer, layer_on
from reposer.data.people.template import load_template
from reposer.data.people.texture import MARGIN, Texture

FINE = np.float32(2.0**20)
"""Steps per metre to which shells are rounded, so that sines may differ in the last bit."""
HEM_SHARPNESS = 50.0
"""Texels over which alpha goes from 0 to 255 at an edge are 255 over this."""


class Garment(ABC):
    """One piece of clothing, already chosen in every detail; it knows nothing of the body that wears it.

    A garment is a shell of the template's body suit (or skirt): the suit's vertices pushed out and draped (`shell`),
    cut where `cover` is below 0, painted panel by panel (`paint`). Everything is a function of places on the average
    body, so cloth stays where it is when the person moves or is another one.
    """

    two_sided: ClassVar[bool] = True
    hides: ClassVar[float] = 0.025
    """Metres inside its edge from which nothing below it is drawn."""
    fabric: Fabric

    @property
    def name(self) -> str:
        """Of its layers: top, bottom, dress, outer, shoes, hat, bag, ..."""
        return "top"

    @property
    def panels(self) -> tuple[str, ...]:
        """Of Template.panels; none for what is made of free pieces alone."""
        return ()

    @property
    def slack(self) -> float:
        """Metres outside its edge to which faces are drawn, so that those that straddle it are."""
        return 0.06

    @property
    def rim(self) -> float:
        """Metres from its edge to which its inside may be seen."""
        return 0.10

    @abstractmethod
    def cover(self, sites: Sites) -> Floats:
        """How far inside the garment's edges places are, metres on the average body; negative where it is not."""

    @abstractmethod
    def shell(self, body: Body) -> Floats:
        """(3, V of the template) where the cloth hangs; only the vertices of its panels matter."""

    @abstractmethod
    def paint(self, panel: str, chart: Chart, cover: Floats) -> Texture:
        """Colour and relief of a panel; the cut is added to it. `cover` (h, w) is that of the chart's texels."""

    def extras(self, body: Body, shell: Floats, density: "Density") -> list[Layer]:
        """What is no part of the shell: collars, hoods, buttons, straps (`surface.grid_layer`)."""
        return []


@dataclass(frozen=True)
class Density:
    """Texels per metre of a picture size's textures."""

    cloth: float
    skin: float
    """Of limbs; the head has twice as many."""
    level: int = 0
    """Of detail of meshes."""

    @classmethod
    def of(cls, height: int) -> "Density":
        """For pictures of this height: texels as large as samples where half the body fills it."""
        cloth = min(max(100 * round(height * 2 / 1.1 / 100), 200), 1000)
        return cls(cloth=float(cloth), skin=cloth / 2, level=2 if height <= 160 else 1 if height <= 320 else 0)


def sew(garment: Garment, body: Body, density: Density) -> list[Layer]:
    """Make the layers of a garment on a body."""
    template = load_template()
    points = np.round(garment.shell(body) * FINE) / FINE
    if not garment.panels:
        return garment.extras(body, points, density)
    around = template.skirt if garment.panels[0].startswith("skirt") else template.suit
    normals = vertex_normals(points, around)
    everywhere = garment.cover(vertex_sites())
    layers = []
    for name in garment.panels:
        sheet = template.panel(name, density.level)
        inside = everywhere[sheet.vertices][sheet.faces]
        near = inside.max(0) > -garment.slack
        if not near.any():
            continue
        laid = _used(panel_chart(name, density.cloth), sheet.faces[:, near])
        cover = garment.cover(laid.sites)
        texture = garment.paint(name, laid, cover)
        alpha = np.clip(128 + np.rint(cover * (density.cloth * HEM_SHARPNESS)), 0, 255).astype(np.uint8)
        texture = replace(texture, alpha=alpha)
        layer = layer_on(
            sheet, points, normals, name=garment.name, uv=laid.uv, texture=texture, density=density.cloth,
            material=garment.fabric.material, two_sided=(inside.min(0) < garment.rim) & garment.two_sided,
        )  # fmt: skip
        layers.append(layer.only(near))
    return layers + garment.extras(body, points, density)


def _used(laid: Chart, faces: Integers) -> Chart:
    """What of a panel is to be painted."""
    uv = laid.uv[:, faces.ravel()]
    left, top = np.maximum(np.floor(uv.min(1)).astype(int) - MARGIN, 0).tolist()
    right, bottom = (np.ceil(uv.max(1)).astype(int) + MARGIN).tolist()
    return laid.window(slice(top, bottom), slice(left, right))
