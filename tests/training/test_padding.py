"""What a generator paints into the padding of own photos: no loss, no gradient, no score knows of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.losses.random_weights import vgg_state
from tests.own_photos import photo_data
from tests.small_run import SMALL
from torch import Tensor, nn

from reposer.config import RunConfig
from reposer.data import PairBatch, PairDataset, collate, open_pairs
from reposer.features import WeightsFile
from reposer.letterbox import content_mask
from reposer.losses import Objective, objective_of
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.validation import validate
from reposer.training.world import World

SIZE = (64, 32)
TERMS: dict[str, Any] = {
    "adversarial": {"weight": 1, "pool_size": 3}, "l1": 1, "l2": 1, "charbonnier": 1, "total_variation": 1, "ssim": 1,
    "multi_scale_ssim": 1, "part_ssim": {"weight": 1, "background": "normalized"}, "perceptual": 1, "style": 1,
    "perceptual_ssim": 1, "mask_l1": 1, "face": 1,
}  # fmt: skip


@pytest.fixture
def batches(tmp_path: Path) -> list[PairBatch]:
    dataset = PairDataset(open_pairs(photo_data(tmp_path / "photos"), "train", size=SIZE))
    return [collate([dataset[i], dataset[i + 4]]) for i in range(3)]


@contextmanager
def painting(network: nn.Module, batch: PairBatch, paint: float | None) -> Iterator[None]:
    """Let a generator paint something of its own into the padding."""
    assert batch.target_box is not None
    padding = ~content_mask(batch.target_box, SIZE)
    seen = []

    def painted(_: nn.Module, __: Any, made: Tensor) -> Tensor | None:
        seen.append(made)
        return None if paint is None else torch.where(padding, paint, made)

    hook = network.register_forward_hook(painted)
    yield
    hook.remove()
    assert seen


def small(**changes: Any) -> RunConfig:
    return replace(SMALL, size=SIZE, objective=objective_of(**TERMS), **changes)


def steps(
    config: RunConfig, batches: list[PairBatch], paint: float | None
) -> tuple[list[dict[str, float]], Mapping[str, Tensor]]:
    """What three steps report and train, if the generator paints the padding, or leaves what it makes there."""
    world = World.launch(config.hardware)
    state, objective = build_state(config, world), Objective(config.objective)
    network = state.generator.network
    rows = []
    for batch in batches:
        with painting(network, batch, paint):
            rows.append(train_step(state, batch, objective, config, world, term_gradients=True))
    return rows, {name: value.clone() for name, value in network.state_dict().items()}


@pytest.mark.parametrize("share_forward", [True, False])
def test_what_is_painted_into_the_padding_changes_no_loss_and_no_gradient(
    batches: list[PairBatch], monkeypatch: pytest.MonkeyPatch, share_forward: bool
) -> None:
    monkeypatch.setattr(WeightsFile, "load", lambda *_: vgg_state())
    judges = replace(SMALL.discriminators, face=share_forward)
    config = small(hardware=replace(SMALL.hardware, share_forward=share_forward), discriminators=judges)
    rows, weights = steps(config, batches, None)
    assert all(batch.target_box is not None for batch in batches)
    for paint in (-1.0, 0.7):
        others, changed = steps(config, batches, paint)
        assert others == rows
        for name, value in weights.items():
            assert torch.equal(changed[name], value), name


def test_terms_are_means_over_the_content(batches: list[PairBatch], monkeypatch: pytest.MonkeyPatch) -> None:
    """An image that is 1 off everywhere has an L1 of 1, however much of the picture is padding."""
    config = small()
    config = replace(config, objective=objective_of(l1=1))
    batch = batches[0]
    assert batch.target_box is not None
    content = content_mask(batch.target_box, SIZE)
    assert 0.3 < content.float().mean() < 0.95
    target = torch.zeros(2, 3, *SIZE)
    found = Objective(config.objective)(torch.where(content, 1.0, target), target, content=content)
    assert found.terms["l1"].item() == pytest.approx(1)


def test_validation_scores_the_content(batches: list[PairBatch]) -> None:
    config = small()
    config = replace(config, objective=objective_of(l1=1))
    world = World.launch(config.hardware)
    network = build_state(config, world).generator.network
    scores = validate(network, batches[:1], config, world)
    with painting(network, batches[0], 0.3):
        assert validate(network, batches[:1], config, world) == scores
        assert validate(network, [replace(batches[0], target_box=None)], config, world) != scores
