"""Body proportions and poses: from joint angles to the 3-D skeleton of a person.

Body coordinates: x towards the person's left, y up, z the way the person faces; metres, floor at y = 0.
Shapes are written in *canonical* units (a person of height 1); `Body.place` turns them into metres.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Sex = Literal["women", "men"]

BONES = (
    "pelvis", "chest", "neck", "head",
    "right upper arm", "right forearm", "right hand", "left upper arm", "left forearm", "left hand",
    "right thigh", "right shin", "right foot", "left thigh", "left shin", "left foot",
)  # fmt: skip
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
FACE_NORMALS = np.array(
    [[0, 0, 1], [-0.5, 0, 0.87], [0.5, 0, 0.87], [-0.995, 0, -0.1], [0.995, 0, -0.1]]
)
FACE_LIMITS = np.array([-0.12, 0.02, 0.02, -0.25, -0.25])


@dataclass(frozen=True, kw_only=True)
class Body:
    """Proportions of one person."""

    sex: Sex
    """Shifts the other proportions and the choice of clothes."""
    stature: float
    """Height without shoes, metres."""
    leg_ratio: float
    """Leg length relative to the average."""
    girth: float
    """Thickness of torso and limbs relative to the average."""
    shoulders: float
    """Half distance of the shoulder joints, canonical units."""
    hips: float
    """Width of the hips relative to the average."""
    waist: float
    """Width of the waist relative to the average."""
    bust: float
    """Extra depth of the chest, canonical units."""
    head: float
    """Size of the head relative to the average."""

    def place(self, points: NDArray[np.floating]) -> NDArray[np.floating]:
        """Turn canonical points (..., 3) into metres: longer or shorter legs, same stature."""
        hip = HIP_HEIGHT * self.leg_ratio
        heights = np.interp(points[..., 1], (0, HIP_HEIGHT, 1), (0, hip, 1))
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

    lean: float
    """Forward lean of the chest over the pelvis."""
    bend: float
    """Sideways bend, positive towards the left."""
    twist: float
    """Turn of the chest over the pelvis, positive towards the left."""
    head_turn: float
    """Turn of the head over the chest, positive towards the left."""
    head_nod: float
    """Nod of the head, positive downwards."""
    wrists: NDArray[np.floating]
    """(2, 3) from shoulder to wrist in the chest's frame, in arm lengths."""
    elbows: NDArray[np.floating]
    """(2, 3) the way the elbows point."""
    thighs: NDArray[np.floating]
    """(2, 3) hip flexion, abduction and outward turn."""
    knees: NDArray[np.floating]
    """(2,) knee flexion."""
    feet: NDArray[np.floating]
    """(2,) foot pitch, positive toes up."""


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
_BOTH_ODDS = np.array([0.13, 0.10, 0.06, 0.10, 0.03, 0.05, 0.28, 0.16, 0.05, 0.02, 0.02])
_ONE = tuple(GESTURES)
_ONE_ODDS = np.array([0.18, 0.14, 0.11, 0.09, 0.10, 0.05, 0.0, 0.04, 0.07, 0.04, 0.02, 0.06, 0.04, 0.04, 0.02])


def _gesture(rng: np.random.Generator, name: str) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    wrist, elbow, spread = GESTURES[name]
    return np.array(wrist) + rng.normal(0, spread, 3), np.array(elbow) + rng.normal(0, 0.12, 3)


