"""The update rule, against an independent straight-line implementation of the published one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.losses.random_weights import vgg_state
from tests.tiny_network import TinyConfig
from tests.training.batches import batches
from torch import Tensor
from torch.nn import functional as F
from torchvision.models import vgg19

from reposer.config import OptimizationConfig, RunConfig
from reposer.features import WeightsFile
from reposer.images import to_signed
from reposer.losses import Objective, objective_of
from reposer.poses import head_crops, joint_heatmaps, limb_masks
from reposer.recipes import recipe
from reposer.similarity import part_ssim_index
from reposer.training.state import build_state, step_seed
from reposer.training.step import train_step
from reposer.training.world import World


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
    """The pool, written out: keeps some images, swaps half of the time."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: list[Tensor] = []

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        shown = []
        for image in images.detach().split(1):
            if len(self.kept) < self.size:
                self.kept.append(image.clone())
                shown.append(image)
            elif torch.rand((), generator=generator) < 0.5:
                i = int(torch.randint(self.size, (), generator=generator))
                shown.append(self.kept[i])
                self.kept[i] = image.clone()
            else:
                shown.append(image)
        return torch.cat(shown)


@pytest.fixture
def float64() -> Iterator[None]:
    """What the straight line makes without a dtype of its own."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.slow(15)
@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", ["market-pssim", pytest.param("fashion-pssim", marks=pytest.mark.nightly)])
def test_20_steps_equal_a_straight_line_implementation(
    name: str, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the published recipes, with small networks without dropout, few epochs, and random VGG19 weights."""
    monkeypatch.setattr(WeightsFile, "load", lambda *_: vgg_state())
    published = recipe(name)
    config = replace(
        published,
        size=(64, 32),
        generator=replace(published.generator, channels=2, blocks=2, dropout=0.0),
        discriminators=replace(published.discriminators, channels=2, blocks=1, dropout=0.0),
        optimization=replace(
            published.optimization, batch_size=3, pairs_per_epoch=12, constant_epochs=2, decay_epochs=3
        ),
        hardware=replace(published.hardware, precision="64-true", accelerator="cpu"),
    )
    world = World()
    state, reference = build_state(config, world), build_state(config, world)
    objective = Objective(config.objective).double()
    weights = {"market-pssim": (5, 10, 10), "fashion-pssim": (5, 1, 1)}[name]  # GAN, perceptual, PSSIM
    pool_size = {"market-pssim": 50, "fashion-pssim": 0}[name]

    G, D_PP, D_PB = (
        trained.network
        for trained in (reference.generator, reference.discriminators["appearance"], reference.discriminators["shape"])
    )
    optimizers = [torch.optim.Adam(n.parameters(), lr=2e-4, betas=(0.5, 0.999)) for n in (G, D_PP, D_PB)]
    pools = (PastImages(pool_size), PastImages(pool_size))
    vgg = vgg19(weights=None).features[:4].double().requires_grad_(False)
    vgg.load_state_dict({key.removeprefix("features."): value.double() for key, value in vgg_state().items()})
    mean, std = (
        torch.tensor(values, dtype=torch.float32).double().view(1, 3, 1, 1)
        for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )

    def features(image: Tensor) -> Tensor:
        return vgg(((image + 1) / 2 - mean) / std)

    def gan_loss(logits: Tensor, answer: float) -> Tensor:
        if name == "market-pssim":
            return F.binary_cross_entropy(torch.sigmoid(logits), torch.full_like(logits, answer))
        return ((logits - answer) ** 2).mean()

    def heatmaps(joints: Tensor, visible: Tensor) -> Tensor:
        if name == "market-pssim":
            return joint_heatmaps(joints, visible, (64, 32)).double()
        maps = torch.zeros(*visible.shape, 64, 32)
        for pair, joint in visible.nonzero().tolist():
            x, y = joints[pair, joint].int().tolist()
            maps[pair, joint, y, x] = 1
        return maps

    for step, batch in enumerate(batches(market, 20, 3)):
        train_step(state, batch, objective, config, world)

        epoch = step // 4
        for optimizer in optimizers:
            optimizer.param_groups[0]["lr"] = 2e-4 * (1 - max(0, epoch + 2 - 2) / 4)
        source, target = ((image.float() / 127.5 - 1).double() for image in (batch.source, batch.target))
        maps_1 = heatmaps(batch.source_joints, batch.source_visible)
        maps_2 = heatmaps(batch.target_joints, batch.target_visible)
        masks = limb_masks(batch.target_joints, batch.target_visible, (64, 32))
        for network in (G, D_PP, D_PB):
            network.train()

        fake = G(source, maps_1, maps_2)
        adversarial = (
            gan_loss(D_PB(torch.cat((fake, maps_2), 1)), 1.0) + gan_loss(D_PP(torch.cat((fake, source), 1)), 1.0)
        ) / 2
        perceptual = (features(fake) - features(target)).abs().mean()
        similarity = part_ssim_index(fake, target, masks)
        loss = weights[0] * adversarial + weights[1] * perceptual + weights[2] * (1 - similarity)
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()

        random = torch.Generator().manual_seed(step_seed(config.seed, step))
        for network, optimizer, pool, condition in (
            (D_PP, optimizers[1], pools[0], source),
            (D_PB, optimizers[2], pools[1], maps_2),
        ):
            real = network(torch.cat((target, condition), 1))
            shown = torch.cat((fake, condition), 1).detach()
            generated = network(pool(shown, random) if pool_size else shown)
            optimizer.zero_grad()
            (weights[0] * (gan_loss(real, 1.0) + gan_loss(generated, 0.0)) / 2).backward()
            optimizer.step()

        for trained, network in zip((state.generator, *state.discriminators.values()), (G, D_PP, D_PB), strict=True):
            own = trained.network.state_dict()
            for key, tensor in network.state_dict().items():
                np.testing.assert_allclose(own[key], tensor, atol=1e-6, err_msg=f"step {step}, {key}")
            network.load_state_dict(own)  # Adam's first look at a gradient near 0 makes much of a rounding difference


