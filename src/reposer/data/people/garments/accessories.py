"""What people wear on top: hats, glasses, scarves, backpacks, bags."""

from dataclasses import dataclass

import cv2
import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.garments.canvas import Canvas, Patch
from reposer.data.people.garments.collars import collar_layers
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import FINE, Density, Garment
from reposer.data.people.garments.pieces import Hold, sheet
from reposer.data.people.garments.shells import pushed_out, suit_vertices
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
    def name(self) -> str:
        return STYLES[self.style]

    def cover(self, sites: Sites) -> Floats:
        if self.name != "hat":
            return np.full_like(sites.y, -1)
        rim = _F(_BRIM) - _F(0.35) * np.maximum(_F(0.09) - sites.z, 0)
        return np.where((sites.y > 0.62) & (sites.x < 0.14), sites.y - rim, _F(-1))

    def shell(self, body: Body) -> Floats:
        return pushed_out(body, 0.022)

    @property
    def hides(self) -> float:
        return 0.004

    def paint(self, canvas: Canvas, edge: Patch, cover: Floats) -> Texture:
        raise NotImplementedError(f"{self.style} has no panels")

    def extras(self, body: Body, shell: Floats, density: Density) -> list[Layer]:
        if self.style == "scarf":
            return collar_layers("scarf", self.fabric, "scarf", shell, density, opening=0.0, gap=0.0)
        if self.name == "hat":
            return _hat(self.fabric, body, density, peak=self.style == "cap")
        if self.name == "glasses":
            return [_glasses(self.fabric, body, density, dark=self.style == "sunglasses")]
        if self.style == "backpack":
            return _backpack(self.fabric, shell, density)
        return _shoulder_bag(self.fabric, shell, density)


def _moved(design: Floats, among: Integers, now: Floats, *, rigid: bool = False) -> tuple[Floats, Hold]:
    """Points (3, rows, columns) laid out on the average body, where they are on a body whose vertices lie at `now`."""
    flat = design.reshape(3, -1)
    template = load_template().points
    seat = flat.mean(1, keepdims=True) if rigid else flat
    hold = Hold.of(seat, template[:, among].astype(np.float64), among)
    if rigid:
        count = flat.shape[1]
        hold = Hold(np.repeat(hold.vertices, count, axis=1), np.repeat(hold.shares, count, axis=1))
    moved = np.round((flat + hold.mean(now - template)) * FINE) / FINE
    return moved.reshape(design.shape), hold


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
    thick = 1.09 if peak else 1.12
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


def _trunk(*, front: bool | None = None) -> Integers:
    own, sites = suit_vertices(), vertex_sites().at(suit_vertices())
    chosen = (sites.arm < 0.3) & (sites.y > 0.0)
    if front is not None:
        chosen &= (sites.z > 0.02) if front else (sites.z < 0.0)
    return own[chosen]


def _strap(path: Floats, wide: float, fabric: Fabric, shell: Floats, density: Density) -> Layer:
    """A ribbon along a path (3, N) that is laid on the trunk."""
    among = _trunk()
    template = load_template().points
    path_hold = Hold.of(path, template[:, among].astype(np.float64), among)
    along = path_hold.mean(shell)
    forward = np.gradient(along, axis=1)
    outward = along - np.array([0.0, 0.0, 0.03])[:, None]
    outward[1] = 0
    side = np.cross(forward.T, outward.T).T
    side /= np.sqrt((side * side).sum(0))
    lift = outward / np.sqrt((outward * outward).sum(0)) * 0.006
    points = np.stack([along + lift - side * (wide / 2), along + lift + side * (wide / 2)], axis=2)
    hold = Hold(np.repeat(path_hold.vertices, 2, axis=1), np.repeat(path_hold.shares, 2, axis=1))
    return sheet(
        points, hold, fabric, name="bag", metres=(0.5, max(wide, 0.02)), density=density.cloth, part=PARTS["torso"]
    )  # fmt: skip


def _pouch(centre: Floats, size: Floats, fabric: Fabric, shell: Floats, density: Density, among: Integers) -> Layer:
    """A rounded box (half sizes along x, y, z) that keeps its shape."""
    rows, columns = 11, 21
    tall = np.linspace(1, -1, rows)[:, None]
    around = np.linspace(0, 2 * np.pi, columns)[None]

    def boxed(values: Floats) -> Floats:
        return np.sign(values) * np.sqrt(np.abs(values))

    round_off = np.sqrt(np.sqrt(1 - np.abs(tall) ** 4 * 0.9999))
    design = np.stack([
        centre[0] + size[0] * boxed(np.sin(around)) * round_off,
        centre[1] + size[1] * tall + 0 * around,
        centre[2] + size[2] * boxed(np.cos(around)) * round_off,
    ])  # fmt: skip
    points, hold = _moved(design, among, shell, rigid=True)
    metres = 2 * size[1], 4 * (size[0] + size[2])
    return sheet(
        points, hold, fabric, name="bag", metres=metres, density=density.cloth, part=PARTS["torso"]
    )  # fmt: skip


def _backpack(fabric: Fabric, shell: Floats, density: Density) -> list[Layer]:
    layers = [
        _pouch(np.array([0, 0.29, -0.150]), np.array([0.13, 0.19, 0.07]), fabric, shell, density, _trunk(front=False))
    ]
    for sign in (1, -1):
        path = np.array([
            [0.085, 0.47, -0.09], [0.09, 0.535, -0.05], [0.095, 0.560, -0.01], [0.098, 0.55, 0.04], [0.105, 0.50, 0.09],
            [0.115, 0.43, 0.12], [0.135, 0.36, 0.11], [0.16, 0.30, 0.06], [0.15, 0.25, 0.0], [0.11, 0.21, -0.08],
        ]).T  # fmt: skip
        path[0] *= sign
        layers.append(_strap(_finer(path), 0.045, fabric, shell, density))
    return layers


def _shoulder_bag(fabric: Fabric, shell: Floats, density: Density) -> list[Layer]:
    """A bag at the right hip, its strap across the chest."""
    path = np.array([
        [-0.16, 0.06, -0.09], [-0.10, 0.18, -0.10], [-0.02, 0.33, -0.10], [0.06, 0.46, -0.09], [0.10, 0.54, -0.05],
        [0.11, 0.56, 0.0], [0.10, 0.53, 0.06], [0.05, 0.45, 0.12], [-0.02, 0.34, 0.15], [-0.09, 0.20, 0.14],
        [-0.16, 0.06, 0.08],
    ]).T  # fmt: skip
    side = _trunk()
    pouch = _pouch(np.array([-0.235, 0.0, -0.01]), np.array([0.045, 0.095, 0.12]), fabric, shell, density, side)
    return [pouch, _strap(_finer(path), 0.025, fabric, shell, density)]


def _finer(path: Floats) -> Floats:
    """A path (3, N) with a point every centimetre or two."""
    count = path.shape[1]
    place = np.linspace(0, count - 1, 3 * count)
    return np.stack([np.interp(place, np.arange(count), row) for row in path])
