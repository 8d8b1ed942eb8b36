"""What a garment is, and how it becomes layers of a person."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Bools, Floats, Integers
from reposer.data.people.garments.canvas import Canvas, Patch, texel_faces
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.shape import Body
from reposer.data.people.sites import CROTCH, Chart, Sites, panel_chart, sites_of, vertex_sites
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.surface import Layer, layer_on
from reposer.data.people.template import Sheet, load_template
from reposer.data.people.texture import MARGIN, Texture

FINE = np.float32(2.0**20)
"""Steps per metre to which shells are rounded, so that sines may differ in the last bit."""
HEM_SHARPNESS = 50.0
"""Texels over which alpha goes from 0 to 255 at an edge are 255 over this."""
NEAR_EDGE = 0.065
"""Metres inside its edge to which a garment's edges are painted: hems, cuffs, bindings."""
_OUT, _EDGE, _DEEP = np.array([0, 1, 255], np.uint8)  # alpha of faces, if need be to be decided for each texel
_BACKWARDS = np.array([0.0, 0.0, -1.0], np.float32)[:, None]
_AROUND = 0.03  # metres beyond what is drawn that the normals at its rim depend on


class Garment(ABC):
    """One piece of clothing, already chosen in every detail; it knows nothing of the body that wears it.

    A garment is a shell of the template's body suit (or skirt): the suit's vertices pushed out and draped (`shell`),
    cut where `cover` is below 0, painted panel by panel (`paint`). Everything is a function of places on the average
    body, so cloth stays where it is when the person moves or is another one.
    """

    two_sided: ClassVar[bool] = True
    fabric: Fabric

    @property
    def hides(self) -> float:
        """Metres inside its edge from which nothing below it is drawn."""
        return 0.025

    @property
    def name(self) -> str:
        """Of its layers: top, bottom, dress, outer, shoes, hat, bag, ..."""
        return "top"

    @property
    def panels(self) -> tuple[str, ...]:
        """Of Template.panels; none for what is made of free pieces alone."""
        return ()

    @property
    def high(self) -> bool:
        """Whether it stands around the neck, so that long hair falls behind."""
        return False

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
    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        """Colour and relief of a panel; the cut is added to it.

        Args:
            edge: the texels near the garment's edges.
            cover: (N,) how far inside they are.
        """

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


@dataclass(frozen=True)
class _Cloth:
    """One kind of shell: the body suit or the skirt."""

    vertices: Integers  # (S,) of the template
    faces: Integers  # (3, F) of these
    rows: Integers  # (V of the template,) where each vertex stands among these


@lru_cache(maxsize=2)
def _cloth(kind: str) -> _Cloth:
    faces = load_template().skirt if kind == "skirt" else load_template().suit
    vertices, own = np.unique(faces, return_inverse=True)
    rows = np.zeros(load_template().points.shape[1], np.intp)
    rows[vertices] = np.arange(len(vertices))
    return _Cloth(vertices, own.reshape(faces.shape), rows)


@lru_cache(maxsize=1)
def _cleft() -> Integers:
    """Vertices of the suit between the buttocks, which lie on top of each other where cloth bridges them."""
    own = _cloth("suit").vertices
    sites = vertex_sites().at(own)
    return own[(sites.x < 0.03) & (sites.z < 0) & (sites.y < 0.10) & (sites.y > CROTCH - 0.03)]


def dress(garments: Sequence[Garment], body: Body, density: Density, below: list[Layer]) -> list[Layer]:
    """Layers of garments, from the inside out, and what they leave to be seen of the layers `below` them."""
    layers = _shown(below, garments)
    dressed = body
    for k, garment in enumerate(garments):
        over, wearer = garments[k + 1 :], body if garment.panels else dressed
        shell = garment.shell(wearer)
        layers += sew(garment, wearer, shell, density, over)
        if garment.panels and not all(other.panels for other in over):
            dressed = _outlined(dressed, garment, shell)
    return layers


def _outlined(body: Body, garment: Garment, shell: Floats) -> Body:
    """A body that is as large as what it wears, for bags and scarves to lie on."""
    own = _cloth("suit").vertices
    worn = own[garment.cover(vertex_sites().at(own)) > 0]
    points = body.points.copy()
    points[:, worn] = shell[:, worn]
    return Body(points, body.heads)


