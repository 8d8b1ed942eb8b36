"""JSON of easy_ViTPose: frames of people by their number, y before x, and the names of the joints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reposer.poses.keypoints.picture import Person, Picture, entries, named_skeleton, points


def is_vitpose(value: Any) -> bool:
    """Tell frames under ``keypoints``, with a ``skeleton`` that names the joints."""
    return isinstance(value, dict) and isinstance(value.get("skeleton"), dict) and "keypoints" in value


def read_vitpose(value: Any, where: Path) -> list[Picture]:
    """Read the people of each frame: of each joint y, x and score."""
    names = value["skeleton"]
    skeleton = named_skeleton([names.get(str(index)) for index in range(len(names))], f"{where}, skeleton")
    pictures = []
    for number, frame in enumerate(entries(value, where, "keypoints")):
        at = f"{where}, frame {number}"
        found = [points(joints, f"{at}, person {i}", known=(skeleton,)) for i, joints in enumerate(frame.values(), 1)]
        pictures.append(Picture(people=tuple(Person(skeleton, person.joints[:, [1, 0, 2]]) for person in found)))
    return pictures
