"""Motions with names, a walk and a turn, to use where no recording of anybody is at hand."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.checks import InputError, check_choice
from reposer.files import parse_json
from reposer.poses.named import placed

Floats = NDArray[np.float64]
_ELEVATION, _DISTANCE = 0.08, 4.5
"""Of the camera: radians above the horizon, and heights of the person away, as for the named poses."""
_FACE = (0, 14, 15, 16, 17)
_FACING = np.array([-0.12, 0.02, 0.02, -0.25, -0.25])
"""Cosine between the way a joint of the face looks and that to the camera, above which it is seen."""


@dataclass(frozen=True)
class NamedMotion:
    """A motion that ends as it begins."""

    name: str
    period: float
    """Seconds."""
    rounds: int
    """Periods that it goes on for, unless said otherwise."""
    moments: str
    """Which bodies of motions.json it runs through."""
    heading: float
    """Degrees by which the person looks to the right of the picture at first."""
    turn: float
    """Degrees by which the person turns on to the right in a period."""


NAMED_MOTIONS = MappingProxyType(
    {
        each.name: each
        for each in (
            NamedMotion(name="walk", period=1.12, rounds=4, moments="walking", heading=70, turn=0),
            NamedMotion(name="turn", period=4.0, rounds=1, moments="standing", heading=0, turn=360),
        )
    }
)
"""By name: the walk of an adult on the spot, to the right; a person who stands and is turned once around."""


def named_motion(name: str, count: int, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Return one period of a motion, placed into a picture; after the last pose comes the first again.

    Size and build of the person are those of :func:`reposer.poses.named_pose`, the hips are above the middle of the
    ground; :func:`reposer.poses.retarget_motion` fits the motion to a person.

    Args:
        name: one of ``NAMED_MOTIONS``.
        count: poses of the period, at equal distances in time.
        size: (H, W) of the picture in pixels.

    Returns:
        Joints (count, 18, 2) in pixels, x then y, and visible (count, 18): of the face only what faces the camera.

    Raises:
        InputError: if there is no motion of that name, names the nearest; or if a number is not positive.

    >>> joints, visible = named_motion("walk", 24, (128, 64))
    >>> joints.shape, visible.shape
    (torch.Size([24, 18, 2]), torch.Size([24, 18]))
    """
    check_choice("motion", name, NAMED_MOTIONS)
    if not (count > 0 and min(size) > 0):
        raise InputError(f"count and both sides of size must be positive, got {count} and {size}")
    motion = NAMED_MOTIONS[name]
    phase = np.arange(count) / count
    bodies = _between(_moments()[motion.moments], phase)
    joints, seen = _seen(bodies, np.radians(motion.heading + motion.turn * phase))
    visible = torch.from_numpy(seen)
    return placed(torch.from_numpy(joints).float(), visible, size, by_hips=True), visible


def _between(moments: Floats, phase: Floats) -> Floats:
    """Bodies (N, 23, 3) at the phases (N,) of a closed motion of K moments: their Fourier series, which is smooth."""
    waves = np.fft.rfft(moments, axis=0) / len(moments)
    number = np.arange(len(waves))
    twice = np.where((number == 0) | (2 * number == len(moments)), 1, 2)
    return np.einsum("nk,kjx->njx", twice * np.exp(2j * np.pi * phase[:, None] * number), waves).real


def _seen(bodies: Floats, yaw: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Joints (N, 18, 2) in heights, y down from the ground below the hips, and which can be seen."""
    c, s, ct, st = np.cos(yaw), np.sin(yaw), np.cos(_ELEVATION), np.sin(_ELEVATION)
    one, none = np.ones_like(c), np.zeros_like(c)
    rotation = np.array([[c, none, s], [st * s, ct * one, -st * c], [-ct * s, st * one, ct * c]]).transpose(2, 0, 1)
    places, ways = bodies[:, :18], bodies[:, 18:]
    floor, points = ((at - (0, 0.5, 0)) @ rotation.transpose(0, 2, 1) for at in (np.zeros((len(bodies), 1, 3)), places))
    floor, joints = (at[..., :2] * (1, -1) * _DISTANCE / (_DISTANCE - at[..., 2:]) for at in (floor, points))
    towards = (0, 0, _DISTANCE) - points[:, _FACE]
    facing = ((ways @ rotation.transpose(0, 2, 1)) * towards).sum(-1)
    visible = np.ones(joints.shape[:2], bool)
    visible[:, _FACE] = facing > _FACING * np.linalg.norm(towards, axis=-1) * np.linalg.norm(ways, axis=-1)
    return joints - floor, visible


@cache
def _moments() -> MappingProxyType[str, Floats]:
    """Bodies (K, 23, 3) in heights: 18 joints, x to the left, y up, z ahead; the ways in which 5 of the face look."""
    content = parse_json((resources.files("reposer.poses") / "motions.json").read_text(), "motions.json")
    return MappingProxyType({name: np.array(moments) for name, moments in content.items()})
