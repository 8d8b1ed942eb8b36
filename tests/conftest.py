"""Shared fixtures: golden numbers of the released reference code, small data sets, the real annotation files."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import settings

from reposer import config, plausibility
from reposer.images import write_image
from reposer.memory import keep_freed_memory
from reposer.models import NETWORKS
from reposer.poses import write_annotations
from tests.folders import MARKET_NAMES, MakeMarket, pose, write_images
from tests.tiny_network import TINY

# The same examples everywhere, and no time limit on a busy machine: a test fails because of the code alone.
settings.register_profile("reposer", deadline=None, derandomize=True)
settings.load_profile("reposer")

keep_freed_memory()  # as every command does

if not torch.cuda.is_available():  # Triton reads this when it is imported; its kernels then run without a GPU
    os.environ.setdefault("TRITON_INTERPRET", "1")

GOLDEN = Path(__file__).parent / "golden"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest tests come first, by the seconds of their mark: on several cores none runs alone at the end."""

    def seconds(item: pytest.Item) -> int:
        slow = item.get_closest_marker("slow")
        return 0 if slow is None else slow.args[0] if slow.args else 2

    items.sort(key=seconds, reverse=True)


@pytest.fixture(autouse=True)
def unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test hears the warnings that a process says once."""
    monkeypatch.setattr(plausibility, "_DONE", set())


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


@pytest.fixture
def tiny_network(monkeypatch: pytest.MonkeyPatch) -> str:
    """Name of a generator that reads joints, put into the catalogue for one test."""
    monkeypatch.setitem(NETWORKS, "tiny", TINY)  # type: ignore[arg-type]
    monkeypatch.setattr(config, "GeneratorConfig", config.GeneratorConfig | TINY.config)
    return "tiny"


@pytest.fixture(scope="session")
def real_annotations() -> Path:
    folder = os.environ.get("REPOSER_REAL_ANNOTATIONS")
    if not folder:
        pytest.skip("REPOSER_REAL_ANNOTATIONS does not name a folder with the published annotation files")
    return Path(folder)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Market-1501 folder: 3 images of each of 2 training and 2 test people, noise on one colour."""
    root = tmp_path_factory.mktemp("market")
    for split, identities in (("train", ("0001", "0002")), ("test", ("0003", "0004"))):
        names = [f"{identity}_c{i}s1_00000{i}_00.jpg" for identity in identities for i in (1, 2, 3)]
        (root / split).mkdir()
        for i, name in enumerate(names):
            generator = torch.Generator().manual_seed(i)
            noise = torch.randint(0, 60, (3, 128, 64), generator=generator, dtype=torch.uint8)
            write_image(root / split / name, noise + 30 * i)
        poses = {name: pose(i, (128, 64), missing=(17,)) for i, name in enumerate(names)}
        write_annotations(root / f"market-annotation-{split}.csv", poses)
    return root
