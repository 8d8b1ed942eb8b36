"""Frames of the body parts, corrected by what a network guesses from the whole pose."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reposer.poses import PartFrames, part_frames
from reposer.poses.frames import PARTS, adjusted


class FrameAdjustment(nn.Module):
    """What the frames of the parts lack, guessed from the whole pose: how far each has turned, and where it starts."""

    def __init__(self, joints: int) -> None:
        super().__init__()
        last = nn.Linear(64, 4 * len(PARTS))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(nn.Linear(3 * joints + 2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), last)

    def forward(self, joints: Tensor, visible: Tensor) -> PartFrames:
        """Frames of poses (2 B, J, 2), each source followed by its target."""
        frames = part_frames(joints, visible)
        shown = visible.to(joints)[..., None]
        middle = (joints * shown).sum(dim=1, keepdim=True) / shown.sum(dim=1, keepdim=True).clamp(min=1)
        places = (joints - middle) / frames.scale[:, None, None] * shown
        pose = torch.cat((places.flatten(1), shown.flatten(1), frames.facing[:, 0]), dim=1)
        # Source and target one after the other: a product over both would round differently.
        found = torch.stack([self.layers(each) for each in pose.unflatten(0, (-1, 2)).unbind(dim=1)], dim=1)
        facing, start = found.flatten(0, 1).to(joints).unflatten(1, (2, -1, 2)).unbind(dim=1)
        return adjusted(frames, facing, 0.1 * start)
