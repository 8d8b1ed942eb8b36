"""MediaPipe's 33 pose landmarks as JSON: x and y as shares of the image, and the visibility of each.

A landmark is an object, or a list of x, y, z, visibility, or of x, y. The 33 stand alone, or under the keys that
MediaPipe's interfaces give them; several people are a list of such lists, several images an object by name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reposer.checks import InputError
from reposer.poses.keypoints.picture import Numbers, Person, Picture, numbers, short
from reposer.poses.skeletons import MEDIAPIPE_33

_COUNT = len(MEDIAPIPE_33.joints)
_FAR = 10
"""Landmarks outside of the image are estimated too, but not this many images away."""
_KEYS = ("pose_landmarks", "poseLandmarks", "landmarks", "landmark")
_WORLD = ("pose_world_landmarks", "poseWorldLandmarks", "worldLandmarks")


def is_mediapipe(value: Any) -> bool:
    """Tell 33 landmarks, lists of them, or an object that holds such."""
    if isinstance(value, dict):
        if any(key in value for key in (*_KEYS, *_WORLD)):
            return True
        return bool(value) and all(isinstance(key, str) and _is_landmarks(inner) for key, inner in value.items())
    return _is_landmarks(value)


def read_mediapipe(value: Any, where: Path) -> list[Picture]:
    """Read the landmarks of one image, or of the images that an object names."""
    if not isinstance(value, dict) or any(key in value for key in (*_KEYS, *_WORLD)):
        return [_picture(value, where)]
    return [_picture(inner, f"{where}, {short(name)}", name) for name, inner in value.items()]


def _is_landmarks(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key in value for key in (*_KEYS, *_WORLD))
    if not isinstance(value, list) or not value:
        return False
    return _is_person(value) or all(map(_is_person, value))


def _is_person(value: Any) -> bool:
    if isinstance(value, dict):
        return any(key in value for key in _KEYS)
    return isinstance(value, list) and len(value) == _COUNT and _is_one(value)


def _is_landmark(value: Any) -> bool:
    if isinstance(value, dict):
        return "x" in value and "y" in value
    return isinstance(value, list) and 2 <= len(value) <= 5 and not any(isinstance(v, list | dict) for v in value)


def _picture(value: Any, where: object, name: str | None = None) -> Picture:
    stacked = isinstance(value, list) and not _is_one(value)
    if isinstance(value, dict):
        found = [key for key in _KEYS if key in value]
        if len(found) != 1:
            raise InputError(f"{where}: expected one of {', '.join(_KEYS)}; world landmarks are metres, not pixels")
        value = value[found[0]]
    if not isinstance(value, list | dict):
        raise InputError(f"{where}: expected a list of {_COUNT} landmarks, got {short(value)}")
    people = [value] if isinstance(value, dict) or _is_one(value) else value
    read = tuple(_person(person, f"{where}, person {i}") for i, person in enumerate(people, start=1))
    return Picture(people=read, name=name, unit="picture", stacked=stacked)


def _is_one(value: list[Any]) -> bool:
    return bool(value) and all(map(_is_landmark, value))


def _person(value: Any, where: object) -> Person:
    if isinstance(value, dict):
        value = value.get("landmark", value.get("landmarks"))
    if not isinstance(value, list) or len(value) != _COUNT or not all(map(_is_landmark, value)):
        count = f"{len(value)} values" if isinstance(value, list) else f"{short(value)}"
        raise InputError(f"{where}: expected {_COUNT} landmarks with x, y and visibility, got {count}")
    rows = np.stack([_row(landmark, f"{where}, landmark {index}") for index, landmark in enumerate(value)])
    seen = rows[rows[:, 2] > 0, :2]
    if len(seen) and np.abs(seen).max() > _FAR:
        raise InputError(f"{where}: MediaPipe's x and y are shares of the image, but one is {np.abs(seen).max():g}")
    return Person(MEDIAPIPE_33, rows)


def _row(landmark: Any, where: object) -> Numbers:
    if isinstance(landmark, dict):
        score = landmark.get("visibility")
        return numbers([landmark["x"], landmark["y"], 1.0 if score is None else score], where)
    if len(landmark) == 3:
        raise InputError(
            f"{where}: three numbers may be x, y, z or x, y, visibility; write objects with these names, "
            "or x, y, z, visibility"
        )
    return numbers([*landmark[:2], landmark[3] if len(landmark) > 3 else 1.0], where)
