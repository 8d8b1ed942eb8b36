"""Readers of estimators: networks in ONNX and zip files, and the state of a folder's estimates."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import torch
from tests.attacks.mutations import mutate_bytes, mutate_json
from tests.attacks.reader import Reader, check_sane
from tests.poses.onnx_models import people_network, person_in, picture, pose_network

from reposer.poses.estimators import Person, RTMPose
from reposer.poses.estimators.state import Seen, State

_SIZE = (64, 48)
_PICTURE = picture((96, 80), [person_in(0, (15, 10, 60, 90))])
_ABOUT = {"estimator": "rtmpose-0+1", "folder": "/photos"}


def _network(folder: Path) -> Path:
    people_network(folder / "people.onnx", _SIZE)
    return pose_network(folder / "pose.onnx", _SIZE)


def _detector(folder: Path) -> Path:
    pose_network(folder / "pose.onnx", _SIZE)
    return people_network(folder / "people.onnx", _SIZE)


def _packed(folder: Path) -> Path:
    plain = _network(folder)
    with zipfile.ZipFile(folder / "pose.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(plain, "x/end2end.onnx")
    return folder / "pose.zip"


def _found(path: Path) -> list[Person]:
    """Who is in a picture, by the network under attack and the other one, which is sound."""
    folder = path.parent
    pose, detector = (folder / "pose.onnx", path) if path.name == "people.onnx" else (path, folder / "people.onnx")
    return RTMPose(pose, detector)([_PICTURE])[0]


def _check(found: list[Person], valid: list[Person], content: bytes) -> None:
    """Whatever is accepted is of people in the picture: which ones, a network without a known digest decides."""
    check_sane(found)
    for person in found:
        assert 0 <= person.score <= 1
        assert person.joints.shape == (len(person.joint_scores), 2)
        assert (person.box >= 0).all()
        assert (person.box <= torch.tensor([80, 96, 80, 96])).all(), "a person beyond the picture"


def mutate_network(random: Random, content: bytes) -> bytes:
    """Another number for a length, a size, a kind or a weight, in many places."""
    changed = bytearray(content)
    for _ in range(random.choice((1, 2, 8))):
        changed[random.randrange(len(changed))] = random.choice(
            (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, random.randrange(256))
        )
    return bytes(changed) if random.random() < 0.8 else mutate_bytes(random, bytes(changed))


def _state(folder: Path) -> Path:
    path = folder / "poses.jsonl"
    person = Person(0.9, torch.rand(17, 2) * 60, torch.rand(17), torch.tensor([1.0, 2.0, 40.0, 50.0]))
    State(path, _ABOUT).add({"a.png": Seen((123, 456), (96, 80), [person, person]), "b.png": Seen((1, 2), (9, 9), [])})
    return path


def mutate_lines(random: Random, content: bytes) -> bytes:
    """One line of JSON attacked."""
    lines = content.splitlines()
    at = random.randrange(len(lines))
    lines[at] = mutate_json(random, lines[at])
    return b"\n".join(lines) + random.choice((b"", b"\n"))


def _check_state(seen: dict[str, Seen], valid: dict[str, Seen], content: bytes) -> None:
    for name, each in seen.items():
        assert isinstance(name, str)
        assert all(type(value) is int for value in (*each.version, *each.size))
        assert min(each.size) > 0
        for person in each.people:
            assert 0 <= person.score <= 1
            assert person.joints.isfinite().all()
            assert person.joints.shape == (len(person.joint_scores), 2)


def _read_state(path: Path) -> Any:
    return State(path, json.loads(json.dumps(_ABOUT))).seen


READERS = (
    Reader(name="estimator.onnx", make=_network, read=_found, mutations=(mutate_network,), check=_check),
    Reader(name="estimator-of-people.onnx", make=_detector, read=_found, mutations=(mutate_network,), check=_check),
    Reader(name="estimator.zip", make=_packed, read=_found, check=_check),
    Reader(name="estimates.jsonl", make=_state, read=_read_state, mutations=(mutate_lines,), check=_check_state),
)
