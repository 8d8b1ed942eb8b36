"""Small data set folders, and the real annotation files where the user has them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from reposer.images import write_image
from reposer.poses import Pose, write_annotations

MARKET_NAMES = [
    f"{identity}_c{i}s1_00000{i}_00.jpg" for identity in ("-1", "0000", "0002", "0007") for i in (1, 2, 3)
]


def pose(seed: int, size: tuple[int, int], missing: tuple[int, ...] = ()) -> Pose:
    """Random whole-pixel pose."""
    generator = torch.Generator().manual_seed(seed)
    x, y = (torch.randint(0, side, (18,), generator=generator) for side in reversed(size))
    visible = torch.ones(18, dtype=torch.bool)
    visible[list(missing)] = False
    return Pose(torch.stack([x, y], dim=1).float() * visible[:, None], visible)


def write_images(folder: Path, names: list[str], size: tuple[int, int]) -> None:
    """Write one image a name, each of one colour that no other has."""
    folder.mkdir(parents=True)
    for i, name in enumerate(names):
        write_image(folder / name, torch.full((3, *size), 15 * i, dtype=torch.uint8))


MakeMarket = Callable[..., Path]


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
