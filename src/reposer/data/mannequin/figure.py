"""Body proportions and poses: from joint angles to the 3-D skeleton of a person.

Body coordinates: x towards the person's left, y up, z the way the person faces; metres, floor at y = 0.
Shapes are written in *canonical* units (a person of height 1); `Body.place` turns them into metres.
"""

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import cos, sin
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]
"""Floating point numbers."""
Sex = Literal["women", "men"]

# Bones; of limbs the first of three: upper arm, forearm, hand; thigh, shin, foot.
PELVIS, CHEST, NECK, HEAD = 0, 1, 2, 3
RIGHT_ARM, LEFT_ARM, RIGHT_LEG, LEFT_LEG = 4, 7, 10, 13
MIRRORED_BONES = np.array([0, 1, 2, 3, 7, 8, 9, 4, 5, 6, 13, 14, 15, 10, 11, 12])

HIP_HEIGHT, KNEE_HEIGHT, ANKLE_HEIGHT = 0.525, 0.285, 0.045
SHOULDER_HEIGHT, NECK_HEIGHT, HEAD_HEIGHT = 0.800, 0.842, 0.872
UPPER_ARM, FOREARM = 0.168, 0.142
ARM_ABDUCTION = np.radians(22.0)  # of the shape at rest: near the commonest pose, so skinning bends little
ARM_DIRECTION = np.array([np.sin(ARM_ABDUCTION), -np.cos(ARM_ABDUCTION), 0.0])  # the left arm at rest

# Nose, eyes and ears at rest, and the way each looks: it can be seen from where it faces.
FACE_POINTS = np.array(
    [[0, 0.917, 0.064], [-0.0165, 0.936, 0.051], [0.0165, 0.936, 0.051], [-0.047, 0.925, -0.003],
     [0.047, 0.925, -0.003]]
)  # fmt: skip
FACE_NORMALS = np.array([[0, 0, 1], [-0.5, 0, 0.87], [0.5, 0, 0.87], [-0.995, 0, -0.1], [0.995, 0, -0.1]])
FACE_LIMITS = np.array([-0.12, 0.02, 0.02, -0.25, -0.25])


@dataclass(frozen=True, kw_only=True)
class Body:
    """Proportions of one person."""

    sex: Sex  # shifts the other proportions and the choice of clothes
    stature: float  # height without shoes, metres
    leg_ratio: float  # leg length relative to the average
    girth: float  # thickness of torso and limbs relative to the average
    shoulders: float  # half distance of the shoulder joints, canonical units
    hips: float  # width of the hips relative to the average
    waist: float  # width of the waist relative to the average
    bust: float  # extra depth of the chest, canonical units
    head: float  # size of the head relative to the average

    def place(self, points: Floats) -> Floats:
        """Turn canonical points (..., 3) into metres: longer or shorter legs, same stature."""
        hip = HIP_HEIGHT * self.leg_ratio
        heights = np.interp(points[..., 1], (-1, 0, HIP_HEIGHT, 1, 2), (-1, 0, hip, 1, 2))
        placed = np.stack([points[..., 0], heights, points[..., 2]], axis=-1)
        return placed * self.stature


def sample_body(rng: np.random.Generator) -> Body:
    """Draw the proportions of a person."""
    sex: Sex = "women" if rng.random() < 0.5 else "men"
    woman = sex == "women"
    return Body(
        sex=sex,
        stature=float(np.clip(rng.normal(1.66 if woman else 1.78, 0.06), 1.5, 1.98)),
        leg_ratio=float(np.clip(rng.normal(1.0, 0.02), 0.95, 1.05)),
        girth=float(np.clip(rng.normal(0.99 if woman else 1.07, 0.09), 0.82, 1.35)),
        shoulders=float(np.clip(rng.normal(0.093 if woman else 0.106, 0.004), 0.084, 0.118)),
        hips=float(np.clip(rng.normal(1.06 if woman else 0.97, 0.05), 0.86, 1.22)),
        waist=float(np.clip(rng.normal(0.92 if woman else 1.02, 0.06), 0.8, 1.22)),
        bust=float(rng.uniform(0.006, 0.02)) if woman else 0.0,
        head=float(np.clip(rng.normal(1.09, 0.03), 1.02, 1.18)),
    )


