"""One pose for each of many images."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.poses.estimators.person import Estimator, chosen_person
from reposer.poses.skeleton import OPENPOSE_18, Pose

MOST_MISSED = 0.2
"""Share of images without a person above which an estimate as a whole is refused."""
_NAMED = 5


def estimate_poses(
    images: Iterable[tuple[str, Tensor]],
    *,
    estimator: Estimator,
    person: int | None = None,
    score_threshold: float | None = None,
    joint_threshold: float | None = None,
    most_missed: float = MOST_MISSED,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Pose]:
    """Estimate the OpenPose-18 pose of one person in each image; ``poses.write_annotations`` writes them.

    Args:
        images: (name, image (3, H, W) uint8), read as needed; any sizes.
        estimator: of ``load_estimator``.
        person, score_threshold, joint_threshold: who is taken; see :func:`chosen_person`.
        most_missed: share of images without a person above which the estimate as a whole is refused. Up to it,
            their poses have no joints, and a warning names them.
        batch_size: images at a time; affects memory, not results.
        progress: called with the number of finished images after each batch.

    Returns:
        {name: pose in the pixels of its image}.

    Raises:
        InputError: if there is no image, a name comes twice, or nobody is found in more than ``most_missed`` of the
            images.
    """
    poses: dict[str, Pose] = {}
    remaining = iter(images)
    while batch := list(islice(remaining, batch_size)):
        for (name, image), people in zip(batch, estimator([image for _, image in batch]), strict=True):
            if name in poses:
                raise InputError(f"two images are called {name}; give each a name of its own")
            height, width = image.shape[-2:]
            found = chosen_person(
                people,
                (height, width),
                estimator,
                person=person,
                score_threshold=score_threshold,
                joint_threshold=joint_threshold,
            )
            poses[name] = nobody() if found is None else found[1]
        if progress:
            progress(len(poses))
    if not poses:
        raise InputError("no images to estimate poses of")
    if missed := [name for name, pose in poses.items() if not pose.visible.any()]:
        if len(missed) > most_missed * len(poses):
            raise InputError(too_many_missed(missed, len(poses), most_missed, person))
        warnings.warn(f"{_told(missed, len(poses), person)}; their poses have no joint", stacklevel=2)
    return poses


def nobody() -> Pose:
    """Make the pose of an image without a person: all joints are missing."""
    joints = len(OPENPOSE_18.joints)
    return Pose(torch.zeros(joints, 2), torch.zeros(joints, dtype=torch.bool))


def too_many_missed(missed: Sequence[str], count: int, most_missed: float, person: int | None = None) -> str:
    """Say that nobody, or no such person, was found in too many of so many images."""
    return (
        f"{_told(missed, count, person)}: more than {most_missed:.0%}; check that these are pictures of people, "
        "upright and in RGB, and that the estimator's weights are the right ones"
    )


def _told(missed: Sequence[str], count: int, person: int | None) -> str:
    told = ", ".join(missed[:_NAMED]) + (", ..." if len(missed) > _NAMED else "")
    who = "nobody" if person is None else f"no person {person}"
    return f"{who} was found in {len(missed)} of {count} images, e.g. {told}"
