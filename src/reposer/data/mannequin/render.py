"""Pictures of mannequins: camera, z-buffer rasterizer, shading, part labels and keypoints."""

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.accessories import dress, lay_skirt
from reposer.data.mannequin.clothes import Outfit, Tier, sample_outfit
from reposer.data.mannequin.figure import (
    FACE_LIMITS,
    Body,
    Skeleton,
    Stance,
    pose_body,
    sample_body,
    sample_stance,
)
from reposer.data.mannequin.mesh import PART_NAMES, Mesh
from reposer.data.mannequin.scene import Scene, View, frame_background, sample_scene, sample_view
from reposer.data.mannequin.textures import paint_atlas, place_in_atlas

Floats = NDArray[np.float32]
OccludedJoints = Literal["report", "drop"]
IDENTITY, PICTURE = 0, 1  # purposes of random numbers


@dataclass(frozen=True)
class Mannequin:
    """One identity, ready to be photographed."""

    body: Body
    outfit: Outfit
    mesh: Mesh
    atlas: NDArray[np.uint8]
    texels: Floats
    """(V, 2) position of each vertex in the atlas (x, y)."""
    scene: Scene
    size: tuple[int, int]
    """Height and width of its pictures."""
    supersampling: int


@dataclass(frozen=True)
class Picture:
    """One photograph of a mannequin with its exact annotations."""

    image: NDArray[np.uint8]
    """(h, w, 3) RGB"""
    parts: NDArray[np.uint8]
    """(h, w) values index PART_NAMES."""
    joints: Floats
    """(18, 2) x and y in pixels; pixel centres are at whole numbers."""
    visible: NDArray[np.bool_]
    """(18,) False where a joint cannot be seen from this side or is out of the frame."""
    hidden: NDArray[np.bool_]
    """(18,) True where a nearer part of another limb covers a joint."""
    view: View


def make_mannequin(
    seed: int, identity: int, size: tuple[int, int], *, clothing: Tier = "full", studio: bool = False,
    supersampling: int = 2,
) -> Mannequin:  # fmt: skip
    """Make a person from (seed, identity) for pictures of `size` (h, w)."""
    rng = np.random.default_rng([seed, identity, IDENTITY])
    body = sample_body(rng)
    outfit = sample_outfit(rng, body, clothing)
    scene = sample_scene(rng, body, size, studio=studio)
    density = max(0.5, size[0] * supersampling / 256)
    atlas = paint_atlas(body, outfit, density, rng)
    mesh = dress(body, outfit.cut)
    corners = np.array([place_in_atlas(chart, density) for chart, _ in mesh.charts], np.float32)
    corners = np.repeat(corners, [count for _, count in mesh.charts], axis=0)
    texels = corners[:, :2] + 0.5 + mesh.texture * (corners[:, 2:] - 1.001)
    return Mannequin(body, outfit, mesh, atlas, texels, scene, size, supersampling)


@dataclass(frozen=True)
class _Camera:
    rotation: Floats
    """(3, 3) to the camera's right, up and towards axes."""
    centre: Floats
    """(3,) the point looked at."""
    distance: float
    focal: float
    principal: tuple[float, float]

    def project(self, points: Floats) -> Floats:
        """Screen x, y and depth (metres) of camera-space points (N, 3)."""
        depth = self.distance - points[:, 2]
        scale = self.focal / depth
        x = self.principal[0] + points[:, 0] * scale
        y = self.principal[1] - points[:, 1] * scale
        return np.stack([x, y, depth])


def _camera(mannequin: Mannequin, view: View, size: tuple[int, int]) -> _Camera:
    height, width = size
    scene, stature = mannequin.scene, mannequin.body.stature
    tilt = scene.elevation + view.elevation
    cos_y, sin_y, cos_t, sin_t = np.cos(view.yaw), np.sin(view.yaw), np.cos(tilt), np.sin(tilt)
    turn = np.array([[cos_y, 0, sin_y], [0, 1, 0], [-sin_y, 0, cos_y]])
    rise = np.array([[1, 0, 0], [0, cos_t, -sin_t], [0, sin_t, cos_t]])
    distance = scene.distance * stature
    return _Camera(
        rotation=(rise @ turn).astype(np.float32),
        centre=np.array([0, 0.5 * stature, 0], np.float32),
        distance=distance,
        focal=scene.fill * view.zoom * height * distance / stature,
        principal=((0.5 + view.shift[0]) * width, (0.515 + view.shift[1]) * height),
    )


