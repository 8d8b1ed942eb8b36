"""What makes a step faster or smaller changes nothing else: each option against the plain step."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.weights import assert_equal, weights_after
from torch import Tensor

from reposer.config import RunConfig
from reposer.losses import objective_of
from reposer.models import NETWORKS
from reposer.models.blocks import norm_layer
from reposer.models.dropout import ItemDropout, set_dropout_keys
from reposer.training.state import item_keys

OTHER_NETWORKS = (("patn", "instance"), ("xing", "batch"), ("warp", "instance"))


def with_norm(config: RunConfig, norm: Any, **hardware: Any) -> RunConfig:
    """float64 but for what the options say: so that what differs is the rounding alone."""
    return replace(
        config,
        generator=replace(config.generator, norm=norm),
        discriminators=replace(config.discriminators, norm=norm),
        hardware=replace(config.hardware, **{"accelerator": "cpu", "precision": "64-true"} | hardware),
    )


@pytest.mark.parametrize("parts", [3, *(pytest.param(parts, marks=pytest.mark.nightly) for parts in (2, 4))])
def test_accumulation(small: RunConfig, market: Path, parts: int) -> None:
    plain = with_norm(small, "instance")
    accumulated = replace(plain, optimization=replace(plain.optimization, gradient_accumulation_steps=parts))
    assert_equal(weights_after(plain, market), weights_after(accumulated, market), 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "norm"),
    [
        ("patn", "batch"),
        ("xing", "instance"),
        ("warp", "batch"),
        ("flow", "batch"),
        *(pytest.param(*case, marks=pytest.mark.nightly) for case in OTHER_NETWORKS),
    ],
)
def test_gradient_checkpointing(small: RunConfig, market: Path, norm: str, network: Any) -> None:
    """Bit for bit, dropout and batch norm's running statistics included."""
    small = replace(small, generator=NETWORKS[network].config(channels=8, blocks=2))
    plain, less_memory = (with_norm(small, norm, gradient_checkpointing=on) for on in (False, True))
    assert_equal(weights_after(plain, market, 2), weights_after(less_memory, market, 2), 0)


def test_shared_forward(small: RunConfig, market: Path) -> None:
    plain, shared = (with_norm(small, "instance", share_forward=on) for on in (False, True))
    assert_equal(weights_after(plain, market), weights_after(shared, market), 1e-9)


def test_forward_is_not_shared_with_batch_norm(small: RunConfig, market: Path) -> None:
    plain, shared = (with_norm(small, "batch", share_forward=on) for on in (False, True))
    assert_equal(weights_after(plain, market), weights_after(shared, market), 0)


def test_instance_norm_of_one_image_in_any_memory_layout() -> None:
    """Torch's own gradient is wrong there."""
    norm = norm_layer("instance", 8)
    images, arriving = torch.randn(2, 1, 8, 12, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    (plain,) = torch.autograd.grad(norm(images), images, arriving)
    (last,) = torch.autograd.grad(norm(images), images, arriving.to(memory_format=torch.channels_last))
    assert (plain - last).abs().max() < 1e-12
    assert torch.autograd.gradcheck(norm, (images[:, :2, :5, :4].detach().requires_grad_(),))
    assert (norm(images) - norm(images.detach())).abs().max() < 1e-12


def test_channels_last(small: RunConfig, market: Path) -> None:
    plain, last = (with_norm(small, "batch", channels_last=on) for on in (False, True))
    assert_equal(weights_after(plain, market), weights_after(last, market), 1e-9)


@pytest.mark.nightly  # the compiler takes minutes
def test_compiled(small: RunConfig, market: Path) -> None:
    alone = replace(small, objective=objective_of(small.objective, adversarial=0))
    plain, compiled = (with_norm(alone, "batch", compile=on) for on in (False, True))
    assert_equal(weights_after(plain, market, 2), weights_after(compiled, market, 2), 1e-9)


@pytest.mark.parametrize("precision", ["bf16-mixed", pytest.param("16-mixed", marks=pytest.mark.nightly)])
def test_half_precision(small: RunConfig, market: Path, precision: Any) -> None:
    """Near the plain path, weights still float32; and with float16 the scale of the loss leaves no trace."""
    (weights, logs), (expected, plain) = (
        weights_after(with_norm(small, "instance", precision=p), market) for p in (precision, "32-true")
    )
    assert all(tensor.dtype == torch.float32 for tensor in weights.values() if tensor.is_floating_point())
    assert not all(tensor.equal(expected[name]) for name, tensor in weights.items())
    for name in ("l1", "part_ssim", "adversarial", "total", "discriminator/shape"):
        assert logs[name] == pytest.approx(plain[name], rel=0.02), name
    for name in ("generator", "appearance", "shape"):
        assert logs[f"gradient_norm/{name}"] == pytest.approx(plain[f"gradient_norm/{name}"], rel=0.2), name


def test_dropout_is_a_function_of_the_item() -> None:
    layer = ItemDropout(0.4).train()
    images = torch.ones(4, 8, 16, 16)
    keys = item_keys(0, 3, 0, slice(0, 4))

    def dropped(keys: Tensor, rows: slice = slice(None)) -> Tensor:
        set_dropout_keys(layer, keys)
        return layer(images[rows])

    whole = dropped(keys)
    assert torch.cat([dropped(keys[:1], slice(0, 1)), dropped(keys[1:], slice(1, 4))]).equal(whole)
    assert item_keys(0, 3, 0, slice(2, 4)).equal(keys[2:])
    assert not dropped(item_keys(0, 4, 0, slice(0, 4))).equal(whole)
    assert not dropped(item_keys(0, 3, 1, slice(0, 4))).equal(whole)
    assert whole.unique().tolist() == pytest.approx([0, 1 / 0.6])
    layer.eval()
    assert layer(images) is images


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_drops_as_many_as_it_should(p: float) -> None:
    """Each mask is a fair draw, and masks of items, layers and neighbouring positions have nothing in common."""
    network = torch.nn.Sequential(ItemDropout(p), ItemDropout(p)).train()
    set_dropout_keys(network, item_keys(1, 0, 0, slice(0, 16)))
    images = torch.ones(16, 16, 32, 32)
    masks = torch.stack([(layer(images) > 0).double().flatten(1) for layer in network]).flatten(0, 1)
    count = masks.shape[1]
    deviation = (p * (1 - p) / count) ** 0.5
    assert (masks.mean(1) - (1 - p)).abs().max() < 5 * deviation
    correlation = torch.corrcoef(masks) - torch.eye(len(masks), dtype=masks.dtype)
    assert correlation.abs().max() < 5 / count**0.5
    for distance in (1, 32, 1024):
        pair = torch.stack((masks[:, :-distance].flatten(), masks[:, distance:].flatten()))
        assert torch.corrcoef(pair)[0, 1].abs() < 5 / pair.shape[1] ** 0.5


def test_dropout_without_keys_is_torchs() -> None:
    torch.manual_seed(0)
    dropped = ItemDropout(0.5).train()(torch.ones(100))
    torch.manual_seed(0)
    assert dropped.equal(torch.nn.functional.dropout(torch.ones(100), 0.5))
