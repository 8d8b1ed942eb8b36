"""Batches of the small data set."""

from dataclasses import replace
from pathlib import Path

from reposer.data import PairBatch, PairDataset, collate, open_pairs


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
