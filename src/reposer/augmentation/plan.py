"""Which new images are made: of which image, in whose pose, under what name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random

import torch

from reposer.augmentation.naming import new_names, stems
from reposer.augmentation.options import AugmentConfig
from reposer.checks import InputError
from reposer.data import PairIndex
from reposer.data.layout import DISTRACTORS, REQUIRED_JOINTS
from reposer.data.names import split_suffix
from reposer.poses import OPENPOSE_18, Pose, retarget_joints
from reposer.poses.keypoints import read_keypoints
from reposer.poses.retargeting import within

_SPARE = 4
"""Poses that are tried for each one that is wanted: a fitted one may leave the picture."""


@dataclass(frozen=True, eq=False)
class NewImage:
    """A new image of a person."""

    name: str
    source: str
    """Name of the image of the person."""
    pose_of: str
    """Name of the image whose pose it is."""
    pose: Pose
    """That pose, fitted to the person."""


@dataclass(frozen=True, eq=False)
class Plan:
    """The new images of a data set."""

    images: tuple[NewImage, ...]
    people: int
    """Whose images these are."""
    missing: int
    """How many fewer they are than were asked for, as too few poses fit into people's pictures."""
    poses: Mapping[str, Pose]
    """The poses that were drawn, as they were before they were fitted."""


def plan(index: PairIndex, identity_of: Callable[[str], str], config: AugmentConfig) -> Plan:
    """Draw the new images of every person of a data set, in the order of their names.

    Taken are images with both shoulders and both hips, in turn, and poses with both, in random order; none of the
    person's own. Each person has random numbers of their own, so that they do not depend on who else is there.

    Args:
        index: the images and their poses.
        identity_of: image name to identity; distractors of Market-1501 get no images.
        config: how many, and in whose poses.

    Raises:
        InputError: if there is nobody, or there are fewer poses than are wanted for one person.
    """
    usable = [name for name, pose in sorted(index.poses.items()) if _shows_a_body(pose)]
    people: dict[str, list[str]] = {}
    for name in usable:
        if (identity := identity_of(name)) not in DISTRACTORS and index.file_of(name).is_file():
            people.setdefault(identity, []).append(name)
    if not people:
        raise InputError(
            f"{index.annotations}: no person in {index.images} with both shoulders and both hips; expected people "
            "whose poses are known"
        )
    owners = {name: identity_of(name) for name in usable} if config.poses is None else {}
    poses = {name: index.poses[name] for name in usable} if config.poses is None else _read(config.poses)
    called = stems(people)
    taken = frozenset(split_suffix(name)[0] for name in (*index.poses, *os.listdir(index.images)))
    images: list[NewImage] = []
    for identity, sources in people.items():
        pool = [name for name in poses if owners.get(name) != identity]
        if len(pool) < config.poses_per_person:
            raise InputError(
                f"poses_per_person is {config.poses_per_person}, but only {len(pool)} images of others show both "
                f"shoulders and both hips, for {identity}; ask for fewer, or give more --poses"
            )
        random = Random(f"{config.seed} {identity}")
        drawn = random.sample(pool, min(len(pool), _SPARE * config.poses_per_person))
        turns = [name for name, _ in zip(cycle(random.sample(sources, len(sources))), drawn, strict=False)]
        names = {source: new_names(called[source], taken) for source in sources}
        fitted = _fitted([poses[name] for name in drawn], [index.poses[name] for name in turns], index.size, config)
        fits = [each for each in zip(turns, drawn, fitted, strict=True) if _shows_a_body(each[2])]
        images += [
            NewImage(next(names[source]), source, pose_of, pose)
            for source, pose_of, pose in fits[: config.poses_per_person]
        ]
    if not images:
        raise InputError(f"{index.images}: no pose fits into the picture of anybody; give other --poses")
    missing = config.poses_per_person * len(people) - len(images)
    return Plan(tuple(images), len(people), missing, {each.pose_of: poses[each.pose_of] for each in images})


def _read(path: Path) -> Mapping[str, Pose]:
    poses = read_keypoints(path, nobody="skip")
    return {name: pose for name, pose in sorted(poses.items()) if _shows_a_body(pose)}


def _shows_a_body(pose: Pose) -> bool:
    return bool(pose.visible[list(REQUIRED_JOINTS)].all())


def _fitted(poses: Sequence[Pose], sources: Sequence[Pose], size: tuple[int, int], config: AugmentConfig) -> list[Pose]:
    """The poses as they will be written: in pixels with two decimals, inside the picture."""
    joints, visible, source_joints, source_visible = (
        torch.stack(each)
        for each in (
            [pose.joints for pose in poses],
            [pose.visible for pose in poses],
            [pose.joints for pose in sources],
            [pose.visible for pose in sources],
        )
    )
    if config.retarget:
        joints, visible = retarget_joints(joints, visible, source_joints, source_visible, size=size)
    joints, visible = within(joints, visible, size)
    last = joints.new_tensor((size[1] - 1, size[0] - 1))
    joints = joints.clamp(min=0).minimum(last).round(decimals=2) * visible[..., None]
    OPENPOSE_18.check(joints, visible)
    return [Pose(*each) for each in zip(joints, visible, strict=True)]
