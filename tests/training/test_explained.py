"""A network that explains its images is taught by what is known about the pairs, under every option of a step."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.batches import batches

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.losses import Objective, objective_of
from reposer.models import FlowConfig, FlowGenerator, PATNGenerator
from reposer.training.state import TrainingState, build_state
from reposer.training.step import train_step
from reposer.training.trial import check_terms, check_truth
from reposer.training.world import World


@pytest.fixture
def taught(small: RunConfig) -> RunConfig:
    """The small run of a network that explains, in float64."""
    return replace(
        small,
        data=replace(small.data, truth=True),
        generator=FlowConfig(channels=4, blocks=1, norm="instance"),
        discriminators=replace(small.discriminators, norm="instance"),
        objective=objective_of(adversarial=1, l1=5, flow={"weight": 2, "hidden": 0.2}, visibility=2),
        optimization=replace(small.optimization, learning_rate=2e-3, warmup_steps=0),
        hardware=replace(small.hardware, precision="64-true", accelerator="cpu"),
    )


def known(market: Path, count: int = 1) -> list[PairBatch]:
    """Batches of 4 pairs whose true flow comes from 5 pixels further right, seen in the upper half."""
    found = []
    for batch in batches(market, count, size=4):
        height, width = batch.target.shape[-2:]
        y, x = torch.meshgrid(torch.arange(float(height)), torch.arange(float(width)), indexing="ij")
        seen = (y < height / 2).expand(4, -1, -1).contiguous()
        flow = torch.stack((x + 5, y)).expand(4, -1, -1, -1).contiguous()
        found.append(replace(batch, flow=flow, seen=seen, parts=torch.ones_like(seen, dtype=torch.uint8)))
    return found


def stepped(config: RunConfig, pairs: list[PairBatch], **more: Any) -> tuple[TrainingState, list[dict[str, float]]]:
    state, objective = build_state(config, World()), Objective(config.objective)
    return state, [train_step(state, batch, objective, config, World(), **more) for batch in pairs]


def test_it_learns_the_true_flow_and_what_is_seen(taught: RunConfig, market: Path) -> None:
    alone = replace(taught, generator=FlowConfig(channels=4, blocks=1), objective=objective_of(flow=2, visibility=2))
    _, logs = stepped(alone, known(market) * 8)
    assert logs[-1]["flow"] < 0.6 * logs[0]["flow"]
    assert logs[-1]["visibility"] < 0.8 * logs[0]["visibility"]


def test_the_parts_of_a_batch_teach_what_the_batch_does(taught: RunConfig, market: Path) -> None:
    parted = replace(taught, optimization=replace(taught.optimization, gradient_accumulation_steps=2))
    (whole, logs), (in_parts, other_logs) = (stepped(config, known(market, 2)) for config in (taught, parted))
    for name, weight in whole.generator.network.state_dict().items():
        torch.testing.assert_close(in_parts.generator.network.state_dict()[name], weight, atol=1e-7, rtol=0)
    assert other_logs[-1] == pytest.approx(logs[-1], rel=1e-6)


def test_terms_of_the_explanation_do_not_pull_at_the_image(taught: RunConfig, market: Path) -> None:
    _, (logs,) = stepped(taught, known(market), term_gradients=True)
    assert logs["gradient_norm/image/flow"] == logs["gradient_norm/image/visibility"] == 0
    assert logs["gradient_norm/image/l1"] > 0


def test_explained_in_half_precision(taught: RunConfig, market: Path) -> None:
    """The flow is float32 all the same: half precision would not tell pixels apart."""
    half = replace(taught, hardware=replace(taught.hardware, precision="bf16-mixed"))
    full = replace(taught, hardware=replace(taught.hardware, precision="32-true"))
    (_, (of_half,)), (_, (of_full,)) = (stepped(config, known(market)) for config in (half, full))
    assert of_half["flow"] == pytest.approx(of_full["flow"], rel=1e-3)
    assert of_half["visibility"] == pytest.approx(of_full["visibility"], rel=0.05)


def test_what_a_term_needs_must_be_there(taught: RunConfig, small: RunConfig) -> None:
    objective = Objective(taught.objective)
    check_terms(objective, FlowGenerator)
    with pytest.raises(InputError, match=r"objective.flow: PATNGenerator does not explain .* --generator.network flow"):
        check_terms(objective, PATNGenerator)
    check_truth(taught)
    with pytest.raises(InputError, match=r"objective.flow, objective.visibility: needs --data.truth"):
        check_truth(replace(taught, data=small.data))
