"""Seeded random weights of both Inception networks, for tests without a download."""

import io
from functools import cache

import torch
from torch import Tensor, nn


@cache
def inception_state(name: str) -> dict[str, Tensor]:
    """Weights that keep activations near 1 through all layers."""
    network = torchvision_network() if name == "inception-torchvision" else tensorflow_network()
    generator = torch.Generator().manual_seed(11)
    state = {}
    for key, value in network.state_dict().items():
        if value.ndim > 1:
            state[key] = torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
        else:
            state[key] = value.clone()
    return state


def torchvision_network() -> nn.Module:
    from torchvision.models import Inception3

    with torch.random.fork_rng(devices=[]):
        return Inception3(transform_input=True, init_weights=False).eval()


def tensorflow_network() -> nn.Module:
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    class Unfilled(FeatureExtractorInceptionV3):
        def load_state_dict(self, state: dict[str, Tensor], *args: object, **options: object) -> object:
            return super().load_state_dict(state, *args, **options) if state else None

    empty = io.BytesIO()
    torch.save({}, empty)
    empty.seek(0)
    with torch.random.fork_rng(devices=[]):
        return Unfilled("outside", ["2048", "logits_unbiased"], feature_extractor_weights_path=empty)
