"""Limbs of two bones: which way they bend so that their end is where it should be."""

import numpy as np

from reposer.data.people.arrays import Floats, cross, dot, unit

STRETCH = 0.998
"""How far a limb can be stretched, as a share of its length: knees and elbows never lock."""
_FOLD = 0.32  # and how near its end can come to its beginning


def reach(target: Floats, pole: Floats, first: Floats, second: Floats) -> tuple[Floats, Floats, Floats]:
    """Bend limbs so that they end at a target, or as near to it as they get.

    With d the distance, the middle joint is at angle acos((first^2 + d^2 - second^2) / (2 first d)) from the line to
    the target, on the side of the pole.

    Args:
        target: (N, 3) from the beginning of each limb to where it should end, metres.
        pole: (N, 3) the way that elbows or knees point; only its part across the line to the target counts.
        first: (N,) lengths of upper arms or thighs.
        second: (N,) lengths of forearms or shins.

    Returns:
        The upper bones and the lower bones (N, 3) as vectors, and the unit axes (N, 3) that the limbs bend about: pole
        times line, so elbows (whose poles point back) and knees (ahead) have opposite ones.
    """
    distance = np.sqrt(np.maximum(dot(target, target), 1e-12))
    along = target / distance[:, None]
    length = np.minimum(np.maximum(distance, _FOLD * (first + second)), STRETCH * (first + second))
    side = unit(pole - dot(pole, along)[:, None] * along)
    cosine = np.minimum((first * first + length * length - second * second) / (2 * first * length), 1)
    sine = np.sqrt(1 - cosine * cosine)
    upper = (first * cosine)[:, None] * along + (first * sine)[:, None] * side
    return upper, along * length[:, None] - upper, cross(side, along)
