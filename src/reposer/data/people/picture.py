"""Photographs of people with everything that is known about them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Bools, Floats, Integers, product
from reposer.data.people.camera import Camera
from reposer.data.people.keypoints import place_keypoints, see_keypoints
from reposer.data.people.light import ShadowMap, cast, contact
from reposer.data.people.person import Person
from reposer.data.people.posing import pose
from reposer.data.people.raster import Fragments, rasterize
from reposer.data.people.scenes.framing import ANKLES, Framing, Viewpoint, frame
from reposer.data.people.scenes.scene import Scene, compose
from reposer.data.people.scenes.sensor import develop
from reposer.data.people.shading import illuminate, paint
from reposer.data.people.skinning import skin
from reposer.data.people.spots import gather
from reposer.data.people.stances import Stance
from reposer.data.people.surface import Mesh
from reposer.data.people.texture import LEVELS

SAMPLES = 2
"""Along each side of a pixel."""
_HALF = np.float32(0.5)


@dataclass(frozen=True)
class Frame:
    """One photograph with its truth."""

    image: NDArray[np.uint8]  # (h, w, 3) RGB
    joints: Floats  # (18, 2) x and y in pixels; pixel centres are at whole numbers
    visible: Bools  # (18,) in the picture and not covered
    hidden: Bools  # (18,) in the picture, behind something
    parts: NDArray[np.uint8]  # (h, w) values index PART_NAMES
    faces: NDArray[np.int32]  # (h, w) face of the person's mesh at the pixel, -1 where none is
    weights: Floats  # (2, h, w) barycentric coordinates of its second and third corner at the pixel's centre
    screen: Floats  # (3, V) pixels (centres at whole numbers) and depth of the mesh's vertices
    camera: Camera


@dataclass(frozen=True)
class _Posed:
    """A person in front of a camera."""

    mesh: Mesh
    viewed: Floats  # (3, V) in camera coordinates
    normals: Floats  # (3, V) likewise
    joints: Floats  # (18, 3) in the world
    camera: Camera


def photograph(
    person: Person,
    stance: Stance,
    *,
    heading: float,
    framing: Framing | Camera,
    scene: Scene,
    size: tuple[int, int],
    seed: int,
) -> Frame:
    """Photograph a person who holds a stance.

    Args:
        heading: to which side the person has turned, radians; 0 faces the camera, positive to the person's left.
        framing: how much of the person is shown, or the very camera.
        seed: of the camera's place and the sensor's noise.
    """
    posed = _place(person, stance, heading, framing, scene.viewpoint, size, np.random.default_rng(seed))
    mesh, camera = posed.mesh, posed.camera
    fine = camera.finer(SAMPLES)
    screen = fine.screen(posed.viewed)
    pitch = 1 / fine.scale
    level = _level(mesh, pitch)

    def keep(faces: Integers, weights: Floats) -> Bools:
        corners = [np.take(row, faces) for row in mesh.faces]
        u, v = (_mix(row, corners, weights) for row in mesh.uv)
        return mesh.atlas.alpha(u, v, level) >= 128

    samples = size[0] * SAMPLES, size[1] * SAMPLES
    found = rasterize(screen, mesh.faces, samples, two_sided=mesh.two_sided, cut=mesh.cut, keep=keep)
    spots = gather(found, 64 * mesh.material[found.faces] + 2 * mesh.parts[found.faces] + found.behind)
    shown = found.at(spots.first)
    shadows = _shadows(posed, scene, size)
    step = max(SAMPLES, samples[0] // 128)
    x, y = shown.centres
    across, down = (centre * np.float32(1 / step) - np.float32(0.5 / step) for centre in (x, y))
    nearby = contact(found.depth_image()[::step, ::step], pitch * step, across, down, shown.depth)
    factor, shine = illuminate(
        mesh,
        shown,
        posed.viewed,
        posed.normals,
        light=scene.light,
        rotation=camera.rotation,
        lit=1 - np.float32(scene.light.shadow) * (1 - shadows.lit(fine.unproject(x, y, shown.depth))),
        ambient=nearby,
        level=min(level + 1, LEVELS - 1),
        pitch=pitch * SAMPLES,
    )
    shares = spots.counts[None] * np.float32(1 / SAMPLES**2)
    colour = spots.total(paint(mesh, found, level)) * np.float32(1 / SAMPLES**2) * factor + shares * shine
    feet = posed.joints[ANKLES].T * [[1], [0], [1]]
    figure = spots.image(np.concatenate([colour, shares]), size)
    light, covered = compose(scene, figure, camera, shadows, feet)
    return _frame(posed, found, screen, covered, develop(light, scene.sensor, seed))


def _place(
    person: Person,
    stance: Stance,
    heading: float,
    framing: Framing | Camera,
    viewpoint: Viewpoint,
    size: tuple[int, int],
    rng: np.random.Generator,
) -> _Posed:
    """Pose a person with their lowest point on the ground, and set up the camera."""
    skeleton = pose(person.body, stance).turned(heading)
    points, normals = skin(person.mesh.rest, skeleton)
    ground = points[1].min()
    points[1] -= ground
    joints = place_keypoints(person.body, skeleton.raised(-float(ground)))
    camera = framing if isinstance(framing, Camera) else frame(framing, joints, points, size, rng, viewpoint)
    return _Posed(
        person.mesh, camera.view(points), product(camera.rotation.astype(np.float32), normals), joints, camera
    )


def _mix(values: Floats, corners: list[Integers], weights: Floats) -> Floats:
    first, second, third = (np.take(values, corner) for corner in corners)
    return first * weights[0] + second * weights[1] + third * weights[2]


def _level(mesh: Mesh, pitch: float) -> int:
    """Level of the atlas whose texels are about as large as samples."""
    texel = 1 / float(np.median(mesh.density))
    level = 0
    while level + 1 < LEVELS and texel * 2 ** (level + 1) <= pitch * 1.2:
        level += 1
    return level


def _shadows(posed: _Posed, scene: Scene, size: tuple[int, int]) -> ShadowMap:
    """What the person shades, in camera coordinates."""
    axes = product(scene.light.axes(), posed.camera.rotation.T)
    centre = posed.camera.view(np.array([[0.0], [0.9], [0.0]]))[:, 0]
    cells = 96 if size[0] <= 160 else 160 if size[0] <= 320 else 256
    return cast(posed.viewed, posed.mesh.faces, axes, centre, cells)


def _frame(
    posed: _Posed, found: Fragments, screen: Floats, covered: Bools, image: NDArray[np.uint8]
) -> Frame:  # fmt: skip
    """The truth of a picture; surfaces are taken from one sample of each pixel and moved on to its centre.

    `covered`: (h, w) where something is in front of the person: there the picture does not show them.
    """
    mesh, fine = posed.mesh, posed.camera.finer(SAMPLES)
    joints = fine.project(posed.joints.T.astype(np.float32))
    visible, hidden = see_keypoints(joints, found, mesh.parts)
    height, width = image.shape[:2]
    column, row = (np.clip(joints[k].astype(int) // SAMPLES, 0, covered.shape[1 - k] - 1) for k in (0, 1))
    behind = covered[row, column]
    visible, hidden = visible & ~behind, hidden | (visible & behind)
    pixels, own = _first_samples(found, covered)
    faces = np.full(height * width, -1, np.int32)
    parts, weights = np.zeros(height * width, np.uint8), np.zeros((2, height * width), np.float32)
    faces[pixels] = shown = found.triangles.faces[own]
    parts[pixels] = mesh.parts[shown]
    x, y = (place.astype(np.float32) + _HALF for place in (pixels % width, pixels // width))
    weights[:, pixels] = found.triangles.weights_at(own, x * np.float32(SAMPLES), y * np.float32(SAMPLES))[1:]
    scale = np.float32(1 / SAMPLES)
    return Frame(
        image=image,
        joints=(joints[:2].T * scale - _HALF).astype(np.float32),
        visible=visible,
        hidden=hidden,
        parts=parts.reshape(height, width),
        faces=faces.reshape(height, width),
        weights=weights.reshape(2, height, width),
        screen=np.stack([screen[0] * scale - _HALF, screen[1] * scale - _HALF, screen[2]]),
        camera=posed.camera,
    )


def _first_samples(found: Fragments, covered: Bools) -> tuple[Integers, Integers]:
    """Flat places (N,) of pixels whose first sample shows the person, and which of the triangles is there."""
    own = found.image(found.own.astype(np.int32), -1)[::SAMPLES, ::SAMPLES]
    own = np.where(covered, np.int32(-1), own).ravel()
    pixels = np.flatnonzero(own >= 0)
    return pixels, own[pixels].astype(np.intp)
