"""What is known about pictures, in the form that is written to disk and read in training.

Of each person one file: the triangles of their surface, where each vertex belongs on the average body, and the part
and layer of each triangle. Of each picture one file: which triangle each pixel shows and where in it, and where all
vertices are in the picture. From two pictures of one person `flow.true_flow` makes flow and visibility.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reposer.checks import InputError, printable
from reposer.correspondence import PART_NAMES
from reposer.files import write_whole
from reposer.npy import read_npz

if TYPE_CHECKING:  # whoever only reads truth draws nobody
    from reposer.data.people.person import Person
    from reposer.data.people.picture import Frame

SITE_UNIT = 1 / 16384
"""Metres of one step of stored places on the average body."""
PIXEL_UNIT = 1 / 32
"""Pixels of one step of stored places in a picture."""
DEPTH_UNIT = 1 / 2000
"""Metres of one step of stored depths, which count from the nearest vertex."""
WEIGHT_UNIT, WEIGHT_START = 1 / 120, -0.5
"""Of one step of stored barycentric coordinates, and what 0 stands for; pixels' centres may lie outside triangles."""
_FAR, _FARTHEST = 32767, 10_000
_MOST = 2**26
"""Bytes of the largest file, and of the largest array in one: pictures of 4,096 x 4,096 pixels have half of that."""
_REMEDY = "make the data set again, or leave its truth out"
_SURFACE = {
    "faces": ("<u2", ("F", 3)), "sites": ("<i2", ("V", 3)), "parts": ("|u1", ("F",)), "layers": ("|u1", ("F",)),
    "layer_names": ("U", ("L",)),
}  # fmt: skip
_PICTURE = {
    "faces": ("<u2", ("H", "W")), "weights": ("|u1", ("H", "W", 2)), "place_steps": ("<i2", ("V", 2)),
    "depth_steps": ("<i2", ("V",)), "nearest": ("<f4", ()),
}  # fmt: skip


@dataclass(frozen=True)
class SurfaceTruth:
    """One person's surface; the same for all their pictures."""

    faces: NDArray[np.uint16]  # (F, 3) vertices
    sites: NDArray[np.int16]  # (V, 3) places on the average body, in SITE_UNIT
    parts: NDArray[np.uint8]  # (F,) of PART_NAMES
    layers: NDArray[np.uint8]  # (F,) of layer_names
    layer_names: tuple[str, ...]


@dataclass(frozen=True)
class PictureTruth:
    """One picture's surfaces."""

    faces: NDArray[np.uint16]  # (h, w) the face that a pixel's centre shows, counted from 1; 0 where none is
    weights: NDArray[np.uint8]  # (h, w, 2) barycentric coordinates of its second and third corner, in WEIGHT_UNIT
    places: NDArray[np.int16]  # (V, 2) x and y of vertices, in PIXEL_UNIT; pixel centres are at whole numbers
    depths: NDArray[np.uint16]  # (V,) in DEPTH_UNIT
    nearest: float  # depth of the nearest vertex, metres


def surface_truth(person: Person) -> SurfaceTruth:
    """What is the same in all pictures of a person."""
    mesh = person.mesh
    if max(mesh.faces.shape[1], mesh.site.shape[1]) > 65534:
        raise ValueError(f"a surface of {mesh.faces.shape[1]:,} faces does not fit into 16 bits")
    sites = np.rint(mesh.site.T / np.float32(SITE_UNIT))
    return SurfaceTruth(
        mesh.faces.T.astype(np.uint16), np.clip(sites, -_FAR, _FAR).astype(np.int16), mesh.parts, mesh.layers,
        mesh.layer_names,
    )  # fmt: skip


def picture_truth(frame: Frame) -> PictureTruth:
    """What one picture shows, in few bytes."""
    places = np.rint(frame.screen[:2].T / np.float32(PIXEL_UNIT))
    nearest = float(frame.screen[2].min())
    depths = np.rint((frame.screen[2] - np.float32(nearest)) / np.float32(DEPTH_UNIT))
    shown, weights = np.flatnonzero(frame.faces >= 0), np.zeros((frame.faces.size, 2), np.uint8)
    steps = (np.take(frame.weights.reshape(2, -1), shown, 1) - np.float32(WEIGHT_START)) / np.float32(WEIGHT_UNIT)
    weights[shown] = np.clip(np.rint(steps), 0, 255).astype(np.uint8).T
    return PictureTruth(
        (frame.faces + 1).astype(np.uint16), weights.reshape(*frame.faces.shape, 2),
        np.clip(places, -_FAR, _FAR).astype(np.int16), np.clip(depths, 0, 65535).astype(np.uint16), nearest,
    )  # fmt: skip


