"""The lists of a data set of people: keypoints, pairs, and whose poses are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import torch

from reposer.checks import InputError
from reposer.data.layout import CROSS, REQUIRED_JOINTS, Pair, pair_up
from reposer.data.layouts import RELEASED
from reposer.data.people.config import PeopleConfig
from reposer.data.people.records import Picture, Record
from reposer.files import write_text
from reposer.poses import Pose, write_annotations, write_pairs

EXACT = "exact-keypoints-{split}.csv"
"""Annotation CSV of the keypoints without an estimator's errors, where the others have some."""
_TEST_PAIRS = 2**31  # purpose of random numbers: no identity


def write_lists(config: PeopleConfig, folder: Path, records: Mapping[str, Mapping[int, Record]]) -> dict[str, int]:
    """Write all lists of both splits; return how many identities, images and pairs each has."""
    layout, counts = RELEASED[config.layout], dict[str, int]()
    for split, people in records.items():
        pictures = {picture.name: picture for record in people.values() for picture in record.pictures}
        if config.pairs == "same":
            pairs = _same_pairs(config, pictures)
        else:
            pairs, poses_of = _cross_pairs(config, people)
            write_pairs(folder / CROSS.format(split=split), [(pose, name) for name, pose in poses_of.items()])
        if split == "test" and len(pairs) > config.test_pairs:
            rng = np.random.default_rng([config.seed, _TEST_PAIRS])
            pairs = [pairs[i] for i in np.sort(rng.choice(len(pairs), config.test_pairs, replace=False)).tolist()]
        if not pairs:
            raise InputError(
                f"no two pictures of one person of the {split} split show both shoulders and both hips: nothing was "
                "written; ask for more images_per_identity or identities, or take another seed"
            )
        write_pairs(folder / layout.pairs[0].format(split=split), pairs)
        write_annotations(folder / layout.annotations[0].format(split=split), _poses(pictures.values()))
        if config.keypoint_noise:
            write_annotations(folder / EXACT.format(split=split), _poses(pictures.values(), exact=True))
        if config.layout == "deepfashion":
            write_text(folder / f"{split}.lst", "".join(f"{name}\n" for name in pictures))
        counts |= {f"{split}_identities": len(people), f"{split}_images": len(pictures), f"{split}_pairs": len(pairs)}
    return counts


def _same_pairs(config: PeopleConfig, pictures: Mapping[str, Picture]) -> list[Pair]:
    """All ordered pairs of two pictures of a person, by the rule of the published lists."""
    return pair_up({name: picture.visible for name, picture in pictures.items()}, RELEASED[config.layout].identity_of)


def _cross_pairs(config: PeopleConfig, people: Mapping[int, Record]) -> tuple[list[Pair], dict[str, str]]:
    """All pairs of a person's picture in a pose of their own with one in the pose of somebody else, by the same rule.

    The picture of that other must show both shoulders and both hips, too.

    Returns:
        Pairs, and {target: picture of the other} of all pictures in poses of others.
    """
    pairs, poses_of = [], {}
    for record in people.values():
        own, others = record.pictures[: config.own_pictures], record.pictures[config.own_pictures :]
        for target in others:
            identity, index = target.pose_of
            other = people[identity].pictures[index]
            poses_of[target.name] = other.name
            if _shows_a_body(target) and _shows_a_body(other):
                pairs += [(source.name, target.name) for source in own if _shows_a_body(source)]
    return pairs, poses_of


def _shows_a_body(picture: Picture) -> bool:
    return all(picture.visible[joint] for joint in REQUIRED_JOINTS)


def _poses(pictures: Iterable[Picture], *, exact: bool = False) -> dict[str, Pose]:
    return {
        picture.name: Pose(
            torch.tensor(picture.exact if exact else picture.joints, dtype=torch.float32),
            torch.tensor(picture.exact_visible if exact else picture.visible),
        )
        for picture in pictures
    }
