"""Augmentation in a run: of the step's own keys, before anything else; the losses go by the true joints."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.batches import batches
from torch import Tensor

from reposer.checks import InputError
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.data.augmentation import AugmentationConfig, augmented
from reposer.losses import Objective, objective_of
from reposer.training.loop import open_dataset
from reposer.training.numbers import AUGMENTING
from reposer.training.state import build_state, item_keys
from reposer.training.step import train_step
from reposer.training.world import World

SOME = AugmentationConfig(framing=0.6, mirror=0.5, colour=1, occluders=0.5, noise=8, jpeg=0.5)


def trained(config: RunConfig, given: list[Any]) -> tuple[list[dict[str, float]], list[Tensor]]:
    state, objective, world = build_state(config, World()), Objective(config.objective), World()
    rows = [train_step(state, batch, objective, config, world) for batch in given]
    return rows, [p.detach().clone() for _, each in state.networks() for p in each.network.parameters()]


def test_a_step_sees_what_its_keys_make_of_the_pairs(small: RunConfig, market: Path) -> None:
    given = batches(market, 3)
    config = replace(small, augmentation=SOME)
    before = [
        augmented(batch, item_keys(small.seed, step, AUGMENTING, slice(0, 2)), SOME) for step, batch in enumerate(given)
    ]
    rows, weights = trained(config, given)
    expected, same = trained(small, before)
    assert rows == expected
    assert all(a.equal(b) for a, b in zip(weights, same, strict=True))
    assert rows != trained(small, given)[0]


def test_parts_of_a_batch_are_changed_as_the_whole(small: RunConfig, market: Path) -> None:
    config = replace(small, augmentation=replace(SOME, joint_noise=2), objective=objective_of(l1=1))
    config = replace(config, generator=replace(config.generator, norm="instance", dropout=0.0))
    apart = replace(config, optimization=replace(config.optimization, gradient_accumulation_steps=2))
    given = batches(market, 1)
    (whole,), (parts,) = trained(config, given)[0], trained(apart, given)[0]
    assert parts["l1"] == pytest.approx(whole["l1"], rel=1e-4)


def test_networks_see_misread_joints_and_losses_true_ones(small: RunConfig, market: Path) -> None:
    config = replace(small, augmentation=AugmentationConfig(joint_drops=1.0))
    (batch,) = batches(market, 1)
    state, objective = build_state(config, World()), Objective(config.objective)
    shown: list[Tensor] = []
    seen: list[Tensor] = []
    state.generator.network.register_forward_pre_hook(lambda _, inputs: shown.extend(inputs[1:]))
    objective.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs[2:]))
    train_step(state, batch, objective, config, World())
    assert not any(heatmaps.any() for heatmaps in shown)
    assert seen[0].equal(batch.target_joints)
    assert seen[1].equal(batch.target_visible)


def test_it_is_written_down(small: RunConfig) -> None:
    config = replace(small, augmentation=SOME)
    assert config_from_json(config_to_json(config)) == config
    with pytest.raises(InputError, match="framing must be at most 1, got 2"):
        AugmentationConfig(framing=2)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"objective": objective_of(l1=1, flow=2)}, "objective.flow: needs --data.truth"),
        ({"objective": objective_of(mask_l1={"weight": 1, "masks": "exact"})}, "objective.mask_l1: needs"),
        ({"augmentation": AugmentationConfig(plain=0.2)}, "augmentation.plain: needs --data.truth, of data that"),
    ],
)
def test_what_needs_truth_is_told_before_the_first_step(
    small: RunConfig, market: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(InputError, match=named):
        open_dataset(replace(small, **change), market)
    assert torch.is_tensor(open_dataset(small, market)[1][0].source)