def sample_stance(rng: np.random.Generator) -> Stance:
    """Draw a pose as in photos of pedestrians and of fashion: standing or walking, arms doing something."""
    walking = rng.random() < 0.42
    both = rng.random() < 0.5
    chosen = str(rng.choice(_BOTH, p=_BOTH_ODDS / _BOTH_ODDS.sum()))
    names = [chosen if both else str(rng.choice(_ONE, p=_ONE_ODDS / _ONE_ODDS.sum())) for _ in range(2)]
    arms = [_gesture(rng, name) for name in names]
    wrists = np.stack([wrist for wrist, _ in arms])
    elbows = np.stack([elbow for _, elbow in arms])
    if chosen == "crossed" and both:
        wrists[0] += (0.0, 0.07, 0.05)  # one forearm lies on the other
    phase = rng.uniform(-1, 1)
    if walking:
        stride = rng.uniform(0.25, 0.55) * phase
        flexion = np.array([stride, -0.8 * stride]) + 0.06
        knees = np.where(flexion < 0, 0.25 + rng.uniform(0.2, 1.2) * abs(phase), 0.12) * rng.uniform(0.6, 1, 2)
        feet = np.where(flexion < 0, -0.35 * abs(phase), 0.15 * abs(phase))
        spread = rng.uniform(-0.02, 0.05, 2)
        for side, name in enumerate(names):
            if name in ("down", "relaxed"):  # arms swing against the legs
                wrists[side, 2] -= 0.6 * flexion[side]
    else:
        flexion = rng.normal(0.03, 0.05, 2)
        knees = np.abs(rng.normal(0.04, 0.04, 2))
        spread = np.abs(rng.normal(0.05, 0.05, 2)) * (1.0 if rng.random() < 0.8 else 2.0)
        feet = np.zeros(2)
        if rng.random() < 0.45:  # the weight on one leg
            side = int(rng.integers(2))
            flexion[side] += rng.uniform(0.1, 0.35)
            knees[side] += rng.uniform(0.15, 0.6)
    turn_out = rng.uniform(-0.05, 0.35, 2)
    return Stance(
        lean=float(rng.normal(0.05, 0.05)),
        bend=float(rng.normal(0, 0.04)),
        twist=float(rng.normal(0, 0.10)),
        head_turn=float(np.clip(rng.normal(0, 0.28), -0.9, 0.9)),
        head_nod=float(np.clip(rng.normal(0.06, 0.10), -0.25, 0.4)),
        wrists=wrists,
        elbows=elbows,
        thighs=np.stack([flexion, spread, turn_out], axis=1),
        knees=knees,
        feet=feet,
    )


@dataclass(frozen=True)
class Skeleton:
    """A posed skeleton; rest point p of bone b is at rotations[b] @ p + translations[b] (metres)."""

    rotations: Array
    """(16, 3, 3)"""
    translations: Array
    """(16, 3)"""
    joints: Array
    """(18, 3) in OpenPose order."""
    face_normals: Array
    """(5, 3) the way nose, right eye, left eye, right ear and left ear look."""
    origins: Array
    """(16, 3) where the bones begin."""


def rest_bones(body: Body) -> NDArray[np.floating]:
    """Beginnings of the 16 bones in the rest pose, (16, 3) metres."""
    shoulder = np.array([body.shoulders, SHOULDER_HEIGHT, -0.004])
    elbow = shoulder + UPPER_ARM * ARM_DIRECTION
    wrist = elbow + FOREARM * ARM_DIRECTION
    hip = np.array([0.047 * body.hips, HIP_HEIGHT, 0.0])
    knee, ankle = hip * (1, 0, 1) + (0, KNEE_HEIGHT, 0.004), hip * (1, 0, 1) + (0, ANKLE_HEIGHT, -0.008)
    centre = [(0, 0.55, 0), (0, 0.61, 0), (0, NECK_HEIGHT, -0.008), (0, HEAD_HEIGHT, -0.006)]
    arm, leg = np.stack([shoulder, elbow, wrist]), np.stack([hip, knee, ankle])
    flip = np.array([-1, 1, 1])
    return body.place(np.concatenate([np.array(centre), arm * flip, arm, leg * flip, leg]))


def _rotation(x: float, y: float, z: float) -> NDArray[np.floating]:
    """Rotation by z, then x, then y (radians) about the axes of those names."""
    (cx, cy, cz), (sx, sy, sz) = np.cos((x, y, z)), np.sin((x, y, z))
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


def _frames(directions: NDArray[np.floating], fronts: NDArray[np.floating]) -> NDArray[np.floating]:
    """Orthonormal frames (N, 3, 3), columns direction, front and their cross product."""
    along = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    front = fronts - (fronts * along).sum(1, keepdims=True) * along
    front /= np.linalg.norm(front, axis=1, keepdims=True)
    return np.stack([along, front, np.cross(along, front)], axis=2)


def _arm(target: NDArray[np.floating], pole: NDArray[np.floating], upper: float, fore: float) -> tuple:
    """Two-bone inverse kinematics: directions and fronts of upper arm and forearm towards a wrist target."""
    distance = float(np.linalg.norm(target))
    reach = min(max(distance, 0.35 * (upper + fore)), 0.995 * (upper + fore))
    along = target / distance
    side = pole - (pole @ along) * along
    side = side / np.linalg.norm(side)
    cosine = (upper**2 + reach**2 - fore**2) / (2 * upper * reach)
    elbow = upper * (cosine * along + np.sqrt(max(0.0, 1 - cosine**2)) * side)
    forearm = along * reach - elbow
    return elbow, forearm, -side, -side


