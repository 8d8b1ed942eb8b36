"""The 18 keypoints of OpenPose on a posed body, and which of them can be seen."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Bools, Floats, Integers, turn
from reposer.data.people.parts import PARTS
from reposer.data.people.posing import Skeleton
from reposer.data.people.raster import Fragments
from reposer.data.people.shape import Body
from reposer.data.people.template import load_template

_BONES = (
    *(f"{bone}.{side}" for side in "RL" for bone in ("upperarm01", "lowerarm01", "wrist")),
    *(f"{bone}.{side}" for side in "RL" for bone in ("upperleg01", "lowerleg01", "foot")),
)  # fmt: skip
_FACE = (0, 14, 15, 16, 17)  # nose, right eye, left eye, right ear, left ear
NECK = 1
_LIMBS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
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


OWN_PARTS = _own_parts()


@lru_cache(maxsize=1)
def _rows() -> tuple[Integers, Integers]:
    """Bones of the limbs, and vertices of the nose, the right ear and the left ear."""
    template = load_template()
    skin = template.skin[0].vertices
    x, y, z = template.points[:, skin]
    nose = skin[np.argmax(np.where((y > 0.66) & (y < 0.74) & (np.abs(x) < 0.01), z, -1))]
    ears = [skin[np.argmax(np.where((y > 0.70) & (y < 0.76) & (z < 0.05), sign * x, -1))] for sign in (-1, 1)]
    return np.array([template.bone(bone) for bone in _BONES]), np.array([nose, *ears])


def place_keypoints(body: Body, skeleton: Skeleton) -> Floats:
    """(18, 3) keypoints in the skeleton's space: middles of joints, the tip of the nose, eyes, ears."""
    template, (bones, spots) = load_template(), _rows()
    limbs = skeleton.heads[bones]
    head, eyes = template.bone("head"), [template.bone(f"eye.{side}") for side in "RL"]
    face = body.points[:, spots].T.astype(np.float64)
    sight = body.heads[eyes] + [0.0, 0.0, 0.013]
    both = np.concatenate([face[:1], sight, face[1:]])
    rotation, shift = skeleton.rotations[head], skeleton.translations[head]
    placed = turn(rotation, both) + shift
    neck = (limbs[0] + limbs[3]) / 2 + turn(skeleton.rotations[template.bone("spine01")], np.array([0.0, 0.02, 0.0]))
    return np.concatenate([placed[:1], neck[None], limbs, placed[1:]])


def see_keypoints(screen: Floats, found: Fragments, parts: NDArray[np.uint8]) -> tuple[Bools, Bools]:
    """Which keypoints are (18,) visible, and which are in the frame but covered.

    A keypoint of a limb is covered where something of another part lies further in front of it than its own flesh
    could; one of the face also where the head itself does.

    Args:
        screen: (3, 18) pixels of the samples and depth.
        parts: (N,) of the fragments.
    """
    height, width = found.size
    inside = (screen[0] >= 0) & (screen[0] < width) & (screen[1] >= 0) & (screen[1] < height)
    column = np.clip(screen[0].astype(int), 0, width - 1)
    row = np.clip(screen[1].astype(int), 0, height - 1)
    depth = found.depth_image()[row, column]
    part = found.image(parts, 0)[row, column]
    before = depth < screen[2] - _DEPTH_OF_FLESH
    own = np.array([p in mine for p, mine in zip(part.tolist(), OWN_PARTS, strict=True)])
    own[list(_FACE)] = False
    return inside & ~(before & ~own), inside & before & ~own
