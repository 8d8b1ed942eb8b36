"""A small run on a small data set."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reposer.config import LoggingConfig, OptimizationConfig, RunConfig
from reposer.data import DataConfig
from reposer.images import write_image
from reposer.losses import ObjectiveConfig
from reposer.models import DiscriminatorConfig, GeneratorConfig
from reposer.poses import write_annotations
from tests.folders import pose

SMALL = RunConfig(
    recipe="small",
    data=DataConfig(workers=0),
    generator=GeneratorConfig(channels=4, blocks=2),
    discriminators=DiscriminatorConfig(channels=4, blocks=1),
    objective=ObjectiveConfig(adversarial=1, l1=5, part_ssim=5, pool_size=3),
    optimization=OptimizationConfig(
        batch_size=2, pairs_per_epoch=7, constant_epochs=1, decay_epochs=2, warmup_steps=2, ema_decay=0.9
    ),
    logging=LoggingConfig(log_every=1, sample_every=5, checkpoint_every=3, sample_pairs=2),
)
"""12 steps with everything switched on: discriminators, pools, dropout, warm-up, decay, running average."""


@pytest.fixture
def small() -> RunConfig:
    return SMALL


@pytest.fixture
def published(small: RunConfig) -> RunConfig:
    """The same without what the published runs do not have."""
    return replace(small, optimization=replace(small.optimization, warmup_steps=0, ema_decay=0.0))


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
