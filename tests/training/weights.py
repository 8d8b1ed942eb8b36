"""What some steps make of the networks."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tests.training.batches import batches
from torch import Tensor

from reposer.config import RunConfig
from reposer.losses import Objective
from reposer.training.guards import NonFiniteError
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.world import World

ALONE = World()


@cache
def weights_after(
    config: RunConfig, market: Path, steps: int = 3, world: World = ALONE
) -> tuple[dict[str, Tensor], dict[str, float]]:
    """All weights and statistics after some steps of 4 pairs, and what the last step logged."""
    state, objective = build_state(config, world), Objective(config.objective).to(world.device)
    for pairs in batches(market, steps, size=4):
        batch = pairs.split(world.size)[world.rank].to(world.device)
        while True:
            try:
                logs = train_step(state, batch, objective, config, world)
                break
            except NonFiniteError as error:
                if not error.overflow:  # float16: the scale of the losses starts high and falls
                    raise
    weights = {
        f"{who}.{name}": t for who, trained in state.networks() for name, t in trained.network.state_dict().items()
    }
    return weights, logs


def assert_equal(a: tuple[dict[str, Tensor], dict[str, float]], b: Any, tolerance: float) -> None:
    for name, tensor in a[0].items():
        difference = (tensor.cpu().double() - b[0][name].cpu().double()).abs().max().item()
        assert difference <= tolerance, f"{name}: {difference}"
    for name, value in a[1].items():
        assert b[1][name] == pytest.approx(value, rel=max(1e-5, tolerance)), name
