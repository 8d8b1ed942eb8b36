"""Readers of what is written beside the pictures of synthetic people: truth, poses of others, work that was begun."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from tests.attacks.data_readers import market
from tests.attacks.mutations import mutate_bytes, mutate_json, mutate_table
from tests.attacks.reader import Reader

from reposer.data import DESCRIPTION, PairDataset, open_pairs
from reposer.data.layout import CROSS
from reposer.data.people import PART_NAMES, PeopleConfig, PictureTruth, SurfaceTruth, read_picture, read_surface
from reposer.data.people.dataset import _begin
from reposer.data.people.flow import stack_truth, true_flow
from reposer.data.people.truth import write_picture, write_surface
from reposer.poses import read_pairs, write_pairs

CONFIG = PeopleConfig(identities=2, test_identities=1)
_RANDOM = np.random.default_rng(0)
SURFACE = SurfaceTruth(
    faces=_RANDOM.integers(0, 40, (60, 3)).astype(np.uint16),
    sites=_RANDOM.integers(-9000, 9000, (40, 3)).astype(np.int16),
    parts=_RANDOM.integers(0, len(PART_NAMES), 60).astype(np.uint8),
    layers=_RANDOM.integers(0, 2, 60).astype(np.uint8),
    layer_names=("skin", "top"),
)
PICTURE = PictureTruth(
    faces=_RANDOM.integers(0, 61, (8, 4)).astype(np.uint16),
    weights=_RANDOM.integers(0, 256, (8, 4, 2)).astype(np.uint8),
    places=_RANDOM.integers(-300, 300, (40, 2)).astype(np.int16),
    depths=_RANDOM.integers(0, 900, 40).astype(np.uint16),
    nearest=3.5,
)


def mutate_arrays(random: Random, content: bytes) -> bytes:
    """Arrays of other types, shapes, names and values; objects; bombs; names twice."""
    with np.load(io.BytesIO(content)) as file:
        arrays: dict[str, Any] = dict(file.items())
    name = random.choice(list(arrays))
    array, kind = arrays[name], random.randrange(9)
    if kind == 0:
        kinds = ("f8", "f4", "i8", ">u2", "u1", "i2", "c16", "?", "S4", "U4", "M8[s]")
        arrays[name] = array.astype(random.choice(kinds) if array.dtype.kind != "U" else "S9")
    elif kind == 1:
        arrays[name] = array.reshape(random.choice(((-1,), (1, -1), (-1, 1)))) if array.size else array.ravel()
    elif kind == 2:
        arrays[name] = array[: random.randrange(len(array) + 1)] if array.ndim else np.stack([array])
    elif kind == 3:
        arrays[name] = np.array([{"a": 1}, print], dtype=object)
    elif kind == 4 and array.dtype.kind in "iuf":
        values = np.array(random.choice((0, 1, 60, 61, 255, 32767, 65535, np.nan, -np.inf, 1e38)))
        arrays[name] = np.full_like(
            array, np.nan_to_num(values, posinf=0, neginf=0) if array.dtype.kind != "f" else values
        )
    elif kind == 5:
        del arrays[name]
    elif kind == 6:
        arrays[random.choice(("../x", "extra", f"{name} ", ""))] = array
    elif kind == 7:
        arrays[name] = np.zeros((2**26, 2), np.uint8)
    changed = io.BytesIO()
    np.savez_compressed(changed, allow_pickle=True, **arrays)
    if kind == 8:
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(changed, "a") as archive:
            archive.writestr(f"{name}.npy", mutate_bytes(random, archive.read(f"{name}.npy")))
    return changed.getvalue()


def _person(folder: Path) -> Path:
    write_surface(folder / "0001.npz", SURFACE)
    return folder / "0001.npz"


def _picture(folder: Path) -> Path:
    write_picture(folder / "picture.npz", PICTURE)
    return folder / "picture.npz"


def _check_person(found: SurfaceTruth, valid: SurfaceTruth, content: bytes) -> None:
    assert found.faces.max() < len(found.sites) <= 65535
    assert found.parts.max() < len(PART_NAMES)
    assert found.layers.max() < len(found.layer_names)
    assert len(found.faces) == len(found.parts) == len(found.layers)


def _check_picture(found: PictureTruth, valid: PictureTruth, content: bytes) -> None:
    batch = stack_truth([SURFACE], [found])
    flow, seen = true_flow(batch, batch)
    assert flow.isfinite().all()
    assert seen.shape == (1, *found.faces.shape)


def _cross(folder: Path) -> Path:
    """A data set whose second images show poses of others."""
    market(folder)
    pairs = read_pairs(folder / "market-pairs-train.csv")
    others = [source for source, _ in pairs[::-1]]
    path = folder / CROSS.format(split="train")
    write_pairs(path, zip(others, [target for _, target in pairs], strict=True))
    return path


def _read_cross(path: Path) -> PairDataset:
    index = open_pairs(path.parent, "train")
    assert index.pose_of is None or {target for _, target in index.pairs} <= index.pose_of.keys()
    assert index.pose_of is None or index.poses.keys() >= set(index.pose_of.values())
    return PairDataset(index)


def _begun(folder: Path) -> Path:
    _begin(folder, CONFIG)
    return folder / DESCRIPTION


def _go_on(path: Path) -> dict[str, Any]:
    _begin(path.parent, CONFIG)
    return dict(json.loads(path.read_text()))


def _check_begun(found: dict[str, Any], valid: dict[str, Any], content: bytes) -> None:
    assert found.items() >= valid.items()


READERS = (
    Reader(name="truth-of-a-person", make=_person, read=read_surface, mutations=(mutate_arrays,), check=_check_person),
    Reader(
        name="truth-of-a-picture",
        make=_picture,
        read=lambda path: read_picture(path, SURFACE),
        mutations=(mutate_arrays,),
        check=_check_picture,
    ),
    Reader(
        name="cross-poses.csv",
        make=_cross,
        read=_read_cross,
        mutations=(mutate_table,),
        check=lambda found, valid, content: None,
    ),
    Reader(
        name="dataset.json-of-unfinished-people", make=_begun, read=_go_on, mutations=(mutate_json,), check=_check_begun
    ),
)
