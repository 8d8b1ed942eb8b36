"""Pelvis, spine, head and eyes of a posed body."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, product, turn
from reposer.data.people.build import FLIP, Build
from reposer.data.people.stances import Stance

MIRROR = FLIP[:, :, None] * FLIP[:, None, :]
"""(2, 3, 3) signs that show rotations of both sides as those of left ones."""
PELVIS, WAIST, CHEST, HEAD = 1, 3, 5, 9
"""Places in the chain."""
_FLEX = np.array([[0.0], [0.35], [0.65], [0.85]])  # from the pelvis to the chest
_NOD = np.array([[0.25], [0.5], [0.8], [1.0]])  # from the chest to the head
_FOLLOWED = np.array([0, 0, 1, 2, 3, 4, 5, 6, 7, 8])  # rotation of each bone of the chain


@dataclass(frozen=True)
class Trunk:
    """Pelvis, spine and head."""

    rotations: Floats  # (10, 3, 3) of the chain
    places: Floats  # (10, 3)
    gaze: Floats  # (3, 3) of the eyes

    def carried(self, part: int, points: Floats, build: Build) -> Floats:
        """Where points (2, 3) of the body at rest are if they follow a part of the chain; both as left ones."""
        return turn(self.rotations[part] * MIRROR, points - build.chain[part] * FLIP) + self.places[part] * FLIP


def eulers(angles: Floats) -> Floats:
    """Rotations (N, 3, 3) about the axis z, then x, then y, by angles (N, 3) in radians: x, y, z."""
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles).T, np.sin(angles).T
    rows = np.empty((len(angles), 9))
    syx, cyx = sy * sx, cy * sx
    rows[:, 0], rows[:, 1], rows[:, 2] = cy * cz + syx * sz, syx * cz - cy * sz, sy * cx
    rows[:, 3], rows[:, 4], rows[:, 5] = cx * sz, cx * cz, -sx
    rows[:, 6], rows[:, 7], rows[:, 8] = cyx * sz - sy * cz, sy * sz + cyx * cz, cy * cx
    return rows.reshape(-1, 3, 3)


def place_trunk(stance: Stance, build: Build) -> Trunk:
    """The spine bends evenly from pelvis to chest, the neck from chest to head."""
    pitch, yaw, tilt = stance.hips
    pelvis = np.array([0.3 * stance.lean + pitch, yaw - 0.3 * stance.twist, tilt])
    chest = np.array([stance.lean, stance.twist + yaw, -stance.bend])
    head = np.array([stance.head_nod - 0.5 * stance.lean, stance.head_turn, 0.5 * stance.bend - stance.head_tilt])
    angles = np.empty((10, 3))
    angles[:4] = pelvis + (chest - pelvis) * _FLEX
    angles[4] = chest
    angles[5:9] = head * _NOD
    angles[9] = stance.gaze[1], stance.gaze[0], 0.0
    turns = eulers(angles)
    turns[5:9] = product(turns[4], turns[5:9])
    rotations = turns[_FOLLOWED]
    places = build.chain.copy()
    places[1:] = turn(rotations[:-1], build.chain[1:] - build.chain[:-1])
    return Trunk(rotations, np.cumsum(places, axis=0), product(turns[8], turns[9]))
