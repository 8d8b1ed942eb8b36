"""Values that are not finite reach no network: the step changes nothing, wherever they come from, and says so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.training.batches import batches
from torch import nn

from reposer.checks import RunError
from reposer.config import RunConfig
from reposer.losses import Objective
from reposer.models import WarpConfig
from reposer.poses.frames import sample, shifted
from reposer.training import train
from reposer.training.checkpoint import digest, state_dict
from reposer.training.guards import NonFiniteError
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.world import World


@pytest.fixture
def warp(small: RunConfig) -> RunConfig:
    return replace(small, generator=WarpConfig(channels=4, blocks=1))


@pytest.mark.parametrize("on_nonfinite", ["stop", "skip"])
def test_a_learning_rate_that_destroys_the_weights(
    warp: RunConfig, market: Path, tmp_path: Path, on_nonfinite: str
) -> None:
    """The gradient of the warped pictures once ended the process here, without a word."""
    destroying = replace(
        warp.optimization, learning_rate=1e5, warmup_steps=0, on_nonfinite=on_nonfinite, most_skips=2, decay_epochs=9
    )  # type: ignore[arg-type]
    with pytest.raises(RunError, match=r"step \d+: .* nothing was updated; written: .*nonfinite-00000\d\d.pt"):
        train(replace(warp, optimization=destroying), data=market, out=tmp_path)
    (dump,) = tmp_path.glob("nonfinite-*")
    state = torch.load(dump, weights_only=True)["state"]
    assert state["skipped"] == (2 if on_nonfinite == "skip" else 0)
    assert all(tensor.isfinite().all() for tensor in state["networks"]["generator"]["network"].values())


def _shift(network: nn.Module) -> None:
    network.last.bias[len(network.last.bias) - 8] = torch.nan  # type: ignore[index, union-attr, arg-type, operator]


def _turn(network: nn.Module) -> None:
    network.frames.layers[0].weight[0, 0] = torch.nan  # type: ignore[index, union-attr, operator]


def _radii(network: nn.Module) -> None:
    network.radii[3] = torch.inf  # type: ignore[index, operator]


@pytest.mark.parametrize("poison", [_shift, _turn, _radii])
def test_weights_that_are_not_finite(warp: RunConfig, market: Path, poison: Callable[[nn.Module], None]) -> None:
    world = World.launch(warp.hardware)
    state, objective = build_state(warp, world), Objective(warp.objective)
    with torch.no_grad():
        poison(state.generator.network)
    before = digest(state_dict(state))
    with pytest.raises(NonFiniteError, match="'l1' is nan"):
        train_step(state, batches(market, 1)[0], objective, warp, world)
    assert digest(state_dict(state)) == before


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_a_picture_sampled_at_nan_is_nan_and_the_others_are_not(value: float) -> None:
    images = torch.rand(2, 3, 6, 5, requires_grad=True)
    places = (torch.rand(2, 2, 6, 5) * 4).requires_grad_()
    expected = sample(images, places).detach()
    with torch.no_grad():
        places[1, 0, 2, 3] = value
    found = sample(images, places)
    assert found[0].equal(expected[0])
    assert found[1].isnan().all()
    found.sum().backward()
    assert places.grad is not None
    assert places.grad.isfinite().all()
    assert shifted(images, places).isnan().any(dim=(1, 2, 3)).tolist() == [False, True]
