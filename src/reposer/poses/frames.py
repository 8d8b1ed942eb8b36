"""Coordinate frames of the body parts, where the parts are in a picture, and their warping to another pose."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from reposer.poses.skeleton import OPENPOSE_18

# Seen from behind, a face has no nose: the head starts in the middle of what is seen of it.
PARTS = tuple(replace(part, start=(0, 14, 15, 16, 17)) if part.name == "head" else part for part in OPENPOSE_18.parts)
_SHORTEST = 0.2  # mean limbs: a limb that points at the camera is taken to be this long
_LIMBS, _TORSO = slice(1, 9), 9
# In mean limb lengths: how far a part reaches beyond its ends (skull, hands, feet, hips), and its spread across.
_BEFORE = {"head": 0.5, "torso": 0.2}
_AFTER = {"right lower arm": 0.5, "left lower arm": 0.5, "right lower leg": 0.4, "left lower leg": 0.4, "torso": 0.4}
_SPREAD = {"head": 0.35, "torso": 0.5}


@dataclass(frozen=True)
class PartFrames:
    """Where the body parts of a batch are, as coordinate frames in pixels, x then y."""

    start: Tensor
    """(B, 10, 2)"""
    along: Tensor
    """(B, 10, 2), from start to end."""
    across: Tensor
    """(B, 10, 2), at right angles: as long as the torso is broad, else ``scale``. It changes sides when
    a person turns round."""
    found: Tensor
    """(B, 10) bool: has both ends."""
    scale: Tensor
    """(B,), mean length of the limbs."""


def part_frames(joints: Tensor, visible: Tensor) -> PartFrames:
    """Frames of the 10 body parts of ``OPENPOSE_18``.

    A part's middle line runs between its ends, each the mean of those of its joints that are visible. Across, limbs
    and head are as wide as the person is large; the torso is as wide as shoulders and hips are apart, and at least
    half as wide as the person is large.

    Args:
        joints: (B, 18, 2) float pixels, x then y.
        visible: (B, 18) bool.

    Raises:
        ValueError: if the joints are not those of ``OPENPOSE_18``.
    """
    OPENPOSE_18.check(joints, visible)
    start, has_start = _ends(joints, visible, [part.start for part in PARTS])
    end, has_end = _ends(joints, visible, [part.end for part in PARTS])
    found, along = has_start & has_end, end - start
    limbs = found[:, _LIMBS].to(joints)
    lengths = along[:, _LIMBS].norm(dim=-1)
    scale = ((lengths * limbs).sum(dim=1) / limbs.sum(dim=1).clamp(min=1)).clamp(min=4.0)
    normal = torch.stack((-along[..., 1], along[..., 0]), dim=-1)
    length = normal.norm(dim=-1, keepdim=True)
    normal = torch.where(length < 1e-3, joints.new_tensor([1.0, 0.0]), normal / length.clamp(min=1e-3))
    apart = (joints[:, (5, 11)] - joints[:, (2, 8)]) * (visible[:, (5, 11)] & visible[:, (2, 8)])[..., None]
    wide = (apart.mean(dim=1) * normal[:, _TORSO]).sum(dim=-1)
    side = torch.where(wide < 0, -1.0, 1.0)
    widths = (side * scale)[:, None].repeat(1, len(PARTS))
    widths[:, _TORSO] = side * wide.abs().maximum(0.5 * scale)
    return PartFrames(start, along, normal * widths[..., None], found, scale)


def _ends(joints: Tensor, visible: Tensor, ends: list[tuple[int, ...]]) -> tuple[Tensor, Tensor]:
    member = joints.new_tensor([[joint in end for joint in range(joints.shape[1])] for end in ends])
    weights = member * visible[:, None]
    count = weights.sum(dim=-1)
    sums = (weights[..., None] * joints[:, None]).sum(dim=2)
    return sums / count.clamp(min=1)[..., None], count > 0


def part_maps(frames: PartFrames, size: tuple[int, int]) -> Tensor:
    """Where the parts are in a picture of ``size`` (H, W): (B, K, H, W) in [0, 1].

    1 along a part's middle line and a little beyond its ends (hands, feet, skull), falling off as a Gaussian;
    0 everywhere for a part that was not found.
    """
    before, after, spread = (
        frames.scale.new_tensor([table.get(part.name, default) for part in PARTS])[:, None, None]
        for table, default in ((_BEFORE, 0.1), (_AFTER, 0.1), (_SPREAD, 0.2))
    )
    u, v = _everywhere(_to_part(frames), size).unbind(dim=2)
    scale = frames.scale[:, None, None, None]
    length, half_width = (each.norm(dim=-1)[..., None, None] for each in (frames.along, frames.across))
    place, aside = u * length.maximum(_SHORTEST * scale), v * half_width
    beyond = (-place - before * scale).maximum(place - length - after * scale).clamp(min=0)
    exponent = (beyond.square() + aside.square()) / (2 * (spread * scale).square())
    maps = torch.exp(-exponent.clamp(max=40))  # beyond lie subnormal numbers, with which processors are slow
    return maps * frames.found[..., None, None]


def warp_parts(source: Tensor, source_frames: PartFrames, target_frames: PartFrames) -> Tensor:
    """Move the parts of ``source`` (B, 3, H, W) to the target pose: (B, K, 3, H, W).

    In picture k, the target's point p shows the source at

        p' = s' + u a' + v c',   u = (p - s) . a / |a|^2,   v = (p - s) . c / |c|^2

    with start s, along a, across c of the target's frame and s', a', c' of the source's; of a limb that points at the
    camera, whose a is short, only as much is shown as has room. What is shown of a part that one of them lacks means
    nothing.

    After Siarohin et al., "Deformable GANs for Pose-Based Human Image Generation", CVPR 2018: affine maps of ten parts,
    there of rectangles.
    """
    there, to_part = source_frames, _to_part(target_frames)
    to_source = there.along[..., None] * to_part[..., :1, :] + there.across[..., None] * to_part[..., 1:, :]
    to_source = to_source + functional.pad(there.start[..., None], (2, 0))
    places = _everywhere(to_source, (source.shape[-2], source.shape[-1]))
    pictures = source[:, None].expand(-1, len(PARTS), -1, -1, -1)
    return sample(pictures.flatten(0, 1), places.flatten(0, 1)).unflatten(0, (-1, len(PARTS)))


def sample(images: Tensor, places: Tensor) -> Tensor:
    """The colours of ``images`` (B, C, H, W) at ``places`` (B, 2, H, W), x and y in pixels; the border beyond."""
    height, width = images.shape[-2:]
    x, y = places.unbind(dim=1)
    grid = torch.stack((2 * x / (width - 1), 2 * y / (height - 1)), dim=-1) - 1
    found = functional.grid_sample(images.to(grid.dtype), grid, padding_mode="border", align_corners=True)
    return found.to(images.dtype)


def shifted(images: Tensor, shift: Tensor) -> Tensor:
    """``images`` (B, C, H, W), where each pixel shows what lies ``shift`` (B, 2, H, W) pixels (x, y) away."""
    here = torch.eye(2, 3, device=shift.device, dtype=torch.promote_types(shift.dtype, torch.float32))
    return sample(images, _everywhere(here, (images.shape[-2], images.shape[-1])) + shift)


def _to_part(frames: PartFrames) -> Tensor:
    """Matrices (B, K, 2, 3) that take points (x, y, 1) to coordinates along and across the parts."""
    length = frames.along.norm(dim=-1, keepdim=True)
    along = frames.along / (length * length.maximum(_SHORTEST * frames.scale[:, None, None])).clamp(min=1e-3)
    across = frames.across / frames.across.square().sum(dim=-1, keepdim=True)
    matrix = torch.stack((along, across), dim=-2)
    start = (matrix * frames.start[..., None, :]).sum(dim=-1, keepdim=True)
    return torch.cat((matrix, -start), dim=-1)


def _everywhere(matrix: Tensor, size: tuple[int, int]) -> Tensor:
    """Where matrices (..., 2, 3) take each pixel (x, y, 1): (..., 2, H, W)."""
    # No matrix product: autocast would compute it in half precision.
    y, x = (torch.arange(n, device=matrix.device, dtype=matrix.dtype) for n in size)
    of_x, of_y, of_1 = (each[..., None, None] for each in matrix.unbind(dim=-1))
    return of_x * x + (of_y * y[:, None] + of_1)
