"""The small run, and what it left behind."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.small_run import SMALL

from reposer.config import RunConfig
from reposer.training import train


@pytest.fixture(scope="session")
def small() -> RunConfig:
    return SMALL


@pytest.fixture(scope="session")
def tiny(small: RunConfig) -> RunConfig:
    """The small run with networks as small as they can be, for tests that run it many times."""
    return replace(
        small,
        generator=replace(small.generator, channels=2, blocks=1),
        discriminators=replace(small.discriminators, channels=2),
    )


@pytest.fixture(scope="session")
def whole(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the small run, all 12 steps in one go; tests only read it."""
    out = tmp_path_factory.mktemp("whole") / "run"
    train(SMALL, data=market, out=out)
    return out
