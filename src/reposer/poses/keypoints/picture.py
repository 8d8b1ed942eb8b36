"""What files of keypoints hold: pictures with people, and the checks of their numbers."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reposer.checks import InputError, some
from reposer.poses.skeleton import Skeleton
from reposer.poses.skeletons import SKELETONS

Numbers = NDArray[np.float64]
FARTHEST = 2**17
"""Largest coordinate in pixels, eight times the longest side of an image that is read."""
_short = reprlib.Repr()  # of a file of 256 MiB too
_short.maxlevel, _short.maxother, _short.maxstring, _short.maxlist, _short.maxdict = 2, 40, 40, 3, 3
short = _short.repr
"""Writes the beginning of a value, however large it is."""
KNOWN = tuple(SKELETONS.values())
_SIDES = ("left", "right")
_NEEDED = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")


class Person(NamedTuple):
    """A person as a file has them."""

    skeleton: Skeleton
    joints: Numbers
    """(J, 3): x, y and score; a score of 0 or less means missing."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a file says about one image."""

    people: tuple[Person, ...]
    name: str | None = None
    """File name of the image; None: it is that of the keypoints' file."""
    size: tuple[int, int] | None = None
    """Height and width in pixels, if the file tells."""
    unit: Literal["pixels", "picture", "either"] = "pixels"
    """Of the coordinates; ``picture``: 1 is its width or height; ``either``: this, if none is beyond 1."""
    stacked: bool = False
    """Whether the file leaves open if its people are of one image or of one each."""


def skeleton_of(joints: int, where: object, known: Sequence[Skeleton] = KNOWN) -> Skeleton:
    """Tell the skeleton by the number of joints; InputError names those that are known here."""
    for skeleton in known:
        if len(skeleton.joints) == joints:
            return skeleton
    names = ", ".join(f"{skeleton.name} with {len(skeleton.joints)}" for skeleton in known)
    raise InputError(f"{where}: {joints} joints, of none of the skeletons known here ({names})")


def named_skeleton(names: Sequence[Any], where: object) -> Skeleton:
    """Make a skeleton of the joints that a file names, in its order; InputError unless it has all arms and legs."""
    joints = tuple(str(name).lower().replace("_", " ").replace("-", " ") for name in names)
    for known in KNOWN:
        if known.joints == joints:
            return known
    if lacking := [f"{side} {joint}" for joint in _NEEDED for side in _SIDES if f"{side} {joint}" not in joints]:
        raise InputError(
            f"{where}: no {some(lacking)} among the joints ({some(joints, 6)[:80]}); no skeleton of people"
        )
    try:
        return Skeleton("as named by the file", joints, limbs=(), left_right=(), parts=())
    except ValueError as error:  # a name stands twice
        raise InputError(f"{where}: {error}") from None


def triples(values: Any, where: object, known: Sequence[Skeleton] = KNOWN) -> Person:
    """Read a person from a flat list of x, y, score of each joint."""
    if not isinstance(values, list) or len(values) % 3:
        count = f"{len(values)} values" if isinstance(values, list) else f"{short(values)}"
        raise InputError(f"{where}: expected a list of x, y, score of each joint, got {count}")
    return Person(skeleton_of(len(values) // 3, where, known), numbers(values, where).reshape(-1, 3))


def points(values: Any, where: object, scores: Any = None, known: Sequence[Skeleton] = KNOWN) -> Person:
    """Read a person from a list of [x, y] with a list of ``scores`` beside it, or of [x, y, score]."""
    width = 2 if scores is not None else 3
    if not isinstance(values, list) or not all(isinstance(point, list) and len(point) == width for point in values):
        form = "[x, y] and its score" if width == 2 else "[x, y, score]"
        raise InputError(f"{where}: expected a list of joints, each {form}, got {short(values)}")
    skeleton = skeleton_of(len(values), where, known)
    joints = numbers([value for point in values for value in point], where).reshape(-1, width)
    if scores is not None:
        if not isinstance(scores, list) or len(scores) != len(values):
            raise InputError(f"{where}: expected a score of each of {len(values)} joints, got {short(scores)}")
        joints = np.concatenate([joints, numbers(scores, where)[:, None]], axis=1)
    return Person(skeleton, joints)


def numbers(values: list[Any], where: object) -> Numbers:
    """Check that all are numbers and can be coordinates or scores."""
    for index, value in enumerate(values):
        if type(value) not in (int, float) or not abs(value) <= FARTHEST:
            raise InputError(f"{where}: number {index + 1} is {short(value)}, which is no coordinate nor score")
    return np.array(values, dtype=np.float64)


def side(value: Any, where: object, what: str) -> int:
    """Check a height or width in pixels."""
    if type(value) in (int, float) and 0 < value <= FARTHEST and value == int(value):
        return int(value)
    raise InputError(f"{where}: {what} must be a whole number of pixels, got {short(value)}")


def entries(value: Any, where: object, key: str | None = None) -> list[dict[str, Any]]:
    """Check that a value, or the ``key`` of it, is a list of objects."""
    found = value.get(key) if key is not None else value
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise InputError(f"{where}: expected {key or 'it'} to be a list of objects, got {short(found)}")
    return found
