"""Batches of the small data set."""

from dataclasses import replace
from pathlib import Path

import torch

from reposer.data import PairBatch, PairDataset, collate, open_pairs
from reposer.data.augmentation import AugmentationConfig

EVERY_CHANGE = AugmentationConfig(
    framing=0.5, mirror=0.5, plain=0.5, colour=1, gamma=1, occluders=0.5, noise=9, blur=1, jpeg=0.5, degraded="both",
    joint_noise=1, joint_swaps=0.1, joint_drops=0.1,
)  # fmt: skip


def with_truth(batch: PairBatch) -> PairBatch:
    """The batch with a flow that moves everything by a little, and parts in stripes."""
    count, _, height, width = batch.source.shape
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    flow = torch.stack((columns + 1.5, rows - 2.25)).expand(count, -1, -1, -1).contiguous()
    parts = (rows // 4 % 18).to(torch.uint8).expand(count, -1, -1).contiguous()
    return replace(batch, flow=flow, seen=(parts > 0) & (columns > 8), parts=parts, source_parts=parts.flip(-1))


def batches(market: Path, count: int, size: int = 2) -> list[PairBatch]:
    """Pairs of training people, ``size`` at a time, at half the height and width: 64x32."""
    dataset = PairDataset(open_pairs(market, "train"))
    whole = (collate([dataset[(size * i + k) % len(dataset)] for k in range(size)]) for i in range(count))
    return [
        replace(
            batch,
            source=batch.source[..., ::2, ::2].contiguous(),
            target=batch.target[..., ::2, ::2].contiguous(),
            source_joints=(batch.source_joints / 2).floor(),
            target_joints=(batch.target_joints / 2).floor(),
        )
        for batch in whole
    ]
