"""Pictures of mannequins: camera, skinning, shading, part labels and keypoints."""

from dataclasses import dataclass, replace
from math import cos, sin
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.accessories import dress, lay_skirt
from reposer.data.mannequin.clothes import Outfit, Tier, sample_outfit
from reposer.data.mannequin.figure import (
    FACE_LIMITS,
    FEET,
    Body,
    Floats,
    Skeleton,
    Stance,
    pose_body,
    sample_body,
    sample_stance,
)
from reposer.data.mannequin.mesh import PART_NAMES, Mesh
from reposer.data.mannequin.raster import rasterize
from reposer.data.mannequin.scene import Scene, View, frame_background, sample_scene, sample_view
from reposer.data.mannequin.textures import paint_atlas, place_in_atlas

OccludedJoints = Literal["report", "drop"]
IDENTITY, PICTURE = 0, 1  # purposes of random numbers


@dataclass(frozen=True)
class Mannequin:
    """One identity, ready to be photographed."""

    body: Body
    outfit: Outfit
    mesh: Mesh
    atlas: Floats
    """(3, rows, columns) RGB, 0 to 1"""
    texels: Floats
    """(2, V) position of each vertex in the atlas (x, y)."""
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
    scene = sample_scene(rng, body, size, studio=studio, plain=clothing == "easy")
    density = max(0.5, size[0] * supersampling / 400)
    atlas = paint_atlas(body, outfit, density, rng)
    mesh = dress(body, outfit.cut)
    corners = np.array([place_in_atlas(chart, density) for chart, _ in mesh.charts], np.float32).T
    left, top, wide, high = np.repeat(corners, [count for _, count in mesh.charts], axis=1)
    texels = np.stack([left + mesh.texture[0] * (wide - 1), top + mesh.texture[1] * (high - 1)]) + 0.5
    return Mannequin(body, outfit, mesh, atlas, texels, scene, size, supersampling)


