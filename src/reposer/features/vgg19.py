"""VGG19, the network of perceptual and style losses."""

import torch
from torch import Tensor, nn

from reposer.checks import check_choice
from reposer.features.weights import Frozen, Weights, WeightsFile, check_photos, fill

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

VGG19 = WeightsFile(
    name="vgg19-dcbb9e9d.pth",
    url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    sha256_prefix="dcbb9e9d",
    megabytes=548,
    without="or name a copy with --objective.vgg19-weights FILE, in Python weights=FILE; without it: "
    "--objective.perceptual.weight 0 (and 0 for style and perceptual-ssim), or a recipe without such a term, such as "
    "mannequin-tiny",
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


class VGG19Features(Frozen):
    """Frozen VGG19 features after the ReLU of some layers.

    Args:
        layers: their names, relu1_1 to relu5_4; by default relu1_2, torchvision's ``features[0..3]``, as published.
        weights: torchvision's ``vgg19-dcbb9e9d.pth``; see ``reposer.features.Weights``.

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

    def __init__(self, *layers: str, weights: Weights = None) -> None:
        super().__init__()
        from torchvision.models import vgg19

        for layer in layers:
            check_choice("VGG19 layer", layer, VGG19_LAYERS)
        self.names = {VGG19_LAYERS[layer]: layer for layer in layers or (PUBLISHED_LAYER,)}
        state = weights if isinstance(weights, dict) else VGG19.load(weights)
        with torch.device("meta"):  # only the first layers are kept: the other 500 MB are never made
            self.layers = vgg19(weights=None).features[: max(self.names) + 1]
        fill(self.layers, {name: f"features.{name}" for name in self.layers.state_dict()}, state, "VGG19")
        self.smallest = 2 ** sum(isinstance(layer, nn.MaxPool2d) for layer in self.layers)
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.freeze()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        check_photos(image, self.smallest, "VGG19")
        x = (image.to(self.mean.dtype) - self.mean) / self.std
        maps = {}
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.names:
                maps[self.names[index]] = x
        return maps
