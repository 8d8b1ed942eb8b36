"""Adversarial losses against torch and closed forms; the pool of past images."""

import pytest
import torch
from torch import nn

from reposer import losses
from reposer.checks import InputError


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.linspace(-4, 4, 24, dtype=torch.float64).view(2, 3, 4).requires_grad_(True)


@pytest.mark.parametrize("real", [True, False])
def test_equals_torch(logits: torch.Tensor, real: bool) -> None:
    answer = torch.full_like(logits, float(real))
    cross_entropy = losses.adversarial_loss(logits, real=real, kind="cross_entropy")
    torch.testing.assert_close(cross_entropy, nn.functional.binary_cross_entropy(torch.sigmoid(logits), answer))
    least_squares = losses.adversarial_loss(logits, real=real, kind="least_squares")
    torch.testing.assert_close(least_squares, nn.functional.mse_loss(logits, answer))
    sign = 1 if real else -1
    hinge = losses.adversarial_loss(logits, real=real, kind="hinge")
    torch.testing.assert_close(hinge, torch.clamp(1 - sign * logits, min=0).mean())
    hinge = losses.adversarial_loss(logits, real=real, kind="hinge", player="generator")
    torch.testing.assert_close(hinge, -sign * logits.mean())


@pytest.mark.parametrize("kind", ["cross_entropy", "least_squares", "hinge"])
@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_module_and_gradient(logits: torch.Tensor, kind: losses.GANKind, player: str) -> None:
    for real in (True, False):
        value = losses.adversarial_loss(logits, real=real, kind=kind, player=player)  # type: ignore[arg-type]
        module = losses.AdversarialLoss(kind=kind)
        assert module(logits, real=real, player=player) == value
        assert value.dtype == logits.dtype
        if kind != "hinge":
            assert value == losses.adversarial_loss(logits, real=real, kind=kind)
        assert torch.autograd.gradcheck(lambda x, real=real, m=module: m(x, real=real, player=player), logits)


def test_of_a_sure_discriminator_is_finite() -> None:
    logits = torch.tensor([-1e4, 1e4], requires_grad=True)
    loss = losses.adversarial_loss(logits, real=True)
    loss.backward()
    assert loss.item() == pytest.approx(5000)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_choices_are_named(logits: torch.Tensor) -> None:
    with pytest.raises(InputError, match="unknown kind 'lsgan'"):
        losses.adversarial_loss(logits, real=True, kind="lsgan")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown player 'generators'; did you mean 'generator'"):
        losses.adversarial_loss(logits, real=True, player="generators")  # type: ignore[arg-type]


def test_pool() -> None:
    generator = torch.Generator().manual_seed(0)
    pool = losses.ImagePool(3)
    first = torch.arange(3.0).view(3, 1, 1, 1)
    assert pool.query(first, generator).equal(first)
    shown = [pool.query(torch.full((1, 1, 1, 1), 10.0 + i), generator).item() for i in range(200)]
    swapped = [value for i, value in enumerate(shown) if value != 10 + i]
    assert 70 < len(swapped) < 130
    assert all(value < 10 + i for i, value in enumerate(shown) if value in swapped)
    restored = losses.ImagePool(3)
    restored.load_state_dict(pool.state_dict())
    a, b = (p.query(torch.zeros(8, 1, 1, 1), torch.Generator().manual_seed(4)) for p in (pool, restored))
    assert a.equal(b)
    empty = losses.ImagePool(0)
    assert empty.query(first, generator).equal(first)
    assert empty.state_dict() == {}