def _skin(mannequin: Mannequin, skeleton: Skeleton, camera: _Camera) -> tuple[Floats, Floats]:
    """Vertices and normals (V, 3) of the posed mesh in camera space."""
    mesh = mannequin.mesh
    rotations = camera.rotation @ skeleton.rotations
    shifts = (skeleton.translations - camera.centre) @ camera.rotation.T
    matrices = np.concatenate([rotations.transpose(0, 2, 1).reshape(16, 9), shifts], axis=1)
    first, second = matrices[mesh.bones[:, 0]], matrices[mesh.bones[:, 1]]
    blend = second + mesh.weights * (first - second)
    v, n = mesh.vertices, mesh.normals
    points = blend[:, 0:3] * v[:, :1] + blend[:, 3:6] * v[:, 1:2] + blend[:, 6:9] * v[:, 2:] + blend[:, 9:]
    normals = blend[:, 0:3] * n[:, :1] + blend[:, 3:6] * n[:, 1:2] + blend[:, 6:9] * n[:, 2:]
    if mesh.skirt is not None:
        laid, facing = lay_skirt(mannequin.body, mannequin.outfit.cut, skeleton)
        points[mesh.skirt] = (laid - camera.centre) @ camera.rotation.T
        normals[mesh.skirt] = facing @ camera.rotation.T
    return points, normals


@dataclass(frozen=True)
class _Fragments:
    """The nearest surface in each covered pixel."""

    pixels: NDArray[np.intp]
    """(F,) flat pixel index."""
    triangles: NDArray[np.intp]
    """(F,) index into the triangle list."""
    weights: Floats
    """(F, 3) barycentric."""
    depth: Floats
    """(h, w) metres, infinite where nothing is."""


def rasterize(screen: Floats, triangles: NDArray[np.int32], size: tuple[int, int]) -> _Fragments:
    """Draw the front faces of a mesh into a z-buffer.

    All triangles are cut into pixel rows at once, and all rows into pixels, so that the work is a few
    operations on long arrays.

    Args:
        screen: (3, V) x, y in pixels and depth.
        triangles: (T, 3); clockwise on the screen faces the camera.
        size: height and width.
    """
    height, width = size
    x, y = screen[0][triangles], screen[1][triangles]
    area = (x[:, 1] - x[:, 0]) * (y[:, 2] - y[:, 0]) - (x[:, 2] - x[:, 0]) * (y[:, 1] - y[:, 0])
    top = np.maximum(np.ceil(y.min(1) - 0.5), 0).astype(np.int32)
    bottom = np.minimum(np.floor(y.max(1) - 0.5), height - 1).astype(np.int32)
    facing = np.flatnonzero((area > 1e-4) & (bottom >= top))
    x, y, area, top, bottom = x[facing], y[facing], area[facing], top[facing], bottom[facing]

    rows = bottom - top + 1
    owner = np.repeat(np.arange(len(facing)), rows)
    row = np.arange(len(owner)) - np.repeat(np.cumsum(rows) - rows - top, rows)
    x_next, y_next = x[:, (1, 2, 0)], y[:, (1, 2, 0)]
    rise, run = y_next - y, x_next - x
    slope = run / np.where(np.abs(rise) < 1e-5, 1e-5, rise)
    x_row, y_row, rise_row = x[owner], y[owner], rise[owner]
    crossing = x_row + ((row + 0.5).astype(np.float32)[:, None] - y_row) * slope[owner]
    low = np.where(rise_row < -1e-5, crossing, -np.inf).max(1)  # edges that go up bound the left
    high = np.where(rise_row > 1e-5, crossing, np.inf).min(1)
    start = np.clip(np.ceil(low - 0.5), 0, width).astype(np.int32)
    stop = np.clip(np.floor(high - 0.5), -1, width - 1).astype(np.int32) + 1
    lengths = np.maximum(stop - start, 0)

    span = np.repeat(np.arange(len(owner)), lengths)
    column = np.arange(len(span)) - np.repeat(np.cumsum(lengths) - lengths - start, lengths)
    triangle = owner[span]
    pixel = row[span] * width + column
    depth = screen[2][triangles[facing]]
    d1, d2 = depth[:, 1] - depth[:, 0], depth[:, 2] - depth[:, 0]
    x1, x2, y1, y2 = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0], y[:, 1] - y[:, 0], y[:, 2] - y[:, 0]
    depth_x, depth_y = (d1 * y2 - d2 * y1) / area, (d2 * x1 - d1 * x2) / area
    base = depth[:, 0] + depth_x * (0.5 - x[:, 0]) + depth_y * (0.5 - y[:, 0])
    fragment_depth = (base[owner] + depth_y[owner] * row)[span] + depth_x[triangle] * column
    fragment_depth = fragment_depth.astype(np.float32)

    buffer = np.full(height * width, np.inf, np.float32)
    np.minimum.at(buffer, pixel, fragment_depth)
    nearest = np.flatnonzero(fragment_depth == buffer[pixel])
    winner = np.full(height * width, -1, np.intp)
    winner[pixel[nearest]] = nearest
    covered = np.flatnonzero(winner >= 0)
    chosen = winner[covered]
    triangle, column, line = triangle[chosen], column[chosen], row[span[chosen]]
    dx = (column + 0.5 - x[triangle, 0]).astype(np.float32)
    dy = (line + 0.5 - y[triangle, 0]).astype(np.float32)
    inverse = 1 / area[triangle]
    second = (dx * y2[triangle] - dy * x2[triangle]) * inverse
    third = (dy * x1[triangle] - dx * y1[triangle]) * inverse
    weights = np.clip(np.stack([1 - second - third, second, third], axis=1), 0, 1)
    return _Fragments(covered, facing[triangle], weights, buffer.reshape(height, width))


