"""From a stance to the place of every bone of a body."""

from dataclasses import dataclass
from functools import lru_cache
from math import cos, sin

import numpy as np

from reposer.data.people.arrays import Floats, Integers, about, cross, dot, frames, product, slerp, turn, unit
from reposer.data.people.stances import Stance
from reposer.data.people.template import load_template

SIDES = "RL"
_FLIP = np.array([[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
_AHEAD, _UP = np.array([0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0])
# Rotations that a stance gives; limbs come twice, right then left.
_LIMB_NAMES = ("arm", "fore", "hand", "thigh", "shin", "foot")
KEYS = ("pelvis", "chest", "neck", "head", "eyes", *(f"{limb}.{side}" for side in SIDES for limb in _LIMB_NAMES))
_BLENDS = {  # bone -> two keys and how far it is from the first to the second
    "root": ("pelvis", "pelvis", 0), "pelvis": ("pelvis", "pelvis", 0), "spine05": ("pelvis", "pelvis", 0),
    "spine04": ("pelvis", "chest", 0.35), "spine03": ("pelvis", "chest", 0.65), "spine02": ("pelvis", "chest", 0.85),
    "spine01": ("pelvis", "chest", 1), "neck01": ("chest", "head", 0.25), "neck02": ("chest", "head", 0.5),
    "neck03": ("chest", "head", 0.8), "head": ("head", "head", 0), "eye": ("eyes", "eyes", 0),
    "clavicle": ("chest", "arm", 0.2), "shoulder01": ("chest", "arm", 0.5), "upperarm01": ("arm", "arm", 0),
    "upperarm02": ("arm", "arm", 0), "lowerarm01": ("fore", "fore", 0), "lowerarm02": ("fore", "hand", 0.5),
    "wrist": ("hand", "hand", 0), "finger": ("hand", "hand", 0), "upperleg01": ("thigh", "thigh", 0),
    "upperleg02": ("thigh", "thigh", 0), "lowerleg01": ("shin", "shin", 0), "lowerleg02": ("shin", "shin", 0),
    "foot": ("foot", "foot", 0), "toe1-1": ("foot", "foot", 0),
}  # fmt: skip
_LIMBS = (  # bone at the beginning and at the end of each limb, front at rest
    ("upperarm01", "lowerarm01", _AHEAD), ("lowerarm01", "wrist", _AHEAD), ("wrist", "finger3-1", _AHEAD),
    ("upperleg01", "lowerleg01", _AHEAD), ("lowerleg01", "foot", _AHEAD), ("foot", "toe1-1", _UP),
)  # fmt: skip
_FINE = 2.0**-22  # to which rotations are rounded, so that sines may differ in the last bit


@dataclass(frozen=True)
class Skeleton:
    """Where bones are: rest point p of bone b is at rotations[b] @ p + translations[b]."""

    rotations: Floats  # (B, 3, 3) float64
    translations: Floats  # (B, 3)
    heads: Floats  # (B, 3) where bones begin

    def turned(self, heading: float) -> "Skeleton":
        """The whole person turned about the vertical, positive towards their left."""
        about_y = np.round(_rotation(0.0, heading, 0.0) / _FINE) * _FINE
        return Skeleton(
            product(about_y, self.rotations), turn(about_y, self.translations), turn(about_y, self.heads)
        )  # fmt: skip

    def raised(self, metres: float) -> "Skeleton":
        """The whole person lifted."""
        up = np.array([0.0, metres, 0.0])
        return Skeleton(self.rotations, self.translations + up, self.heads + up)


@dataclass(frozen=True)
class _Rig:
    """Which bone follows what."""

    first: Integers  # (B,) keys
    second: Integers
    share: Floats
    order: tuple[Integers, ...]  # bones by depth below the root
    limbs: Integers  # (2, 6, 2) bones at the ends of the limbs
    fingers: Integers  # (30,) bones
    bends: Floats  # (30,) how much each is bent in a fist
    side: Integers  # (30,) 0 right, 1 left


@lru_cache(maxsize=1)
def _rig() -> _Rig:
    template = load_template()
    first: list[int] = []
    second: list[int] = []
    share: list[float] = []
    for bone in template.bones:
        stem, _, side = bone.partition(".")
        one, two, part = _BLENDS["finger" if stem.startswith("finger") else stem]
        for key, into in ((one, first), (two, second)):
            into.append(KEYS.index(f"{key}.{side}" if f"{key}.R" in KEYS else key))
        share.append(part)
    depth = np.zeros(len(template.bones), int)
    for child, parent in enumerate(template.parents.tolist()):
        depth[child] = depth[parent] + 1 if parent >= 0 else 0
    fingers = [bone for bone in template.bones if bone.startswith("finger")]
    places = [(int(bone[6]), int(bone[8])) for bone in fingers]
    limbs = [[[template.bone(f"{end}.{side}") for end in limb[:2]] for limb in _LIMBS] for side in SIDES]
    return _Rig(
        np.array(first), np.array(second), np.array(share, float),
        tuple(np.flatnonzero(depth == level) for level in range(1, depth.max() + 1)),
        np.array(limbs), np.array([template.bone(bone) for bone in fingers]),
        np.array([1.45 * (0.85 + 0.05 * f) * (k / 2 + 0.2) if f > 1 else 0.5 * k - 0.2 for f, k in places]),
        np.array([SIDES.index(bone[-1]) for bone in fingers]),
    )  # fmt: skip


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


def _arms(stance: Stance, lengths: Floats) -> tuple[Floats, Floats]:
    """Directions and fronts (2, 3, 3) of upper arms, forearms and hands in the chest's frame; wrists are reached."""
    upper, fore = lengths[:, 0:1], lengths[:, 1:2]
    target = stance.wrists * _FLIP
    distance = np.sqrt(dot(target, target))[:, None]
    reach = np.minimum(np.maximum(distance, 0.35), 0.995) * (upper + fore)
    along = target / distance
    pole = stance.elbows * _FLIP
    side = unit(pole - dot(pole, along)[:, None] * along)
    cosine = np.minimum((upper * upper + reach * reach - fore * fore) / (2 * upper * reach), 1)
    elbow = upper * (cosine * along + np.sqrt(1 - cosine * cosine) * side)
    forearm = along * reach - elbow
    return np.stack([elbow, forearm, forearm], 1), np.stack([-side, -side, -side], 1)


def _legs(stance: Stance) -> tuple[Floats, Floats]:
    """Directions and fronts (2, 3, 3) of thighs, shins and feet in the pelvis's frame."""
    directions, fronts = [], []
    for sign, (flexion, spread, out), knee, foot in zip(
        (-1, 1), stance.thighs.tolist(), stance.knees.tolist(), stance.feet.tolist(), strict=True
    ):
        down = np.array([sign * sin(spread), -cos(flexion), sin(flexion)])
        ahead = np.array([sign * sin(out), sin(flexion), cos(flexion)])
        directions.append(down)
        fronts.append(ahead)
        pitch = foot + 0.7 * (knee - flexion)  # the ankle keeps the sole nearly flat
        for c, s in ((cos(knee), -sin(knee)), (cos(pitch), sin(pitch))):
            down, ahead = c * down + s * ahead, c * ahead - s * down
            directions.append(down)
            fronts.append(ahead)
        directions[-1], fronts[-1] = ahead, -down  # a foot points ahead, its front is up
    return np.array(directions).reshape(2, 3, 3), np.array(fronts).reshape(2, 3, 3)


def _keys(stance: Stance, heads: Floats, rig: _Rig) -> Floats:
    """(17, 3, 3) rotations in the order of KEYS."""
    pelvis = _rotation(0.3 * stance.lean, -0.3 * stance.twist, 0.4 * stance.bend)
    chest = _rotation(stance.lean, stance.twist, -stance.bend)
    neck = product(chest, _rotation(0.5 * stance.head_nod, 0.4 * stance.head_turn, 0.0))
    head = product(chest, _rotation(stance.head_nod - 0.5 * stance.lean, stance.head_turn, 0.5 * stance.bend))
    eyes = product(head, _rotation(stance.gaze[1], stance.gaze[0], 0.0))
    start, end = heads[rig.limbs[..., 0]], heads[rig.limbs[..., 1]]  # (2, 6, 3)
    rest = end - start
    rest[:, 5, 1] = 0  # a foot lies flat
    fronts = np.broadcast_to(np.array([limb[2] for limb in _LIMBS]), rest.shape)
    arms, arm_fronts = _arms(stance, np.sqrt(dot(rest, rest))[:, :2])
    legs, leg_fronts = _legs(stance)
    into = np.concatenate([frames(arms, arm_fronts), frames(legs, leg_fronts)], axis=1)
    base = np.stack([chest] * 3 + [pelvis] * 3)
    limbs = product(product(base, into), np.swapaxes(frames(rest, fronts), -1, -2))
    return np.concatenate([np.stack([pelvis, chest, neck, head, eyes]), limbs.reshape(12, 3, 3)])


def _finger_bends(stance: Stance, heads: Floats, rig: _Rig) -> Floats:
    """(30, 3, 3) turns of the fingers' bones against the hand."""
    template = load_template()
    turns = []
    for side in SIDES:
        index, little, thumb = (heads[template.bone(f"finger{f}-1.{side}")] for f in (2, 5, 1))
        tip = heads[template.bone(f"finger1-3.{side}")]
        across = index - little
        turns += [cross(across, tip - thumb) * (-1 if side == "R" else 1), across]
    axes = np.array(turns).reshape(2, 2, 3)
    thumbs = np.array([template.bones[bone][6] == "1" for bone in rig.fingers])
    chosen = np.where(thumbs[:, None], axes[rig.side, 0], axes[rig.side, 1])
    return about(chosen, rig.bends * stance.fingers[rig.side])


def pose(heads: Floats, stance: Stance) -> Skeleton:
    """Pose a body whose bones begin at `heads` (B, 3); the pelvis stays above the origin."""
    rig, parents = _rig(), load_template().parents
    keys = _keys(stance, heads, rig)
    rotations = keys[rig.first]
    mixed = np.flatnonzero(rig.share > 0)
    rotations[mixed] = slerp(keys[rig.first[mixed]], keys[rig.second[mixed]], rig.share[mixed])
    rotations[rig.fingers] = product(rotations[rig.fingers], _finger_bends(stance, heads, rig))
    rotations = np.round(rotations / _FINE) * _FINE
    placed = heads.copy()
    for bones in rig.order:
        above = parents[bones]
        placed[bones] = placed[above] + turn(rotations[above], heads[bones] - heads[above])
    return Skeleton(rotations, placed - turn(rotations, heads), placed)
