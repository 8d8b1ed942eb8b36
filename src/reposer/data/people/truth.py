"""What is known about pictures, in the form that is written to disk and read in training.

Of each person one file: the triangles of their surface, where each vertex belongs on the average body, and the part
and layer of each triangle. Of each picture one file: which triangle each pixel shows and where in it, and where all
vertices are in the picture. From two pictures of one person `flow.true_flow` makes flow and visibility.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.person import Person
from reposer.data.people.picture import Frame
from reposer.files import write_whole

SITE_UNIT = 1 / 16384
"""Metres of one step of stored places on the average body."""
PIXEL_UNIT = 1 / 32
"""Pixels of one step of stored places in a picture."""
DEPTH_UNIT = 1 / 2000
"""Metres of one step of stored depths, which count from the nearest vertex."""
WEIGHT_UNIT, WEIGHT_START = 1 / 120, -0.5
"""Of one step of stored barycentric coordinates, and what 0 stands for; pixels' centres may lie outside triangles."""
_FAR = 32767


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
    weights = np.rint((np.moveaxis(frame.weights, 0, -1) - np.float32(WEIGHT_START)) / np.float32(WEIGHT_UNIT))
    weights[frame.faces < 0] = 0
    return PictureTruth(
        (frame.faces + 1).astype(np.uint16), np.clip(weights, 0, 255).astype(np.uint8),
        np.clip(places, -_FAR, _FAR).astype(np.int16), np.clip(depths, 0, 65535).astype(np.uint16), nearest,
    )  # fmt: skip


def write_surface(path: Path, truth: SurfaceTruth) -> None:
    """Write a person's file (.npz)."""
    _write(
        path, faces=truth.faces, sites=truth.sites, parts=truth.parts, layers=truth.layers,
        layer_names=np.array(truth.layer_names),
    )  # fmt: skip


def write_picture(path: Path, truth: PictureTruth) -> None:
    """Write a picture's file (.npz). Places are stored as steps from vertex to vertex, which compress well."""
    places, depths = truth.places.astype(np.int32), truth.depths.astype(np.int32)
    _write(
        path, faces=truth.faces, weights=truth.weights, place_steps=_steps(places),
        depth_steps=_steps(depths), nearest=np.float32(truth.nearest),
    )  # fmt: skip


def _steps(values: NDArray[np.int32]) -> NDArray[np.int16]:
    """From each row to the next, modulo 65536."""
    steps = values.copy()
    steps[1:] -= values[:-1]
    return (steps & 65535).astype(np.uint16).view(np.int16)


def _write(path: Path, **arrays: NDArray[np.generic] | np.generic) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    write_whole(path, write)


def read_surface(path: Path) -> SurfaceTruth:
    with np.load(path, allow_pickle=False) as file:
        return SurfaceTruth(
            file["faces"], file["sites"], file["parts"], file["layers"], tuple(file["layer_names"].tolist())
        )  # fmt: skip


def read_picture(path: Path) -> PictureTruth:
    with np.load(path, allow_pickle=False) as file:
        places = file["place_steps"].cumsum(0, dtype=np.int16)
        depths = file["depth_steps"].cumsum(dtype=np.int16).view(np.uint16)
        return PictureTruth(file["faces"], file["weights"], places, depths, float(file["nearest"]))