@dataclass(frozen=True, kw_only=True)
class Stance:
    """How a person holds themselves. Pairs are (right, left); angles in radians.

    Wrists and elbows are given for a left arm (x outwards) and mirrored for the right one.
    """

    lean: float  # forward lean of the chest over the pelvis
    bend: float  # sideways bend, positive towards the left
    twist: float  # turn of the chest over the pelvis, positive towards the left
    head_turn: float  # turn of the head over the chest, positive towards the left
    head_nod: float  # nod of the head, positive downwards
    wrists: Floats  # (2, 3) from shoulder to wrist in the chest's frame, in arm lengths
    elbows: Floats  # (2, 3) the way the elbows point
    thighs: Floats  # (2, 3) hip flexion, abduction and outward turn
    knees: Floats  # (2,) knee flexion
    feet: Floats  # (2,) foot pitch, positive toes up


# Arm gestures: wrist (outwards, up, forwards) in arm lengths, the way the elbow points, spread of the wrist.
GESTURES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], float]] = {
    "down": ((0.16, -0.95, 0.06), (0.5, 0.0, -1.0), 0.05),
    "relaxed": ((0.20, -0.86, 0.16), (0.6, 0.0, -1.0), 0.06),
    "pocket": ((0.12, -0.80, 0.08), (0.8, 0.0, -0.7), 0.03),
    "hip": ((0.10, -0.66, 0.04), (1.0, 0.0, -0.35), 0.04),
    "bent": ((0.08, -0.46, 0.52), (0.4, -1.0, -0.3), 0.07),
    "belly": ((-0.18, -0.50, 0.46), (0.7, -0.8, -0.1), 0.05),
    "crossed": ((-0.42, -0.34, 0.47), (0.6, -0.9, 0.0), 0.03),
    "strap": ((-0.04, -0.16, 0.36), (0.5, -1.0, -0.1), 0.03),
    "phone": ((-0.10, 0.28, 0.26), (0.6, -0.8, 0.4), 0.04),
    "chin": ((-0.24, 0.10, 0.36), (0.3, -1.0, 0.2), 0.03),
    "behind": ((-0.16, -0.62, -0.36), (1.0, 0.1, -0.4), 0.04),
    "wave": ((0.26, 0.36, 0.20), (0.9, -0.7, -0.1), 0.07),
    "forward": ((0.02, -0.18, 0.84), (0.5, -0.8, 0.0), 0.09),
    "out": ((0.62, -0.52, 0.10), (0.3, -0.3, -1.0), 0.10),
    "up": ((0.16, 0.80, 0.12), (0.9, 0.1, 0.4), 0.07),
}
_BOTH = ("hip", "crossed", "behind", "pocket", "strap", "belly", "down", "relaxed", "bent", "up", "out")
_BOTH_ODDS = (0.13, 0.10, 0.06, 0.10, 0.03, 0.05, 0.28, 0.16, 0.05, 0.02, 0.02)
_ONE = tuple(GESTURES)
_ONE_ODDS = (0.18, 0.14, 0.11, 0.09, 0.10, 0.05, 0.0, 0.04, 0.07, 0.04, 0.02, 0.06, 0.04, 0.04, 0.02)

_T = TypeVar("_T")


def pick(rng: np.random.Generator, items: Sequence[_T], odds: Sequence[float] | None = None) -> _T:
    """Draw one of some items, with odds that need not add up to one."""
    if odds is None:
        return items[int(rng.random() * len(items))]
    bounds = tuple(accumulate(odds))
    return items[min(bisect(bounds, rng.random() * bounds[-1]), len(items) - 1)]


