"""NumPy files: (J, 2 or 3) or (N, J, 2 or 3), the third a score. The number of joints tells the skeleton."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reposer.checks import InputError
from reposer.files import read_bytes
from reposer.npy import parse_npy
from reposer.poses.keypoints.picture import FARTHEST, KNOWN, Numbers, Person, Picture, skeleton_of

MAGIC = b"\x93NUMPY"
MOST = 2**26
"""Bytes of the largest file that is read."""
_HIGHEST_SCORE = 2
_COUNTS = sorted(len(skeleton.joints) for skeleton in KNOWN)


def is_array(value: Any) -> bool:
    """Tell an array."""
    return isinstance(value, np.ndarray)


def load_array(path: Path) -> Numbers:
    """Read a .npy file of numbers, of which nothing is believed: no pickle, and no size that the file has not."""
    array = parse_npy(read_bytes(path, most=MOST), path)
    if array.dtype.kind not in "fiu":
        raise InputError(
            f"{path}: expected an array of numbers, got one of {array.dtype}; save joints alone, as float32"
        )
    return array.astype(np.float64)


def read_array(array: Numbers, where: Path) -> list[Picture]:
    """Read the people of one image; NaN, a negative number in x or y, and (0, 0) without a score mean missing."""
    people = array[None] if array.ndim == 2 else array
    if people.ndim != 3 or people.shape[1] not in _COUNTS or people.shape[2] not in (2, 3) or not len(people):
        raise InputError(
            f"{where}: expected shape (J, 2 or 3) or (N, J, 2 or 3) with J of {', '.join(map(str, _COUNTS))} "
            f"joints, got {array.shape}"
        )
    places = people[..., :2]
    missing = np.isnan(people).any(axis=-1) | (places < 0).any(axis=-1)
    if people.shape[2] == 2:
        missing |= (places == 0).all(axis=-1)
        scores = np.ones(people.shape[:2])
    else:
        scores = people[..., 2]
        if len(seen := scores[~missing]) and not 0 <= seen.min() <= seen.max() <= _HIGHEST_SCORE:
            raise InputError(
                f"{where}: the third number of a joint must be its score, from 0 to 1, but some are from "
                f"{seen.min():g} to {seen.max():g}; leave a z out"
            )
    if (~missing).any() and not np.abs(places[~missing]).max() <= FARTHEST:
        raise InputError(f"{where}: coordinates up to {np.abs(places[~missing]).max():g} cannot be pixels")
    filled = np.concatenate([places, scores[..., None]], axis=-1)
    filled[missing] = 0
    skeleton = skeleton_of(people.shape[1], where)
    read = tuple(Person(skeleton, person) for person in filled)
    return [Picture(people=read, unit="either", stacked=array.ndim == 3)]
