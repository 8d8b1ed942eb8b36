"""Losses on VGG19 features, written out."""

import pytest
import torch
from tests.losses.random_weights import vgg_state
from torch import Tensor

from reposer import losses
from reposer.checks import InputError
from reposer.features import VGG19Features
from reposer.similarity import ssim_map

LAYERS = {"relu1_2": 1.0, "relu3_2": 0.5}


@pytest.fixture(scope="module")
def features() -> VGG19Features:
    return VGG19Features(*LAYERS, weights=vgg_state(14))


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, 2, 3, 32, 28, generator=torch.Generator().manual_seed(5)) * 2 - 1
    return x, y


def maps(features: VGG19Features, image: Tensor) -> dict[str, Tensor]:
    return features((image + 1) / 2)


@pytest.mark.parametrize("layers", [{"relu1_2": 1.0}, {"relu3_2": 2.0}, LAYERS])
def test_closed_forms(features: VGG19Features, images: tuple[Tensor, Tensor], layers: dict[str, float]) -> None:
    x, y = images
    a, b = maps(features, x), maps(features, y)

    def gram(m: Tensor) -> Tensor:
        return torch.einsum("bchw,bdhw->bcd", m, m) / m[0].numel()

    expected = {
        "l1": sum(w * (a[n] - b[n]).abs().mean() for n, w in layers.items()),
        "l2": sum(w * (a[n] - b[n]).square().mean() for n, w in layers.items()),
        "style": sum(w * (gram(a[n]) - gram(b[n])).abs().mean() for n, w in layers.items()),
        "ssim": sum(w * (1 - ssim_map(a[n], b[n], window_size=5, sigma=1.1).mean()) for n, w in layers.items()),
    }
    options = {"features": features, "layers": layers}
    actual = {
        "l1": losses.perceptual_loss(x, y, **options),
        "l2": losses.perceptual_loss(x, y, distance="l2", **options),
        "style": losses.style_loss(x, y, **options),
        "ssim": losses.perceptual_ssim_loss(x, y, window_size=5, sigma=1.1, **options),
    }
    for name in expected:
        torch.testing.assert_close(actual[name], expected[name], msg=name)


def test_published_layer_is_the_default(features: VGG19Features, images: tuple[Tensor, Tensor]) -> None:
    x, y = images
    for function in (losses.perceptual_loss, losses.style_loss, losses.perceptual_ssim_loss):
        assert function(x, y, features=features) == function(x, y, features=features, layers={"relu1_2": 1.0})


def test_modules_take_layers_and_options(features: VGG19Features, images: tuple[Tensor, Tensor]) -> None:
    x, y = images
    weights = vgg_state(14)
    for module, expected in (
        (
            losses.PerceptualLoss(layers=LAYERS, weights=weights, distance="l2"),
            losses.perceptual_loss(x, y, features=features, layers=LAYERS, distance="l2"),
        ),
        (
            losses.StyleLoss(layers=LAYERS, weights=weights),
            losses.style_loss(x, y, features=features, layers=LAYERS),
        ),
        (
            losses.PerceptualSSIMLoss(layers=LAYERS, weights=weights, window_size=5, sigma=1.1, data_range=3.0),
            losses.perceptual_ssim_loss(
                x, y, features=features, layers=LAYERS, window_size=5, sigma=1.1, data_range=3.0
            ),
        ),
    ):
        torch.testing.assert_close(module(x, y), expected)


def test_value_range(features: VGG19Features, images: tuple[Tensor, Tensor]) -> None:
    x, y = images
    unit = ((x + 1) / 2, (y + 1) / 2)
    for function in (losses.perceptual_loss, losses.style_loss, losses.perceptual_ssim_loss):
        expected = function(x, y, features=features)
        torch.testing.assert_close(function(*unit, features=features, value_range=(0, 1)), expected)


def test_target_gets_no_gradient(features: VGG19Features, images: tuple[Tensor, Tensor]) -> None:
    x, y = (image.requires_grad_() for image in images)
    losses.perceptual_loss(x, y, features=features).backward()
    assert x.grad is not None
    assert y.grad is None


def test_style_does_not_see_where(features: VGG19Features) -> None:
    tile = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    x = torch.nn.functional.pad(tile, (4, 12, 4, 12))
    y = torch.nn.functional.pad(tile, (12, 4, 12, 4))
    assert losses.style_loss(x, y, features=features).item() == pytest.approx(0, abs=1e-6)
    assert losses.perceptual_loss(x, y, features=features) > 0.1


def test_bad_options_are_named(features: VGG19Features, images: tuple[Tensor, Tensor]) -> None:
    x, y = images
    with pytest.raises(InputError, match=r"unknown feature layer 'relu3_3'; did you mean 'relu3_2'"):
        losses.perceptual_loss(x, y, features=features, layers={"relu3_3": 1.0})
    with pytest.raises(ValueError, match="layers must name each layer once, got relu1_1, relu1_1"):
        losses.PerceptualLoss(layers=(("relu1_1", 1.0), ("relu1_1", 2.0)))
    with pytest.raises(ValueError, match="layers must give at least one feature layer its weight"):
        losses.style_loss(x, y, features=features, layers={})
    with pytest.raises(InputError, match="unknown distance 'l3'"):
        losses.perceptual_loss(x, y, features=features, distance="l3")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="window_size 33 does not fit an image of 32x28 pixels"):
        losses.perceptual_ssim_loss(x, y, features=features, window_size=33)
    with pytest.raises(InputError, match="unknown VGG19 layer 'relu6_1'"):
        losses.StyleLoss(layers={"relu6_1": 1.0}, weights={})
