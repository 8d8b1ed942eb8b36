"""One of several people, followed from picture to picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from reposer.poses.keypoints.choice import largest_and_most_central
from reposer.poses.keypoints.people import People, Seen
from reposer.poses.keypoints.picture import Numbers

Person = tuple[Numbers, Seen]
_FARTHEST = 0.5
"""How far a person can have come since the last picture, in diagonals of the box about their joints."""
_MOST_MISSED = 10
"""Pictures in a row without the person after which somebody else is followed."""


def follow(pictures: Sequence[tuple[People, tuple[int, int] | None]]) -> list[int | None]:
    """Tell which person of each picture is the one who is followed; None where they are not there.

    In the first picture with anybody it is the largest and most central
    (:func:`reposer.poses.keypoints.choice.largest_and_most_central`); then whoever is nearest to where they were last
    seen, by the mean distance of the joints that both have, if not farther than half the diagonal of their box. After
    ten pictures without them it begins anew.

    Args:
        pictures: in the order of time, people of each and its size (H, W), where it is known.
    """
    found: list[int | None] = []
    last: Person | None = None
    missed = 0
    for people, size in pictures:
        index = largest_and_most_central(people, size) if last is None else _nearest(people, last)
        missed = 0 if index is not None else missed + 1
        if index is not None:
            last = people[index]
        elif missed == _MOST_MISSED:
            last = None
        found.append(index)
    return found


def _nearest(people: People, last: Person) -> int | None:
    places = last[0][last[1]]
    farthest = _FARTHEST * float(np.linalg.norm(np.ptp(places, axis=0)))
    distances = [_distance(person, last) for person in people]
    best = min(distances, default=np.inf)
    return distances.index(best) if best <= farthest else None


def _distance(person: Person, last: Person) -> float:
    both = person[1] & last[1]
    return float(np.linalg.norm((person[0] - last[0])[both], axis=1).mean()) if both.any() else np.inf
