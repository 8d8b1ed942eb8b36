"""JSON of OpenPose, one file an image, and what ControlNet's preprocessors (OpenPose, DWPose) make of it.

Both list ``people``, each with ``pose_keypoints_2d``: x, y, confidence of 18 or 25 joints. ControlNet's, also a list of
such objects, one a frame, have ``canvas_width`` and ``canvas_height``; their coordinates are pixels of that canvas or
shares of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reposer.checks import InputError, printable
from reposer.files import write_text
from reposer.poses.keypoints.picture import Picture, entries, side, triples
from reposer.poses.skeleton import OPENPOSE_18, Pose
from reposer.poses.skeletons import OPENPOSE_25

SUFFIX = "_keypoints"
"""What OpenPose adds to the name of an image."""
_OTHERS = (
    *("face_keypoints_2d", "hand_left_keypoints_2d", "hand_right_keypoints_2d"),
    *("pose_keypoints_3d", "face_keypoints_3d", "hand_left_keypoints_3d", "hand_right_keypoints_3d"),
)
_SKELETONS = (OPENPOSE_18, OPENPOSE_25)
_CANVAS = ("canvas_height", "canvas_width")


def is_openpose(value: Any) -> bool:
    """Tell OpenPose's own file: people, without a canvas."""
    return isinstance(value, dict) and "people" in value and not any(key in value for key in _CANVAS)


def read_openpose(value: Any, where: Path) -> list[Picture]:
    """Read OpenPose's file of one image."""
    return [_picture(value, where)]


def is_controlnet(value: Any) -> bool:
    """Tell people on a canvas, or a list of such frames."""
    frames = value if isinstance(value, list) and value else [value]
    return all(isinstance(frame, dict) and any(key in frame for key in _CANVAS) for frame in frames)


def read_controlnet(value: Any, where: Path) -> list[Picture]:
    """Read the people of each frame, with the size of its canvas."""
    pictures = []
    for number, frame in enumerate(value if isinstance(value, list) else [value]):
        at = f"{where}, frame {number}" if isinstance(value, list) else str(where)
        size = side(frame.get(_CANVAS[0]), at, _CANVAS[0]), side(frame.get(_CANVAS[1]), at, _CANVAS[1])
        pictures.append(_picture(frame, at, size))
    return pictures


def _picture(frame: Mapping[str, Any], where: object, size: tuple[int, int] | None = None) -> Picture:
    people = []
    for number, person in enumerate(entries(frame, where, "people"), start=1):
        at = f"{where}, person {number}"
        if "pose_keypoints_2d" not in person:
            raise InputError(f"{at}: has no pose_keypoints_2d")
        if joints := person["pose_keypoints_2d"]:  # of a face or a hand alone it is empty or null
            people.append(triples(joints, at, _SKELETONS))
    return Picture(people=tuple(people), size=size, unit="either")


def write_openpose(folder: Path, poses: Mapping[str, Pose]) -> None:
    """Write a file NAME_keypoints.json for each pose, with the 18 joints of COCO, as OpenPose 1.7 does.

    Visible joints have confidence 1, missing ones are 0, 0, 0; a pose without any is an image without people.

    Raises:
        InputError: if two images differ in nothing but their suffix, or the folder has such files already.
    """
    files: dict[str, str] = {}
    for name in poses:
        stem = Path(name).stem
        if not name or Path(name).name != name or printable(name) != name:
            raise InputError(f"{folder}: {name!r} cannot name a file there; rename the image")
        if stem in files:
            raise InputError(f"{folder}: {files[stem]} and {name} would both be {stem}{SUFFIX}.json; rename one")
        files[stem] = name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder}: exists already and is not empty; name another folder")
    folder.mkdir(parents=True, exist_ok=True)
    for stem, name in files.items():
        write_text(folder / f"{stem}{SUFFIX}.json", json.dumps(_file(poses[name])) + "\n")


def _file(pose: Pose) -> dict[str, Any]:
    seen = pose.visible.tolist()
    flat = [
        value
        for (x, y), shown in zip(pose.joints.float().cpu().numpy(), seen, strict=True)
        for value in ((_shortest(x), _shortest(y), 1) if shown else (0, 0, 0))
    ]
    person = {"person_id": [-1], "pose_keypoints_2d": flat} | {other: [] for other in _OTHERS}
    return {"version": 1.3, "people": [person] if any(seen) else []}


def _shortest(value: np.float32) -> float:
    """The shortest number that float32 reads as this one."""
    return float(np.format_float_positional(value, unique=True))
