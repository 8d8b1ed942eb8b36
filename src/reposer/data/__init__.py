"""Data sets of image pairs with poses."""

from reposer.data.deepfashion import flat_name, open_deepfashion
from reposer.data.layouts import PairIndex, Split, derive_pairs
from reposer.data.market1501 import open_market
from reposer.data.pairs import (
    DataConfig,
    EpochSampler,
    LayoutName,
    PairBatch,
    PairDataset,
    PairItem,
    collate,
    has_split,
    open_pairs,
    test_loader,
    train_loader,
)

__all__ = [
    "DataConfig",
    "EpochSampler",
    "LayoutName",
    "PairBatch",
    "PairDataset",
    "PairIndex",
    "PairItem",
    "Split",
    "collate",
    "derive_pairs",
    "flat_name",
    "has_split",
    "open_deepfashion",
    "open_market",
    "open_pairs",
    "test_loader",
    "train_loader",
]
