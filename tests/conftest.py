"""Shared fixtures: golden numbers of the released reference code."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
