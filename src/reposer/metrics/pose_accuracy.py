"""PCKh: how many joints of the target pose a pose estimator finds in the right place in the generated image."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.tensors import check_joints

HEAD_JOINTS = (0, 1, 14, 15, 16, 17)
"""Nose, neck, eyes and ears of OpenPose-18: their extent is the size of the head."""


def pckh_counts(
    predicted_joints: Tensor,
    predicted_visible: Tensor,
    joints: Tensor,
    visible: Tensor,
    *,
    fraction: float = 0.5,
) -> tuple[Tensor, Tensor]:
    r"""Count correct joints and all joints of each image, by the head box rule of the field.

    A joint is correct if it is visible in both poses and
    :math:`|\Delta x| < f\, w` **and** :math:`|\Delta y| < f\, h`, with w and h the width and height of the
    box around the target's visible head joints (nose, neck, eyes, ears) and f the ``fraction``: a box, not a
    distance. All joints are the target's visible ones. An image whose target shows fewer than 2 head joints
    has no box and is left out: 0 of 0. PCKh of a set is sum(correct) / sum(all).

    Args:
        predicted_joints: (B, 18, 2) float pixels, x then y, found in the generated images.
        predicted_visible: (B, 18) bool.
        joints: (B, 18, 2) of the targets.
        visible: (B, 18) bool.
        fraction: f.

    Returns:
        correct (B,) and all (B,), int64.

    Raises:
        ValueError: if the shapes do not match.

    Reference: the evaluation of PATN (Zhu et al., CVPR 2019); the idea is from Andriluka et al., CVPR 2014.
    """
    check_joints(predicted_joints, predicted_visible)
    check_joints(joints, visible)
    if predicted_joints.shape != joints.shape:
        raise ValueError(
            f"predicted_joints and joints must have one shape, got {tuple(predicted_joints.shape)} "
            f"and {tuple(joints.shape)}"
        )
    head, shown = joints[:, HEAD_JOINTS].double(), visible[:, HEAD_JOINTS, None]
    highest = head.masked_fill(~shown, -torch.inf).amax(dim=1)
    lowest = head.masked_fill(~shown, torch.inf).amin(dim=1)
    counted = visible[:, HEAD_JOINTS].sum(dim=1) >= 2
    near = (predicted_joints.double() - joints.double()).abs() < fraction * (highest - lowest)[:, None]
    correct = near.all(dim=-1) & visible & predicted_visible
    return correct.sum(dim=1) * counted, visible.sum(dim=1) * counted
