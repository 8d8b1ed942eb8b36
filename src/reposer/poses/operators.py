"""Maps of poses as operators of PyTorch, ``torch.ops.reposer``, each of which is one kernel on a GPU.

They have no derivatives: where a pose has a gradient, PyTorch's own operators compute them.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reposer.kernels import launch, on_kernels, operator

_BLOCK = 1024


def _maps(joints: Tensor, visible: Tensor, height: int, width: int, *settings: Any) -> Tensor:
    return joints.new_empty(*visible.shape, height, width)


@operator(
    "joint_heatmaps(Tensor joints, Tensor visible, int height, int width, float sigma, bool pixel) -> Tensor", _maps
)
def joint_heatmaps(joints: Tensor, visible: Tensor, height: int, width: int, sigma: float, pixel: bool) -> Tensor:
    """``reposer.poses.joint_heatmaps`` of joints (B, J, 2)."""
    if not on_kernels(joints) or joints.dtype != torch.float32:
        from reposer.poses.heatmaps import plain_heatmaps

        return plain_heatmaps(joints, visible, height, width, sigma, pixel)
    from reposer.poses.kernels import heatmaps

    out = _maps(joints, visible, height, width)
    launch(
        heatmaps,
        -(-out.numel() // _BLOCK),
        (joints.contiguous(), visible.contiguous(), out),
        (height, width, out.numel(), -1 / (2 * sigma**2)),
        (pixel, _BLOCK),
    )
    return out


def _limb_shapes(
    joints: Tensor, visible: Tensor, ends: Tensor, sizes: Tensor, height: int, width: int, zoom: float
) -> Tensor:
    return joints.new_empty(len(joints), len(sizes), height, width)


@operator(
    "limb_masks(Tensor joints, Tensor visible, Tensor ends, Tensor sizes, int height, int width, float zoom) -> Tensor",
    _limb_shapes,
)
def limb_masks(
    joints: Tensor, visible: Tensor, ends: Tensor, sizes: Tensor, height: int, width: int, zoom: float
) -> Tensor:
    """``reposer.poses.limb_masks`` of joints (B, J, 2), with the ``ends`` (2, P, N) and ``sizes`` of parts there."""
    from reposer.poses.parts import EPSILON, plain_masks

    if not on_kernels(joints) or joints.dtype != torch.float32:
        return plain_masks(joints, visible, ends, sizes, height, width, zoom)
    from reposer.poses.kernels import limbs

    out = _limb_shapes(joints, visible, ends, sizes, height, width, zoom)
    launch(
        limbs,
        out.shape[0] * out.shape[1],
        (joints.contiguous(), visible.contiguous(), ends, sizes, out),
        (ends.shape[1], len(sizes), joints.shape[1], height, width, zoom, EPSILON),
        (ends.shape[2], _BLOCK),
    )
    return out


def _peak_shapes(maps: Tensor) -> tuple[Tensor, Tensor]:
    batch, joints = maps.shape[:2]
    places = maps.new_empty(batch, joints, 2, dtype=torch.promote_types(maps.dtype, torch.float32))
    return places, maps.new_empty(batch, joints, dtype=torch.bool)


@operator("heatmap_peaks(Tensor maps) -> (Tensor, Tensor)", _peak_shapes)
def heatmap_peaks(maps: Tensor) -> tuple[Tensor, Tensor]:
    """``reposer.poses.heatmap_peaks`` of maps (B, J, H, W)."""
    if not on_kernels(maps):
        from reposer.poses.heatmaps import plain_peaks

        return plain_peaks(maps)
    from reposer.poses.kernels import peaks

    joints, visible = _peak_shapes(maps)
    height, width = maps.shape[-2:]
    launch(peaks, visible.numel(), (maps.contiguous(), joints, visible), (height, width), (_BLOCK,))
    return joints, visible


def _frame_shapes(joints: Tensor, visible: Tensor, starts: Tensor, *tables: Any) -> tuple[Tensor, ...]:
    batch, parts = len(joints), len(starts)
    vectors = tuple(joints.new_empty(batch, parts, 2) for _ in range(3))
    found = torch.empty(batch, parts, dtype=torch.bool, device=joints.device)
    return *vectors, joints.new_empty(batch, 2), found, joints.new_empty(batch)


@operator(
    "part_frames(Tensor joints, Tensor visible, Tensor starts, Tensor ends, Tensor faces) "
    "-> (Tensor, Tensor, Tensor, Tensor, Tensor, Tensor)",
    _frame_shapes,
)
def part_frames(joints: Tensor, visible: Tensor, starts: Tensor, ends: Tensor, faces: Tensor) -> tuple[Tensor, ...]:
    """The fields of ``reposer.poses.frames.part_frames``, of which facing is (B, 2), with the joints of both ends
    (K, J) and those of the face (1, J) as tables of 0 and 1.
    """
    from reposer.poses.frames import BREADTH, TORSO_LENGTH, plain_frames

    if not on_kernels(joints) or joints.dtype != torch.float32:
        return plain_frames(joints, visible, starts, ends, faces)
    from reposer.poses.kernels import frames

    out = _frame_shapes(joints, visible, starts)
    launch(
        frames,
        len(joints),
        (joints.contiguous(), visible.contiguous(), starts, ends, faces, *out),
        (joints.shape[1], len(starts), TORSO_LENGTH, BREADTH),
        (16, 32),
        warps=1,
    )
    return out
