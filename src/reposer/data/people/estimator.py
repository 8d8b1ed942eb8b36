"""The errors of a pose estimator, on exact keypoints: jitter, sides taken for each other, false and missing joints.

What was matched: shares of missing joints in the keypoints that OpenPose found on Market-1501 (12,936 crops of 128x64,
`market-annotation-train.csv`) and DeepFashion (4,038 pictures of 256x256), images without any joint left out, beside
synthetic pictures (450 of 128x64, 220 of 256x176; `tools/measure_estimator.py`, 28 November 2026), right and left,
in percent:

| joint    | Market-1501 | street | DeepFashion | studio |
|----------|-------------|--------|-------------|--------|
| nose     | 39          | 37     | 10          | 16     |
| neck     | 0           | 0      | 0           | 1      |
| shoulder | 1, 1        | 1, 2   | 1, 0        | 1, 2   |
| elbow    | 20, 23      | 21, 23 | 14, 8       | 10, 14 |
| wrist    | 40, 43      | 37, 40 | 19, 13      | 25, 21 |
| hip      | 2, 2        | 2, 2   | 4, 4        | 7, 7   |
| knee     | 8, 8        | 9, 9   | 60, 61      | 52, 53 |
| ankle    | 21, 21      | 24, 24 | 72, 72      | 72, 72 |
| eye      | 49, 50      | 46, 49 | 19, 16      | 20, 23 |
| ear      | 45, 46      | 47, 45 | 32, 21      | 28, 28 |

Mean of found joints 13.8 (Market-1501) and 13.8 (street), 13.7 and 13.5; standard deviation 2.8 and 2.3, 2.9 and 2.9.
How far joints are off is COCO's: keypoint j of two people who mark the same picture differs by SIGMAS[j] times the root
of the person's area, per axis. An estimator is about as good as half of that where it finds a joint that can be seen.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from reposer.bounds import between
from reposer.data.people.arrays import Bools, Floats
from reposer.values import Checked

SIGMAS = np.array(
    [
        0.026, 0.06, 0.079, 0.072, 0.062, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089, 0.107, 0.087, 0.089, 0.025, 0.025,
        0.035, 0.035,
    ]
)  # fmt: skip
"""Of COCO's keypoints in OpenPose's order (Ronchi and Perona, 2017); the neck, which COCO has not, is ours."""
_VISIBLE = np.array([8, 0, 0.5, 3.5, 10, 0.5, 3.5, 10, 1, 3, 1, 1, 3, 1, 5, 5, 24, 24]) / 100
_HIDDEN = np.array([93, 2, 15, 85, 75, 15, 85, 75, 15, 35, 30, 15, 35, 30, 95, 95, 75, 75]) / 100
_FROM_BEHIND = np.array(
    [0, 0, 0, 0.6, 3, 0, 0.6, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
)  # of joints seen: so much more often
_USUAL = 65.0  # pixels: root of height times width of the joints' box in Market-1501
_AREA = 0.45  # of the box that is the person
_KNEES: tuple[tuple[int, int], ...] = ((9, 12), (10, 13))
_SIDES = ((2, 5), (3, 6), (4, 7), (8, 11), *_KNEES, (14, 15), (16, 17))
_OTHER_SIDE = {4: 7, 7: 4, 9: 12, 12: 9, 10: 13, 13: 10}  # joints that are found a second time on the other limb


@dataclass(frozen=True, kw_only=True)
class EstimatorNoise(Checked):
    """How bad an estimator is; the defaults are as OpenPose on both data sets."""

    amount: Annotated[float, between(0, 4)] = 1.0
    """Of everything below: 0 gives exact keypoints."""
    jitter: Annotated[float, between(0, 4)] = 0.5
    """Standard deviation of joints that can be seen, in COCO's sigmas; twice as much of others."""
    tail: Annotated[float, between(0, 1)] = 0.08
    """Share of joints that are off three times as far."""
    misses: Annotated[float, between(0, 4)] = 1.0
    """How often joints are missed, in real shares."""
    swapped_legs: Annotated[float, between(0, 1)] = 0.02
    """Share of people whose legs change sides below the hips; three times as many from behind or the side."""
    swapped_sides: Annotated[float, between(0, 1)] = 0.006
    """Share of people whose left and right change altogether; six times as many from behind or the side."""
    false: Annotated[float, between(0, 1)] = 0.25
    """Share of hidden wrists, knees and ankles, where found at all, that are found on the other limb or far off."""


def estimated(
    joints: Floats, visible: Bools, hidden: Bools, *, rng: np.random.Generator, noise: EstimatorNoise | None = None
) -> tuple[Floats, Bools]:
    """What an estimator would have found.

    With s the root of height times width of the box around the joints inside the picture (65 pixels in Market-1501), a
    joint that can be seen is missed by (65 / s)^1.5 times its share, a hidden one by (65 / s)^0.7 times its own.

    Args:
        joints: (18, 2) exact keypoints, pixels.
        visible: (18,) those in the picture that nothing covers.
        hidden: (18,) those in the picture behind something; all others are outside and never found.
        noise: None: as a real estimator's.

    Returns:
        Joints (18, 2) and which of them were found (18,). The pose has no part in how many random numbers are drawn.
    """
    noise = noise or EstimatorNoise()
    inside = visible | hidden
    normal, uniform = rng.standard_normal((3, 18, 2)), rng.random((4, 18))
    if not inside.any() or noise.amount == 0:
        return joints.copy(), inside
    box = np.ptp(joints[inside], axis=0)
    size = float(max(box[0] * box[1], 1.0)) ** 0.5
    behind = _from_behind(joints, size)
    found = inside & (uniform[0] >= _missed(visible, size, behind) * noise.misses * noise.amount)
    spread = noise.amount * noise.jitter * SIGMAS * size * _AREA**0.5
    spread = spread * np.where(visible, 1, 2) * np.where(uniform[1] < noise.tail, 3, 1)
    placed = joints + spread[:, None] * normal[0]
    misled = hidden & (uniform[2] < noise.false * noise.amount)
    for joint, other in _OTHER_SIDE.items():
        if misled[joint]:
            there = joints[other] if uniform[3, joint] < 0.6 else joints[joint] + 0.15 * size * normal[1, joint]
            placed[joint] = there + spread[joint] * normal[2, joint]
    worse = 1 + 5 * behind
    if uniform[2, 0] < noise.swapped_sides * noise.amount * worse:
        pairs = _SIDES
    elif uniform[2, 1] < noise.swapped_legs * noise.amount * (1 + 2 * behind):
        pairs = _KNEES
    else:
        return placed, found
    order = np.arange(18)
    for right, left in pairs:
        order[right], order[left] = left, right
    return placed[order], found[order]


def _from_behind(joints: Floats, size: float) -> float:
    """0 for people who face the camera, 1 for those who show their side or back, by their shoulders."""
    return min(max(1 - 5 * float(joints[5, 0] - joints[2, 0]) / size, 0.0), 1.0)


def _missed(visible: Bools, size: float, behind: float) -> Floats:
    """(18,) chances that joints are not found."""
    small = _USUAL / size
    seen = _VISIBLE * (1 + _FROM_BEHIND * behind) * small**1.5
    return np.minimum(np.where(visible, seen, _HIDDEN * small**0.7), 0.97)
