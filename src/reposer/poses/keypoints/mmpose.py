"""JSON of MMPose's demos and inferencer, and of others that write points and scores apart: rtmlib, transformers.

A person is an object with ``keypoints``, a list of [x, y], and ``keypoint_scores`` or ``scores`` beside it; rtmlib's
arrays hold several people. MMPose's lists of people stand alone, under ``instance_info`` or ``predictions``, one list
for each image, or under ``instances`` of each frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.poses.keypoints.picture import KNOWN, Person, Picture, entries, named_skeleton, points, short
from reposer.poses.skeleton import Skeleton

_LISTS = ("instance_info", "predictions")
_SCORES = ("keypoint_scores", "scores")


def is_mmpose(value: Any) -> bool:
    """Tell people whose keypoints and scores stand apart, or lists or frames of such."""
    if isinstance(value, dict):
        return any(key in value for key in _LISTS) or _is_person(value)
    for _ in range(2):
        if isinstance(value, list):
            value = next((inner for inner in value if inner), None)  # nobody may be in the first images
    return isinstance(value, dict) and ("instances" in value or _is_person(value))


def read_mmpose(value: Any, where: Path) -> list[Picture]:
    """Read the people of one image, of several, or of the frames of a video."""
    known: Sequence[Skeleton] = KNOWN
    if isinstance(value, dict):
        known = _named(value.get("meta_info"), where)
        value = next((value[key] for key in _LISTS if key in value), [value])
    return [
        Picture(people=tuple(one for i, person in enumerate(group, start=1) for one in _people(person, at, i, known)))
        for at, group in _images(value, where)
    ]


def _named(meta: Any, where: Path) -> Sequence[Skeleton]:
    """Read the names of the joints from MMPose's meta_info, where they are."""
    if not isinstance(meta, dict) or not isinstance(names := meta.get("keypoint_id2name"), dict):
        return KNOWN
    return (named_skeleton([names.get(str(i)) for i in range(len(names))], f"{where}, meta_info"),)


def _images(value: Any, where: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """List the people of each image, with where they stand."""
    if isinstance(value, list) and value and all(isinstance(inner, list) for inner in value):
        return [(at := f"{where}, image {number}", entries(inner, at)) for number, inner in enumerate(value)]
    found = entries(value, where)
    if not any("instances" in entry for entry in found):
        return [(str(where), found)]
    frames = [(f"{where}, frame {number}", frame) for number, frame in enumerate(found)]
    return [(at, entries(frame, at, "instances")) for at, frame in frames]


def _is_person(value: dict[str, Any]) -> bool:
    return "keypoints" in value and any(key in value for key in _SCORES)


def _people(value: dict[str, Any], where: str, number: int, known: Sequence[Skeleton]) -> list[Person]:
    """Read one person, or the people of arrays with one axis more."""
    at = f"{where}, person {number}"
    if not _is_person(value):
        raise InputError(f"{at}: expected keypoints and {' or '.join(_SCORES)}, got {short(value)}")
    joints, scores = value["keypoints"], next(value[key] for key in _SCORES if key in value)
    if not isinstance(joints, list) or not all(_is_list_of_lists(person) for person in joints):
        return [points(joints, at, scores, known)]
    if not isinstance(scores, list) or len(scores) != len(joints):
        raise InputError(f"{where}: expected scores of {len(joints)} people, got {short(scores)}")
    both = enumerate(zip(joints, scores, strict=True), start=1)
    return [points(one, f"{where}, person {i}", theirs or [], known) for i, (one, theirs) in both]


def _is_list_of_lists(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)
