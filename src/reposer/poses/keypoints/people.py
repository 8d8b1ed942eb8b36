"""People of files as OpenPose-18 joints in pixels, and the checks of where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from reposer.checks import InputError
from reposer.poses.conversion import convert_joints
from reposer.poses.keypoints.naming import Image
from reposer.poses.keypoints.picture import Numbers, Person, Picture
from reposer.poses.skeleton import OPENPOSE_18

Seen = NDArray[np.bool_]
People = list[tuple[Numbers, Seen]]
"""OpenPose-18 joints (18, 2) of each person of an image, and whether they are visible."""

_NEAR = 2
"""Pixels from the corner (0, 0) within which not all joints of a person can lie."""


def in_pixels(picture: Picture, image: Image, where: Path) -> Picture:
    """Turn shares of the image into pixels."""
    places = [person.joints[person.joints[:, 2] > 0, :2] for person in picture.people]
    together = np.concatenate(places) if places else np.zeros((0, 2))
    shares = picture.unit == "picture"
    if picture.unit == "either":
        shares = bool(len(together)) and 0 <= together.min() <= together.max() <= 1
    if not shares:
        _check_spread(places, image, where)
        return picture
    if image.size is None:
        raise InputError(
            f"{where}: its coordinates are shares of the image; give the size (--size HEIGHTxWIDTH) or the folder "
            "of the images (--images)"
        )
    scale = np.array([image.size[1], image.size[0], 1])
    return replace(picture, people=tuple(Person(person.skeleton, person.joints * scale) for person in picture.people))


def _check_spread(people: Sequence[Numbers], image: Image, where: Path) -> None:
    for number, places in enumerate(people, start=1):
        if len(places) > 2 and np.abs(places).max() <= _NEAR:
            raise InputError(
                f"{where}: all joints of person {number} in {image.name} lie within {_NEAR} pixels of the corner; "
                "coordinates must be pixels, or shares of the image from 0 to 1"
            )


def seen_people(pictures: Sequence[Picture], threshold: float) -> list[People]:
    """Convert all people, those of one skeleton at once: OpenPose-18 joints (18, 2), and whether they are visible."""
    people: list[People] = [[(np.zeros(0), np.zeros(0, bool))] * len(p.people) for p in pictures]
    alike: dict[tuple[str, ...], list[tuple[int, int, Person]]] = {}
    for index, picture in enumerate(pictures):
        for number, person in enumerate(picture.people):
            alike.setdefault(person.skeleton.joints, []).append((index, number, person))
    for group in alike.values():
        found = torch.from_numpy(np.stack([person.joints for _, _, person in group]))
        visible = (found[..., 2] >= threshold) & (found[..., 2] > 0)
        joints, seen = convert_joints(found[..., :2], visible, group[0][2].skeleton, OPENPOSE_18)
        for (index, number, _), places, shown in zip(group, joints.numpy(), seen.numpy(), strict=True):
            people[index][number] = (places, shown)
    return people


def inside(people: People, size: tuple[int, int] | None) -> People:
    """Let joints outside of the image be missing."""
    end = np.array([np.inf, np.inf] if size is None else [size[1], size[0]])
    return [(joints, seen & (joints >= 0).all(axis=1) & (joints < end).all(axis=1)) for joints, seen in people]


def check_inside(
    path: Path,
    before: Sequence[People],
    after: Sequence[People],
    sizes: Sequence[tuple[int, int] | None],
) -> None:
    """Raise InputError if most joints were outside: whoever ``inside`` left fewer than half of."""
    seen, left = (sum(int(shown.sum()) for people in both for _, shown in people) for both in (before, after))
    if left < seen / 2:
        size = next((f" of {known[0]}x{known[1]} (height x width)" for known in sizes if known is not None), "")
        raise InputError(
            f"{path}: {seen - left:,} of {seen:,} joints lie outside of their images{size}; are these pixels of "
            "images of that size?"
        )
