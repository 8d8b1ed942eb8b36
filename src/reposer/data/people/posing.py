"""From a stance to the place of every bone of a body.

Everything is worked out for left limbs: right ones are shown in a mirror first and back at the end. Trunk and head
bend as angles say; legs stand on the ground; then hands go where the stance says, out of the trunk's way.
"""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arms import Arms, place_arms
from reposer.data.people.arrays import Floats, about, dot, product, turn
from reposer.data.people.build import LIMB, Build, Rig, measured, rig
from reposer.data.people.legs import Legs, place_legs
from reposer.data.people.shape import Body
from reposer.data.people.stances import Stance
from reposer.data.people.trunk import MIRROR, eulers, place_trunk

_FINE = 2.0**-22  # to which rotations are rounded, so that sines may differ in the last bit
# How much of the turn of an arm, forearm or thigh about itself the skin of each bone leaves to the next one.
_UNTURNED = np.array([0.75, 0.3, -0.2, -0.6, 0.5])
_SPREAD_OVER = [LIMB.index(name) for name in ("upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "upperleg01")]
_SHOULDER = LIMB.index("shoulder01")
_FOLLOWS = 0.45  # how far the skin of the shoulder follows the arm
# Bends of each finger's bones in a fist, summed up; turns of closed fingers about the palm's normal.
_CURLS = np.array([[0.25, 0.7, 1.1], *([[0.95, 2.35, 3.25]] * 4)])
_TOGETHER = np.array([0.0, -0.17, -0.02, 0.15, 0.28])


@dataclass(frozen=True)
class Skeleton:
    """Where bones are: rest point p of bone b is at rotations[b] @ p + translations[b]."""

    rotations: Floats  # (B, 3, 3) float64
    translations: Floats  # (B, 3)
    heads: Floats  # (B, 3) where bones begin

    def turned(self, heading: float) -> "Skeleton":
        """The whole person turned about the vertical, positive towards their left."""
        about_y = np.round(eulers(np.array([[0.0, heading, 0.0]]))[0] / _FINE) * _FINE
        return Skeleton(
            product(about_y, self.rotations), turn(about_y, self.translations), turn(about_y, self.heads)
        )  # fmt: skip

    def raised(self, metres: float) -> "Skeleton":
        """The whole person lifted."""
        up = np.array([0.0, metres, 0.0])
        return Skeleton(self.rotations, self.translations + up, self.heads + up)


def pose(body: Body, stance: Stance) -> Skeleton:
    """Pose a body; its pelvis stays where it is, so that the ground is wherever its soles are."""
    rows, build = rig(), measured(body)
    trunk = place_trunk(stance, build)
    legs = place_legs(stance, trunk, build)
    arms = place_arms(body, stance, trunk, legs, build)
    rigid: Floats = np.empty((len(body.heads), 3, 3))
    rigid[rows.chain] = trunk.rotations
    rigid[rows.eyes] = trunk.gaze
    limbs = np.empty((2, len(LIMB), 3, 3))
    limbs[:, 0:2] = arms.clavicles[:, None]
    limbs[:, 2:4] = arms.uppers[:, None]
    limbs[:, 4:6] = arms.fores[:, None]
    limbs[:, 6] = arms.hands
    limbs[:, 7] = trunk.rotations[0] * MIRROR
    limbs[:, 8:10] = legs.thighs[:, None]
    limbs[:, 10:12] = legs.shins[:, None]
    limbs[:, 12] = legs.feet
    limbs[:, 13] = legs.toes
    rigid[rows.limbs] = limbs * MIRROR[:, None]
    rigid[rows.fingers] = _fingers(stance, arms.hands, build) * MIRROR[:, None, None]
    rigid = _fine(rigid)
    placed = turn(rigid[rows.parents], build.offsets)
    for step in rows.steps:  # after k steps the sum of the last 2^k offsets
        placed = placed + placed[step]
    placed += body.heads[0]
    rotations = _skinned(rigid, limbs, arms, legs, build, rows)
    return Skeleton(rotations, placed - turn(rotations, body.heads), placed)


def _fine(rotations: Floats) -> Floats:
    return np.round(rotations * (1 / _FINE)) * _FINE


def _fingers(stance: Stance, hands: Floats, build: Build) -> Floats:
    """(2, 5, 3, 3, 3) rotations of the fingers' bones, thumb first, as left ones."""
    bent, spread = stance.fingers[:, :5], stance.fingers[:, 5:]
    angles = np.empty((2, 20))
    angles[:, :15] = (_CURLS * bent[:, :, None]).reshape(2, 15)
    angles[:, 15:] = _TOGETHER * (1 - spread) * (1 - 0.8 * bent)
    turns = about(build.finger_axes, angles.reshape(-1)).reshape(2, 20, 3, 3)
    roots = product(hands[:, None], turns[:, 15:])
    return product(roots[:, :, None], turns[:, :15].reshape(2, 5, 3, 3, 3))


def _skinned(rigid: Floats, limbs: Floats, arms: Arms, legs: Legs, build: Build, rows: Rig) -> Floats:
    """Rotations that skin follows: the turn of a limb about itself is spread along it, and shoulders follow arms.

    With a step R = base^T limb, of trace t and v = (R21 - R12, R02 - R20, R10 - R01), the turn about a bone b is
    2 atan2(v b, 1 + t), and the whole rotation is atan2(|v|, t - 1) about v.
    """
    before = np.concatenate([arms.clavicles, arms.fores, limbs[:, 7]])
    step = product(np.swapaxes(before, -1, -2), np.concatenate([arms.uppers, arms.hands, legs.thighs])).reshape(-1, 9)
    skew = step[:, [7, 2, 3]] - step[:, [5, 6, 1]]
    trace = step[:, 0] + step[:, 4] + step[:, 8]
    bones = build.bones[:3]
    arm, hand, leg = 2 * np.arctan2(dot(skew, bones.reshape(-1, 3)), 1 + trace).reshape(3, 2)
    axes, angles = np.empty((2, 6, 3)), np.empty((2, 6))
    axes[:, :2], axes[:, 2:4], axes[:, 4] = bones[0][:, None], bones[1][:, None], bones[2]
    angles[:, :5] = -np.stack([arm, arm, hand, hand, leg], 1) * _UNTURNED
    size = np.sqrt(dot(skew[:2], skew[:2]))
    whole = skew[:2] * (np.arctan2(size, trace[:2] - 1) / np.maximum(size, 1e-9))[:, None]
    swing = _FOLLOWS * (whole - (_UNTURNED[0] * arm)[:, None] * bones[0])
    axes[:, 5], angles[:, 5] = swing, np.sqrt(dot(swing, swing))
    base = np.empty((2, 6, 3, 3))
    base[:, :5] = limbs[:, _SPREAD_OVER]
    base[:, 5] = arms.clavicles
    turned = product(base, about(axes.reshape(-1, 3), angles.reshape(-1)).reshape(2, 6, 3, 3))
    rotations = rigid.copy()
    rotations[rows.limbs[:, [*_SPREAD_OVER, _SHOULDER]]] = _fine(turned * MIRROR[:, None])
    return rotations
