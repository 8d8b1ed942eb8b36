"""What is drawn of one person: their files, and a record of them by which stopped work goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.layout import TRUTH
from reposer.data.layouts import RELEASED
from reposer.data.people.config import PeopleConfig
from reposer.data.people.estimator import EstimatorNoise, estimated
from reposer.data.people.naming import picture_name
from reposer.data.people.person import make_person
from reposer.data.people.picture import Frame
from reposer.data.people.setups import ESTIMATOR, looks_of, pose_of, setup_of
from reposer.data.people.truth import pack_picture, pack_surface, picture_truth, surface_truth
from reposer.files import read_bytes, read_text, write_text, written
from reposer.poses.proportions import FACE_JOINTS
from reposer.values import from_plain

PART_MASKS = "part-masks"
RECORDS = ".people"
"""Folder of the records, which is gone from a finished data set."""
_JPEG, _MOST = (cv2.IMWRITE_JPEG_QUALITY, 95), 2**28
_OF_THE_FACE = np.isin(np.arange(18), FACE_JOINTS)
"""Nobody finds these in a head that is turned away."""
Joints = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Picture:
    """One picture, as the lists of the data set tell of it."""

    name: str
    joints: Joints
    """18 x and y, pixels."""
    visible: tuple[bool, ...]
    exact: Joints
    """The same without an estimator's errors."""
    exact_visible: tuple[bool, ...]
    pose_of: tuple[int, int]
    """Identity and number of the picture whose pose it shows; mostly itself."""


@dataclass(frozen=True)
class Record:
    """One person, finished."""

    pictures: tuple[Picture, ...]
    files: dict[str, str]
    """SHA-256 of each file by its place in the folder."""


def draw_person(task: tuple[str, int], config: PeopleConfig, folder: Path) -> None:
    """Make a person, take all their pictures, and write them; at last the record that says so."""
    split, identity = task
    looks, size = looks_of(config, identity), config.picture_size
    person = make_person(looks, size[0])
    pictures, digests = [], {}

    def write(place: str, content: bytes) -> None:
        with written(folder / place):  # not whole or not at all: the record tells what is whole
            (folder / place).write_bytes(content)
        digests[place] = _digest(content)

    for index in range(config.images_per_identity):
        setup, pose = setup_of(config, split, identity, index), pose_of(config, split, identity, index)
        frame = setup.photograph(person, size)
        name = picture_name(config.layout, looks, setup, identity, index, cross=index >= config.own_pictures)
        write(f"{split}/{name}", _encoded(".jpg", cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR), _JPEG))
        if config.truth != "none":
            write(f"{PART_MASKS}/{split}/{name[:-4]}.png", _encoded(".png", frame.parts))
        if config.truth == "surface":
            write(f"{TRUTH}/{split}/{name[:-4]}.npz", pack_picture(picture_truth(frame)))
        rng = np.random.default_rng([config.seed, identity, index, ESTIMATOR])
        pictures.append(_picture(config, name, frame, pose, rng))
    if config.truth == "surface":
        called = RELEASED[config.layout].identity_of(pictures[0].name)
        write(f"{TRUTH}/{split}/{called}.npz", pack_surface(surface_truth(person)))
    content = json.dumps(asdict(Record(tuple(pictures), digests)))
    write_text(record_path(folder, identity), f"{_digest(content.encode())}\n{content}\n")


def record_path(folder: Path, identity: int) -> Path:
    """Where the record of a person is."""
    return folder / RECORDS / f"{identity}.json"


def read_record(folder: Path, identity: int) -> Record | None:
    """Read the record of a person, if there is one and all files are, to the last bit, as they were written."""
    try:
        digest, _, content = read_text(record_path(folder, identity)).rstrip("\n").partition("\n")
        if _digest(content.encode()) != digest:
            return None
        record: Record = from_plain(Record, json.loads(content))
        whole = all(_digest(read_bytes(folder / file, most=_MOST)) == found for file, found in record.files.items())
    except ValueError:
        return None
    return record if whole else None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _encoded(kind: str, image: NDArray[Any], options: Sequence[int] = ()) -> bytes:
    return cv2.imencode(kind, image, options)[1].tobytes()


def _picture(config: PeopleConfig, name: str, frame: Frame, pose: tuple[int, int], rng: np.random.Generator) -> Picture:
    height, width = config.picture_size
    visible = frame.visible
    if config.occluded_joints == "report":
        visible = visible | (frame.hidden & ~_OF_THE_FACE)

    def told(joints: NDArray[Any]) -> Joints:
        inside = np.clip(joints, 0, (width - 1, height - 1)).round(2)
        return tuple((float(x), float(y)) for x, y in inside.tolist())

    exact, seen = told(frame.joints), tuple(visible.tolist())
    if not config.keypoint_noise:
        return Picture(name, exact, seen, exact, seen, pose)
    noise = EstimatorNoise(amount=config.keypoint_noise)
    joints, found = estimated(frame.joints, frame.visible, visible & ~frame.visible, rng=rng, noise=noise)
    found &= ((joints >= -0.5) & (joints < (width - 0.5, height - 0.5))).all(axis=1)
    return Picture(name, told(joints), tuple(found.tolist()), exact, seen, pose)
