"""Contact sheets: source, target pose, target and generated image of fixed pairs, to look at while a run trains."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.config import RunConfig
from reposer.data import PairBatch, PairDataset, collate, open_pairs
from reposer.images import grid, to_signed, to_uint8
from reposer.poses import Pose, draw_pose, pose_maps


def fixed_pairs(data: Path, config: RunConfig) -> PairBatch:
    """Read the pairs of the contact sheet, spread evenly over the test pairs."""
    dataset = PairDataset(open_pairs(data, "test", config.data.layout))
    count = min(config.logging.sample_pairs, len(dataset))
    return collate([dataset[i * len(dataset) // count] for i in range(count)])


@torch.no_grad()
def contact_sheet(generator: nn.Module, pairs: PairBatch, config: RunConfig, *, columns: int = 2) -> Tensor:
    """Draw a contact sheet (3, H', W') uint8: per pair source | target pose | target | generated."""
    generator.eval()
    source = to_signed(pairs.source)
    height, width = source.shape[-2:]
    maps = (
        pose_maps(joints, visible, (height, width), config.heatmaps)
        for joints, visible in (
            (pairs.source_joints, pairs.source_visible),
            (pairs.target_joints, pairs.target_visible),
        )
    )
    generated = to_uint8(generator(source, *maps))
    panels = []
    for i in range(len(pairs)):
        pose = draw_pose(Pose(pairs.target_joints[i], pairs.target_visible[i]), (height, width))
        panels += [pairs.source[i].cpu(), pose, pairs.target[i].cpu(), generated[i].cpu()]
    return grid([panels[i : i + 4 * columns] for i in range(0, len(panels), 4 * columns)])
