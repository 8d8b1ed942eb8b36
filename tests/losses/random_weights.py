"""Seeded random weights of pretrained networks, for tests without a download."""

from functools import cache

import torch
from torch import Tensor
from torchvision.models import squeezenet1_1, vgg19


@cache
def vgg_state(layers: int = 4) -> dict[str, Tensor]:
    """Weights of the first VGG19 layers."""
    generator = torch.Generator().manual_seed(3)
    with torch.device("meta"):
        shapes = {name: t.shape for name, t in vgg19(weights=None).features[:layers].state_dict().items()}
    return {
        f"features.{name}": torch.randn(shape, generator=generator, dtype=torch.float32)
        * (2 / max(shape[1:].numel(), 100)) ** 0.5
        for name, shape in shapes.items()
    }


@cache
def squeeze_state() -> dict[str, Tensor]:
    """Weights of SqueezeNet's layers."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return {f"features.{name}": t for name, t in squeezenet1_1(weights=None).features.state_dict().items()}
