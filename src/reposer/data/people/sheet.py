"""A contact sheet of a data set of people."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.config import PeopleConfig
from reposer.data.people.records import Record
from reposer.decoding import decode
from reposer.files import write_whole

SHEET = "contact-sheet.png"
_PEOPLE, _PICTURES, _GAP = 12, 4, 4
Image = NDArray[np.uint8]


def write_sheet(config: PeopleConfig, folder: Path, records: Mapping[str, Mapping[int, Record]]) -> None:
    """Draw people from all over both splits, each a few pictures in a row, two people side by side.

    Of cross pairs, a row shows the source, the picture of another person whose pose it is, and the true picture.
    """
    people = [(split, identity) for split, made in records.items() for identity in made]
    chosen = [people[i * len(people) // min(_PEOPLE, len(people))] for i in range(min(_PEOPLE, len(people)))]
    rows = []
    for split, identity in chosen:
        names = _row(config, records[split], identity)
        rows.append(_beside([np.array(decode(folder / split / name), np.uint8) for name in names]))
    columns = [_beside([row.transpose(1, 0, 2) for row in rows[k::2]]).transpose(1, 0, 2) for k in (0, 1) if rows[k::2]]
    height = max(column.shape[0] for column in columns)
    sheet = _beside([np.pad(c, ((0, height - len(c)), (0, 0), (0, 0)), constant_values=255) for c in columns], 3 * _GAP)
    content = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))[1].tobytes()
    write_whole(folder / SHEET, lambda path: path.write_bytes(content))


def _row(config: PeopleConfig, people: Mapping[int, Record], identity: int) -> list[str]:
    """Names of the pictures of a row."""
    pictures = people[identity].pictures
    if config.pairs == "same":
        return [picture.name for picture in pictures[:_PICTURES]]
    target = pictures[config.own_pictures]
    other, index = target.pose_of
    return [pictures[0].name, people[other].pictures[index].name, target.name]


def _beside(images: list[Image], gap: int = _GAP) -> Image:
    """Images of one height side by side on white."""
    white = np.full((images[0].shape[0], gap, 3), 255, np.uint8)
    return np.concatenate([piece for image in images for piece in (image, white)][:-1], axis=1)
