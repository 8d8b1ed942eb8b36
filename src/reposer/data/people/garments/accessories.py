"""What people wear on top: hats, glasses, scarves, backpacks, bags."""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers, cross, unit_columns
from reposer.data.people.garments.canvas import Canvas, Patch
from reposer.data.people.garments.collars import collar_layers
from reposer.data.people.garments.colours import towards
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Density, Garment
from reposer.data.people.garments.pieces import Hold, sheet
from reposer.data.people.garments.shells import suit_sites, suit_vertices
from reposer.data.people.parts import PARTS
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites, vertex_sites
from reposer.data.people.surface import Layer, grid_layer
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture

_F = np.float32
STYLES = {
    "beanie": "hat", "cap": "hat", "glasses": "glasses", "sunglasses": "glasses", "scarf": "scarf",
    "backpack": "bag", "shoulder bag": "bag",
}  # fmt: skip
"""Style -> name of its layers."""
_BRIM = 0.775  # height of a hat's rim in front, metres on the average body


@dataclass(frozen=True, kw_only=True)
class Accessory(Garment):
    """A free piece, or a few."""

    fabric: Fabric
    style: str
    """Of STYLES."""

    @property
    def high(self) -> bool:
        return self.style == "scarf"

    @property
    def name(self) -> str:
        return STYLES[self.style]

    def cover(self, sites: Sites) -> Floats:
        if self.name != "hat":
            return np.full_like(sites.y, -1)
        rim = _F(_BRIM) - _F(0.35) * np.maximum(_F(0.09) - sites.z, 0)
        return np.where((sites.y > 0.62) & (sites.x < 0.14), sites.y - rim, _F(-1))

    def shell(self, body: Body) -> Floats:
        return body.points.copy()

    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        raise NotImplementedError(f"{self.style} has no panels")

    def extras(self, body: Body, shell: Floats, density: Density) -> list[Layer]:
        if self.style == "scarf":
            return _scarf(self.fabric, body, density)
        if self.name == "hat":
            return _hat(self.fabric, body, density, peak=self.style == "cap")
        if self.name == "glasses":
            return [_glasses(self.fabric, body, density, dark=self.style == "sunglasses")]
        if self.style == "backpack":
            return _backpack(self.fabric, body, density)
        return _shoulder_bag(self.fabric, body, density)


def _moved(design: Floats, among: Integers, now: Floats) -> tuple[Floats, Hold]:
    """Points (3, rows, columns) laid out on the average body, where they are on a body whose vertices lie at `now`."""
    flat, template = design.reshape(3, -1), load_template().points
    hold = Hold.of(flat, template[:, among].astype(np.float64), among)
    return (flat + hold.mean(now - template)).reshape(design.shape), hold


def _head() -> Integers:
    own = np.unique(load_template().skin[0].vertices)
    sites = vertex_sites()
    return own[(sites.y[own] > 0.66) & (sites.x[own] < 0.09)][::3]


def _hat(fabric: Fabric, body: Body, density: Density, *, peak: bool) -> list[Layer]:
    """A dome over the skull; a cap's has a peak."""
    head = _head()
    places = load_template().points[:, head].astype(np.float64)
    skull = places[:, places[1] > 0.74]
    low, high = skull.min(1), skull.max(1)
    middle, half = (low + high) / 2, (high - low) / 2
    rows, columns = 9, 25
    up = np.linspace(1.0, 0.0, rows)[:, None]  # 1 at the crown
    around = np.linspace(0, 2 * np.pi, columns)[None]
    ring = np.sqrt(1 - up**2.2 * 0.998)
    thick = 1.09 if peak else 1.15
    x = middle[0] + half[0] * thick * ring * np.sin(around)
    z = middle[2] + half[2] * thick * ring * np.cos(around)
    rim = _BRIM - 0.35 * np.maximum(0.09 - z, 0)
    y = rim + (high[1] + (0.012 if peak else 0.022) - rim) * up
    points, hold = _moved(np.stack([x, y, z]), head, body.points)
    part = PARTS["head"]
    layers = [sheet(points, hold, fabric, name="hat", metres=(0.17, 0.6), density=density.cloth, part=part)]
    if peak:
        turn = np.linspace(-0.95, 0.95, 11)[None]
        out = np.linspace(0.0, 1.0, 4)[:, None]
        far = 1 + 0.42 * out * np.cos(turn)
        design = np.stack([
            middle[0] + half[0] * 1.09 * np.sin(turn) * (1 + 0.06 * out),
            _BRIM + 0.004 - 0.016 * out + 0 * turn,
            middle[2] + half[2] * 1.09 * np.cos(turn) * far,
        ])  # fmt: skip
        points, hold = _moved(design, head, body.points)
        layers.append(sheet(points, hold, fabric, name="hat", metres=(0.07, 0.2), density=density.cloth, part=part))
    return layers