def write_surface(path: Path, truth: SurfaceTruth) -> None:
    """Write a person's file (.npz), whole or not at all."""
    write_whole(path, lambda temporary: temporary.write_bytes(pack_surface(truth)))


def write_picture(path: Path, truth: PictureTruth) -> None:
    """Write a picture's file (.npz), whole or not at all."""
    write_whole(path, lambda temporary: temporary.write_bytes(pack_picture(truth)))


def pack_surface(truth: SurfaceTruth) -> bytes:
    """The content of a person's file."""
    return _packed(
        faces=truth.faces, sites=truth.sites, parts=truth.parts, layers=truth.layers,
        layer_names=np.array(truth.layer_names),
    )  # fmt: skip


def pack_picture(truth: PictureTruth) -> bytes:
    """The content of a picture's file. Places are stored as steps from vertex to vertex, which compress well."""
    places, depths = truth.places.astype(np.int32), truth.depths.astype(np.int32)
    return _packed(
        faces=truth.faces, weights=truth.weights, place_steps=_steps(places),
        depth_steps=_steps(depths), nearest=np.float32(truth.nearest),
    )  # fmt: skip


def _steps(values: NDArray[np.int32]) -> NDArray[np.int16]:
    """From each row to the next, modulo 65536."""
    steps = values.copy()
    steps[1:] -= values[:-1]
    return (steps & 65535).astype(np.uint16).view(np.int16)


def _packed(**arrays: NDArray[np.generic] | np.generic) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def read_surface(path: str | Path) -> SurfaceTruth:
    """Read a person's file.

    Raises:
        InputError: if it is no such file, is damaged, or names vertices, parts or layers that there are not.
    """
    path = Path(path)
    held = read_npz(path, _SURFACE, most=_MOST, remedy=_REMEDY)
    names = tuple(held["layer_names"].tolist())
    limits = {"faces": len(held["sites"]), "parts": len(PART_NAMES), "layers": len(names)}
    for name, limit in limits.items():
        _check_below(path, name, held[name], limit)
    if any(printable(name) != name for name in names):
        raise InputError(f"{path}: layer_names are no plain texts; {_REMEDY}")
    return SurfaceTruth(held["faces"], held["sites"], held["parts"], held["layers"], names)


def read_picture(path: str | Path, surface: SurfaceTruth) -> PictureTruth:
    """Read a picture's file.

    Args:
        path: the file.
        surface: of the person whom the picture shows.

    Raises:
        InputError: if it is no such file, is damaged, or is of another person.
    """
    path = Path(path)
    held = read_npz(path, _PICTURE, most=_MOST, remedy=_REMEDY)
    _check_below(path, "faces", held["faces"], len(surface.faces) + 1)
    nearest, count = float(held["nearest"]), len(held["place_steps"])
    if not (np.isfinite(nearest) and abs(nearest) < _FARTHEST):
        raise InputError(f"{path}: nearest is {nearest}, expected metres before the camera; {_REMEDY}")
    if count != len(surface.sites):
        raise InputError(f"{path}: {count:,} vertices, but its person has {len(surface.sites):,}; {_REMEDY}")
    places = held["place_steps"].cumsum(0, dtype=np.int16)
    depths = held["depth_steps"].cumsum(dtype=np.int16).view(np.uint16)
    return PictureTruth(held["faces"], held["weights"], places, depths, nearest)


def _check_below(path: Path, name: str, numbers: NDArray[np.unsignedinteger], limit: int) -> None:
    if not numbers.size or numbers.max() >= limit:
        found = f"up to {numbers.max()}" if numbers.size else "none at all"
        raise InputError(f"{path}: {name} are numbers {found}, expected some below {limit:,}; {_REMEDY}")
