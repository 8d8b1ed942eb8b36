"""Joints as an estimator would tell them: off by a little, left and right exchanged, some of them missing."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from reposer.counters import uniforms
from reposer.data.augmentation.config import AugmentationConfig

_ARMS, _LEGS = (2, 3, 4), (8, 9, 10)
_TO_LEFT = 3
"""The left joint of an arm or leg has a number so much higher."""


def misread(
    joints: Tensor, visible: Tensor, height: int, keys: Tensor, stream: int, config: AugmentationConfig
) -> tuple[Tensor, Tensor]:
    """What networks see of poses (B, 18, 2) with visible (B, 18), by keys (B,): ``AugmentationConfig.joint_*``."""
    if not config.changes_joints:
        return joints, visible
    count = joints.shape[1]
    radius, angle, drop, swap = (
        part.to(joints.dtype) for part in uniforms(keys, stream, 4 * count).unflatten(1, (4, count)).unbind(1)
    )
    if config.joint_noise:
        # Normal in both directions, of which a joint now and then goes far astray: no more than three deviations.
        far = (-2 * torch.log(radius.clamp(min=math.exp(-4.5)))).sqrt() * (config.joint_noise / 100 * height)
        angle = 2 * math.pi * angle
        joints = joints + torch.stack((far * torch.cos(angle), far * torch.sin(angle)), dim=-1)
    if config.joint_swaps:
        for number, limb in enumerate((_ARMS, _LEGS)):
            right, left = slice(limb[0], limb[-1] + 1), slice(limb[0] + _TO_LEFT, limb[-1] + 1 + _TO_LEFT)
            before, after = slice(0, right.start), slice(left.stop, count)
            swapped = [
                torch.cat((t[:, before], t[:, left], t[:, right], t[:, after]), dim=1) for t in (joints, visible)
            ]
            exchanged = swap[:, number, None] < config.joint_swaps
            joints = torch.where(exchanged[..., None], swapped[0], joints)
            visible = torch.where(exchanged, swapped[1], visible)
    if config.joint_drops:
        visible = visible & (drop >= config.joint_drops)
    return torch.where(visible[..., None], joints, 0), visible