def _glasses(fabric: Fabric, body: Body, density: Density, *, dark: bool) -> Layer:
    """Frames, cut out of a strip that bends round the face from ear to ear."""
    head = _head()
    turn, down = np.meshgrid(np.linspace(-1.45, 1.45, 21), np.linspace(0.749, 0.704, 4))
    front = max(float(load_template().points[2, eye.vertices].max()) for eye in load_template().eyes) + 0.016
    bend = np.sqrt(np.maximum(np.cos(turn), 0))
    design = np.stack([0.081 * np.sin(turn), down, 0.012 + (front - 0.012) * bend])
    points, hold = _moved(design, head, body.points)
    texel = 2 * density.skin
    height, width = max(12, round(0.045 * texel)), max(60, round(0.26 * texel))
    alpha = np.zeros((height * 4, width * 4), np.uint8)
    line = max(4, round(0.0028 * texel * 4))
    h, w = alpha.shape
    for side in (0.375, 0.625):
        centre, axes = (round(side * w), round(0.52 * h)), (round(0.102 * w), round(0.45 * h))
        cv2.ellipse(alpha, centre, axes, 0, 0, 360, 255, -1 if dark else line)
    cv2.line(alpha, (round(0.46 * w), round(0.4 * h)), (round(0.54 * w), round(0.4 * h)), 255, line)
    for start, end in ((0.0, 0.29), (0.71, 1.0)):
        cv2.line(alpha, (round(start * w), round(0.3 * h)), (round(end * w), round(0.3 * h)), 255, line)
    cut = cv2.resize(alpha, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    colour = np.empty((height, width, 3), np.uint8)
    colour[:] = np.array(fabric.base, np.uint8)
    bones, weights = hold.bones()
    return grid_layer(
        points, load_template().points[:, hold.vertices[0]].reshape(points.shape), name="glasses",
        texture=Texture(colour, cut), density=texel, material=fabric.material, part=PARTS["head"], bones=bones,
        weights=weights,
    )  # fmt: skip


@lru_cache(maxsize=1)
def _trunk() -> Integers:
    own, sites = suit_vertices(), suit_sites()
    return own[(sites.arm < 0.3) & (sites.y > 0.0)]


@lru_cache(maxsize=16)
def _laid(path: tuple[tuple[float, float, float], ...], sign: int) -> Hold:
    """Where a path of a few points lies on the trunk of the average body, at every centimetre or two."""
    among, corners = _trunk(), np.array(path).T * np.array([[sign], [1], [1]])
    place = np.linspace(0, corners.shape[1] - 1, 4 * corners.shape[1])
    fine = np.stack([np.interp(place, np.arange(corners.shape[1]), row) for row in corners])
    return Hold.of(fine, load_template().points[:, among].astype(np.float64), among)


def _smooth(path: Floats) -> Floats:
    """A path (3, N) without the steps of the triangles that it was laid on; its bends and its ends stay."""

    def even(values: Floats) -> Floats:
        for _ in range(8):
            values = values.copy()
            values[:, 1:-1] = (values[:, :-2] + 2 * values[:, 1:-1] + values[:, 2:]) / 4
        return values

    smooth = even(path)
    return smooth + even(path - smooth)


def _strap(
    path: tuple[tuple[float, float, float], ...], wide: float, fabric: Fabric, body: Body, density: Density,
    *, sign: int = 1, name: str = "bag", lift: float = 0.008,
) -> Layer:  # fmt: skip
    """A ribbon along a path on the average body, mirrored if `sign` is -1, that is laid on a dressed body."""
    laid = _laid(path, sign)
    along, outward = _smooth(laid.mean(body.points)), _smooth(laid.mean(body.suit_normals))
    side = cross(np.gradient(along, axis=1).T, outward.T).T
    side = unit_columns(side) * (wide / 2)
    along = along + unit_columns(outward) * lift
    points = np.stack([along - side, along + side], axis=2)
    hold = Hold(np.repeat(laid.vertices, 2, axis=1), np.repeat(laid.shares, 2, axis=1))
    metres = 0.5, max(wide, 0.02)
    return sheet(points, hold, fabric, name=name, metres=metres, density=density.cloth, part=PARTS["torso"])


_AROUND = 21


def _pouch(
    centre: Floats, size: tuple[float, float, float], fabric: Fabric, body: Body, density: Density, *, against: bool
) -> Layer:
    """A box (half sizes along x, y, z) with rounded edges that keeps its shape; `against` the back or where it is."""
    among, template = _trunk(), load_template().points
    hold = Hold.of(centre[:, None], template[:, among].astype(np.float64), among)
    middle = centre + hold.mean(body.points - template)[:, 0]
    if against:
        x, y, z = body.points[:, among]
        back = (np.abs(x) < 0.8 * size[0]) & (np.abs(y - middle[1]) < size[1])
        middle[2] = float(z[back].min()) - size[2] + 0.016
    tall = np.sin(np.linspace(np.pi / 2, -np.pi / 2, 13))[:, None]
    around = np.linspace(0, 2 * np.pi, _AROUND)[None]

    def boxed(values: Floats) -> Floats:
        return np.sign(values) * np.sqrt(np.abs(values))

    round_off = np.sqrt(np.sqrt(np.maximum(1 - tall**4, 0)))
    points = np.stack([
        middle[0] + size[0] * boxed(np.sin(around)) * round_off,
        middle[1] + size[1] * tall + 0 * around,
        middle[2] + size[2] * boxed(np.cos(around)) * round_off,
    ])  # fmt: skip
    count = 13 * _AROUND
    held = Hold(np.repeat(hold.vertices, count, axis=1), np.repeat(hold.shares, count, axis=1))
    metres = 2 * size[1], 4 * (size[0] + size[2])
    layer = sheet(points, held, fabric, name="bag", metres=metres, density=density.cloth, part=PARTS["torso"])
    return replace(layer, texture=Texture(_stitched(layer.texture.colour, fabric)))


def _stitched(colour: NDArray[np.uint8], fabric: Fabric) -> NDArray[np.uint8]:
    """A bag's cloth with a zip round its top and a pocket on its outer side (the middle of the texture)."""
    image, (height, width) = np.ascontiguousarray(colour), colour.shape[:2]
    dark, pale = towards(fabric.base, (0, 0, 0), 0.55), towards(fabric.base, (255, 255, 255), 0.3)
    thick = max(1, height // 60)
    cv2.line(image, (width // 5, height // 5), (width - width // 5, height // 5), dark, thick)
    low, high, left, right = round(0.48 * height), round(0.90 * height), round(0.34 * width), round(0.66 * width)
    cv2.rectangle(image, (left, low), (right, high), dark, thick)
    cv2.line(image, (left, low + height // 12), (right, low + height // 12), pale, thick)
    return image


_OVER_SHOULDER = (
    (0.080, 0.44, -0.11), (0.086, 0.50, -0.09), (0.092, 0.535, -0.05), (0.096, 0.550, -0.01), (0.100, 0.54, 0.04),
    (0.106, 0.50, 0.09), (0.115, 0.43, 0.12), (0.135, 0.36, 0.11), (0.16, 0.30, 0.06), (0.16, 0.25, 0.0),
    (0.12, 0.21, -0.08),
)  # fmt: skip
_ACROSS = (
    (-0.17, 0.03, -0.05), (-0.14, 0.12, -0.08), (-0.08, 0.22, -0.10), (-0.02, 0.33, -0.10), (0.05, 0.44, -0.10),
    (0.09, 0.52, -0.07), (0.10, 0.555, -0.02), (0.10, 0.55, 0.03), (0.08, 0.49, 0.09), (0.03, 0.41, 0.13),
    (-0.03, 0.31, 0.15), (-0.09, 0.20, 0.14), (-0.14, 0.12, 0.11), (-0.17, 0.03, 0.05),
)  # fmt: skip
_TAIL = ((0.035, 0.545, 0.06), (0.04, 0.50, 0.09), (0.045, 0.42, 0.12), (0.05, 0.33, 0.13), (0.05, 0.26, 0.12))


def _backpack(fabric: Fabric, body: Body, density: Density) -> list[Layer]:
    pack = _pouch(np.array([0, 0.29, -0.1]), (0.135, 0.20, 0.07), fabric, body, density, against=True)
    return [pack] + [_strap(_OVER_SHOULDER, 0.05, fabric, body, density, sign=sign) for sign in (1, -1)]


def _shoulder_bag(fabric: Fabric, body: Body, density: Density) -> list[Layer]:
    """A bag at the right hip, its strap across the chest."""
    pouch = _pouch(np.array([-0.215, -0.01, -0.01]), (0.045, 0.095, 0.12), fabric, body, density, against=False)
    return [pouch, _strap(_ACROSS, 0.028, fabric, body, density)]


def _scarf(fabric: Fabric, body: Body, density: Density) -> list[Layer]:
    """A ring around the neck, and one end down the front."""
    ring = collar_layers("scarf", fabric, "scarf", body.points, density)
    return [*ring, _strap(_TAIL, 0.085, fabric, body, density, name="scarf", lift=0.012)]
