"""Frozen feature networks and where their weights come from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.checks import InputError, check_choice

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class WeightsFile:
    """A file of weights that is downloaded into the torch hub cache, or put there by hand."""

    name: str
    url: str
    sha256_prefix: str
    megabytes: int
    without: str
    """What can be used instead, without the file."""

    @property
    def cached(self) -> Path:
        """Where torch keeps the file."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.name

    def load(self, path: Path | None = None) -> dict[str, Tensor]:
        """Load the state dict from ``path``, else from the cache, else download it into the cache.

        Raises:
            InputError: if the file is neither here nor to be had, or is not the file it should be.
        """
        if path is None:
            path = self.cached
            if not path.exists():
                self._download()
        elif not path.exists():
            raise InputError(f"{path}: no such file; expected the weights {self.name} ({self.megabytes} MB)")
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if not digest.startswith(self.sha256_prefix):
            raise InputError(
                f"{path}: not the weights {self.name}: SHA-256 starts with {digest[:8]}, expected "
                f"{self.sha256_prefix}; delete it and download {self.url} again"
            )
        return torch.load(path, map_location="cpu", weights_only=True)

    def _download(self) -> None:
        try:
            torch.hub.load_state_dict_from_url(self.url, check_hash=True, progress=True, map_location="cpu")
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"weights {self.name} ({self.megabytes} MB) are not here and {self.url} cannot be reached "
                f"({error}); download it elsewhere and put it at {self.cached}; {self.without}"
            ) from None


VGG19 = WeightsFile(
    name="vgg19-dcbb9e9d.pth",
    url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    sha256_prefix="dcbb9e9d",
    megabytes=548,
    without="recipes without a perceptual term, such as mannequin-tiny, do not need it",
)

VGG19_LAYERS = {"relu1_1": 1, "relu1_2": 3, "relu2_1": 6, "relu2_2": 8, "relu3_1": 11}
"""Index of a layer in torchvision's ``vgg19().features``."""


class VGG19Features(nn.Module):
    """Frozen VGG19 features of one layer.

    Args:
        layer: name of the layer; relu1_2 is torchvision's ``features[0..3]``, as published.
        weights: local file of torchvision's ``vgg19-dcbb9e9d.pth``; by default the torch hub cache, else a
            download. A state dict of torchvision's VGG19 is also taken.

    ``forward(image)`` takes (B, 3, H, W) in [0, 1], normalises with the ImageNet mean and deviation, and returns
    (B, C, H', W').

    Raises:
        InputError: if the weights are missing or are not the right file.

    Reference: Simonyan and Zisserman, "Very deep convolutional networks", ICLR 2015.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, layer: str = "relu1_2", weights: Path | dict[str, Tensor] | None = None) -> None:
        super().__init__()
        from torchvision.models import vgg19

        check_choice("VGG19 layer", layer, VGG19_LAYERS)
        count = VGG19_LAYERS[layer] + 1
        state = weights if isinstance(weights, dict) else VGG19.load(weights)
        with torch.device("meta"):  # only the first layers are kept: the other 500 MB are never made
            self.layers = vgg19(weights=None).features[:count]
        names = {f"features.{name}": name for name in self.layers.state_dict()}
        self.layers.load_state_dict({names[n]: t for n, t in state.items() if n in names}, assign=True)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> VGG19Features:
        """Stay frozen, whatever the parent module does."""
        return super().train(False)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers((image - self.mean) / self.std)
