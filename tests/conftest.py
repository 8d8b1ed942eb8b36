"""Shared fixtures: golden numbers of the released reference code, small data sets, the real annotation files."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.folders import MARKET_NAMES, MakeMarket, pose, write_images

from reposer.poses import write_annotations

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def golden() -> Path:
    """Folder with the golden numbers."""
    return GOLDEN


@pytest.fixture(scope="session")
def golden_poses() -> dict[str, Any]:
    with np.load(GOLDEN / "poses.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="session")
def golden_losses() -> dict[str, Any]:
    with np.load(GOLDEN / "losses.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def make_market(tmp_path: Path) -> MakeMarket:
    """Make a Market-1501 folder of 12 images: 2 distractors and 2 identities, 3 images each."""

    def make(folder: str = "train", split: str = "train", names: list[str] = MARKET_NAMES) -> Path:
        write_images(tmp_path / folder, names, (128, 64))
        poses = {name: pose(i, (128, 64)) for i, name in enumerate(names)}
        write_annotations(tmp_path / f"market-annotation-{split}.csv", poses)
        return tmp_path

    return make


@pytest.fixture(scope="session")
def real_annotations() -> Path:
    folder = os.environ.get("REPOSER_REAL_ANNOTATIONS")
    if not folder:
        pytest.skip("REPOSER_REAL_ANNOTATIONS does not name a folder with the published annotation files")
    return Path(folder)