def sample_stance(rng: np.random.Generator) -> Stance:
    """Draw a pose as in photos of pedestrians and of fashion: standing or walking, arms doing something."""
    walking = rng.random() < 0.42
    both = rng.random() < 0.5
    chosen = pick(rng, _BOTH, _BOTH_ODDS)
    names = [chosen if both else pick(rng, _ONE, _ONE_ODDS) for _ in range(2)]
    wrists, elbows, spreads = (np.array(values) for values in zip(*(GESTURES[name] for name in names), strict=True))
    wrists = wrists + rng.standard_normal((2, 3)) * spreads[:, None]
    elbows = elbows + rng.standard_normal((2, 3)) * 0.12
    if chosen == "crossed" and both:
        wrists[0] += (0.0, 0.07, 0.05)  # one forearm lies on the other
    normal = rng.standard_normal(12)
    chance = rng.random(8)
    if walking:
        phase = 2 * chance[0] - 1
        stride, lift = (0.25 + 0.3 * chance[1]) * phase, 0.25 + (0.2 + 0.7 * chance[2]) * abs(phase)
        flexion = np.array([stride, -0.8 * stride]) + 0.06
        knees = np.where(flexion < 0, lift, 0.12) * (0.6 + 0.4 * chance[3:5])
        feet = np.where(flexion < 0, -0.35, 0.15) * abs(phase)
        spread = 0.07 * chance[5:7] - 0.02
        for side, name in enumerate(names):
            if name in ("down", "relaxed"):  # arms swing against the legs
                wrists[side, 2] -= 0.6 * flexion[side]
    else:
        flexion = 0.03 + 0.05 * normal[0:2]
        knees = np.abs(0.04 + 0.04 * normal[2:4])
        spread = np.abs(0.05 + 0.05 * normal[4:6]) * (1.0 if chance[0] < 0.8 else 2.0)
        feet = np.zeros(2)
        if chance[1] < 0.45:  # the weight on one leg
            side = int(chance[2] < 0.5)
            flexion[side] += 0.1 + 0.25 * chance[3]
            knees[side] += 0.15 + 0.45 * chance[4]
    lean, bend, twist, turn, nod = normal[6:11].tolist()
    return Stance(
        lean=0.05 + 0.05 * lean,
        bend=0.04 * bend,
        twist=0.10 * twist,
        head_turn=min(max(0.28 * turn, -0.9), 0.9),
        head_nod=min(max(0.06 + 0.10 * nod, -0.25), 0.4),
        wrists=wrists,
        elbows=elbows,
        thighs=np.stack([flexion, spread, rng.uniform(-0.05, 0.35, 2)], axis=1),
        knees=knees,
        feet=feet,
    )


@dataclass(frozen=True)
class Skeleton:
    """A posed skeleton; rest point p of bone b is at rotations[b] @ p + translations[b] (metres)."""

    rotations: Floats  # (16, 3, 3)
    translations: Floats  # (16, 3)
    joints: Floats  # (18, 3) in OpenPose order
    face_normals: Floats  # (5, 3) the way nose, right eye, left eye, right ear and left ear look
    origins: Floats  # (16, 3) where the bones begin


@dataclass(frozen=True)
class _Rig:
    """A body at rest, metres; arms and legs are rows of 12: right arm, left arm, right leg, left leg."""

    bones: Floats  # (16, 3) where the bones begin
    steps: Floats  # (16, 3) from each bone's parent; of the pelvis, from the origin
    frames: Floats  # (12, 3, 3) transposed frames of the limbs
    lengths: Floats  # (2,) upper arm and forearm
    soles: Floats  # (3, 2) heel and toe below the ankle
    face: Floats  # (5, 3) nose, eyes and ears
    collar: Floats  # (3,) middle of the shoulders


