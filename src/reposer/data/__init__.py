"""Data sets of image pairs with poses."""

from reposer.data.batch import PairBatch, PairItem, collate
from reposer.data.config import MANNEQUINS, PEOPLE, DataConfig
from reposer.data.dataset import PairDataset
from reposer.data.deepfashion import flat_name
from reposer.data.description import DESCRIPTION, Description
from reposer.data.layout import SPLITS, Layout, Lists, PairIndex, Split, derive_pairs, open_layout
from reposer.data.layouts import LAYOUTS, LayoutName, has_split, open_pairs
from reposer.data.loading import test_loader, train_loader
from reposer.data.names import pair_id
from reposer.data.sampling import EpochSampler

__all__ = [
    "DESCRIPTION",
    "LAYOUTS",
    "MANNEQUINS",
    "PEOPLE",
    "SPLITS",
    "DataConfig",
    "Description",
    "EpochSampler",
    "Layout",
    "LayoutName",
    "Lists",
    "PairBatch",
    "PairDataset",
    "PairIndex",
    "PairItem",
    "Split",
    "collate",
    "derive_pairs",
    "flat_name",
    "has_split",
    "open_layout",
    "open_pairs",
    "pair_id",
    "test_loader",
    "train_loader",
]
