"""True flow between two pictures of a person: where each point of the target is in the source, and if it is seen."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.data.people.truth import (
    PIXEL_UNIT,
    SITE_UNIT,
    WEIGHT_START,
    WEIGHT_UNIT,
    PictureTruth,
    SurfaceTruth,
)

NEAR = 0.012
"""Metres on the average body within which two points count as the same, besides the size of a source pixel."""


@dataclass(frozen=True)
class SurfaceBatch:
    """Pictures of people with what each pixel shows, on one device. N is the number of pixels that show a person."""

    size: tuple[int, int, int]  # B, H, W
    pixels: Tensor  # (N,) int64, which pixels of all B * H * W show a person
    corners: Tensor  # (N, 3) int64, the corners there: rows of `places`
    weights: Tensor  # (N, 3, 1) barycentric coordinates there
    sites: Tensor  # (N, 3) metres on the average body
    layers: Tensor  # (N,) uint8
    parts: Tensor  # (N,) uint8, values of PART_NAMES
    places: Tensor  # (B * V, 2) x, y of vertices in the picture, pixels
    reach: Tensor  # (B,) metres on the average body within which two points are the same in this picture

    def image(self, values: Tensor) -> Tensor:
        """Values (N, ...) as images (B, H, W, ...), 0 where nobody is."""
        full = values.new_zeros((math.prod(self.size), *values.shape[1:]))
        return full.index_copy_(0, self.pixels, values).unflatten(0, self.size)

    @property
    def covered(self) -> Tensor:
        """(B, H, W) bool: the pixel shows the person."""
        return self.image(torch.ones_like(self.pixels, dtype=torch.bool))


def stack_truth(
    surfaces: Sequence[SurfaceTruth], pictures: Sequence[PictureTruth], device: torch.device | str = "cpu"
) -> SurfaceBatch:
    """Bring pictures of one size, each with its person's surface, onto a device."""
    vertices = max(len(surface.sites) for surface in surfaces)

    def joined(arrays: Sequence[NDArray[Any]]) -> Tensor:
        return torch.cat([torch.as_tensor(array) for array in arrays]).to(device)

    def of_vertices(arrays: Sequence[NDArray[Any]]) -> Tensor:
        """Rows of each picture's vertices begin at a multiple of `vertices`."""
        padding = [(0, 0)] * (arrays[0].ndim - 1)
        return joined([np.pad(array, [(0, vertices - len(array)), *padding]) for array in arrays])

    number = torch.stack([torch.as_tensor(picture.faces.astype(np.int32)) for picture in pictures]).to(device)
    size, number = (int(number.shape[0]), int(number.shape[1]), int(number.shape[2])), number.flatten()
    pixels = number.nonzero()[:, 0]
    row = pixels // (size[1] * size[2])
    before = torch.tensor([0, *(len(surface.faces) for surface in surfaces[:-1])]).cumsum(0).to(device)
    face = number.index_select(0, pixels) - 1 + before.index_select(0, row)
    corners = joined([surface.faces.astype(np.int32) for surface in surfaces]).index_select(0, face).long()
    corners += (row * vertices)[:, None]
    second_third = joined([picture.weights.reshape(-1, 2) for picture in pictures]).index_select(0, pixels)
    second_third = second_third * WEIGHT_UNIT + WEIGHT_START
    weights = torch.cat([1 - second_third.sum(-1, keepdim=True), second_third], dim=-1)[..., None]
    places = of_vertices([picture.places for picture in pictures]) * PIXEL_UNIT
    on_body = of_vertices([surface.sites for surface in surfaces]) * SITE_UNIT
    sites = on_body.index_select(0, corners.flatten()).unflatten(0, corners.shape)
    return SurfaceBatch(
        size=size, pixels=pixels, corners=corners, weights=weights, sites=(sites * weights).sum(1),
        layers=joined([surface.layers for surface in surfaces]).index_select(0, face),
        parts=joined([surface.parts for surface in surfaces]).index_select(0, face),
        places=places, reach=NEAR + 1.5 * _pixel_metres(row, size[0], places, corners, sites),
    )  # fmt: skip


def _pixel_metres(row: Tensor, count: int, places: Tensor, corners: Tensor, sites: Tensor) -> Tensor:
    """(B,) about how many metres of the average body a pixel shows: the median over what is shown."""
    first, second = (places.index_select(0, corners[:, k]) for k in (0, 1))
    pixels = torch.linalg.vector_norm(second - first, dim=-1)
    ratio = torch.linalg.vector_norm(sites[:, 1] - sites[:, 0], dim=-1) / pixels.clamp_min(1e-3)
    shares = ratio.split(torch.bincount(row, minlength=count).tolist())
    return torch.stack([share.median() if len(share) else ratio.new_zeros(()) for share in shares])


def true_flow(source: SurfaceBatch, target: SurfaceBatch) -> tuple[Tensor, Tensor]:
    """Where each point that the target shows is in the source.

    Both show the same person (the same surface) in the same order. A source pixel shows a point if it shows the same
    layer within NEAR metres and a pixel's width of it on the average body; a point is seen if the pixels that do have
    at least half the weight in bilinear interpolation.

    Returns:
        Flow (B, 2, H, W): x and y in the source, pixels (centres at whole numbers), for each pixel of the target, 0
        where it shows nobody; visibility (B, H, W) bool: the target shows the person there and the source shows the
        same point.
    """
    _, height, width = source.size
    row = target.pixels // (target.size[1] * target.size[2])
    place = source.places.index_select(0, target.corners.flatten()).unflatten(0, target.corners.shape)
    place = (place * target.weights).sum(1)
    corner = place.floor()
    part, reach = place - corner, source.reach.index_select(0, row)
    number = torch.full((math.prod(source.size),), -1, dtype=torch.int64, device=place.device)
    number[source.pixels] = torch.arange(len(source.pixels), device=place.device)
    votes = torch.zeros_like(reach)
    for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)) if len(source.pixels) else ():
        x, y = corner[:, 0].long() + dx, corner[:, 1].long() + dy
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        shown = number.index_select(0, torch.where(inside, (row * height + y) * width + x, 0))
        inside &= shown >= 0
        shown = shown.clamp_min_(0)
        inside &= source.layers.index_select(0, shown) == target.layers
        inside &= torch.linalg.vector_norm(source.sites.index_select(0, shown) - target.sites, dim=-1) < reach
        votes += inside * (part[:, 0] if dx else 1 - part[:, 0]) * (part[:, 1] if dy else 1 - part[:, 1])
    return target.image(place).permute(0, 3, 1, 2).contiguous(), target.image(votes >= 0.5)
