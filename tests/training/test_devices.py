"""A step reads nothing and leaves nothing on another device than its own; where there is no GPU, ``meta`` tells."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.batches import EVERY_CHANGE, batches, with_truth

from reposer.config import RunConfig
from reposer.losses import LOSSES, Objective, objective_of
from reposer.models import NETWORKS
from reposer.training import state as states
from reposer.training import step as steps
from reposer.training.capture import _tensors
from reposer.training.state import build_state
from reposer.training.step import take_step
from reposer.training.world import World

META = World(device=torch.device("meta"))
TERMS = [name for name, entry in LOSSES.items() if not entry.needs & {"features", "logits"} and name != "lpips"]


@pytest.fixture
def unfused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Adam that takes no step, and no running average: PyTorch's fused operators, and autocast, know no ``meta``."""
    monkeypatch.setattr(states, "build_adam", lambda network, *_, **__: torch.optim.Adam(network.parameters()))
    monkeypatch.setattr(steps, "adam_step", lambda *_, **__: None)
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())
    monkeypatch.setattr(torch, "_fused_sgd_", lambda *_, **__: None)


@pytest.mark.usefixtures("unfused")
@pytest.mark.parametrize(("network", "padded"), [(name, name != "patn") for name in NETWORKS])
def test_a_step_stays_on_its_device(tiny: RunConfig, market: Path, network: Any, padded: bool) -> None:
    """Every term that needs no other network, augmentation, the face, and the average; no value is asked for."""
    explains = NETWORKS[network].module.explains
    names = [name for name in TERMS if explains or "explained" not in LOSSES[name].needs]
    exact = {name: {"weight": 1, "masks": "exact"} for name in ("part_ssim", "mask_l1")} if explains else {}
    terms = objective_of(adversarial=1, **dict.fromkeys(names, 1) | exact)
    config = replace(tiny, generator=NETWORKS[network].config(channels=2, blocks=1), objective=terms)
    config = replace(
        config, augmentation=EVERY_CHANGE, discriminators=replace(config.discriminators, face=network != "patn")
    )
    config = replace(config, hardware=replace(config.hardware, precision="32-true"))
    state = build_state(config, META, masked=True)
    batch = with_truth(batches(market, 1)[0])
    batch = replace(batch, target_box=torch.tensor([[0, 4, 56, 24]] * 2)) if padded else batch
    taken = take_step(state, batch.to(META.device), Objective(terms).to(META.device), config, META)
    assert taken.values.numbers.device == META.device
    assert state.ema_generator is not None
    assert {tensor.device for tensor in _tensors(state)} == {META.device}
