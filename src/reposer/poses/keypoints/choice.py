"""Which of several people in an image is meant."""

from __future__ import annotations

import numpy as np

from reposer.poses.keypoints.people import People
from reposer.poses.keypoints.picture import Numbers


def largest_and_most_central(people: People, size: tuple[int, int] | None) -> int | None:
    """Return the index of the person with the greatest d (1 - m / 2), the first of equal ones; None if nobody is seen.

    d is the diagonal of the box about a person's visible joints; m how far its middle is from that of the image, from
    0 in the middle to 1 at a corner, where the image's size is known, else 0.

    Args:
        people: joints (J, 2) in pixels and visible (J,) of each.
        size: (H, W) of the image.
    """
    weights = [_weight(joints[seen], size) for joints, seen in people]
    best = max(weights, default=(-1.0, 0))
    return weights.index(best) if best[1] else None


def _weight(places: Numbers, size: tuple[int, int] | None) -> tuple[float, int]:
    if not len(places):
        return -1.0, 0
    low, high = places.min(axis=0), places.max(axis=0)
    aside = 0.0
    if size is not None:
        half = np.array([size[1], size[0]]) / 2
        aside = min(float(np.linalg.norm((low + high) / 2 - half) / np.linalg.norm(half)), 1.0)
    return float(np.linalg.norm(high - low)) * (1 - aside / 2), len(places)
