"""Networks and objective are one graph each: nothing in them needs Python while they run."""

from typing import Any

import pytest
import torch
from tests.losses.random_weights import vgg_state
from torch import Tensor

from reposer.features import WeightsFile
from reposer.losses import Objective, objective_of
from reposer.models import NETWORKS, DiscriminatorConfig, FlowConfig, build_discriminators, build_generator
from reposer.models.dropout import set_dropout_keys
from reposer.training.state import item_keys

SIZE = (32, 16)
NORMS = ["batch", pytest.param("instance", marks=pytest.mark.nightly)]


def poses(count: int) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    joints = torch.rand(count, 18, 2, generator=random) * torch.tensor([16.0, 32.0])
    return joints, torch.ones(count, 18, dtype=torch.bool)


def assert_one_graph(module: torch.nn.Module, *inputs: Any, **more: Any) -> None:
    """Compiled without a break, it computes what it does uncompiled."""
    compiled = torch.compile(module, backend="eager", fullgraph=True, dynamic=False)
    found, expected = compiled(*inputs, **more), module(*inputs, **more)
    tensors = [value.total if hasattr(value, "total") else value for value in (found, expected)]
    torch.testing.assert_close(*tensors, rtol=1e-4, atol=1e-5)
    assert tensors[0].requires_grad


@pytest.mark.slow
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", NETWORKS)
def test_generator(name: str, norm: str) -> None:
    network = build_generator(NETWORKS[name].config(channels=8, blocks=1, norm=norm)).train()  # type: ignore[call-arg]
    set_dropout_keys(network, item_keys(0, 0, 0, slice(0, 2)))
    random = torch.Generator().manual_seed(0)
    source, *maps = (torch.rand(2, channels, *SIZE, generator=random) for channels in (3, 18, 18))
    assert_one_graph(network, source * 2 - 1, *maps)


@pytest.mark.nightly
def test_what_a_generator_explains() -> None:
    network = build_generator(FlowConfig(channels=4, blocks=1)).train()
    random = torch.Generator().manual_seed(0)
    source, *maps = (torch.rand(2, channels, *SIZE, generator=random) for channels in (3, 18, 18))
    assert_one_graph(_Flow(network), source * 2 - 1, *maps)


class _Flow(torch.nn.Module):
    """The largest flow that a network explains."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.network(*inputs, explain=True).flows[-1]


@pytest.mark.slow
@pytest.mark.parametrize("norm", NORMS)
def test_discriminator(norm: Any) -> None:
    network, _ = build_discriminators(DiscriminatorConfig(channels=4, blocks=1, norm=norm))
    set_dropout_keys(network.train(), item_keys(0, 0, 0, slice(0, 2)))
    assert_one_graph(network, torch.rand(2, 6, *SIZE))


@pytest.mark.slow
def test_objective(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all terms of the recipes."""
    monkeypatch.setattr(WeightsFile, "load", lambda *_: vgg_state())
    objective = Objective(objective_of(adversarial=5, l1=1, ssim=1, perceptual=10, part_ssim=10))
    random = torch.Generator().manual_seed(0)
    generated, target = torch.rand(2, 2, 3, *SIZE, generator=random) * 2 - 1
    logits = (torch.rand(2, 8, 8, 4, generator=random), torch.rand(2, 8, 8, 4, generator=random))
    assert_one_graph(objective, generated.requires_grad_(), target, *poses(2), fake_logits=logits)
