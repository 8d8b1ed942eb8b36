"""Faces and hands of the whole-body skeletons: the 68 points of dlib and 300-W, and the 21 points of each hand."""

from collections.abc import Iterator
from itertools import pairwise

_MIRRORED = {
    **{i: 16 - i for i in range(8)},  # the chin's line
    **{i: 43 - i for i in range(17, 22)},  # brows
    31: 35, 32: 34,  # nostrils
    36: 45, 37: 44, 38: 43, 39: 42, 40: 47, 41: 46,  # eyes
    48: 54, 49: 53, 50: 52, 59: 55, 58: 56, 60: 64, 61: 63, 67: 65,  # lips
}  # fmt: skip
"""Points of the face on the person's right, and the same on the left."""
_SIDES = {**dict.fromkeys(_MIRRORED, "right "), **dict.fromkeys(_MIRRORED.values(), "left ")}
_NUMBERS = {left: right for right, left in _MIRRORED.items()}

FACE_68 = tuple(f"{_SIDES.get(i, '')}face {_NUMBERS.get(i, i)}" for i in range(68))
"""Points of the face; one of the left is numbered as its like on the right."""
HANDS_42 = tuple(f"{side} hand {i}" for side in ("left", "right") for i in range(21))
"""Points of both hands: the wrist, then four of each finger, from the thumb on."""

_LINES = (range(17), range(17, 22), range(22, 27), range(27, 31), range(31, 36))
_LOOPS = (range(36, 42), range(42, 48), range(48, 60), range(60, 68))


def face_limbs(first: int, nose: int) -> Iterator[tuple[int, int]]:
    """Lines of a face whose first point is joint ``first``, and from the ``nose`` to each of them."""
    for line in _LINES:
        yield from ((first + a, first + b) for a, b in pairwise(line))
    for loop in _LOOPS:
        yield from ((first + a, first + b) for a, b in pairwise((*loop, loop[0])))
    for start in (8, 21, 22, 27, 33, 39, 42, 51, 62):  # in the middle of each, so that left and right are alike
        yield nose, first + start


def hand_limbs(first: int, wrist: int) -> Iterator[tuple[int, int]]:
    """Lines of a hand whose first point is joint ``first``, and from the arm's ``wrist`` to it."""
    yield wrist, first
    for finger in range(5):
        yield from pairwise((first, *(first + 1 + 4 * finger + i for i in range(4))))
