"""The people that an estimator finds, and which of them is meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from reposer.poses.conversion import convert_joints
from reposer.poses.keypoints.choice import largest_and_most_central
from reposer.poses.keypoints.people import inside
from reposer.poses.skeleton import OPENPOSE_18, Pose, Skeleton


class Person(NamedTuple):
    """A person in an image, as an estimator finds them."""

    score: float
    """Confidence that it is a person, 0 to 1."""
    joints: Tensor
    """(J, 2) float pixels, x then y, in the order of the estimator's skeleton; of every joint, seen or guessed."""
    joint_scores: Tensor
    """(J,) in the estimator's own unit; a joint below its ``joint_threshold`` is no more than a guess."""
    box: Tensor
    """(4,) float pixels: left, top, right and bottom of the person."""


class Estimator(Protocol):
    """Finds the people in images: ``estimator(images)`` takes uint8 RGB (3, H, W) of any sizes.

    Returns a list for each image, of everybody found in it, the surest first; empty where there is nobody.
    """

    @property
    def identity(self) -> str:
        """Network and weights, for signatures: NAME-HASH."""

    @property
    def skeleton(self) -> Skeleton:
        """Skeleton of the joints."""

    @property
    def score_threshold(self) -> float:
        """Score from which on somebody counts, unless said otherwise."""

    @property
    def joint_threshold(self) -> float:
        """Score of a joint from which on it counts as seen, unless said otherwise."""

    def __call__(self, images: Sequence[Tensor]) -> list[list[Person]]:
        """Find everybody."""


def chosen_person(
    people: Sequence[Person],
    size: tuple[int, int],
    estimator: Estimator,
    *,
    person: int | None = None,
    score_threshold: float | None = None,
    joint_threshold: float | None = None,
) -> tuple[Person, Pose] | None:
    """Choose one of the people in an image: as found, and as an OpenPose-18 pose in the pixels of the image.

    Joints are converted as by :func:`reposer.poses.convert_joints`; those below the threshold or outside of the image
    are missing.

    Args:
        people: what the estimator found in the image, the surest first.
        size: (H, W) of the image.
        estimator: the one that found them; tells skeleton and thresholds.
        person: which of those that count, from 1, the surest; None: the largest and most central, as
            :func:`reposer.poses.keypoints.read_keypoints` chooses.
        score_threshold: lowest score of a person; None: the estimator's.
        joint_threshold: lowest score of a joint, in the estimator's unit; None: the estimator's.

    Returns:
        The person and the pose; None if there is nobody with a visible joint.
    """
    lowest = estimator.score_threshold if score_threshold is None else score_threshold
    lowest_joint = estimator.joint_threshold if joint_threshold is None else joint_threshold
    sure = [each for each in people if each.score >= lowest]
    if not sure:
        return None
    joints, visible = convert_joints(
        torch.stack([each.joints for each in sure]).float(),
        torch.stack([each.joint_scores for each in sure]) >= lowest_joint,
        estimator.skeleton,
        OPENPOSE_18,
    )
    seen = inside(list(zip(joints.double().numpy(), visible.numpy(), strict=True)), size)
    index = largest_and_most_central(seen, size) if person is None else person - 1
    if index is None or index >= len(sure) or not seen[index][1].any():
        return None
    shown = torch.from_numpy(seen[index][1])
    return sure[index], Pose(torch.where(shown[:, None], joints[index], 0), shown)
