"""The 18 keypoints of OpenPose on a posed body, and which of them can be seen."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Bools, Floats, Integers, turn
from reposer.data.people.parts import PARTS
from reposer.data.people.raster import Fragments
from reposer.data.people.shape import Body
from reposer.data.people.skeleton import Skeleton
from reposer.data.people.template import load_template

_BONES = (
    *(f"{bone}.{side}" for side in "RL" for bone in ("upperarm01", "lowerarm01", "wrist")),
    *(f"{bone}.{side}" for side in "RL" for bone in ("upperleg01", "lowerleg01", "foot")),
)  # fmt: skip
_FACE = (0, 14, 15, 16, 17)  # nose, right eye, left eye, right ear, left ear
_FACE_ROWS = np.array(_FACE)
NECK = 1
_SIGHT = np.array([0.0, 0.0, 0.013])  # from the middle of an eye to its surface
_TORSO, _HEAD, _SKIRT = PARTS["torso"], PARTS["head"], PARTS["skirt"]
_DEPTH_OF_FLESH = np.array(
    [0.025, 0.12, 0.12, 0.09, 0.07, 0.12, 0.09, 0.07, 0.16, 0.11, 0.09, 0.16, 0.11, 0.09, 0.03, 0.03, 0.035, 0.035]
)
"""Metres from each keypoint out to the surface over it, at most."""


def _own_parts() -> tuple[tuple[int, ...], ...]:
    """Parts that may lie over a keypoint without hiding it."""
    own: list[tuple[int, ...]] = [(_HEAD,), (_TORSO, _HEAD)]
    for side in ("right", "left"):
        upper, lower, hand = (PARTS[f"{side} {name}"] for name in ("upper arm", "lower arm", "hand"))
        own += [(_TORSO, upper), (upper, lower), (lower, hand)]
    for side in ("right", "left"):
        upper, lower, foot = (PARTS[f"{side} {name}"] for name in ("upper leg", "lower leg", "foot"))
        own += [(_TORSO, upper, _SKIRT), (upper, lower, _SKIRT), (lower, foot, _SKIRT)]
    return (*own, (_HEAD,), (_HEAD,), (_HEAD,), (_HEAD,))


def _may_cover() -> NDArray[np.bool_]:
    """(18, parts): which parts may lie over a keypoint without hiding it; the face has no such part."""
    table = np.zeros((len(_DEPTH_OF_FLESH), len(PARTS)), bool)
    for keypoint, parts in enumerate(_own_parts()):
        table[keypoint, list(parts)] = keypoint not in _FACE
    return table


_MAY_COVER = _may_cover()
_HIP_DOWN, _HIP_IN, _SHOULDER_IN, _NECK_UP = 0.045, 0.07, 0.025, 0.012
"""Estimators are taught what people marked on photographs: hips a little lower and nearer together than the joints.

Shares of the thigh and of the widths between both; the neck lies so many metres above the shoulders' middle. With them
the medians of trunks, limbs and widths are near those of DeepFashion (`tools/measure_poses.py`).
"""


@dataclass(frozen=True)
class _Rows:
    limbs: Integers  # (12,) bones
    spots: Integers  # (3,) vertices: nose, right ear, left ear
    eyes: Integers  # (2,) bones
    head: int
    chest: int


@lru_cache(maxsize=1)
def _rows() -> _Rows:
    template = load_template()
    skin = template.skin[0].vertices
    x, y, z = template.points[:, skin]
    nose = skin[np.argmax(np.where((y > 0.66) & (y < 0.74) & (np.abs(x) < 0.01), z, -1))]
    ears = [skin[np.argmax(np.where((y > 0.70) & (y < 0.76) & (z < 0.05), sign * x, -1))] for sign in (-1, 1)]
    return _Rows(
        np.array([template.bone(bone) for bone in _BONES]), np.array([nose, *ears]),
        np.array([template.bone(f"eye.{side}") for side in "RL"]), template.bone("head"), template.bone("spine01"),
    )  # fmt: skip


def place_keypoints(body: Body, skeleton: Skeleton) -> Floats:
    """(18, 3) keypoints in the skeleton's space: middles of joints, the tip of the nose, eyes, ears."""
    rows = _rows()
    face = np.empty((5, 3))
    face[[0, 3, 4]] = body.points[:, rows.spots].T
    face[1:3] = body.heads[rows.eyes] + _SIGHT
    joints = np.empty((18, 3))
    joints[_FACE_ROWS] = turn(skeleton.rotations[rows.head], face) + skeleton.translations[rows.head]
    joints[2:14] = skeleton.heads[rows.limbs]
    across, apart = joints[5] - joints[2], joints[11] - joints[8]
    joints[2] += _SHOULDER_IN * across
    joints[5] -= _SHOULDER_IN * across
    joints[NECK] = (joints[2] + joints[5]) / 2 + _NECK_UP * skeleton.rotations[rows.chest][:, 1]
    joints[8] += _HIP_DOWN * (joints[9] - joints[8]) + _HIP_IN * apart
    joints[11] += _HIP_DOWN * (joints[12] - joints[11]) - _HIP_IN * apart
    return joints


def see_keypoints(screen: Floats, found: Fragments, parts: NDArray[np.uint8]) -> tuple[Bools, Bools]:
    """Which keypoints are (18,) visible, and which are in the frame but covered.

    A keypoint of a limb is covered where something of another part lies further in front of it than its own flesh
    could; one of the face also where the head itself does.

    Args:
        screen: (3, 18) pixels of the samples and depth.
        parts: (F,) of the mesh's faces.
    """
    height, width = found.size
    inside = (screen[0] >= 0) & (screen[0] < width) & (screen[1] >= 0) & (screen[1] < height)
    column = np.clip(screen[0].astype(int), 0, width - 1)
    row = np.clip(screen[1].astype(int), 0, height - 1)
    depth = found.depth_image()[row, column]
    filled, part = np.isfinite(depth), np.zeros(len(depth), np.uint8)
    own = found.own[np.searchsorted(found.pixels, (row * width + column)[filled])]
    part[filled] = parts[found.triangles.faces[own]]
    covered = (depth < screen[2] - _DEPTH_OF_FLESH) & ~_MAY_COVER[np.arange(len(part)), part]
    return inside & ~covered, inside & covered
