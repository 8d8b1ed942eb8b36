"""What poses need of one body at rest: limbs as left ones, how wide the trunk is, soles, places on the skin."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, Integers, cross, dot, frames, unit
from reposer.data.people.shape import Body
from reposer.data.people.template import load_template

SIDES = "RL"
FLIP: Floats = np.array([[-1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
"""Signs that show a right and a left side as left ones."""
CHAIN = ("root", "spine05", "spine04", "spine03", "spine02", "spine01", "neck01", "neck02", "neck03", "head")
LIMB = (
    "clavicle", "shoulder01", "upperarm01", "upperarm02", "lowerarm01", "lowerarm02", "wrist",
    "pelvis", "upperleg01", "upperleg02", "lowerleg01", "lowerleg02", "foot", "toe1-1",
)  # fmt: skip
LEVELS = (-0.22, -0.06, 0.03, 0.12, 0.20, 0.30, 0.42)
"""Heights on the average body at which the trunk (thighs below it) is measured."""
_SLICE = 0.02
_AHEAD, _UP = np.array([[0.0, 0.0, 1.0]] * 2), np.array([[0.0, 1.0, 0.0]] * 2)


@dataclass(frozen=True)
class Rig:
    """Rows of bones."""

    parents: Integers  # (B,) the root is its own
    steps: tuple[Integers, ...]  # ancestors at distances 1, 2, 4, ..., the root where there is none
    chain: Integers  # (10,)
    eyes: Integers  # (2,)
    limbs: Integers  # (2, 14) right, left, in the order of LIMB
    fingers: Integers  # (2, 5, 3)

    def limb(self, name: str) -> Integers:
        return self.limbs[:, LIMB.index(name)]


@lru_cache(maxsize=1)
def rig() -> Rig:
    template = load_template()
    steps = [np.where(template.parents < 0, 0, template.parents)]
    while steps[-1].any():
        steps.append(steps[-1][steps[-1]])
    limbs = [[template.bone(f"{bone}.{side}") for bone in LIMB] for side in SIDES]
    fingers = [[[template.bone(f"finger{f}-{k}.{s}") for k in (1, 2, 3)] for f in range(1, 6)] for s in SIDES]
    return Rig(
        steps[0], tuple(steps), np.array([template.bone(bone) for bone in CHAIN]),
        np.array([template.bone(f"eye.{side}") for side in SIDES]), np.array(limbs), np.array(fingers),
    )  # fmt: skip


@dataclass(frozen=True)
class Build:
    """One body at rest, metres; pairs are right and left, both as left ones."""

    offsets: Floats  # (B, 3) from each bone's parent
    chain: Floats  # (10, 3) where trunk and head begin
    clavicles: Floats  # (2, 3) where they begin
    shoulders: Floats  # (2, 3) from there to the shoulders
    hips: Floats  # (2, 3)
    ankles: Floats  # (2, 3)
    lengths: Floats  # (4, 2) of upper arms, forearms, thighs, shins
    bones: Floats  # (4, 2, 3) the same as unit vectors
    arms: Floats  # (4, 3, 3) frames of upper arms and forearms (right, left each), transposed
    legs: Floats  # (8, 3, 3) of thighs, shins, feet and toes, transposed
    hands: Floats  # (2, 3, 3) of fingers and palms, transposed
    hand_lengths: Floats  # (2,) from the wrist to the knuckles
    hand_axes: Floats  # (6, 3) that hands turn, bend and slant about
    finger_axes: Floats  # (40, 3) each hand: 3 bones of each of 5 fingers, then 5 that fingers are spread about
    wide: Floats  # (len(LEVELS),) half widths of the trunk
    front: Floats  # (len(LEVELS),) z of its front
    back: Floats  # (len(LEVELS),) and of its back
    heights: Floats  # (len(LEVELS),) where on this body
    heels: Floats  # (2, 3) the lowest point, from the ankle
    balls: Floats  # (2, 3)
    soles: Floats  # (2, 2, 2) heels and balls, of both feet: up from the ankle, and along the foot
    seat: float
    """From the middle of the hips down to what one sits on."""


@lru_cache(maxsize=8)
def measured(body: Body) -> Build:
    """Measure a body; kept for the last few, each of which stands for several pictures."""
    rows, heads = rig(), body.heads

    def ends(name: str) -> Floats:
        return heads[rows.limb(name)] * FLIP

    shoulder, elbow, wrist = ends("upperarm01"), ends("lowerarm01"), ends("wrist")
    hip, knee, ankle, toe = ends("upperleg01"), ends("lowerleg01"), ends("foot"), ends("toe1-1")
    limbs = np.stack([elbow - shoulder, wrist - elbow, knee - hip, ankle - knee])
    lengths = np.sqrt(dot(limbs, limbs))
    elbow_axis, knee_axis = cross(limbs[0], limbs[1]), cross(_AHEAD, ankle - hip)
    flat = (toe - ankle) * [1.0, 0.0, 1.0]
    knuckles = heads[rows.fingers] * FLIP[:, None, None]  # (2, 5, 3, 3)
    across, hand = unit(knuckles[:, 1, 0] - knuckles[:, 4, 0]), knuckles[:, 2, 0] - wrist
    palm = unit(cross(hand, across))
    thumb = unit(knuckles[:, 0, 2] - knuckles[:, 0, 0])
    axes = np.empty((2, 20, 3))
    axes[:, :3] = (cross(thumb, palm) - 0.4 * thumb)[:, None]
    axes[:, 3:15] = -across[:, None]
    axes[:, 15:] = palm[:, None]
    trunk, feet = body.points[:, _trunk()].astype(np.float64), body.points[:, _feet()].astype(np.float64)
    soles = feet[:, :2].transpose(1, 2, 0) * FLIP - ankle
    along = np.stack([soles[..., 1], dot(soles, unit(flat))], -1)
    return Build(
        offsets=heads - heads[rows.parents], chain=heads[rows.chain], clavicles=ends("clavicle"),
        shoulders=shoulder - ends("clavicle"), hips=hip, ankles=ankle, lengths=lengths, bones=unit(limbs),
        arms=_rest(limbs[:2], np.stack([elbow_axis] * 2)),
        legs=_rest(np.stack([*limbs[2:], flat, flat]), np.stack([knee_axis, knee_axis, _UP, _UP])),
        hands=_rest(hand, palm), hand_lengths=np.sqrt(dot(hand, hand)),
        hand_axes=np.concatenate([limbs[1], across, palm]), finger_axes=axes.reshape(-1, 3),
        wide=trunk[0, :, 0], front=trunk[2, :, 1], back=trunk[2, :, 2], heights=trunk[1, :, 0],
        heels=soles[0], balls=soles[1], soles=along,
        seat=float((heads[rows.limb("upperleg01"), 1].sum() - feet[1, 2].sum()) / 2),
    )  # fmt: skip


def _rest(directions: Floats, fronts: Floats) -> Floats:
    """(N, 3, 3) transposed frames."""
    return np.ascontiguousarray(np.swapaxes(frames(directions.reshape(-1, 3), fronts.reshape(-1, 3)), -1, -2))


@lru_cache(maxsize=1)
def _trunk() -> Integers:
    """(len(LEVELS), 3) vertices: the widest at the left, the foremost, the backmost."""
    template = load_template()
    arms = np.array([bone.startswith(("upperarm", "lowerarm", "wrist", "finger")) for bone in template.bones])
    suit = np.unique(template.suit)
    suit = suit[~arms[template.weight_bones[0, suit]]]
    rows = []
    for level in LEVELS:
        near = suit[np.abs(template.points[1, suit] - level) < _SLICE]
        x, _, z = template.points[:, near]
        rows.append([near[np.argmax(x)], near[np.argmax(z)], near[np.argmin(z)]])
    return np.array(rows)


@lru_cache(maxsize=1)
def _feet() -> Integers:
    """(3, 2) vertices: heels, balls of the feet and the backmost of the lower buttocks, right and left."""
    template = load_template()
    suit = np.unique(template.suit)
    x, y, z = template.points[:, suit]
    feet = []
    for side in (-1, 1):
        own = side * x > 0
        low = own & (y < y.min() + 0.012)
        sits = own & (np.abs(y + 0.03) < 0.03)
        lowest = suit[low]
        feet.append(
            [lowest[np.argmin(z[low])], lowest[np.argmin(np.abs(z[low] - 0.13))], suit[sits][np.argmin(z[sits])]]
        )
    return np.array(feet).T


@lru_cache(maxsize=64)
def vertices_near(x: float, y: float, z: float) -> tuple[int, int]:
    """Vertices of body or suit nearest to a place on the right and on the left; the place is given for the left."""
    template = load_template()
    own = np.concatenate([np.unique(template.suit), template.skin[0].vertices])
    found = []
    for sign in (-1, 1):
        away = template.points[:, own] - np.array([[sign * x], [y], [z]])
        found.append(int(own[np.argmin((away * away).sum(0))]))
    return found[0], found[1]
