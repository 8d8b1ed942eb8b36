"""Perceptual loss: distance of VGG19 features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from reposer.checks import changed
from reposer.images import SIGNED
from reposer.losses.feature_maps import FeatureLoss, Features, LayerSettings, feature_maps
from reposer.similarity.content import mean_within
from reposer.similarity.ssim import at_least_float32

Distance = Literal["l1", "l2"]


@dataclass(frozen=True, kw_only=True)
class PerceptualSettings(LayerSettings):
    """Of the perceptual loss."""

    distance: Distance = "l1"
    """Of the features: "l1" mean absolute difference, as published; "l2" mean squared difference."""

    def measure(self, x: Tensor, y: Tensor, content: Tensor | None) -> Tensor:
        x, y = at_least_float32(x, y)
        difference = x - y
        return mean_within(difference.abs() if self.distance == "l1" else difference.square(), content)


def perceptual_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: Features,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: PerceptualSettings = PerceptualSettings(),
    **fields: Any,
) -> Tensor:
    r"""Distance of the features of two images,
    :math:`\sum_l w_l \frac1{N_l} \sum |\phi_l(x) - \phi_l(y)|` (or squared).

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        features: from images in [0, 1] to feature maps by layer, such as :class:`reposer.features.VGG19Features`.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: layers with their weights w, and distance.
        fields: single fields of the settings.

    Returns:
        Scalar, at least 0 and at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, or values lie far outside
            ``value_range``.
        InputError: if ``features`` has no such layer, or the distance is unknown.

    Reference: Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016, eq. 2.
    """
    maps = feature_maps(features, generated, target, value_range=value_range)
    return changed(settings, fields).of_maps(maps, content)


class PerceptualLoss(FeatureLoss[PerceptualSettings]):
    """Module form of :func:`perceptual_loss` that holds the frozen VGG19."""

    Settings = PerceptualSettings
