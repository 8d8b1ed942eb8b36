"""Sheets of hair: grids of points from roots to tips, laid out on the average body."""

from dataclasses import replace

import numpy as np

from reposer.data.people.arrays import Bools, Floats
from reposer.data.people.hair.mould import FINE, load_mould
from reposer.data.people.hair.strands import HAIR, Strands, paint_strands
from reposer.data.people.parts import PARTS
from reposer.data.people.shape import Body
from reposer.data.people.surface import Layer, grid_layer

LOWEST = 0.63
"""Where the surface coordinates of hair that hangs lower end: it belongs to the head, whatever it lies on."""


def hair_sheet(
    points: Floats, body: Body, strands: Strands, *, shade: Floats, holes: Bools | None = None, sparse: float = 0.0
) -> Layer:
    """A layer of hair.

    Args:
        points: (3, rows, columns) on the average body.
        shade: (rows, columns) how much of the light from around arrives.
        holes: (rows - 1, columns - 1) where there is no hair.
        sparse: share of the strands that are missing.
    """
    mould = load_mould()
    points = np.round(points * FINE) / FINE
    flat = points.reshape(3, -1)
    bones, weights = mould.bones(flat)
    site = points.copy()
    site[0] = np.clip(site[0], -0.11, 0.11)
    site[1] = np.maximum(site[1], LOWEST)
    layer = grid_layer(
        mould.moved(points, body), site, name="hair", texture=paint_strands(strands, sparse=sparse),
        density=strands.density, material=HAIR, part=PARTS["hair"], bones=bones, weights=weights,
    )  # fmt: skip
    layer = replace(layer, shade=np.round(shade.ravel(), 4).astype(np.float32))
    if holes is None or not holes.any():
        return layer
    return layer.only(~np.concatenate([holes.ravel(), holes.ravel()]))
