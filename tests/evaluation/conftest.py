"""The golden strips, evaluated."""

from pathlib import Path

import pytest
from tests.evaluation.golden_strips import WIDTH, on_golden

from reposer.evaluation import Evaluation


@pytest.fixture(scope="session")
def strips(golden: Path) -> dict[str, Evaluation]:
    """The golden strips, evaluated once."""
    return {tag: on_golden(golden, tag, pairs=golden / f"{tag}-pairs-test.csv") for tag in WIDTH}


@pytest.fixture(params=["market", "fashion"])
def evaluated(strips: dict[str, Evaluation], request: pytest.FixtureRequest) -> tuple[str, Evaluation]:
    return request.param, strips[request.param]