def pose_body(body: Body, stance: Stance) -> Skeleton:
    """Pose a body: the lower foot stands on the floor, the pelvis is above the origin."""
    rest = rest_bones(body)
    pelvis = _rotation(0.3 * stance.lean, -0.3 * stance.twist, 0.4 * stance.bend)
    chest = _rotation(stance.lean, stance.twist, -stance.bend)
    neck = chest @ _rotation(0.5 * stance.head_nod, 0.4 * stance.head_turn, 0.0)
    head = chest @ _rotation(stance.head_nod - 0.5 * stance.lean, stance.head_turn, 0.5 * stance.bend)
    rotations = np.empty((16, 3, 3))
    rotations[:4] = pelvis, chest, neck, head
    directions, fronts, rest_directions, rest_fronts = (np.empty((12, 3)) for _ in range(4))
    rest_fronts[:] = (0, 0, 1)
    lengths = np.linalg.norm(np.diff(rest[RIGHT_ARM : RIGHT_ARM + 3], axis=0), axis=1)
    raised = np.zeros(2)
    for side, sign in enumerate((-1.0, 1.0)):
        flip = np.array([sign, 1.0, 1.0])
        target = stance.wrists[side] * flip * lengths.sum()
        upper, fore, front_upper, front_fore = _arm(target, stance.elbows[side] * flip, lengths[0], lengths[1])
        arm, leg = 3 * side, 6 + 3 * side
        directions[arm : arm + 3] = np.stack([upper, fore, fore]) @ chest.T
        fronts[arm : arm + 3] = np.stack([front_upper, front_fore, front_fore]) @ chest.T
        rest_directions[arm : arm + 3] = ARM_DIRECTION * flip
        raised[side] = max(0.0, upper[1] / lengths[0] + 0.4)
        flexion, spread, turn = stance.thighs[side]
        knee, foot = stance.knees[side], stance.feet[side]
        cos_f, sin_f = np.cos(flexion), np.sin(flexion)
        down = np.array([sign * np.sin(spread), -cos_f, sin_f])
        ahead = np.array([sign * np.sin(turn), sin_f, cos_f])
        shin = np.cos(knee) * down - np.sin(knee) * ahead
        shin_front = np.cos(knee) * ahead + np.sin(knee) * down
        pitch = foot + 0.7 * (knee - flexion)  # the ankle keeps the sole nearly flat
        foot_down = np.cos(pitch) * shin + np.sin(pitch) * shin_front
        foot_front = np.cos(pitch) * shin_front - np.sin(pitch) * shin
        directions[leg : leg + 3] = np.stack([down, shin, foot_down]) @ pelvis.T
        fronts[leg : leg + 3] = np.stack([ahead, shin_front, foot_front]) @ pelvis.T
        rest_directions[leg : leg + 3] = (0, -1, 0)
    rotations[4:] = _frames(directions, fronts) @ _frames(rest_directions, rest_fronts).transpose(0, 2, 1)

    origins = rest.copy()
    for parent, child in ((0, 1), (1, 2), (2, 3), (1, 4), (4, 5), (5, 6), (1, 7), (7, 8), (8, 9),
                          (0, 10), (10, 11), (11, 12), (0, 13), (13, 14), (14, 15)):  # fmt: skip
        origins[child] = origins[parent] + rotations[parent] @ (rest[child] - rest[parent])
        if child in (RIGHT_ARM, LEFT_ARM):  # a raised arm lifts its shoulder and draws it in
            lift = raised[int(child == LEFT_ARM)] * 0.022 * body.stature
            origins[child] += chest @ (0.3 * lift * (1 if child == RIGHT_ARM else -1), lift, 0)
    soles = body.place(np.array([[0, 0, -0.03], [0, 0, 0.10]])) - body.place(np.array([0, ANKLE_HEIGHT, 0]))
    lowest = min(
        float((rotations[foot] @ sole + origins[foot])[1]) for foot in (12, 15) for sole in soles
    )
    origins[:, 1] -= lowest
    translations = origins - np.einsum("bij,bj->bi", rotations, rest)

    face = body.place(scale_head(FACE_POINTS, body)) @ rotations[HEAD].T + translations[HEAD]
    collar = rotations[CHEST] @ body.place(np.array([0, 0.818, -0.004])) + translations[CHEST]
    joints = np.concatenate([face[:1], collar[None], origins[4:16], face[1:]])
    return Skeleton(
        rotations.astype(np.float32),
        translations.astype(np.float32),
        joints.astype(np.float32),
        (FACE_NORMALS @ rotations[HEAD].T).astype(np.float32),
        origins.astype(np.float32),
    )


def scale_head(points: NDArray[np.floating], body: Body) -> NDArray[np.floating]:
    """Scale canonical head points (..., 3) about the top of the neck."""
    pivot = np.array([0.0, HEAD_HEIGHT, 0.0])
    return (points - pivot) * body.head + pivot
