"""Perceptual loss: distance of VGG19 features; and what every loss on feature maps shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from reposer.checks import check_choice
from reposer.features import PUBLISHED_LAYER, VGG19Features
from reposer.images import SIGNED
from reposer.similarity.ssim import at_least_float32, unit_images

Distance = Literal["l1", "l2"]
FeatureMaps = Mapping[str, Tensor]
"""Feature maps (B, C, H', W') by layer."""
Features = Callable[[Tensor], FeatureMaps]
"""From images (B, 3, H, W) in [0, 1] to their feature maps."""
LayerWeights = Mapping[str, float]
"""Weight of each layer's term."""

PUBLISHED_LAYERS: LayerWeights = MappingProxyType({PUBLISHED_LAYER: 1.0})


def feature_maps(
    features: Features, generated: Tensor, target: Tensor, *, value_range: tuple[float, float] = SIGNED
) -> tuple[FeatureMaps, FeatureMaps]:
    """Feature maps of the generated images, and without gradient those of the target."""
    x, y = unit_images(generated, target, value_range)
    with torch.no_grad():
        target_maps = features(y)
    return features(x), target_maps


def layer_sum(
    measure: Callable[[Tensor, Tensor], Tensor], maps: tuple[FeatureMaps, FeatureMaps], layers: LayerWeights
) -> Tensor:
    """Weighted sum over the layers of ``measure(map of generated, map of target)``."""
    generated_maps, target_maps = maps
    for layer in layers:
        check_choice("feature layer", layer, generated_maps)
    if not layers:
        raise ValueError("layers must give at least one feature layer its weight, got none")
    return torch.stack(
        [weight * measure(generated_maps[layer], target_maps[layer]) for layer, weight in layers.items()]
    ).sum()


def map_distance(x: Tensor, y: Tensor, *, distance: Distance = "l1") -> Tensor:
    """Mean absolute ("l1") or squared ("l2") difference of two feature maps, in at least float32."""
    check_choice("distance", distance, get_args(Distance))
    x, y = at_least_float32(x, y)
    difference = x - y
    return (difference.abs() if distance == "l1" else difference.square()).mean()


def perceptual_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: Features,
    layers: LayerWeights = PUBLISHED_LAYERS,
    distance: Distance = "l1",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Distance of the features of two images,
    :math:`\sum_l w_l \frac1{N_l} \sum |\phi_l(x) - \phi_l(y)|` (or squared).

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        features: from images in [0, 1] to feature maps by layer, such as :class:`reposer.features.VGG19Features`.
        layers: weight of each layer; relu1_2 alone as published.
        distance: "l1" mean absolute difference, as published; "l2" mean squared difference.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar, at least 0 and at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, or values lie far outside
            ``value_range``.
        InputError: if ``features`` has no such layer, or the distance is unknown.

    Reference: Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016, eq. 2.
    """
    maps = feature_maps(features, generated, target, value_range=value_range)
    return layer_sum(lambda x, y: map_distance(x, y, distance=distance), maps, layers)


class PerceptualLoss(nn.Module):
    """Module form of :func:`perceptual_loss` that holds the frozen VGG19.

    Args:
        layers: weight of each VGG19 layer, relu1_1 to relu5_4.
        weights: local file of ``vgg19-dcbb9e9d.pth``, or a state dict; by default the torch hub cache, else a
            download.
        distance: "l1" or "l2".
        value_range: as in the function.

    Raises:
        InputError: if the weights are missing, or VGG19 has no such layer.
    """

    def __init__(
        self,
        *,
        layers: LayerWeights = PUBLISHED_LAYERS,
        weights: Path | dict[str, Tensor] | None = None,
        distance: Distance = "l1",
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.features = VGG19Features(*layers, weights=weights)
        self.layers, self.distance, self.value_range = dict(layers), distance, value_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return perceptual_loss(
            generated,
            target,
            features=self.features,
            layers=self.layers,
            distance=self.distance,
            value_range=self.value_range,
        )
