"""Body part masks from joints: the soft limb masks of PSSIM and the boolean body mask of mask-SSIM."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from reposer.poses.skeleton import OPENPOSE_18, Skeleton

_EPSILON = 1e-6

BODY_MASK_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (1, 16), (1, 17), (8, 11), (11, 5), (8, 2), (16, 17),
)  # fmt: skip
"""Limbs of the published body mask, 0-based."""


_LIMB_WIDTH = 9.0
_DIVISOR = 1.2
_SCALES = ((5.0, 1.5), (7.0, 1.2), (9.0, 0.9), (11.0, 1.5), (13.0, 1.2))
"""Of the multi-scale masks: width of a limb in pixels, and the divisor of the variance along it."""


def limb_masks(
    joints: Tensor,
    visible: Tensor,
    size: tuple[int, int],
    *,
    skeleton: Skeleton = OPENPOSE_18,
    multi_scale: bool = False,
    reference_height: float | None = None,
) -> Tensor:
    r"""Soft masks of the body parts: a rotated 2-D Gaussian over each limb, scaled to a maximum of about 1.

    .. math:: g(p) = \exp\left(-\tfrac12 \left(\frac{u^2}{\max(5, d^2/1.2)} + \frac{v^2}{s^2}\right)\right),
              \quad m = \frac{g}{\max_p g + 10^{-6}}

    with u and v the offsets of pixel p from the middle of the segment, along and across it, d the length of the
    segment and s the width of the part (9 px, torso 13 px, at every image size). A part with a missing joint
    has an all-zero mask.

    Args:
        joints: (B, J, 2) float pixels, x then y.
        visible: (B, J) bool.
        size: (H, W) in pixels.
        skeleton: tells the parts; OpenPose-18 has 10 (head, arms, legs, torso).
        multi_scale: five sets of masks, narrow to wide, one after the other: limbs of 5, 7, 9, 11 and 13 px (torso
            2 px more), with 1.5, 1.2, 0.9, 1.5 and 1.2 in the place of the divisor 1.2. PSSIM then averages over
            all of them.
        reference_height: image height in pixels for which widths and the minimum 5 px^2 are meant; they scale
            with H / reference_height (128 makes a picture of 256 rows as soft as one of 128). None: they do not
            scale, as released.

    Returns:
        (B, P, H, W) in [0, 1], float32 or float64; (B, 5 P, H, W) with ``multi_scale``.

    Raises:
        ValueError: if the shapes do not fit together or are not those of the skeleton, or ``reference_height`` is
            not positive.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    skeleton.check(joints, visible)
    if reference_height is not None and not reference_height > 0:
        raise ValueError(f"reference_height must be a positive number of pixels, got {reference_height}")
    height, width = size
    zoom = 1.0 if reference_height is None else height / reference_height
    if multi_scale:  # a part wider than a limb is so by half as much: the torso's 4 px become 2
        sizes = [(limb + (p.width - _LIMB_WIDTH) / 2, divisor) for limb, divisor in _SCALES for p in skeleton.parts]
    else:
        sizes = [(p.width, _DIVISOR) for p in skeleton.parts]
    sets = len(_SCALES) if multi_scale else 1
    joints = joints if joints.dtype == torch.float64 else joints.float()
    start, end, whole = (torch.cat([ends] * sets, dim=1) for ends in _segments(joints, visible, skeleton))
    middle = (start + end) / 2
    along = end - start
    squared_length = (along**2).sum(-1)  # (B, P)
    # A segment of length zero has no direction; the released code lays it along y.
    y_axis = torch.tensor([0.0, 1.0], device=joints.device, dtype=joints.dtype)
    direction = torch.where(squared_length[..., None] > 0, along, y_axis)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    across, divisors = torch.tensor(sizes, device=joints.device, dtype=joints.dtype).unbind(-1)
    variance_along = (squared_length / divisors).clamp(min=5.0 * zoom**2)
    width_squared = (across * zoom) ** 2

    # The exponent is a quadratic form in (dx, dy): three coefficients a part, so no map of u or v is ever built.
    cos, sin = direction.unbind(-1)
    a = (cos**2 / variance_along + sin**2 / width_squared) / 2
    b = cos * sin * (1 / variance_along - 1 / width_squared)
    c = (sin**2 / variance_along + cos**2 / width_squared) / 2
    dx = torch.arange(width, device=joints.device, dtype=joints.dtype) - middle[..., 0, None]  # (B, P, W)
    dy = torch.arange(height, device=joints.device, dtype=joints.dtype) - middle[..., 1, None]  # (B, P, H)
    exponent = (b[..., None] * dy)[..., :, None] * dx[..., None, :]
    exponent = exponent + (a[..., None] * dx**2)[..., None, :] + (c[..., None] * dy**2)[..., :, None]
    gaussian = torch.exp(-exponent.clamp(max=60.0))  # 1e-26: far from subnormal numbers, which are slow
    scale = whole.to(gaussian.dtype) / (gaussian.amax(dim=(-2, -1)) + _EPSILON)
    return gaussian * scale[..., None, None]


def background_mask(part_masks: Tensor) -> Tensor:
    """Background mask (B, 1, H, W) of part masks (B, P, H, W): 1 - max over the parts."""
    return 1 - part_masks.amax(dim=1, keepdim=True)


def body_mask(joints: Tensor, visible: Tensor, size: tuple[int, int]) -> Tensor:
    """Boolean mask of the person: rectangles of half width 4 px around the limbs, discs of radius 4 px at the
    joints, then a closing with a 5x5 square. OpenPose-18 only, as published.

    Args:
        joints: (B, 18, 2) float pixels, x then y.
        visible: (B, 18) bool.
        size: (H, W) in pixels.

    Returns:
        (B, H, W) bool, on the device of the joints.

    Reference: the mask of mask-SSIM: Ma et al., "Pose Guided Person Image Generation", NIPS 2017, as drawn by
    the evaluation of Def-GAN (Siarohin et al., CVPR 2018) and PATN.
    """
    OPENPOSE_18.check(joints, visible)
    poses = zip(joints.cpu().double().numpy(), visible.cpu().numpy(), strict=True)
    return torch.from_numpy(np.stack([_one_body_mask(j, v, size) for j, v in poses])).to(joints.device)


def _segments(joints: Tensor, visible: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor, Tensor]:
    """Start (B, P, 2) and end of each part, and whether all its joints are visible (B, P)."""
    start = torch.stack([joints[:, list(p.start)].mean(1) for p in skeleton.parts], dim=1)
    end = torch.stack([joints[:, list(p.end)].mean(1) for p in skeleton.parts], dim=1)
    whole = torch.stack([visible[:, [*p.start, *p.end]].all(1) for p in skeleton.parts], dim=1)
    return start, end, whole


def _one_body_mask(joints: np.ndarray, visible: np.ndarray, size: tuple[int, int], radius: int = 4) -> np.ndarray:
    from skimage.draw import disk, polygon

    mask = np.zeros(size, dtype=np.uint8)
    for a, b in BODY_MASK_LIMBS:
        if visible[a] and visible[b]:
            start, end = joints[a], joints[b]
            along = end - start
            length = np.linalg.norm(along)
            if length == 0:
                continue
            across = radius * np.array([along[1], -along[0]]) / length
            corners = np.array([start + across, start - across, end - across, end + across])
            mask[polygon(corners[:, 1], corners[:, 0], shape=size)] = 1
    for x, y in joints[visible]:
        mask[disk((y, x), radius, shape=size)] = 1
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(bool)
