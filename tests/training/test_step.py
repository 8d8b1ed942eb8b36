"""The update rule, against an independent straight-line implementation of the published one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from tests.training.batches import batches
from torch import Tensor
from torch.nn import functional as F

from reposer.config import OptimizationConfig, RunConfig
from reposer.losses import Objective
from reposer.poses import joint_heatmaps, limb_masks
from reposer.similarity import part_ssim_index
from reposer.training.state import build_state, step_seed
from reposer.training.step import train_step


def test_published_schedule() -> None:
    schedule = OptimizationConfig(batch_size=32)
    assert schedule.steps_per_epoch == 125
    assert schedule.steps == 700 * 125
    for epoch in (0, 100, 498):
        assert schedule.learning_rate_at(epoch * 125 + 124) == 2e-4
    for finished, factor in ((499, 1 - 1 / 201), (500, 1 - 2 / 201), (600, 1 - 102 / 201), (699, 0)):
        assert schedule.learning_rate_at(finished * 125) == pytest.approx(2e-4 * factor, abs=1e-12)
    assert OptimizationConfig(batch_size=7).steps_per_epoch == 572


class PastImages:
    """The pool, written out: keeps 3 images, swaps half of the time."""

    def __init__(self) -> None:
        self.kept: list[Tensor] = []

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        shown = []
        for image in images.detach().split(1):
            if len(self.kept) < 3:
                self.kept.append(image.clone())
                shown.append(image)
            elif torch.rand((), generator=generator) < 0.5:
                i = int(torch.randint(3, (), generator=generator))
                shown.append(self.kept[i])
                self.kept[i] = image.clone()
            else:
                shown.append(image)
        return torch.cat(shown)


@pytest.fixture
def float64() -> Iterator[None]:
    """Fabric hands the outputs of networks on in torch's default dtype."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("gan", ["cross_entropy", "least_squares"])
def test_steps_equal_a_straight_line_implementation(published: RunConfig, market: Path, gan: Any) -> None:
    config = replace(
        published,
        generator=replace(published.generator, channels=2, dropout=0.0),
        discriminators=replace(published.discriminators, channels=2, dropout=0.0),
        objective=replace(published.objective, gan=gan),
        hardware=replace(published.hardware, precision="64-true", accelerator="cpu"),
    )
    fabric = Fabric(accelerator="cpu", devices=1, precision="64-true")
    state, reference = build_state(config, fabric), build_state(config, fabric)
    objective = Objective(config.objective)

    G, D_PP, D_PB = (
        player.network
        for player in (reference.generator, reference.discriminators["appearance"], reference.discriminators["shape"])
    )
    optimizers = [torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (G, D_PP, D_PB)]
    pools = (PastImages(), PastImages())

    def gan_loss(logits: Tensor, answer: float) -> Tensor:
        if gan == "cross_entropy":
            return F.binary_cross_entropy(torch.sigmoid(logits), torch.full_like(logits, answer))
        return ((logits - answer) ** 2).mean()

    for step, batch in enumerate(batches(market, 6)):
        train_step(state, batch, objective, config, fabric)

        epoch = step // 4
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 2e-4 * (1 - max(0, epoch + 2 - 1) / 3)
        source, target = ((image.float() / 127.5 - 1).double() for image in (batch.source, batch.target))
        maps_1 = joint_heatmaps(batch.source_joints, batch.source_visible, (128, 64)).double()
        maps_2 = joint_heatmaps(batch.target_joints, batch.target_visible, (128, 64)).double()
        masks = limb_masks(batch.target_joints, batch.target_visible, (128, 64))
        for network in (G, D_PP, D_PB):
            network.train()

        fake = G(source, maps_1, maps_2)
        adversarial = (
            gan_loss(D_PB(torch.cat((fake, maps_2), 1)), 1.0) + gan_loss(D_PP(torch.cat((fake, source), 1)), 1.0)
        ) / 2
        loss = 1 * adversarial + 5 * (fake - target).abs().mean() + 5 * (1 - part_ssim_index(fake, target, masks))
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()

        random = torch.Generator().manual_seed(step_seed(config.seed, step))
        for network, optimizer, pool, condition in (
            (D_PP, optimizers[1], pools[0], source),
            (D_PB, optimizers[2], pools[1], maps_2),
        ):
            real = network(torch.cat((target, condition), 1))
            generated = network(pool(torch.cat((fake, condition), 1), random))
            optimizer.zero_grad()
            (1 * (gan_loss(real, 1.0) + gan_loss(generated, 0.0)) / 2).backward()
            optimizer.step()

    for player, network in zip((state.generator, *state.discriminators.values()), (G, D_PP, D_PB), strict=True):
        own = player.network.state_dict()
        for name, tensor in network.state_dict().items():
            np.testing.assert_allclose(own[name], tensor, atol=1e-6, err_msg=name)


def test_running_average_generates(small: RunConfig, market: Path) -> None:
    fabric = Fabric(accelerator="cpu", devices=1)
    state = build_state(small, fabric)
    start = {name: t.clone() for name, t in state.best_generator().state_dict().items()}
    objective = Objective(small.objective)
    for batch in batches(market, 2):
        train_step(state, batch, objective, small, fabric)
    trained = state.generator.network.state_dict()
    for name, average in state.best_generator().state_dict().items():
        if average.is_floating_point() and not start[name].equal(trained[name]):
            assert not average.equal(trained[name]), name
            assert not average.equal(start[name]), name
