"""Annotation and pair files of the field. Nothing else knows about y-first coordinates and -1.

Annotation CSV: header ``name:keypoints_y:keypoints_x``, then ``NAME: [18 numbers]: [18 numbers]``, in pixels
(the released files have ints); -1 in either list means a missing joint. Pairs CSV: header ``from,to``, then one pair
of image names per line.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from reposer.checks import InputError, printable
from reposer.files import read_text, write_text
from reposer.poses.skeleton import OPENPOSE_18, Pose

ANNOTATION_HEADER = "name:keypoints_y:keypoints_x"
PAIRS_HEADER = "from,to"
_JOINTS = len(OPENPOSE_18.joints)
_FARTHEST = 2**24
"""Largest coordinate in pixels: up to it float32 holds every whole number."""


def _rows(path: Path, *headers: str) -> Iterator[tuple[str, str]]:
    """The rows of a file below its header, each with where it stands; empty rows are skipped."""
    if path.is_dir():
        raise InputError(f"{path}: a CSV file was expected, this is a folder")
    first, *lines = read_text(path, otherwise="a CSV text file was expected, this is not text").split("\n")
    if first.strip() not in headers:
        raise InputError(f"{path}: expected the header {headers[0]!r} in row 1")
    yield from ((f"{path}, row {number}", line) for number, line in enumerate(lines, start=2) if line.strip())


def _coordinates(text: str, axis: str, where: str) -> list[float]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, a deep nest
        values = None
    if not isinstance(values, list) or not all(map(_is_coordinate, values)):
        numbers = enumerate(values if isinstance(values, list) else (), start=1)
        wrong = next((f"; number {i} is {json.dumps(v)[:20]}" for i, v in numbers if not _is_coordinate(v)), "")
        raise InputError(f"{where}: expected a list of {_JOINTS} numbers for {axis}, got {text.strip()[:40]!r}{wrong}")
    if len(values) != _JOINTS:
        raise InputError(
            f"{where}: expected {_JOINTS} joints (OpenPose order) for {axis}, got {len(values)}; "
            "convert other skeletons first"
        )
    return values


def _is_coordinate(value: Any) -> bool:
    """Whether a value is a number of pixels: no bool, which Python takes for one, and not beyond ``_FARTHEST``."""
    return type(value) in (int, float) and abs(value) <= _FARTHEST


def read_annotations(path: str | Path, *, shift_x: float = 0.0, width: int | None = None) -> dict[str, Pose]:
    """Read an annotation CSV into {image name: Pose}, in the order of the file.

    Args:
        path: the CSV file.
        shift_x: added to every x; -40 turns coordinates of a 256x256 DeepFashion image into those of its
            256x176 crop. A joint that leaves the image on the left becomes missing.
        width: of the image in pixels, after the shift; a joint beyond it becomes missing. None: no limit.

    Raises:
        InputError: naming the file, the row and what was expected.
    """
    rows: dict[str, list[list[float]]] = {}
    for where, line in _rows(Path(path), ANNOTATION_HEADER):
        fields = line.split(":")
        if len(fields) != 3:
            raise InputError(f"{where}: expected 'NAME: [y of 18 joints]: [x of 18 joints]', got {line[:60]!r}")
        name = fields[0].strip()
        check_name(where, name)
        if name in rows:
            raise InputError(f"{where}: {name} stands twice in this file; remove one of the two rows")
        rows[name] = [_coordinates(fields[1], "y", where), _coordinates(fields[2], "x", where)]
    if not rows:
        return {}
    coordinates = torch.tensor(list(rows.values()), dtype=torch.float32)  # (N, 2, J), y first
    visible = (coordinates >= 0).all(dim=1)
    joints = coordinates.flip(1).transpose(1, 2) + torch.tensor([shift_x, 0.0])
    visible &= joints[..., 0] >= 0
    if width is not None:
        visible &= joints[..., 0] < width
    joints = torch.where(visible[..., None], joints, torch.zeros_like(joints))
    return {name: Pose(j, v) for name, j, v in zip(rows, joints.unbind(), visible.unbind(), strict=True)}


def _shortest(pixels: float) -> float:
    """Rounded to two decimals, whole numbers as int, as in the released files."""
    pixels = round(pixels, 2)
    return int(pixels) if pixels == int(pixels) else pixels


def write_annotations(path: str | Path, poses: Mapping[str, Pose]) -> None:
    """Write {image name: Pose} as an annotation CSV: pixels with up to two decimals, missing joints as -1.

    Raises:
        InputError: for a name that such a file cannot hold.
    """
    rows = [ANNOTATION_HEADER]
    for name, pose in poses.items():
        check_name(path, name, ":")
        pixels = torch.where(pose.visible[:, None], pose.joints, torch.full_like(pose.joints, -1))
        x, y = ([_shortest(value) for value in axis] for axis in pixels.T.tolist())
        rows.append(f"{name}: {y}: {x}")
    write_text(Path(path), "\n".join(rows) + "\n")


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    """Read a pairs CSV into [(source name, target name), ...], in the order of the file.

    Raises:
        InputError: naming the file, the row and what was expected.
    """
    pairs = []
    for where, line in _rows(Path(path), PAIRS_HEADER):
        names = _names(where, line)
        if not any(names):
            continue
        if len(names) != 2 or not all(names):
            raise InputError(f"{where}: expected 'SOURCE,TARGET', got {','.join(names)!r}")
        for name in names:
            check_name(where, name)
        pairs.append((names[0], names[1]))
    return pairs


def _names(where: str, line: str) -> list[str]:
    """The fields of a row of a pairs CSV."""
    try:
        return [name.strip() for name in next(csv.reader([line]))]
    except csv.Error as error:  # a field of more than 128 KiB
        raise InputError(f"{where}: expected 'SOURCE,TARGET', got {line[:40]!r} ({error})") from None


def write_pairs(path: str | Path, pairs: Iterable[Sequence[str]]) -> None:
    """Write (source name, target name) pairs as a pairs CSV.

    Raises:
        InputError: for a name that such a file cannot hold.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PAIRS_HEADER.split(","))
    for source, target in pairs:
        check_name(path, source)
        check_name(path, target)
        writer.writerow((source, target))
    write_text(Path(path), text.getvalue())


def where_named(path: Path, name: str) -> str:
    """Return where an annotation or pairs CSV names an image first: "PATH, row N"; PATH alone if it does not."""
    rows = _rows(path, PAIRS_HEADER, ANNOTATION_HEADER)
    named = ((where, [line.split(":")[0].strip(), *_names(where, line)]) for where, line in rows)
    return next((where for where, names in named if name in names), str(path))


def check_name(where: object, name: str, between: str = "") -> None:
    """Raise InputError unless a name can stand in a row: printable text without ``between``."""
    if not name or name != name.strip() or printable(name) != name or (between and between in name):
        raise InputError(f"{where}: {name!r} cannot name an image here; rename the image")
