"""Pairs of which each picture is framed anew, or both are mirrored: pictures, joints, flow and labels together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from reposer.correspondence import MIRRORED_PARTS, carried
from reposer.data.augmentation.framing import Frame
from reposer.data.batch import PairBatch
from reposer.letterbox import flip_box
from reposer.poses import OPENPOSE_18
from reposer.poses.tables import table

_SMOOTH = 2.0
"""Pixels that a flow changes at most from a pixel to the next on one surface; elsewhere it is not interpolated."""


def mirrored(batch: PairBatch, which: Tensor) -> PairBatch:
    """Mirror the pairs of which (B,) is true; twice is as before."""
    width = batch.source.shape[-1]
    order = table(OPENPOSE_18.flip_order, batch.source_joints, torch.long)
    names = table(MIRRORED_PARTS, batch.source_joints, torch.uint8)

    def joints(places: Tensor, visible: Tensor) -> Tensor:
        x, y = places.index_select(1, order).unbind(-1)
        there = visible.index_select(1, order)[..., None]
        return torch.where(there, torch.stack((width - 1 - x, y), dim=-1), 0)

    def flow(places: Tensor) -> Tensor:
        x, y = places.flip(-1).unbind(1)
        return torch.stack((width - 1 - x, y), dim=1)

    def labels(parts: Tensor) -> Tensor:
        return names[parts.flip(-1).long()]

    changes: dict[str, Any] = {
        "source": batch.source.flip(-1),
        "target": batch.target.flip(-1),
        "source_joints": joints(batch.source_joints, batch.source_visible),
        "target_joints": joints(batch.target_joints, batch.target_visible),
        "source_visible": batch.source_visible.index_select(1, order),
        "target_visible": batch.target_visible.index_select(1, order),
        "target_box": None if batch.target_box is None else flip_box(batch.target_box, width),
        "flow": None if batch.flow is None else flow(batch.flow),
        "seen": None if batch.seen is None else batch.seen.flip(-1),
        "parts": None if batch.parts is None else labels(batch.parts),
        "source_parts": None if batch.source_parts is None else labels(batch.source_parts),
    }
    whole: dict[str, Any] = {name: _if_known(which, change, getattr(batch, name)) for name, change in changes.items()}
    return replace(batch, **whole)


def framed(batch: PairBatch, source: Frame, target: Frame) -> PairBatch:
    """Show each picture in its frame: flow' = S(flow(T^-1 x)), and joints that leave a picture are missing."""
    of_source, of_target = origins(source), origins(target)
    source_joints, source_visible = _joints(source, batch.source_joints, batch.source_visible)
    target_joints, target_visible = _joints(target, batch.target_joints, batch.target_visible)
    flow, seen = _flow(batch, source, target, of_target)
    either = source.changed | target.changed
    return replace(
        batch,
        source=changed_where(source.changed, _picture, batch.source, of_source),
        target=changed_where(target.changed, _picture, batch.target, of_target),
        source_joints=source_joints,
        source_visible=source_visible,
        target_joints=target_joints,
        target_visible=target_visible,
        flow=_if_known(either, flow, batch.flow),
        seen=_if_known(either, seen, batch.seen),
        parts=_if_known(target.changed, sampled_nearest(batch.parts, of_target), batch.parts),
        source_parts=_if_known(source.changed, sampled_nearest(batch.source_parts, of_source), batch.source_parts),
    )


def pixels(size: tuple[int, int], like: Tensor) -> Tensor:
    """Places (1, H, W, 2) of pixels, x then y."""
    rows, columns = (torch.arange(side, device=like.device, dtype=torch.float32) for side in size)
    return torch.stack((columns.expand(size), rows[:, None].expand(size)), dim=-1)[None]


def origins(frame: Frame) -> Tensor:
    """Where each pixel of a framed picture was, (B, H, W, 2)."""
    return frame.origins(pixels(frame.size, frame.zoom).expand(len(frame.zoom), -1, -1, -1))


def sampled(maps: Tensor, places: Tensor, mode: str = "bilinear") -> Tensor:
    """Maps (B, C, H, W) at places (B, h, w, 2); outside lies the border's value."""
    return carried(maps, places.movedim(-1, 1), mode)


def sampled_nearest(labels: Tensor | None, places: Tensor) -> Tensor | None:
    """Labels (B, H, W) at the nearest pixels."""
    if labels is None:
        return None
    return sampled(labels[:, None].float(), places, "nearest")[:, 0].to(labels.dtype)


def _picture(images: Tensor, places: Tensor) -> Tensor:
    return sampled(images.float(), places, "bicubic").round().clamp(0, 255).to(torch.uint8)


def _joints(frame: Frame, joints: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    moved = frame.moved(joints)
    x, y = moved.unbind(-1)
    inside = (x >= 0) & (y >= 0) & (x <= frame.size[1] - 1) & (y <= frame.size[0] - 1)
    there = visible & (inside | ~frame.changed[:, None])
    return torch.where(there[..., None], moved, torch.where(visible[..., None], 0, joints)), there


def _flow(batch: PairBatch, source: Frame, target: Frame, places: Tensor) -> tuple[Tensor | None, Tensor | None]:
    """Flow and what is seen, of framed pairs; between pixels where the surface is one, else of the nearest."""
    if batch.flow is None or batch.seen is None:
        return None, None
    person = batch.seen[:, None] if batch.parts is None else (batch.parts > 0)[:, None]
    known = torch.where(person, batch.flow, 0)
    nearest = sampled(torch.cat((known, batch.seen[:, None].float()), dim=1), places, "nearest")
    between = sampled(torch.cat((known, person.float()), dim=1), places)
    smooth = between[:, :2] / between[:, 2:].clamp(min=1e-6)
    alike = (smooth - nearest[:, :2]).abs().amax(dim=1, keepdim=True) < _SMOOTH
    flow = source.moved(torch.where(alike, smooth, nearest[:, :2]).movedim(1, -1)).movedim(-1, 1)
    x, y = flow.unbind(1)
    height, width = source.size
    inside = (x >= -0.5) & (y >= -0.5) & (x <= width - 0.5) & (y <= height - 0.5)
    return flow.to(batch.flow.dtype), (nearest[:, 2] > 0.5) & inside


def changed_where(which: Tensor, change: Callable[..., Tensor], tensor: Tensor, *more: Tensor) -> Tensor:
    """``change(tensor, *more)`` of which (B,) items, the tensor of the others: only as much as needed on a processor.

    A GPU computes it of all: to ask it which would take longer.
    """
    if which.device.type != "cpu":
        return _chosen(which, change(tensor, *more), tensor)
    rows = which.nonzero()[:, 0]
    return tensor.index_copy(0, rows, change(*(each.index_select(0, rows) for each in (tensor, *more))))


def _chosen(which: Tensor, changed: Tensor, before: Tensor) -> Tensor:
    """Of each pair, which (B,) says, the changed tensor or the one before."""
    return torch.where(which.view(-1, *(1,) * (changed.ndim - 1)), changed, before)


def _if_known(which: Tensor, changed: Tensor | None, before: Tensor | None) -> Tensor | None:
    return None if changed is None or before is None else _chosen(which, changed, before)