def _shade(normals: Floats, scene: Scene) -> Floats:
    """Brightness (V,): soft Lambert light and a little darkening where the surface turns away."""
    normals = normals / (np.sqrt((normals * normals).sum(1, keepdims=True)) + 1e-9)
    lambert = np.maximum(normals @ scene.light + 0.25, 0) / 1.25
    sky = 0.85 + 0.15 * normals[:, 1]
    rim = 0.80 + 0.20 * np.clip(normals[:, 2] * 1.6, 0, 1)
    return (scene.ambient * sky + (1.06 - scene.ambient) * lambert) * rim


def _occlusion(depth: Floats, stature: float, supersampled_height: int) -> Floats:
    """Darkening (h, w) near something clearly nearer, 1 where nothing is."""
    reach = max(3, supersampled_height // 28) | 1
    solid = np.isfinite(depth)
    near = np.where(solid, depth, 0).astype(np.float32)
    share = cv2.blur(solid.astype(np.float32), (reach, reach))
    mean = cv2.blur(near, (reach, reach)) / np.maximum(share, 1e-3)
    behind = np.clip((near - mean) / (0.09 * stature), 0, 1)
    return 1 - 0.42 * behind


def _floor_shadow(
    mannequin: Mannequin, skeleton: Skeleton, camera: _Camera, size: tuple[int, int]
) -> Floats:
    """Brightness of the floor (h, w): soft contact shadows under the feet and the body."""
    height, width = size
    stature = mannequin.body.stature
    feet = (skeleton.origins[[12, 15]] + skeleton.rotations[[12, 15]] @ np.array([0, 0, 0.03 * stature], np.float32))
    spots = np.stack([feet[0], feet[1], 0.5 * (feet[0] + feet[1])])
    lifted = np.clip(1 - (spots[:, 1] - 0.06 * stature) / (0.12 * stature), 0.15, 1)
    spots[:, 1] = 0
    screen = camera.project((spots - camera.centre) @ camera.rotation.T)
    pixel = camera.focal / camera.distance * stature
    x = np.arange(width, dtype=np.float32)
    y = np.arange(height, dtype=np.float32)
    flat = max(0.28, float(camera.rotation[2, 1]) * 2)
    shade = np.zeros(size, np.float32)
    for (cx, cy, _), radius, strength in zip(
        screen.T, (0.075, 0.075, 0.16), (lifted[0], lifted[1], 0.55), strict=True
    ):
        across = np.exp(-(((x - cx) / (radius * pixel)) ** 2))
        down = np.exp(-(((y - cy) / (radius * pixel * flat)) ** 2))
        shade = np.maximum(shade, strength * down[:, None] * across)
    return 1 - mannequin.scene.shadow * shade


def photograph(mannequin: Mannequin, stance: Stance, view: View) -> Picture:
    """Photograph a mannequin in a pose from one side."""
    skeleton = pose_body(mannequin.body, stance)
    return _photograph(mannequin, skeleton, view)


def _photograph(mannequin: Mannequin, skeleton: Skeleton, view: View) -> Picture:
    factor, size, scene, mesh = mannequin.supersampling, mannequin.size, mannequin.scene, mannequin.mesh
    height, width = size[0] * factor, size[1] * factor
    stature = mannequin.body.stature
    camera = _camera(mannequin, view, (height, width))
    points, normals = _skin(mannequin, skeleton, camera)
    fragments = rasterize(camera.project(points), mesh.triangles, (height, width))

    attributes = np.concatenate([mannequin.texels, _shade(normals, scene)[:, None]], axis=1)
    corners = mesh.triangles[fragments.triangles]
    weights = fragments.weights
    values = (
        attributes[corners[:, 0]] * weights[:, :1]
        + attributes[corners[:, 1]] * weights[:, 1:2]
        + attributes[corners[:, 2]] * weights[:, 2:]
    )
    texel = values[:, :2].astype(np.int32)
    colour = mannequin.atlas[texel[:, 1], texel[:, 0]]
    light = values[:, 2] * _occlusion(fragments.depth, stature, height).ravel()[fragments.pixels]
    canvas = np.zeros((height * width, 4), np.float32)
    canvas[fragments.pixels, :3] = colour * light[:, None]
    canvas[fragments.pixels, 3] = 1
    canvas = cv2.resize(canvas.reshape(height, width, 4), (size[1], size[0]), interpolation=cv2.INTER_AREA)

    parts = np.zeros(height * width, np.uint8)
    parts[fragments.pixels] = mesh.labels[fragments.triangles]
    parts = parts.reshape(height, width)
    small = _camera(mannequin, view, size)
    floor = _floor_shadow(mannequin, skeleton, small, size)
    background = frame_background(scene, view, size) * (floor * 255)[..., None]
    image = canvas[..., :3] + (1 - canvas[..., 3:]) * background
    image = np.clip(image * np.array(view.gain, np.float32) + 0.5, 0, 255).astype(np.uint8)
    joints, visible, depth = _keypoints(skeleton, small, size)
    hidden = _hidden(joints, depth, fragments.depth, parts, factor, stature)
    return Picture(
        image, np.ascontiguousarray(parts[factor // 2 :: factor, factor // 2 :: factor]), joints, visible, hidden, view
    )


def _keypoints(
    skeleton: Skeleton, camera: _Camera, size: tuple[int, int]
) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Joints (18, 2), whether each can be seen from this side and lies in the frame, and depths (18,)."""
    points = (skeleton.joints - camera.centre) @ camera.rotation.T
    screen = camera.project(points)
    joints = (screen[:2] - 0.5).T
    visible = np.ones(18, bool)
    face = [0, 14, 15, 16, 17]
    to_camera = np.array([0, 0, camera.distance], np.float32) - points[face]
    to_camera /= np.linalg.norm(to_camera, axis=1, keepdims=True)
    facing = ((skeleton.face_normals @ camera.rotation.T) * to_camera).sum(1)
    visible[face] = facing > FACE_LIMITS
    inside = (joints >= -0.5) & (joints < np.array([size[1], size[0]]) - 0.5)
    return joints.astype(np.float32), visible & inside.all(1), screen[2]


_NEAR = np.array([0.05, 0.07, 0.08, 0.05, 0.04, 0.08, 0.05, 0.04, 0.09, 0.06, 0.05, 0.09, 0.06, 0.05, 0.05, 0.05,
                  0.05, 0.05])  # fmt: skip
"""How much nearer, statures, a part must be to hide each joint: more than the joint's own limb is thick."""
_OWN_PARTS = np.zeros((18, len(PART_NAMES)), bool)
for _joint, _names in enumerate((
    ("head", "hair", "hat"), ("torso", "head", "hair", "backpack"), ("torso", "right upper arm", "hair", "backpack"),
    ("right upper arm", "right lower arm"), ("right lower arm", "right hand"),
    ("torso", "left upper arm", "hair", "backpack"), ("left upper arm", "left lower arm"),
    ("left lower arm", "left hand"), ("torso", "right upper leg", "skirt"),
    ("right upper leg", "right lower leg", "skirt"), ("right lower leg", "right foot", "skirt"),
    ("torso", "left upper leg", "skirt"), ("left upper leg", "left lower leg", "skirt"),
    ("left lower leg", "left foot", "skirt"), *[("head", "hair", "hat")] * 4,
)):  # fmt: skip
    _OWN_PARTS[_joint, [PART_NAMES.index(_name) for _name in _names]] = True


def _hidden(
    joints: Floats, depth: Floats, buffer: Floats, parts: NDArray[np.uint8], factor: int, stature: float
) -> NDArray[np.bool_]:
    """Which joints (18,) lie behind a clearly nearer part of another limb."""
    height, width = parts.shape
    column = np.clip((joints[:, 0] + 0.5) * factor, 0, width - 1).astype(int)
    row = np.clip((joints[:, 1] + 0.5) * factor, 0, height - 1).astype(int)
    own = _OWN_PARTS[np.arange(18), parts[row, column]]
    return (buffer[row, column] < depth - _NEAR * stature) & ~own


def take_picture(mannequin: Mannequin, seed: int, identity: int, index: int) -> Picture:
    """Picture number `index` of an identity; depends on nothing but the arguments."""
    rng = np.random.default_rng([seed, identity, index, PICTURE])
    view = sample_view(rng)
    height, width = mannequin.size
    for _ in range(5):  # most pictures show the whole person
        skeleton = pose_body(mannequin.body, sample_stance(rng))
        camera = _camera(mannequin, view, mannequin.size)
        screen = camera.project((skeleton.joints - camera.centre) @ camera.rotation.T)
        margin = 0.04 * height
        if (
            screen[0].min() > margin
            and screen[0].max() < width - margin
            and screen[1].min() > margin
            and screen[1].max() < height - 0.5 * margin
        ):
            break
    return _photograph(mannequin, skeleton, view)
