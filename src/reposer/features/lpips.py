"""The network of the learned perceptual image patch similarity (LPIPS)."""

import warnings
from typing import Literal, get_args

import torch
from torch import Tensor

from reposer.checks import InputError, check_choice
from reposer.features.weights import Frozen, Weights, WeightsFile, check_photos, fill, state_and_identity

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
        weights: torchvision's, of the backbone; see ``reposer.features.Weights``.

    ``forward(x, y)`` takes two batches (B, 3, H, W) in [-1, 1] and returns the distances (B,), in the dtype of the
    weights; ``identity`` names network and weights in signatures.

    Raises:
        InputError: if the package is not installed, or the weights are missing or are not the right file.
        ValueError: from ``forward``, if the images are not (B, 3, H, W), or too small for the backbone.

    Reference: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.
    """

    def __init__(
        self, backbone: LPIPSBackbone = "alex", *, version: LPIPSVersion = "0.1", weights: Weights = None
    ) -> None:
        super().__init__()
        check_choice("LPIPS backbone", backbone, LPIPS_BACKBONES)
        check_choice("LPIPS version", version, get_args(LPIPSVersion))
        try:
            from lpips import LPIPS
        except ImportError:
            raise InputError("LPIPS needs the package lpips: pip install 'reposer[losses]'") from None

        state, self.identity = state_and_identity(f"lpips{version}-{backbone}", LPIPS_BACKBONES[backbone], weights)
        # The package draws a random backbone: the run's own randomness must not depend on that.
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it calls torchvision in an old way
            self.network = LPIPS(net=backbone, version=version, pnet_rand=True, verbose=False)
        # Its layers are called sliceN.I.weight, torchvision's features.I.weight.
        names = {name: f"features.{name.partition('.')[2]}" for name in self.network.net.state_dict()}
        fill(self.network.net, names, state, f"the LPIPS backbone {backbone}")
        self.smallest = _LPIPS_SMALLEST[backbone]
        self.freeze()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        for image in (x, y):
            check_photos(image, self.smallest, "LPIPS")
        dtype = self.network.scaling_layer.scale.dtype
        return self.network(x.to(dtype), y.to(dtype)).flatten()
