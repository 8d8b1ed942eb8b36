"""The definitions as they are usually written, slow and obvious: what the fast code is tested and timed against."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float32]

PARTS = ((0, 1), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13))
"""Joints at the ends of each limb; the torso runs between the middles of shoulders (2, 5) and hips (8, 11)."""


def part_ssim(generated: Tensor, target: Tensor, masks: Tensor) -> Tensor:
    """SSIM (B, P, C) of each part of images in [-1, 1], which are repeated for each part."""
    parts, channels = masks.shape[1], generated.shape[1]
    x = ((generated + 1) / 2).unsqueeze(1).repeat(1, parts, 1, 1, 1)
    y = ((target + 1) / 2).unsqueeze(1).repeat(1, parts, 1, 1, 1)
    weights = masks / (masks.sum((2, 3), keepdim=True) + 1e-6)
    weights = weights.unsqueeze(2).repeat(1, 1, channels, 1, 1)
    mean_x, mean_y = (weights * x).sum((3, 4)), (weights * y).sum((3, 4))
    variance_x = (weights * x * x).sum((3, 4)) - mean_x**2
    variance_y = (weights * y * y).sum((3, 4)) - mean_y**2
    covariance = (weights * x * y).sum((3, 4)) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    return luminance * (2 * covariance + 0.03**2) / (variance_x + variance_y + 0.03**2)


def ssim(x: Tensor, y: Tensor, window_size: int, sigma: float) -> Tensor:
    """Mean SSIM (B,) of images in [0, 1], a convolution for each average."""
    offsets = torch.arange(window_size, dtype=x.dtype) - window_size // 2
    line = torch.exp(-(offsets**2) / (2 * sigma**2))
    line = (line / line.sum()).to(x.device)
    window = (line[:, None] * line).expand(x.shape[1], 1, -1, -1)

    def mean(image: Tensor) -> Tensor:
        return torch.nn.functional.conv2d(image, window, groups=x.shape[1])

    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + 0.01**2) / (mean_x**2 + mean_y**2 + 0.01**2)
    return (luminance * (2 * covariance + 0.03**2) / (variance_x + variance_y + 0.03**2)).mean(dim=(1, 2, 3))


def part_ssim_index(generated: Tensor, target: Tensor, masks: Tensor) -> Tensor:
    """PSSIM (B,) of images in [-1, 1]: parts, and the images with the body blacked out."""
    background = 1 - masks.amax(1, keepdim=True)
    x, y = (background * (image + 1) / 2 for image in (generated, target))
    return (part_ssim(generated, target, masks).mean(dim=(1, 2)) + ssim(x, y, 7, 0.8)) / 2


def pose_maps(joints: Tensor, visible: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Heatmaps (B, 18, H, W) and limb masks (B, 10, H, W), made image by image."""
    poses = list(zip(joints.numpy(), visible.numpy(), strict=True))
    heatmaps = np.stack([joint_heatmaps(*pose, size) for pose in poses])
    masks = np.stack([limb_masks(*pose, size) for pose in poses])
    return torch.from_numpy(heatmaps), torch.from_numpy(masks)


def joint_heatmaps(joints: Floats, visible: NDArray[np.bool_], size: tuple[int, int], sigma: float = 6.0) -> Floats:
    """Heatmaps (18, H, W) of one pose."""
    maps = np.zeros((len(joints), *size), np.float32)
    columns, rows = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    for i, (x, y) in enumerate(joints):
        if visible[i]:
            maps[i] = np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return maps


def limb_masks(joints: Floats, visible: NDArray[np.bool_], size: tuple[int, int]) -> Floats:
    """Masks (10, H, W) of one pose."""
    segments = [((start,), (end,), 9.0) for start, end in PARTS] + [((2, 5), (8, 11), 13.0)]
    masks = np.zeros((len(segments), *size), np.float32)
    columns, rows = np.meshgrid(np.arange(size[1]), np.arange(size[0]))
    for i, (start, end, width) in enumerate(segments):
        if not visible[[*start, *end]].all():
            continue
        a, b = joints[list(start)].mean(0), joints[list(end)].mean(0)
        angle = np.arctan2(b[1] - a[1], b[0] - a[0]) if (a != b).any() else np.pi / 2
        dx, dy = columns - (a[0] + b[0]) / 2, rows - (a[1] + b[1]) / 2
        along = dx * np.cos(angle) + dy * np.sin(angle)
        across = dy * np.cos(angle) - dx * np.sin(angle)
        variance = max(5.0, ((b - a) ** 2).sum() / 1.2)
        gaussian = np.exp(-(along**2 / variance + across**2 / width**2) / 2)
        masks[i] = gaussian / (gaussian.max() + 1e-6)
    return masks
