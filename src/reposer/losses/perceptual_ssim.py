"""Perceptual SSIM: structural similarity of VGG19 features as a loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from torch import Tensor

from reposer.bounds import Deviation, OddWindow, at_least, positive
from reposer.checks import changed
from reposer.images import SIGNED
from reposer.losses.feature_maps import FeatureLoss, Features, LayerSettings, feature_maps
from reposer.similarity import SSIMSettings
from reposer.similarity.content import shares
from reposer.similarity.ssim import mean_of_map


@dataclass(frozen=True, kw_only=True)
class PerceptualSSIMSettings(LayerSettings):
    """Of perceptual SSIM."""

    window_size: OddWindow = 7
    """Odd width of the Gaussian window, in pixels of the feature map."""
    sigma: Deviation = 0.8
    """Its standard deviation, in pixels of the feature map."""
    data_range: Annotated[float, positive(), at_least(1e-6)] = 1.0
    """L of SSIM's constants (K L)^2; larger values forgive small differences of the features."""

    def measure(self, x: Tensor, y: Tensor, content: Tensor | None) -> Tensor:
        settings = SSIMSettings(window_size=self.window_size, sigma=self.sigma)
        if content is not None:
            content = shares(content, (x.shape[-2], x.shape[-1]))
        return 1 - mean_of_map(x, y, settings=settings, data_range=self.data_range, content=content)


def perceptual_ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: Features,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: PerceptualSSIMSettings = PerceptualSSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""1 - SSIM between the feature maps of two images, :math:`\sum_l w_l (1 - SSIM(\phi_l(x), \phi_l(y)))`.

    Features after a ReLU have no upper bound, so the dynamic range L, which sets SSIM's constants
    :math:`C_i = (K_i L)^2`, is a choice: 1 is that of the image losses, so the formula is theirs unchanged.

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        features: from images in [0, 1] to feature maps by layer, such as :class:`reposer.features.VGG19Features`.
        value_range: lowest and highest possible value of the images; mapped to [0, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: layers with their weights w, window, and L.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 2 * sum of the layers' weights], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, values lie far outside
            ``value_range``, or the window does not fit the feature maps.
        InputError: if ``features`` has no such layer.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    maps = feature_maps(features, generated, target, value_range=value_range)
    return changed(settings, fields).of_maps(maps, content)


class PerceptualSSIMLoss(FeatureLoss[PerceptualSSIMSettings]):
    """Module form of :func:`perceptual_ssim_loss` that holds the frozen VGG19."""

    Settings = PerceptualSSIMSettings