def test_discriminators_join_in_late(small: RunConfig, market: Path) -> None:
    late = replace(small, optimization=replace(small.optimization, adversarial_start_step=2))
    alone = replace(small, objective=objective_of(small.objective, adversarial=0))
    world = World()
    states = {name: build_state(config, world) for name, config in (("late", late), ("alone", alone))}
    before = {name: trained.network.state_dict() for name, trained in states["late"].discriminators.items()}
    before = {name: {key: value.clone() for key, value in weights.items()} for name, weights in before.items()}
    for step, batch in enumerate(batches(market, 3)):
        terms = {
            name: train_step(states[name], batch, Objective(config.objective), config, world)
            for name, config in (("late", late), ("alone", alone))
        }
        joined = step >= 2
        assert ("adversarial" in terms["late"]) == ("accuracy/shape/real" in terms["late"]) == joined
        own, other = (states[name].generator.network.state_dict() for name in ("late", "alone"))
        assert all(own[key].equal(value) for key, value in other.items()) != joined
        for name, weights in before.items():
            now = states["late"].discriminators[name].network.state_dict()
            assert all(now[key].equal(value) for key, value in weights.items()) != joined


@pytest.mark.usefixtures("tiny_network")
def test_network_that_reads_joints(small: RunConfig, market: Path) -> None:
    """It learns like any other, and D_PB is shown heatmaps all the same."""
    small = replace(small, generator=TinyConfig(width=3))
    state, objective = build_state(small, World()), Objective(small.objective)
    (batch,) = batches(market, 1)
    before = [parameter.clone() for _, trained in state.networks() for parameter in trained.network.parameters()]
    conditions: list[Tensor] = []
    state.discriminators["shape"].network.register_forward_pre_hook(lambda _, inputs: conditions.append(inputs[0]))
    train_step(state, batch, objective, small, World())
    after = [parameter for _, trained in state.networks() for parameter in trained.network.parameters()]
    assert not any(a.equal(b) for a, b in zip(before, after, strict=True))
    heatmaps = joint_heatmaps(batch.target_joints, batch.target_visible, (64, 32))
    assert [shown[:, 3:].equal(heatmaps) for shown in conditions] == [True] * 3


def test_running_average_generates(small: RunConfig, market: Path) -> None:
    world = World()
    state = build_state(small, world)
    start = {name: t.clone() for name, t in state.best_generator().state_dict().items()}
    objective = Objective(small.objective)
    for batch in batches(market, 2):
        train_step(state, batch, objective, small, world)
    trained = state.generator.network.state_dict()
    for name, average in state.best_generator().state_dict().items():
        if average.is_floating_point() and not start[name].equal(trained[name]):
            assert not average.equal(trained[name]), name
            assert not average.equal(start[name]), name


def test_the_discriminator_of_the_face_sees_heads_alone(small: RunConfig, market: Path) -> None:
    """Enlarged, of image and source; it learns, and pulls at the generator; the other two are as without it."""
    with_face = replace(small, discriminators=replace(small.discriminators, face=True))
    (batch,) = batches(market, 1)
    states = {name: build_state(config, World()) for name, config in (("two", small), ("three", with_face))}
    trained = states["three"].discriminators["face"]
    shown: list[Tensor] = []
    trained.network.register_forward_pre_hook(lambda _, inputs: shown.append(inputs[0].detach()))
    before = [parameter.clone() for parameter in trained.network.parameters()]
    rows = {
        name: train_step(states[name], batch, Objective(config.objective), config, World())
        for name, config in (("two", small), ("three", with_face))
    }
    assert [tuple(each.shape) for each in shown] == [(2, 6, 16, 16)] * 3
    source, target = (to_signed(image) for image in (batch.source, batch.target))
    torch.testing.assert_close(shown[1][:, :3], head_crops(target, *batch.poses[2:], 16))
    torch.testing.assert_close(shown[1][:, 3:], head_crops(source, *batch.poses[:2], 16))
    assert not any(a.equal(b) for a, b in zip(trained.network.parameters(), before, strict=True))
    assert rows["three"].keys() - rows["two"].keys() == {
        "discriminator/face", "accuracy/face/real", "accuracy/face/generated", "gradient_norm/face",
    }  # fmt: skip
    for name in ("appearance", "shape"):
        assert rows["three"][f"discriminator/{name}"] == rows["two"][f"discriminator/{name}"]
    assert rows["three"]["adversarial"] != rows["two"]["adversarial"]
