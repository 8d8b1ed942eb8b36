"""Legs of a posed body: soles on one ground, knees ahead, ankles apart."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, cross, dot, frames, product, unit
from reposer.data.people.build import FLIP, Build
from reposer.data.people.reaching import STRETCH, reach
from reposer.data.people.stances import Stance
from reposer.data.people.trunk import PELVIS, Trunk

_UP = np.array([[0.0, 1.0, 0.0]] * 2)
_MAY_BEND = (-0.8, 0.35)  # ankles: down and up, radians
_APART, _FOOT_SHAPE = 0.105, 2.2  # metres between ankles aside; feet need so many times as much ahead
_AIR = 0.3  # of two ankles with such a difference of height none is in the other one's way


@dataclass(frozen=True)
class Legs:
    """Both legs as left ones; rotations (2, 3, 3)."""

    hips: Floats  # (2, 3) where thighs begin
    thighs: Floats
    shins: Floats
    feet: Floats
    toes: Floats


def place_legs(stance: Stance, trunk: Trunk, build: Build) -> Legs:
    """Angles of the stance say where feet are; those that stand are then put on the ground by bending both joints."""
    first, second = build.lengths[2:]
    hips = trunk.carried(PELVIS, build.hips, build)
    flexion, spread, out = stance.thighs.T
    cosine, sine = np.cos(flexion), np.sin(flexion)
    down = unit(np.array([np.sin(spread), -cosine, sine]).T)
    front = np.array([np.sin(out), sine, cosine]).T
    ahead = unit(front - dot(front, down)[:, None] * down)
    bent = np.cos(stance.knees)[:, None] * down - np.sin(stance.knees)[:, None] * ahead
    target = first[:, None] * down + second[:, None] * bent
    standing = np.array(stance.planted)
    limits = np.minimum(np.maximum(stance.feet - 0.7 * (flexion - stance.knees), _MAY_BEND[0]), _MAY_BEND[1])
    pitch = np.where(standing, stance.feet, flexion - stance.knees + limits)
    rise, run = np.sin(pitch), np.cos(pitch)
    target = _on_ground(stance, _apart(hips, target), hips, (run, rise), build)
    upper, lower, axes = reach(target, ahead, first, second)
    heading = unit(cross(axes, _UP))
    directions, fronts = np.empty((4, 2, 3)), np.empty((4, 2, 3))
    directions[0], directions[1] = upper, lower
    directions[2] = run[:, None] * heading + rise[:, None] * _UP
    directions[3] = np.where((standing & (pitch < 0))[:, None], heading, directions[2])  # toes stay on the ground
    fronts[:2], fronts[2:] = axes, _UP
    placed = product(frames(directions.reshape(-1, 3), fronts.reshape(-1, 3)), build.legs).reshape(4, 2, 3, 3)
    return Legs(hips, *placed)


def _apart(hips: Floats, target: Floats) -> Floats:
    """Ankles (2, 3) from the hips, moved so far that feet and shins do not touch."""
    right, left = ((hips + target) * FLIP).tolist()
    x, z = left[0] - right[0], left[2] - right[2]
    distance = max((x * x + z * z / _FOOT_SHAPE**2) ** 0.5, 1e-6)
    if distance >= _APART or abs(left[1] - right[1]) > _AIR:
        return target
    half = (_APART / distance - 1) / 2
    return target + half * np.array([[x, 0.0, -z], [x, 0.0, z]])


def _on_ground(stance: Stance, target: Floats, hips: Floats, pitch: tuple[Floats, Floats], build: Build) -> Floats:
    """Ankles (2, 3) from the hips, so that all soles that stand are on one ground, which all of them can reach.

    The ground is under the lowest of them, or under the seat.
    """
    standing = np.array(stance.planted)
    if not standing.any():
        return target
    run, rise = pitch
    heights = build.soles[..., 0] * run + build.soles[..., 1] * rise
    base = hips[:, 1] + np.minimum(heights[0], heights[1])  # of the ground, were ankles as high as hips
    far = np.sqrt(target[:, 0] * target[:, 0] + target[:, 2] * target[:, 2])
    longest = STRETCH * (build.lengths[2] + build.lengths[3])
    if stance.seat:  # feet are drawn in until they stand
        floor = float(hips[:, 1].sum() / 2) - build.seat - stance.seat
        widest = np.sqrt(np.maximum(longest * longest - (base - floor) ** 2, 0))
    else:
        floor = float((base + target[:, 1])[standing].min())
        widest = 0.98 * longest
    near = np.minimum(1.0, widest / np.maximum(far, 1e-9))
    far = far * near
    floor = max(floor, float((base - np.sqrt(longest * longest - far * far))[standing].max()))
    ankles = target * np.stack([near, np.ones(2), near], 1)
    ankles[standing, 1] = (floor - base)[standing]
    return ankles
