"""Style loss: distance of the Gram matrices of VGG19 features."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.features import VGG19Features
from reposer.images import SIGNED
from reposer.losses.perceptual import PUBLISHED_LAYERS, Features, LayerWeights, feature_maps, layer_sum, map_distance


def gram_matrix(maps: Tensor) -> Tensor:
    r"""Gram matrix of each image's feature maps, :math:`G_{ab} = \frac{1}{hwc} \sum_{ij} \phi_{aij} \phi_{bij}`.

    Args:
        maps: (B, C, H, W).

    Returns:
        (B, C, C), at least float32.
    """
    maps = maps.flatten(2).to(torch.promote_types(maps.dtype, torch.float32))
    with torch.autocast(maps.device.type, enabled=False):  # sums over all pixels overflow half precision
        return maps @ maps.transpose(1, 2) / maps[0].numel()


def gram_distance(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference of the Gram matrices of two feature maps."""
    return map_distance(gram_matrix(x), gram_matrix(y))


def style_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: Features,
    layers: LayerWeights = PUBLISHED_LAYERS,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Distance of the Gram matrices of the features,
    :math:`\sum_l w_l \frac1{c_l^2} \sum_{ab} |G_{l,ab}(x) - G_{l,ab}(y)|` with G as in :func:`gram_matrix`.

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        features: from images in [0, 1] to feature maps by layer, such as :class:`reposer.features.VGG19Features`.
        layers: weight of each layer; relu1_2 alone as published.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar, at least 0 and at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, or values lie far outside
            ``value_range``.
        InputError: if ``features`` has no such layer.

    Reference: Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016, eq. 3 and 4; there the
    squared Frobenius norm, here the mean absolute difference, as in Shi et al., Pattern Recognition 2022.
    """
    maps = feature_maps(features, generated, target, value_range=value_range)
    return layer_sum(gram_distance, maps, layers)


class StyleLoss(nn.Module):
    """Module form of :func:`style_loss` that holds the frozen VGG19.

    Args:
        layers: weight of each VGG19 layer, relu1_1 to relu5_4.
        weights: local file of ``vgg19-dcbb9e9d.pth``, or a state dict; by default the torch hub cache, else a
            download.
        value_range: as in the function.

    Raises:
        InputError: if the weights are missing, or VGG19 has no such layer.
    """

    def __init__(
        self,
        *,
        layers: LayerWeights = PUBLISHED_LAYERS,
        weights: Path | dict[str, Tensor] | None = None,
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.features = VGG19Features(*layers, weights=weights)
        self.layers, self.value_range = dict(layers), value_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return style_loss(generated, target, features=self.features, layers=self.layers, value_range=self.value_range)
