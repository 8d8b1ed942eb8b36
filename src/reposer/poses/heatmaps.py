"""Joint heatmaps: the pose input of the networks."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from reposer.bounds import Deviation
from reposer.checks import check_choice
from reposer.kernels import opaque
from reposer.plausibility import check_places
from reposer.poses import operators
from reposer.poses.skeleton import shown_joints
from reposer.tensors import check_joints
from reposer.values import Checked

HeatmapKind = Literal["gaussian", "pixel"]


@dataclass(frozen=True, kw_only=True)
class HeatmapConfig(Checked):
    """How the networks are shown poses."""

    kind: HeatmapKind = "gaussian"
    """Gaussian maps, or the one-pixel maps that the released DeepFashion networks were trained on."""
    sigma: Deviation = 6.0
    """Standard deviation of the Gaussian in pixels."""


def joint_heatmaps(
    joints: Tensor,
    visible: Tensor,
    size: tuple[int, int],
    *,
    sigma: float = 6.0,
    kind: HeatmapKind = "gaussian",
) -> Tensor:
    r"""Heatmaps of joints, one channel per joint, made on the device of the joints.

    .. math:: h_j(x, y) = \exp\left(-\frac{(x - x_j)^2 + (y - y_j)^2}{2 \sigma^2}\right)

    and 0 everywhere for a missing joint. ``kind="pixel"`` is the one-pixel map 1[x = x_j, y = y_j] that the
    released DeepFashion networks were trained on (their script truncates the Gaussian to integers).

    Args:
        joints: (B, J, 2) float pixels, x then y.
        visible: (B, J) bool.
        size: (H, W) of the maps in pixels.
        sigma: standard deviation in pixels; the published 6 at both image sizes.
        kind: "gaussian" or "pixel".

    Returns:
        (B, J, H, W) in [0, 1], in the dtype of the joints if that is floating point, else float32.

    Raises:
        TypeError, ValueError: if these are no such tensors, visible joints cannot be pixels of such images, sigma is
            not positive, or the kind is unknown.

    Reference: Ma et al., "Pose Guided Person Image Generation", NIPS 2017; Zhu et al., PATN, CVPR 2019.
    """
    check_choice("kind of heatmaps", kind, get_args(HeatmapKind))
    check_joints(joints, visible)
    if not sigma > 0:
        raise ValueError(f"sigma must be positive (pixels), got {sigma}")
    check_places(joints, visible, size)
    settings = (*size, sigma, kind == "pixel")
    joints = joints if joints.is_floating_point() else joints.float()
    return (operators.joint_heatmaps if opaque(joints, visible) else plain_heatmaps)(joints, visible, *settings)


def plain_heatmaps(joints: Tensor, visible: Tensor, height: int, width: int, sigma: float, pixel: bool) -> Tensor:
    """``joint_heatmaps`` by PyTorch's operators."""
    joints = shown_joints(joints, visible)
    dx = torch.arange(width, device=joints.device, dtype=joints.dtype) - joints[..., 0, None]  # (B, J, W)
    dy = torch.arange(height, device=joints.device, dtype=joints.dtype) - joints[..., 1, None]  # (B, J, H)
    shown = visible.to(joints.dtype)[..., None]
    if pixel:
        along_x, along_y = (dx.round() == 0).to(joints.dtype), (dy.round() == 0).to(joints.dtype)
    else:  # products of two values below 1e-18 would be subnormal: convolutions over those are slow on a CPU
        along_x, along_y = (F.threshold(torch.exp(-(d**2) / (2 * sigma**2)), 1e-18, 0.0) for d in (dx, dy))
    return (along_y * shown)[..., :, None] * along_x[..., None, :]


def pose_maps(joints: Tensor, visible: Tensor, size: tuple[int, int], config: HeatmapConfig) -> Tensor:
    """Heatmaps (B, J, H, W) of joints as a configuration wants them; see :func:`joint_heatmaps`."""
    return joint_heatmaps(joints, visible, size, sigma=config.sigma, kind=config.kind)


def heatmap_peaks(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Joints from heatmaps (B, J, H, W) of either kind.

    The place of a Gaussian is exact, between pixels too: the top of the parabola through the logarithms of the largest
    value and its neighbours. At the border, and of one-pixel maps, it is the whole pixel.

    Returns:
        joints (B, J, 2) float pixels, x then y, and visible (B, J) bool: False for a map that nowhere reaches 0.5.
    """
    return (operators.heatmap_peaks if opaque(heatmaps) else plain_peaks)(heatmaps)


def plain_peaks(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """``heatmap_peaks`` by PyTorch's operators."""
    height, width = heatmaps.shape[-2:]
    values = heatmaps.flatten(2).to(torch.promote_types(heatmaps.dtype, torch.float32))
    peak, place = values.max(dim=2)
    y = (place.to(values.dtype) / width).floor()  # as integers, ONNX cannot divide by a size
    x = place - y * width

    def log_at(x: Tensor, y: Tensor) -> Tensor:
        places = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
        return values.gather(2, places.long()[..., None])[..., 0].clamp(min=1e-3).log()

    top = log_at(x, y)
    dx = _summit(log_at(x - 1, y), top, log_at(x + 1, y)) * ((x > 0) & (x < width - 1))
    dy = _summit(log_at(x, y - 1), top, log_at(x, y + 1)) * ((y > 0) & (y < height - 1))
    return torch.stack((x + dx, y + dy), dim=-1), peak >= 0.5


def _summit(before: Tensor, middle: Tensor, after: Tensor) -> Tensor:
    """Where the parabola through three values is highest, in steps from the middle one, the largest."""
    return ((before - after) / (2 * (before - 2 * middle + after)).clamp(max=-1e-6)).clamp(-0.5, 0.5)
