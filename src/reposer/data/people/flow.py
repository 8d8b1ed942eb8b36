"""True flow between two pictures of a person: where each point of the target is in the source, and if it is seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from reposer.data.people.truth import (
    DEPTH_UNIT,
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
    """Pictures of people with what each pixel shows, on one device."""

    covered: Tensor  # (B, H, W) bool: the pixel shows the person
    faces: Tensor  # (B, H, W) int64, 0 where nothing is covered
    weights: Tensor  # (B, H, W, 3) barycentric coordinates
    corners: Tensor  # (B, F, 3) int64 vertices of faces
    layers: Tensor  # (B, F) int64
    sites: Tensor  # (B, V, 3) metres on the average body
    places: Tensor  # (B, V, 3) x, y (pixels) and depth (metres) in the picture


def stack_truth(
    surfaces: Sequence[SurfaceTruth], pictures: Sequence[PictureTruth], device: torch.device | str = "cpu"
) -> SurfaceBatch:
    """Bring pictures of one size, each with its person's surface, onto a device."""
    face_count = max(len(surface.faces) for surface in surfaces)
    vertex_count = max(len(surface.sites) for surface in surfaces)

    def rows(arrays: Sequence[object], count: int) -> Tensor:
        tensors = [torch.as_tensor(array) for array in arrays]
        shape = (len(tensors), count, *tensors[0].shape[1:])
        padded = torch.zeros(shape, dtype=tensors[0].dtype)
        for row, tensor in zip(padded, tensors, strict=True):
            row[: len(tensor)] = tensor
        return padded.to(device)

    number = torch.stack([torch.as_tensor(picture.faces.astype("int32")) for picture in pictures]).to(device).long()
    second_third = torch.stack([torch.as_tensor(picture.weights) for picture in pictures]).to(device).float()
    second_third = second_third * WEIGHT_UNIT + WEIGHT_START
    depths = rows([picture.depths.astype("int32") for picture in pictures], vertex_count).float() * DEPTH_UNIT
    nearest = torch.tensor([picture.nearest for picture in pictures], device=device)[:, None]
    places = rows([picture.places for picture in pictures], vertex_count).float() * PIXEL_UNIT
    return SurfaceBatch(
        covered=number > 0,
        faces=(number - 1).clamp_min(0),
        weights=torch.cat([1 - second_third.sum(-1, keepdim=True), second_third], dim=-1),
        corners=rows([surface.faces.astype("int32") for surface in surfaces], face_count).long(),
        layers=rows([surface.layers for surface in surfaces], face_count).long(),
        sites=rows([surface.sites for surface in surfaces], vertex_count).float() * SITE_UNIT,
        places=torch.cat([places, (depths + nearest)[..., None]], dim=-1),
    )  # fmt: skip


def _at_pixels(batch: SurfaceBatch, values: Tensor) -> Tensor:
    """Values (B, H, W, C) of the surface at each pixel, of values (B, V, C) at vertices."""
    count, height, width = batch.faces.shape
    faces = batch.faces.reshape(count, -1, 1).expand(-1, -1, 3)
    corners = torch.gather(batch.corners, 1, faces)  # (B, N, 3)
    index = corners.reshape(count, -1, 1).expand(-1, -1, values.shape[-1])
    found = torch.gather(values, 1, index).reshape(count, height, width, 3, -1)
    return (found * batch.weights[..., None]).sum(-2)


def true_flow(source: SurfaceBatch, target: SurfaceBatch) -> tuple[Tensor, Tensor]:
    """Where each point that the target shows is in the source.

    Both show the same person (the same surface) in the same order. A source pixel shows a point if it shows the same
    layer within NEAR metres and a pixel's width of it on the average body; a point is seen if the pixels that do have
    at least half the weight in bilinear interpolation.

    Returns:
        Flow (B, 2, H, W): x and y in the source, pixels (centres at whole numbers), for each pixel of the target;
        visibility (B, H, W) bool: the target shows the person there and the source shows the same point.
    """
    flow = _at_pixels(target, source.places)[..., :2]
    size, count = source.faces.shape[1:], len(source.faces)
    own, own_layer = _described(target)
    shown, shown_layer = (values.flatten(1, 2) for values in _described(source))
    covered = source.covered.flatten(1)
    reach = NEAR + 1.5 * _pixel_metres(source)[:, None, None]
    corner = flow.floor()
    part = flow - corner
    seen = torch.zeros_like(part[..., 0])
    for dx in (0, 1):
        for dy in (0, 1):
            x, y = corner[..., 0] + dx, corner[..., 1] + dy
            inside = (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])
            index = (y.clamp(0, size[0] - 1) * size[1] + x.clamp(0, size[1] - 1)).long().reshape(count, -1)
            there = torch.gather(shown, 1, index[..., None].expand(-1, -1, 3)).reshape(own.shape)
            same = torch.gather(shown_layer, 1, index).reshape(own_layer.shape) == own_layer
            same &= inside & torch.gather(covered, 1, index).reshape(inside.shape)
            same &= torch.linalg.vector_norm(there - own, dim=-1) < reach
            weight = (part[..., 0] if dx else 1 - part[..., 0]) * (part[..., 1] if dy else 1 - part[..., 1])
            seen = seen + weight * same
    return flow.permute(0, 3, 1, 2), (seen >= 0.5) & target.covered


def _described(batch: SurfaceBatch) -> tuple[Tensor, Tensor]:
    """Site (B, H, W, 3) and layer (B, H, W) of what each pixel shows."""
    layer = torch.gather(batch.layers, 1, batch.faces.flatten(1)).reshape(batch.faces.shape)
    return _at_pixels(batch, batch.sites), layer


def _pixel_metres(batch: SurfaceBatch) -> Tensor:
    """(B,) about how many metres of the average body a pixel of each picture shows: the median over shown faces."""
    first, second, _ = (_corner(batch, k) for k in range(3))
    pixels = torch.linalg.vector_norm((second[0] - first[0])[..., :2], dim=-1)
    metres = torch.linalg.vector_norm(second[1] - first[1], dim=-1)
    ratio = torch.where(batch.covered, metres / pixels.clamp_min(1e-3), torch.nan)
    return torch.nanmedian(ratio.flatten(1), dim=1).values.nan_to_num(0.0)


def _corner(batch: SurfaceBatch, k: int) -> tuple[Tensor, Tensor]:
    """Place and site (B, H, W, 3) of corner k of the face at each pixel."""
    count = batch.faces.shape[0]
    vertex = torch.gather(batch.corners[..., k], 1, batch.faces.flatten(1))

    def rows(values: Tensor) -> Tensor:
        return torch.gather(values, 1, vertex[..., None].expand(-1, -1, 3)).reshape(count, *batch.faces.shape[1:], 3)

    return rows(batch.places), rows(batch.sites)


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Images (B, C, H, W) sampled where the flow (B, 2, h, w) points; what lies outside is the border's colour."""
    height, width = image.shape[-2:]
    scale = torch.tensor([2 / width, 2 / height], device=flow.device).reshape(1, 2, 1, 1)
    grid = ((flow + 0.5) * scale - 1).permute(0, 2, 3, 1)
    return grid_sample(image, grid, mode="bilinear", padding_mode="border", align_corners=False)