@dataclass(frozen=True)
class _Camera:
    rotation: Floats  # (3, 3) to the camera's right, up and towards axes
    centre: Floats  # (3,) the point looked at
    distance: float
    focal: float
    principal: tuple[float, float]

    def view(self, points: Floats) -> Floats:
        """Camera-space coordinates (N, 3) of body-space points (N, 3)."""
        return (points - self.centre) @ self.rotation.T

    def project(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        """Screen x, y and depth (metres) of camera-space points (3, N)."""
        depth = self.distance - points[2]
        scale = self.focal / depth
        return self.principal[0] + points[0] * scale, self.principal[1] - points[1] * scale, depth


def _camera(mannequin: Mannequin, view: View) -> _Camera:
    (height, width), scene, stature = mannequin.size, mannequin.scene, mannequin.body.stature
    tilt = scene.elevation + view.elevation
    cos_y, sin_y, cos_t, sin_t = cos(view.yaw), sin(view.yaw), cos(tilt), sin(tilt)
    distance = scene.distance * stature
    return _Camera(
        rotation=np.array(
            [[cos_y, 0, sin_y], [sin_t * sin_y, cos_t, -sin_t * cos_y], [-cos_t * sin_y, sin_t, cos_t * cos_y]],
            np.float32,
        ),
        centre=np.array([0, 0.5 * stature, 0], np.float32),
        distance=distance,
        focal=scene.fill * view.zoom * height * distance / stature,
        principal=((0.5 + view.shift[0]) * width, (0.515 + view.shift[1]) * height),
    )


def _skin(mannequin: Mannequin, skeleton: Skeleton, camera: _Camera) -> tuple[Floats, Floats]:
    """Vertices and normals (3, V) of the posed mesh in camera space."""
    mesh = mannequin.mesh
    matrices = np.empty((4, 3, 16), np.float32)  # columns of the rotations, then the shift
    matrices[:3] = (camera.rotation @ skeleton.rotations).transpose(2, 1, 0)
    matrices[3] = camera.view(skeleton.translations).T
    second = np.take(matrices, mesh.bones[1], axis=2)
    blend = second + mesh.weights * (np.take(matrices, mesh.bones[0], axis=2) - second)
    points, normals = (
        blend[0] * values[0] + blend[1] * values[1] + blend[2] * values[2] for values in (mesh.vertices, mesh.normals)
    )
    points += blend[3]
    if mesh.skirt is not None:
        laid, facing = lay_skirt(mannequin.body, mannequin.outfit.cut, skeleton)
        points[:, mesh.skirt] = camera.rotation @ (laid - camera.centre[:, None])
        normals[:, mesh.skirt] = camera.rotation @ facing
    return points, normals


def _shade(normals: Floats, scene: Scene) -> Floats:
    """Brightness (V,): soft Lambert light and a little darkening where the surface turns away."""
    x, y, z = normals / np.sqrt((normals * normals).sum(0) + 1e-9)
    lambert = np.maximum(x * scene.light[0] + y * scene.light[1] + z * scene.light[2] + 0.25, 0) / 1.25
    rim = 0.80 + np.minimum(0.32 * np.maximum(z, 0), 0.20)
    return (scene.ambient * (0.85 + 0.15 * y) + (1.06 - scene.ambient) * lambert) * rim


def _occlusion(depth: Floats, pixels: NDArray[np.intp], stature: float) -> Floats:
    """Brightness at flat pixels (F,) of what lies behind something near it: contact shadows of arms, hems and chins."""
    height, width = depth.shape
    coarse = depth[::2, ::2]
    reach = max(3, height // 56) | 1
    solid = np.isfinite(coarse)
    share = cv2.blur(solid.astype(np.float32), (reach, reach))
    total = cv2.blur(np.where(solid, coarse, np.float32(0)), (reach, reach))
    mean: Floats = cv2.resize(total / np.maximum(share, 1e-3), (width, height), interpolation=cv2.INTER_LINEAR)
    behind = (depth.ravel()[pixels] - mean.ravel()[pixels]) / np.float32(0.09 * stature)
    return 1 - 0.42 * np.minimum(np.maximum(behind, 0), 1)


def _floor_shadow(mannequin: Mannequin, skeleton: Skeleton, camera: _Camera, size: tuple[int, int]) -> Floats:
    """Brightness of the floor (h, w): soft contact shadows under the feet and the body."""
    height, width = size
    stature = mannequin.body.stature
    feet = skeleton.origins[FEET] + skeleton.rotations[FEET, :, 2] * np.float32(0.03 * stature)
    spots = np.concatenate([feet, feet.mean(0, keepdims=True)])
    lifted = spots[:, 1].tolist()
    spots[:, 1] = 0
    centre_x, centre_y, _ = camera.project(camera.view(spots).T)
    unit = camera.focal / camera.distance * stature
    flat = max(0.28, float(camera.rotation[2, 1]) * 2)
    x, y = np.arange(width, dtype=np.float32), np.arange(height // 2, height, dtype=np.float32)
    shade = np.zeros((len(y), width), np.float32)
    for cx, cy, lift, radius in zip(
        centre_x.tolist(), centre_y.tolist(), lifted, (0.075 * unit, 0.075 * unit, 0.16 * unit), strict=True
    ):
        strength = min(max(1.5 - lift / (0.12 * stature), 0.15), 1) * (1 if radius < 0.1 * unit else 0.55)
        across, down = ((x - cx) / radius) ** 2, ((y - cy) / (radius * flat)) ** 2
        np.maximum(shade, np.outer(strength * np.exp(-down), np.exp(-across)), out=shade)
    bright = np.ones(size, np.float32)
    bright[height // 2 :] -= mannequin.scene.shadow * shade
    return bright


def photograph(mannequin: Mannequin, stance: Stance, view: View) -> Picture:
    """Photograph a mannequin in a pose from one side."""
    skeleton = pose_body(mannequin.body, stance)
    return _photograph(mannequin, skeleton, view, _camera(mannequin, view))


def _photograph(mannequin: Mannequin, skeleton: Skeleton, view: View, small: _Camera) -> Picture:
    factor, size, scene, mesh = mannequin.supersampling, mannequin.size, mannequin.scene, mannequin.mesh
    height, width = size[0] * factor, size[1] * factor
    x, y = small.principal
    camera = replace(small, focal=small.focal * factor, principal=(x * factor, y * factor))
    points, normals = _skin(mannequin, skeleton, camera)
    surface = rasterize(*camera.project(points), mesh.triangles, (height, width))
    depth = surface.depth.reshape(height, width)

    light = surface.interpolate(_shade(normals, scene))
    light *= _occlusion(depth, surface.pixels, mannequin.body.stature)
    rows, columns = mannequin.atlas.shape[1:]
    across, down = (surface.interpolate(texels) for texels in mannequin.texels)
    across = np.minimum(np.maximum(across, 0), columns - 1).astype(np.intp)
    texel = np.minimum(np.maximum(down, 0), rows - 1).astype(np.intp) * columns + across
    covered = _shrink(np.isfinite(depth).astype(np.float32), size)

    around = (1 - covered) * _floor_shadow(mannequin, skeleton, small, size)
    background = frame_background(scene, view, size)
    channels = []
    for channel in range(3):
        canvas = np.zeros(height * width, np.float32)
        canvas[surface.pixels] = mannequin.atlas[channel].ravel()[texel] * light
        mixed = _shrink(canvas.reshape(height, width), size) + around * background[channel]
        channels.append(cv2.convertScaleAbs(mixed, alpha=255 * view.gain[channel]))

    parts = np.zeros((height, width), np.uint8)
    parts.reshape(-1)[surface.pixels] = mesh.labels[surface.triangles]
    joints, visible, joint_depth = _keypoints(skeleton, small, size)
    hidden = _hidden(joints, joint_depth, depth, parts, factor, mannequin.body.stature)
    middle = factor // 2
    return Picture(
        image=cv2.merge(channels),
        parts=np.ascontiguousarray(parts[middle::factor, middle::factor]),
        joints=joints,
        visible=visible,
        hidden=hidden,
        view=view,
    )


def _shrink(image: Floats, size: tuple[int, int]) -> Floats:
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)


_FACE = np.array([0, 14, 15, 16, 17])  # joints


def _keypoints(skeleton: Skeleton, camera: _Camera, size: tuple[int, int]) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Joints (18, 2), whether each can be seen from this side and lies in the frame, and depths (18,)."""
    points = camera.view(skeleton.joints)
    x, y, depth = camera.project(points.T)
    joints = np.stack([x, y], axis=1) - 0.5
    visible = (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])
    to_camera = np.array([0, 0, camera.distance], np.float32) - points[_FACE]
    facing = ((skeleton.face_normals @ camera.rotation.T) * to_camera).sum(1) / np.sqrt((to_camera**2).sum(1))
    visible[_FACE] &= facing > FACE_LIMITS
    return joints, visible, depth


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
    column, row = (
        np.minimum(np.maximum((joints[:, axis] + 0.5) * factor, 0), side - 1).astype(np.intp)
        for axis, side in ((0, width), (1, height))
    )
    own = _OWN_PARTS[np.arange(18), parts[row, column]]
    return (buffer[row, column] < depth - _NEAR * stature) & ~own


def surface_flow(
    mannequin: Mannequin, before: tuple[Stance, View], after: tuple[Stance, View]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Tell where the surface that one photograph of a mannequin shows is in another, before it.

    Args:
        mannequin: the person.
        before: stance and view of the other photograph.
        after: stance and view of the photograph whose pixels are asked for.

    Returns:
        Ways (2, h, w), x then y in pixels, from each pixel to the place of the same point before, and (h, w) where that
        is so: there is the person, and the point is seen in both.
    """
    height, width = mannequin.size
    places = []
    for stance, view in (before, after):
        camera = _camera(mannequin, view)
        points, _ = _skin(mannequin, pose_body(mannequin.body, stance), camera)
        places.append(camera.project(points))
    there, here = (rasterize(*place, mannequin.mesh.triangles, (height, width)) for place in places)
    x, y, depth = (here.interpolate(values) for values in places[0])
    column, row = np.floor(x).astype(np.intp), np.floor(y).astype(np.intp)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    nearest = there.depth[np.where(inside, row * width + column, 0)]
    seen = inside & (depth < nearest + _SAME * mannequin.body.stature)
    flow, shown = np.zeros((2, height * width), np.float32), np.zeros(height * width, bool)
    flow[0, here.pixels] = x - here.pixels % width - 0.5
    flow[1, here.pixels] = y - here.pixels // width - 0.5
    shown[here.pixels] = seen
    return flow.reshape(2, height, width), shown.reshape(height, width)


_SAME = 0.01
"""Depth, statures, within which it is the same surface: more than its slope within a pixel, less than a limb."""


def take_picture(mannequin: Mannequin, seed: int, identity: int, index: int) -> Picture:
    """Picture number `index` of an identity; depends on nothing but the arguments."""
    rng = np.random.default_rng([seed, identity, index, PICTURE])
    view = sample_view(rng, mannequin.scene)
    height, width = mannequin.size
    camera, margin = _camera(mannequin, view), 0.04 * height
    for _ in range(5):  # most pictures show the whole person
        skeleton = pose_body(mannequin.body, sample_stance(rng))
        x, y, _ = camera.project(camera.view(skeleton.joints).T)
        if x.min() > margin and x.max() < width - margin and y.min() > margin and y.max() < height - 0.5 * margin:
            break
    return _photograph(mannequin, skeleton, view, camera)
