"""LPIPS: a gradient for every image, also where all features are 0."""

import pytest
import torch
from tests.losses.random_weights import squeeze_state

from reposer.features import LPIPSNetwork

pytest.importorskip("lpips")


def silent_state() -> dict[str, torch.Tensor]:
    """Weights whose first layer is 0 everywhere: the root of the norm is infinitely steep there."""
    state = dict(squeeze_state())
    state["features.0.bias"] = torch.full_like(state["features.0.bias"], -30.0)
    return state


@pytest.mark.parametrize("state", [squeeze_state(), silent_state()], ids=["usual", "silent"])
@pytest.mark.parametrize("value", [-1.0, 0.0, 0.3, 1.0])
def test_one_colour_and_identical_images(state: dict[str, torch.Tensor], value: float) -> None:
    network = LPIPSNetwork("squeeze", weights=state)
    colour = torch.full((1, 3, 40, 33), value)
    other = torch.rand(1, 3, 40, 33, generator=torch.Generator().manual_seed(1)) * 2 - 1
    for x, y in ((colour, colour.clone()), (colour, other), (other, other.clone())):
        x = x.clone().requires_grad_()
        distance = network(x, y)
        distance.sum().backward()
        assert distance.isfinite().all()
        assert x.grad is not None
        assert x.grad.isfinite().all()
