"""Style loss: distance of the Gram matrices of VGG19 features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from reposer.checks import changed
from reposer.images import SIGNED
from reposer.losses.feature_maps import FeatureLoss, Features, LayerSettings, feature_maps
from reposer.similarity.content import scale_of, shares


def gram_matrix(maps: Tensor, content: Tensor | None = None) -> Tensor:
    r"""Gram matrix of each image's feature maps, :math:`G_{ab} = \frac{1}{hwc} \sum_{ij} \phi_{aij} \phi_{bij}`.

    Args:
        maps: (B, C, H, W).
        content: (B, 1, H', W'), which pixels of the images count: the sum is over them, hw their number; None: all.

    Returns:
        (B, C, C), at least float32.
    """
    share = None if content is None else shares(content, (maps.shape[-2], maps.shape[-1]))
    if share is not None:
        maps = maps * share.sqrt().to(maps.dtype)
    maps = maps.flatten(2).to(torch.promote_types(maps.dtype, torch.float32))
    with torch.autocast(maps.device.type, enabled=False):  # sums over all pixels overflow half precision
        gram = maps @ maps.transpose(1, 2) / maps.shape[1:].numel()
    return gram if share is None else gram * scale_of(share)[:, None, None]


@dataclass(frozen=True, kw_only=True)
class StyleSettings(LayerSettings):
    """Of the style loss."""

    def measure(self, x: Tensor, y: Tensor, content: Tensor | None) -> Tensor:
        return (gram_matrix(x, content) - gram_matrix(y, content)).abs().mean()


def style_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: Features,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: StyleSettings = StyleSettings(),
    **fields: Any,
) -> Tensor:
    r"""Distance of the Gram matrices of the features,
    :math:`\sum_l w_l \frac1{c_l^2} \sum_{ab} |G_{l,ab}(x) - G_{l,ab}(y)|` with G as in :func:`gram_matrix`.

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        features: from images in [0, 1] to feature maps by layer, such as :class:`reposer.features.VGG19Features`.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: layers with their weights w.
        fields: single fields of the settings.

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
    return changed(settings, fields).of_maps(maps, content)


class StyleLoss(FeatureLoss[StyleSettings]):
    """Module form of :func:`style_loss` that holds the frozen VGG19."""

    Settings = StyleSettings
