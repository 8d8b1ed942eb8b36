"""The small run."""

from dataclasses import replace

import pytest
from tests.small_run import SMALL

from reposer.config import RunConfig


@pytest.fixture
def small() -> RunConfig:
    return SMALL


@pytest.fixture
def published(small: RunConfig) -> RunConfig:
    """The same without what the published runs do not have."""
    return replace(small, optimization=replace(small.optimization, warmup_steps=0, ema_decay=0.0))