_PARENTS = np.array([0, 0, 1, 2, 1, 4, 5, 1, 7, 8, 0, 10, 11, 0, 13, 14])
_LIMB_ROOTS = np.array([CHEST, CHEST, PELVIS, PELVIS])
_SHOULDERS, FEET = np.array([RIGHT_ARM, LEFT_ARM]), np.array([RIGHT_LEG + 2, LEFT_LEG + 2])
_LIFT = np.array([[0.3, 1.0, 0.0], [-0.3, 1.0, 0.0]])  # of the right and the left shoulder
_FLIP = np.array([[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])


@lru_cache(maxsize=8)
def _rig(body: Body) -> _Rig:
    shoulder = np.array([body.shoulders, SHOULDER_HEIGHT, -0.004])
    elbow = shoulder + UPPER_ARM * ARM_DIRECTION
    wrist = elbow + FOREARM * ARM_DIRECTION
    hip = np.array([0.047 * body.hips, HIP_HEIGHT, 0.0])
    knee, ankle = hip * (1, 0, 1) + (0, KNEE_HEIGHT, 0.004), hip * (1, 0, 1) + (0, ANKLE_HEIGHT, -0.008)
    centre = [(0, 0.55, 0), (0, 0.61, 0), (0, NECK_HEIGHT, -0.008), (0, HEAD_HEIGHT, -0.006)]
    arm, leg = np.stack([shoulder, elbow, wrist]), np.stack([hip, knee, ankle])
    bones = body.place(np.concatenate([np.array(centre), *(limb * flip for limb in (arm, leg) for flip in _FLIP)]))
    down = np.array([ARM_DIRECTION * _FLIP[0], ARM_DIRECTION, (0, -1, 0), (0, -1, 0)]).repeat(3, axis=0)
    soles = body.place(np.array([[0, 0, -0.03], [0, 0, 0.10]])) - body.place(np.array([0, ANKLE_HEIGHT, 0]))
    return _Rig(
        bones=bones,
        steps=np.concatenate([bones[:1], bones[1:] - bones[_PARENTS[1:]]]),
        frames=_frames(down, np.broadcast_to((0.0, 0.0, 1.0), (12, 3))).transpose(0, 2, 1),
        lengths=np.linalg.norm(np.diff(bones[RIGHT_ARM : RIGHT_ARM + 3], axis=0), axis=1),
        soles=soles.T,
        face=body.place(scale_head(FACE_POINTS, body)),
        collar=body.place(np.array([0, 0.818, -0.004])),
    )


def _rotation(x: float, y: float, z: float) -> Floats:
    """Rotation about the axis z, then x, then y (radians)."""
    cx, cy, cz, sx, sy, sz = cos(x), cos(y), cos(z), sin(x), sin(y), sin(z)
    return np.array(
        [
            [cy * cz + sy * sx * sz, sy * sx * cz - cy * sz, sy * cx],
            [cx * sz, cx * cz, -sx],
            [cy * sx * sz - sy * cz, sy * sz + cy * sx * cz, cy * cx],
        ]
    )


def _unit(vectors: Floats) -> Floats:
    return vectors / np.sqrt((vectors * vectors).sum(-1, keepdims=True))


def _frames(directions: Floats, fronts: Floats) -> Floats:
    """Orthonormal frames (N, 3, 3), columns direction, front and their cross product."""
    along = _unit(directions)
    front = _unit(fronts - (fronts * along).sum(1, keepdims=True) * along)
    return np.stack([along, front, np.cross(along, front)], axis=-1)


def _arms(stance: Stance, lengths: Floats) -> tuple[Floats, Floats, Floats]:
    """Both arms reach for their wrists: (2, 3) upper arms, forearms and fronts in the chest's frame."""
    upper, fore = lengths
    target = stance.wrists * _FLIP
    distance = np.sqrt((target * target).sum(1, keepdims=True))
    reach = np.minimum(np.maximum(distance, 0.35), 0.995) * (upper + fore)
    along = target / distance
    pole = stance.elbows * _FLIP
    side = _unit(pole - (pole * along).sum(1, keepdims=True) * along)
    cosine = np.minimum((upper**2 + reach**2 - fore**2) / (2 * upper * reach), 1)
    elbow = upper * (cosine * along + np.sqrt(1 - cosine**2) * side)
    return elbow, along * reach - elbow, -side


def _legs(stance: Stance) -> tuple[Floats, Floats]:
    """Directions and fronts (2, 3, 3) of thigh, shin and foot of both legs in the pelvis's frame."""
    directions, fronts = [], []
    for sign, (flexion, spread, turn), knee, foot in zip(
        (-1, 1), stance.thighs.tolist(), stance.knees.tolist(), stance.feet.tolist(), strict=True
    ):
        down = np.array([sign * sin(spread), -cos(flexion), sin(flexion)])
        ahead = np.array([sign * sin(turn), sin(flexion), cos(flexion)])
        directions.append(down)
        fronts.append(ahead)
        pitch = foot + 0.7 * (knee - flexion)  # the ankle keeps the sole nearly flat
        for c, s in ((cos(knee), -sin(knee)), (cos(pitch), sin(pitch))):
            down, ahead = c * down + s * ahead, c * ahead - s * down
            directions.append(down)
            fronts.append(ahead)
    return np.array(directions).reshape(2, 3, 3), np.array(fronts).reshape(2, 3, 3)


def pose_body(body: Body, stance: Stance) -> Skeleton:
    """Pose a body: the lower foot stands on the floor, the pelvis is above the origin."""
    rig = _rig(body)
    pelvis = _rotation(0.3 * stance.lean, -0.3 * stance.twist, 0.4 * stance.bend)
    chest = _rotation(stance.lean, stance.twist, -stance.bend)
    neck = chest @ _rotation(0.5 * stance.head_nod, 0.4 * stance.head_turn, 0.0)
    head = chest @ _rotation(stance.head_nod - 0.5 * stance.lean, stance.head_turn, 0.5 * stance.bend)
    upper, fore, front = _arms(stance, rig.lengths)
    leg_directions, leg_fronts = _legs(stance)
    directions, fronts = np.empty((4, 3, 3)), np.empty((4, 3, 3))
    directions[:2, 0], directions[:2, 1] = upper @ chest.T, fore @ chest.T
    directions[:2, 2] = directions[:2, 1]
    fronts[:2] = (front @ chest.T)[:, None]
    directions[2:], fronts[2:] = leg_directions @ pelvis.T, leg_fronts @ pelvis.T
    rotations = np.empty((16, 3, 3))
    rotations[:4] = pelvis, chest, neck, head
    rotations[4:] = _frames(directions.reshape(12, 3), fronts.reshape(12, 3)) @ rig.frames

    steps = (rotations[_PARENTS] @ rig.steps[:, :, None])[..., 0]
    steps[0] = rig.steps[0]
    lift = np.maximum(0, upper[:, 1] / rig.lengths[0] + 0.4) * 0.022 * body.stature
    # A raised arm lifts its shoulder and draws it in.
    steps[_SHOULDERS] += lift[:, None] * (_LIFT @ chest.T)
    origins = np.empty((16, 3))
    np.cumsum(steps[:4], axis=0, out=origins[:4])
    limbs = origins[_LIMB_ROOTS][:, None] + np.cumsum(steps[4:].reshape(4, 3, 3), axis=1)
    origins[4:] = limbs.reshape(12, 3)
    soles = rotations[FEET, 1] @ rig.soles + origins[FEET, 1, None]
    origins[:, 1] -= soles.min()
    translations = origins - (rotations @ rig.bones[:, :, None])[..., 0]

    face = rig.face @ head.T + translations[HEAD]
    collar = chest @ rig.collar + translations[CHEST]
    return Skeleton(
        rotations.astype(np.float32),
        translations.astype(np.float32),
        np.concatenate([face[:1], collar[None], origins[4:16], face[1:]]).astype(np.float32),
        (FACE_NORMALS @ head.T).astype(np.float32),
        origins.astype(np.float32),
    )


def scale_head(points: Floats, body: Body) -> Floats:
    """Scale canonical head points (..., 3) about the top of the neck."""
    pivot = np.array([0.0, HEAD_HEIGHT, 0.0])
    return (points - pivot) * body.head + pivot