def sew(garment: Garment, body: Body, shell: Floats, density: Density, over: Sequence[Garment] = ()) -> list[Layer]:
    """Make the layers of a garment whose shell is known, as far as they are seen below the garments `over` it."""
    pieces = _shown(garment.extras(body, shell, density), over)
    if not garment.panels:
        return pieces
    whole = _cloth("skirt" if garment.panels[0].startswith("skirt") else "suit")
    own, sites = whole.vertices, vertex_sites().at(whole.vertices)
    points = shell.copy()
    points[:, own] = np.round(points[:, own] * FINE) / FINE
    cover, hidden = garment.cover(sites), [other.cover(sites) > other.hides for other in over]
    worn = cover[whole.faces].max(0) > -garment.slack - _AROUND
    normals = np.zeros_like(points)
    normals[:, own] = vertex_normals(points[:, own], whole.faces[:, worn])
    normals[:, _cleft()] = _BACKWARDS
    layers = []
    for name in garment.panels:
        sheet = load_template().panel(name, density.level)
        corners = whole.rows[sheet.vertices][sheet.faces]
        deep = cover[corners]
        seen = deep.max(0) > -garment.slack
        for other in hidden:
            seen &= ~other[corners].all(0)
        if seen.any():
            kinds = np.where(deep.min(0) >= NEAR_EDGE, _DEEP, np.where(seen, _EDGE, _OUT))
            both = (deep.min(0) < garment.rim)[seen] & garment.two_sided
            layers.append(replace(_panel(garment, name, seen, kinds, points, normals, density), two_sided=both))
    return layers + pieces


def _panel(
    garment: Garment, name: str, seen: Bools, kinds: NDArray[np.uint8], points: Floats, normals: Floats,
    density: Density,
) -> Layer:  # fmt: skip
    """The layer of a panel, of which some faces (F,) are seen, each deep inside, near an edge or outside."""
    sheet, laid = load_template().panel(name, density.level), panel_chart(name, density.cloth)
    part = Sheet(sheet.vertices, sheet.uv, np.compress(seen, sheet.faces, axis=1))
    laid = _window(laid, laid.uv[:, part.packed[0]])
    canvas = Canvas(garment.fabric, name, laid)
    alpha = kinds[texel_faces(name, density.cloth, density.level)[canvas.window]]
    edge = canvas.where(alpha == _EDGE)
    cover = garment.cover(edge.sites)
    texture = garment.paint(canvas, edge, cover)
    alpha.ravel()[edge.place] = np.clip(128 + np.rint(cover * np.float32(density.cloth * HEM_SHARPNESS)), 0, 255)
    return layer_on(
        part, points, normals, name=garment.name, uv=laid.uv, texture=replace(texture, alpha=alpha),
        density=density.cloth, material=garment.fabric.material,
    )  # fmt: skip


def _window(laid: Chart, uv: Floats) -> Chart:
    """What of a panel is to be painted for vertices at texels `uv` (2, N)."""
    left, top = np.maximum(np.floor(uv.min(1)).astype(int) - MARGIN, 0).tolist()
    right, bottom = (np.ceil(uv.max(1)).astype(int) + MARGIN).tolist()
    return laid.window(slice(top, min(bottom, laid.size[0])), slice(left, min(right, laid.size[1])))


def _shown(layers: list[Layer], over: Sequence[Garment]) -> list[Layer]:
    """What garments over layers leave to be seen of them."""
    if not layers or not over:
        return layers
    bones, weights, site = (
        np.concatenate([getattr(layer, name) for layer in layers], axis=1) for name in ("bones", "weights", "site")
    )
    sites = sites_of(site, bones, weights)
    hidden = np.zeros(site.shape[1], np.uint32)  # a bit for each garment
    for k, garment in enumerate(over):
        hidden |= (garment.cover(sites) > garment.hides).astype(np.uint32) << np.uint32(k)
    shown, start = [], 0
    for layer in layers:
        one, two, three = np.take(hidden, layer.faces + start)
        start += layer.points.shape[1]
        kept = (one & two & three) == 0
        if kept.any():
            shown.append(layer.only(kept))
    return shown
