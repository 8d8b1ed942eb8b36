"""What is known so far of a folder's images, kept beside the CSV until that is whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from reposer.checks import InputError
from reposer.decoding import MOST_SIDE
from reposer.files import parse_json, read_text, write_text, written
from reposer.poses.estimators.person import Person

MOST_TEXT = 2**31
"""Bytes of the largest state: 2 GiB, about a million images."""
MOST_KEPT = 10
"""People of an image that are kept: the surest."""
_DIGITS = 4
_FARTHEST = 2**24


class Seen(NamedTuple):
    """An image in which people were looked for."""

    version: tuple[int, int]
    """Size in bytes and time of change of its file."""
    size: tuple[int, int]
    """(H, W)."""
    people: list[Person]


class State:
    """Lines of JSON: what estimates of what, then one for each image; what a kill cut off is dropped.

    Args:
        path: the file; it is read if it is there.
        about: what decides the estimates.

    Raises:
        InputError: if it is of something else, or damaged.
    """

    def __init__(self, path: Path, about: Mapping[str, Any]) -> None:
        self.path = path
        self.seen: dict[str, Seen] = {}
        head = json.dumps(about)
        if not path.exists():
            write_text(path, head + "\n")
            return
        text = read_text(path, most=MOST_TEXT)
        whole = text[: text.rfind("\n") + 1]
        first, *lines = whole.splitlines() or [head]
        if first != head:
            raise InputError(
                f"{path}: the beginning of other estimates ({first[:200]}); go on with that estimator and folder, or "
                f"delete {path.parent}"
            )
        for number, line in enumerate(lines, start=2):
            self._read(line, f"{path}, line {number}")
        if whole != text:
            write_text(path, whole)

    def add(self, found: Mapping[str, Seen]) -> None:
        """Write down what was found in images, and know it as it was written."""
        lines = [json.dumps(_plain(name, each)) for name, each in found.items()]
        with written(self.path), self.path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        for line in lines:
            self._read(line, self.path)

    def _read(self, line: str, where: object) -> None:
        value = parse_json(line, where)
        try:
            name, version, size = value["name"], tuple(value["version"]), tuple(value["size"])
            people = [_person(each) for each in value["people"]]
            whole = all(len(pair) == 2 and {int} == {*map(type, pair)} for pair in (version, size))
            right = type(name) is str and whole and all(0 < side <= MOST_SIDE for side in size)
        except (TypeError, KeyError, ValueError, OverflowError, RuntimeError):
            right = False
        if not right:
            raise InputError(f"{where}: not what 'reposer poses estimate' wrote; delete {self.path.parent}")
        self.seen[name] = Seen(version, size, people)


def _plain(name: str, seen: Seen) -> dict[str, Any]:
    people = [
        {
            "score": round(each.score, _DIGITS),
            "joints": np.round(each.joints.double().numpy(), _DIGITS).tolist(),
            "joint_scores": np.round(each.joint_scores.double().numpy(), _DIGITS).tolist(),
            "box": np.round(each.box.double().numpy(), _DIGITS).tolist(),
        }
        for each in seen.people[:MOST_KEPT]
    ]
    return {"name": name, "version": seen.version, "size": seen.size, "people": people}


def _person(value: Mapping[str, Any]) -> Person:
    joints, scores, box = (_numbers(value[name]) for name in ("joints", "joint_scores", "box"))
    score = value["score"]
    if type(score) not in (int, float) or not 0 <= score <= 1 or joints.shape != (len(scores), 2) or box.shape != (4,):
        raise ValueError
    return Person(score, joints, scores, box)


def _numbers(values: Sequence[Any]) -> torch.Tensor:
    array = np.array(values)
    if array.dtype.kind not in "fi" or not (np.abs(array) <= _FARTHEST).all():
        raise ValueError
    return torch.from_numpy(array.astype(np.float32))
