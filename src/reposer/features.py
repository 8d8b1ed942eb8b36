"""Frozen feature networks and where their weights come from."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

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

VGG19_LAYERS = {
    **{"relu1_1": 1, "relu1_2": 3},
    **{"relu2_1": 6, "relu2_2": 8},
    **{"relu3_1": 11, "relu3_2": 13, "relu3_3": 15, "relu3_4": 17},
    **{"relu4_1": 20, "relu4_2": 22, "relu4_3": 24, "relu4_4": 26},
    **{"relu5_1": 29, "relu5_2": 31, "relu5_3": 33, "relu5_4": 35},
}
"""Index of a layer in torchvision's ``vgg19().features``."""
PUBLISHED_LAYER = "relu1_2"


class Frozen(nn.Module):
    """A network whose weights are given and stay as they are."""

    def freeze(self) -> None:
        """Take the weights out of training."""
        self.requires_grad_(False).eval()

    def train(self, mode: bool = True) -> Frozen:
        """Stay frozen, whatever the parent module does."""
        return super().train(False)


def _fill(network: nn.Module, names: dict[str, str], state: dict[str, Tensor], what: str) -> None:
    """Give a network the tensors of a state dict; ``names`` says how the state dict calls each."""
    missing = [name for name in names.values() if name not in state]
    if missing:
        raise InputError(f"not the weights of {what}: {missing[0]} is missing")
    network.load_state_dict({own: state[name] for own, name in names.items()}, assign=True)


class VGG19Features(Frozen):
    """Frozen VGG19 features after the ReLU of some layers.

    Args:
        layers: their names, relu1_1 to relu5_4; by default relu1_2, torchvision's ``features[0..3]``, as published.
        weights: local file of torchvision's ``vgg19-dcbb9e9d.pth``; by default the torch hub cache, else a
            download. A state dict of torchvision's VGG19 is also taken.

    ``forward(image)`` takes (B, 3, H, W) in [0, 1], normalises with the ImageNet mean and deviation, and returns
    the feature maps (B, C, H', W') by layer, in the dtype of the weights. Layer reluN_i has 1 / 2^(N-1) of the
    image's height and width.

    Raises:
        InputError: if there is no such layer, or the weights are missing or are not the right file.
        ValueError: from ``forward``, if the image is not (B, 3, H, W), or too small for a layer.

    Reference: Simonyan and Zisserman, "Very deep convolutional networks", ICLR 2015.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, *layers: str, weights: Path | dict[str, Tensor] | None = None) -> None:
        super().__init__()
        from torchvision.models import vgg19

        for layer in layers:
            check_choice("VGG19 layer", layer, VGG19_LAYERS)
        self.names = {VGG19_LAYERS[layer]: layer for layer in layers or (PUBLISHED_LAYER,)}
        state = weights if isinstance(weights, dict) else VGG19.load(weights)
        with torch.device("meta"):  # only the first layers are kept: the other 500 MB are never made
            self.layers = vgg19(weights=None).features[: max(self.names) + 1]
        _fill(self.layers, {name: f"features.{name}" for name in self.layers.state_dict()}, state, "VGG19")
        self.smallest = 2 ** sum(isinstance(layer, nn.MaxPool2d) for layer in self.layers)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.freeze()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        _check_photos(image, self.smallest, "VGG19")
        x = (image.to(self.mean.dtype) - self.mean) / self.std
        maps = {}
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.names:
                maps[self.names[index]] = x
        return maps


def _check_photos(image: Tensor, smallest: int, what: str) -> None:
    if image.ndim != 4 or image.shape[1] != 3 or min(image.shape[-2:]) < smallest:
        raise ValueError(
            f"{what} needs images of shape (B, 3, H, W) and at least {smallest}x{smallest} pixels, "
            f"got {tuple(image.shape)}"
        )


LPIPSBackbone = Literal["alex", "vgg", "squeeze"]
LPIPSVersion = Literal["0.1", "0.0"]

LPIPS_BACKBONES = {
    backbone: WeightsFile(
        name=name,
        url=f"https://download.pytorch.org/models/{name}",
        sha256_prefix=name.removesuffix(".pth").rpartition("-")[2],
        megabytes=megabytes,
        without="only LPIPS needs it",
    )
    for backbone, name, megabytes in (
        ("alex", "alexnet-owt-7be5be79.pth", 233),
        ("vgg", "vgg16-397923af.pth", 528),
        ("squeeze", "squeezenet1_1-b8a52dc0.pth", 5),
    )
}
"""Backbones' torchvision weights; the learned channel weights come with the package lpips."""
_LPIPS_SMALLEST = {"alex": 31, "vgg": 16, "squeeze": 17}


class LPIPSNetwork(Frozen):
    """Frozen network of the learned perceptual image patch similarity (LPIPS), from the package lpips.

    Args:
        backbone: "alex", "vgg" (VGG16) or "squeeze" (SqueezeNet 1.1).
        version: of the learned channel weights: "0.1", or "0.0", which also leaves the input unscaled.
        weights: local file of the backbone's torchvision weights; by default the torch hub cache, else a download.
            A state dict of torchvision's network is also taken.

    ``forward(x, y)`` takes two batches (B, 3, H, W) in [-1, 1] and returns the distances (B,), in the dtype of the
    weights.

    Raises:
        InputError: if the package is not installed, or the weights are missing or are not the right file.
        ValueError: from ``forward``, if the images are not (B, 3, H, W), or too small for the backbone.

    Reference: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.
    """

    def __init__(
        self,
        backbone: LPIPSBackbone = "alex",
        *,
        version: LPIPSVersion = "0.1",
        weights: Path | dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        check_choice("LPIPS backbone", backbone, LPIPS_BACKBONES)
        check_choice("LPIPS version", version, get_args(LPIPSVersion))
        try:
            from lpips import LPIPS
        except ImportError:
            raise InputError("LPIPS needs the package lpips: pip install 'reposer[losses]'") from None

        state = weights if isinstance(weights, dict) else LPIPS_BACKBONES[backbone].load(weights)
        # The package draws a random backbone: the run's own randomness must not depend on that.
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls torchvision in an old way
            self.network = LPIPS(net=backbone, version=version, pnet_rand=True, verbose=False)
        # Its layers are called sliceN.I.weight, torchvision's features.I.weight.
        names = {name: f"features.{name.partition('.')[2]}" for name in self.network.net.state_dict()}
        _fill(self.network.net, names, state, f"the LPIPS backbone {backbone}")
        self.smallest = _LPIPS_SMALLEST[backbone]
        self.freeze()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        for image in (x, y):
            _check_photos(image, self.smallest, "LPIPS")
        dtype = self.network.scaling_layer.scale.dtype
        return self.network(x.to(dtype), y.to(dtype)).flatten()
