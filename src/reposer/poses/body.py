"""The boolean body mask of mask-SSIM."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.plausibility import check_places
from reposer.poses.runs import Integers, discs, rectangles
from reposer.poses.skeleton import OPENPOSE_18, shown_joints

BODY_MASK_LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13),
    (1, 0), (0, 14), (14, 16), (0, 15), (15, 17), (1, 16), (1, 17), (8, 11), (11, 5), (8, 2), (16, 17),
)  # fmt: skip
"""Limbs of the published body mask, 0-based."""

_RADIUS = 4
_DISC = np.array([(dy, int(np.ceil(np.sqrt(_RADIUS**2 - dy**2))) - 1) for dy in range(1 - _RADIUS, _RADIUS)])
"""Rows of a disc of radius 4 about a pixel: how far below it, and how many pixels to either side (7, 2)."""


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
    the evaluation of Def-GAN (Siarohin et al., CVPR 2018) and PATN with scikit-image.
    """
    import cv2

    OPENPOSE_18.check(joints, visible)
    check_places(joints, visible, size)
    masks = _draw(shown_joints(joints, visible).cpu().double().numpy(), visible.cpu().numpy(), size)
    square = np.ones((5, 5), np.uint8)
    closed = [cv2.morphologyEx(mask, cv2.MORPH_CLOSE, square) for mask in masks]
    return torch.from_numpy(np.stack(closed)).bool().to(joints.device)


def _draw(joints: NDArray[np.float64], visible: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Rectangles and discs of poses (B, 18), the pixels that scikit-image draws; (B, H, W), 0 and 1.

    A convex shape is one run of pixels in each row. All runs of all limbs come at once: between whole pixels from
    whole-number arithmetic, else from ``poses.runs``. Where rounding decides, because an edge passes through the middle
    of a pixel, scikit-image draws itself.
    """
    whole = (joints == np.round(joints)).all(-1)  # (B, J)
    pixels = np.where(whole[..., None], joints, 0).astype(np.int64)
    start, end = np.array(BODY_MASK_LIMBS).T
    along = pixels[:, end] - pixels[:, start]  # (B, L, 2)
    squared = (along**2).sum(-1)
    slanted = (along != 0).all(-1) & (np.round(np.sqrt(squared)) ** 2 == squared)
    shown = visible[:, start] & visible[:, end]
    exact = whole[:, start] & whole[:, end] & ~slanted

    image, limb = np.nonzero(shown & exact & (squared > 0))
    rows, first, last = _rectangle_runs(pixels[image, start[limb]], along[image, limb], size[0])
    runs = [np.broadcast_arrays(image[:, None], rows, first, last)]
    image, joint = np.nonzero(visible & whole)
    x, y = pixels[image, joint].T[..., None]
    runs.append(np.broadcast_arrays(image[:, None], y + _DISC[:, 0], x - _DISC[:, 1], x + _DISC[:, 1]))

    differ = (joints[:, start] != joints[:, end]).any(-1)
    image, limb = np.nonzero(shown & ~exact & differ)
    limbs = rectangles(joints[image, start[limb]], joints[image, end[limb]], _RADIUS, size[0])
    clear, left_limbs = ~limbs.doubtful, np.stack((image, limb), 1)[limbs.doubtful]
    runs.append(np.broadcast_arrays(image[clear, None], *(part[clear] for part in limbs[:3])))
    image, joint = np.nonzero(visible & ~whole)
    dots = discs(joints[image, joint], _RADIUS)
    clear, left_joints = ~dots.doubtful, np.stack((image, joint), 1)[dots.doubtful]
    runs.append(np.broadcast_arrays(image[clear, None], *(part[clear] for part in dots[:3])))
    masks = _fill(runs, len(joints), size)

    for b, i in left_limbs:
        _scikit_rectangle(masks[b], joints[b, start[i]], joints[b, end[i]])
    for b, j in left_joints:
        _scikit_disc(masks[b], joints[b, j])
    return masks


def _rectangle_runs(start: Integers, along: Integers, height: int) -> tuple[Integers, Integers, Integers]:
    r"""Rows (H,), first and last column (N, H) of the pixels at most 4 px from segments (N, 2), within their ends.

    With q from the start to a pixel and d along the segment: 0 <= d . q <= d^2 and \|d x q\| <= 4 \|d\|, each an
    interval of columns in a row.
    """
    rows = np.arange(height)
    dx, dy = along[..., 0, None], along[..., 1, None]
    squared = dx**2 + dy**2
    reach = np.sqrt(_RADIUS**2 * squared).astype(np.int64)  # rounded down; exact, the numbers are small
    qy = rows - start[:, 1, None]
    ahead = _columns(dx, -dy * qy, squared - dy * qy)
    aside = _columns(-dy, -reach - dx * qy, reach - dx * qy)
    x = start[:, 0, None]
    return rows, x + np.maximum(ahead[0], aside[0]), x + np.minimum(ahead[1], aside[1])


def _columns(factor: Integers, low: Integers, high: Integers) -> tuple[Integers, Integers]:
    """Whole numbers q with low <= factor q <= high, as first and last; all or none where the factor is 0."""
    flipped = factor < 0
    low, high = np.where(flipped, -high, low), np.where(flipped, -low, high)
    level = factor == 0
    divisor = np.where(level, 1, np.abs(factor))
    far = np.where((low <= 0) & (high >= 0), 1 << 30, -(1 << 30))
    return np.where(level, -far, -(-low // divisor)), np.where(level, far, high // divisor)


def _fill(runs: Sequence[Sequence[Integers]], count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Masks (B, H, W) of runs of pixels (image, row, first and last column): +1 at its begin, -1 behind, summed."""
    image, row, first, last = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*runs, strict=True))
    height, width = size
    first, last = np.maximum(first, 0), np.minimum(last, width - 1)
    inside = (row >= 0) & (row < height) & (first <= last)
    begin = ((image * height + row) * (width + 1) + first)[inside]
    behind = begin + (last - first)[inside] + 1
    cells = count * height * (width + 1)
    steps = np.bincount(begin, minlength=cells) - np.bincount(behind, minlength=cells)
    return (steps.reshape(count, height, width + 1)[..., :-1].cumsum(-1) > 0).astype(np.uint8)


def _scikit_rectangle(mask: NDArray[np.uint8], start: NDArray[np.float64], end: NDArray[np.float64]) -> None:
    from skimage.draw import polygon

    along = end - start
    across = _RADIUS * np.array([along[1], -along[0]]) / np.linalg.norm(along)
    corners = np.array([start + across, start - across, end - across, end + across])
    mask[polygon(corners[:, 1], corners[:, 0], shape=mask.shape)] = 1


def _scikit_disc(mask: NDArray[np.uint8], joint: NDArray[np.float64]) -> None:
    from skimage.draw import disk

    mask[disk((joint[1], joint[0]), _RADIUS, shape=mask.shape)] = 1
