"""Arms of a posed body: hands where the stance wants them or on the body, elbows out of the trunk."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, about, frames, product, turn, unit
from reposer.data.people.build import FLIP, Build, vertices_near
from reposer.data.people.gestures import CONTACTS
from reposer.data.people.legs import Legs
from reposer.data.people.reaching import reach
from reposer.data.people.shape import Body
from reposer.data.people.stances import Stance
from reposer.data.people.trunk import CHEST, HEAD, MIRROR, PELVIS, WAIST, Trunk, eulers

_CARRIERS = {"pelvis": PELVIS, "waist": WAIST, "chest": CHEST, "head": HEAD}
_ALONG = np.array([[0.0], [0.55], [1.0], [1.35]])  # elbow, forearm, wrist and hand along the forearm
_NEAR = np.array([CHEST, CHEST, PELVIS, PELVIS])
_THICK = np.array([0.042, 0.038, 0.03, 0.03])  # of them with cloth, metres
_TRIES = 2


@dataclass(frozen=True)
class Arms:
    """Both arms as left ones; rotations (2, 3, 3)."""

    clavicles: Floats
    uppers: Floats
    fores: Floats
    hands: Floats


def place_arms(body: Body, stance: Stance, trunk: Trunk, legs: Legs, build: Build) -> Arms:
    """Collar bones follow the hands; then arms of two bones reach for them, elbows towards their poles."""
    first, second = build.lengths[:2]
    chest = trunk.rotations[CHEST] * MIRROR
    anchor = trunk.carried(CHEST, build.clavicles, build)
    straight = anchor + turn(chest, build.shoulders)
    target = turn(chest, stance.wrists * (first + second)[:, None])
    held = [k for k in (0, 1) if stance.contacts[k]]
    free = np.ones((2, 1))
    lies: dict[int, Floats] = {}
    for k in held:
        place, lies[k] = _contact(body, stance.contacts[k], k, trunk, legs, build)
        target[k] += place - straight[k]
        free[k] = 0
    clavicles = product(chest, _shoulders(unit(turn(np.swapaxes(chest, -1, -2), target)), stance.shrugs))
    start = anchor + turn(clavicles, build.shoulders)
    if held:
        target[held] += (straight - start)[held]
    pole = turn(chest, stance.elbows)
    upper, lower, axes = reach(target, pole, first, second)
    for _ in range(_TRIES):
        push = _pushed(start + upper, lower, trunk, build)
        if push is None:
            break
        target = target + free * (push[:, 1] + push[:, 2] + push[:, 3])
        pole = pole + 4 * (push[:, 0] + push[:, 1])
        upper, lower, axes = reach(target, pole, first, second)
    placed = product(frames(np.concatenate([upper, lower]), np.concatenate([axes, axes])), build.arms).reshape(
        2, 2, 3, 3
    )
    bends = about(build.hand_axes, stance.hands.T.reshape(-1)).reshape(3, 2, 3, 3)
    hands = product(product(placed[1], bends[0]), product(bends[1], bends[2]))
    for k, lie in lies.items():
        hands[k] = product(lie, build.hands[k])
    return Arms(clavicles, placed[0], placed[1], hands)


def _shoulders(towards: Floats, shrugs: Floats) -> Floats:
    """(2, 3, 3) turns of the collar bones: shoulders rise with raised arms, and follow hands ahead, across and back."""
    angles = np.zeros((2, 3))
    angles[:, 1] = -0.22 * towards[:, 2] + 0.18 * np.minimum(towards[:, 0], 0)
    angles[:, 2] = 0.42 * np.minimum(np.maximum(towards[:, 1] + 0.25, 0), 1.1) + shrugs
    return eulers(angles)


def _contact(body: Body, name: str, side: int, trunk: Trunk, legs: Legs, build: Build) -> tuple[Floats, Floats]:
    """Where a wrist goes (3,) so that its hand lies where it should, and the frame (3, 3) of fingers and palm."""
    contact = CONTACTS[name]
    site = body.points[:, vertices_near(*contact.site)[side]] * FLIP[side]
    if contact.carrier == "thigh":
        rotation, origin, rest = legs.thighs[side], legs.hips[side], build.hips[side]
    else:
        part = _CARRIERS[contact.carrier]
        rotation, origin = trunk.rotations[part] * MIRROR[side], trunk.places[part] * FLIP[side]
        rest = build.chain[part] * FLIP[side]
    lie = product(rotation, frames(np.array(contact.fingers), np.array(contact.palm)))
    middle = turn(rotation, site - rest) + origin - contact.clearance * lie[:, 1]
    return middle - contact.grip * build.hand_lengths[side] * lie[:, 0], lie


def _pushed(elbow: Floats, lower: Floats, trunk: Trunk, build: Build) -> Floats | None:
    """(2, 4, 3) metres by which elbow, forearm, wrist and hand go outwards to be clear of the trunk, if any has to.

    The trunk is a stack of ellipses as wide and deep as the body: of the chest for elbow and forearm, of the pelvis
    for wrist and hand.
    """
    points = elbow[:, None] + _ALONG * lower[:, None]
    rotations = trunk.rotations[_NEAR] * MIRROR[:, None]  # (2 sides, 4 points, 3, 3)
    origins = trunk.places[_NEAR] * FLIP[:, None]
    local = turn(np.swapaxes(rotations, -1, -2), points - origins) + build.chain[_NEAR]
    x, y, z = local[..., 0], local[..., 1], local[..., 2]
    front, back = np.interp(y, build.heights, build.front), np.interp(y, build.heights, build.back)
    across = np.interp(y, build.heights, build.wide) + _THICK
    deep, z = (front - back) / 2 + _THICK, z - (front + back) / 2
    place = np.sqrt(np.maximum((x / across) ** 2 + (z / deep) ** 2, 0.04))
    inside = (place < 1) & (y < build.heights[-1] + 0.03)
    if not inside.any():
        return None
    shift = np.zeros((2, 4, 3))
    out = np.where(inside, 1 / place - 1, 0.0)
    shift[..., 0], shift[..., 2] = out * x, out * z
    return turn(rotations, shift)
