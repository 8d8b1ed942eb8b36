"""Losses on pixels against numpy and closed forms."""

import numpy as np
import pytest
import torch

from reposer import losses


@pytest.fixture
def images() -> tuple[torch.Tensor, torch.Tensor]:
    x, y = torch.rand(2, 2, 3, 9, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1
    return x, y


def test_against_numpy(images: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, y = images
    a, b = x.numpy(), y.numpy()
    assert losses.l1_loss(x, y).item() == pytest.approx(np.abs(a - b).mean())
    assert losses.l2_loss(x, y).item() == pytest.approx(((a - b) ** 2).mean())
    assert losses.charbonnier_loss(x, y, epsilon=0.1).item() == pytest.approx(np.sqrt((a - b) ** 2 + 0.01).mean())
    variation = np.abs(np.diff(a, axis=2)).mean() + np.abs(np.diff(a, axis=3)).mean()
    assert losses.total_variation_loss(x).item() == pytest.approx(variation)


def test_of_a_shift(images: tuple[torch.Tensor, torch.Tensor]) -> None:
    x, _ = images
    x = 0.5 * x
    assert losses.l1_loss(x, x + 0.25).item() == pytest.approx(0.25)
    assert losses.l2_loss(x, x + 0.25).item() == pytest.approx(0.0625)
    x = torch.full_like(x, -0.5)
    assert losses.charbonnier_loss(x, x + 0.75, epsilon=1).item() == pytest.approx(1.25)
    assert losses.CharbonnierLoss(epsilon=1)(x, x + 0.75).item() == pytest.approx(1.25)


def test_variation_of_a_ramp() -> None:
    ramp = torch.arange(5.0) * 0.1 + torch.arange(4.0)[:, None] * 0.2
    assert losses.total_variation_loss(ramp[None, None]).item() == pytest.approx(0.3)


def test_epsilon_is_checked(images: tuple[torch.Tensor, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match="epsilon must be positive, got 0"):
        losses.charbonnier_loss(*images, epsilon=0)
