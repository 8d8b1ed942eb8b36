"""Batches of the small data set."""

from pathlib import Path

from reposer.data import PairBatch, PairDataset, collate, open_pairs


def batches(market: Path, count: int, size: int = 2) -> list[PairBatch]:
    """Pairs of training people, ``size`` at a time."""
    dataset = PairDataset(open_pairs(market, "train"))
    return [collate([dataset[(size * i + k) % len(dataset)] for k in range(size)]) for i in range(count)]
