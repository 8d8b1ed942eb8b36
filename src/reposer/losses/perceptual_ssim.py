"""Perceptual SSIM: structural similarity of VGG19 features as a loss."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor, nn

from reposer.features import VGG19Features
from reposer.images import SIGNED
from reposer.losses.perceptual import PUBLISHED_LAYERS, Features, LayerWeights, feature_maps, layer_sum
from reposer.similarity import ssim_map


def map_dissimilarity(
    x: Tensor, y: Tensor, *, window_size: int = 7, sigma: float = 0.8, data_range: float = 1.0
) -> Tensor:
    """1 - SSIM of two feature maps, averaged over the valid positions, channels and batch."""
    return 1 - ssim_map(x, y, window_size=window_size, sigma=sigma, data_range=data_range).mean()


def perceptual_ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: Features,
    layers: LayerWeights = PUBLISHED_LAYERS,
    window_size: int = 7,
    sigma: float = 0.8,
    data_range: float = 1.0,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""1 - SSIM between the feature maps of two images, :math:`\sum_l w_l (1 - SSIM(\phi_l(x), \phi_l(y)))`.

    Features after a ReLU have no upper bound, so the dynamic range L, which sets SSIM's constants
    :math:`C_i = (K_i L)^2`, is a choice: 1 is that of the image losses, so the formula is theirs unchanged.

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        features: from images in [0, 1] to feature maps by layer, such as :class:`reposer.features.VGG19Features`.
        layers: weight of each layer; relu1_2 alone as published.
        window_size: odd width of the Gaussian window, in pixels of the feature map.
        sigma: its standard deviation, in pixels of the feature map.
        data_range: L; larger values forgive small differences of the features.
        value_range: lowest and highest possible value of the images; mapped to [0, 1] inside.

    Returns:
        Scalar in [0, 2 * sum of the layers' weights], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, values lie far outside
            ``value_range``, or the window does not fit the feature maps.
        InputError: if ``features`` has no such layer.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    maps = feature_maps(features, generated, target, value_range=value_range)
    return layer_sum(
        lambda x, y: map_dissimilarity(x, y, window_size=window_size, sigma=sigma, data_range=data_range), maps, layers
    )


class PerceptualSSIMLoss(nn.Module):
    """Module form of :func:`perceptual_ssim_loss` that holds the frozen VGG19.

    Args:
        layers: weight of each VGG19 layer, relu1_1 to relu5_4.
        weights: local file of ``vgg19-dcbb9e9d.pth``, or a state dict; by default the torch hub cache, else a
            download.
        window_size, sigma, data_range, value_range: as in the function.

    Raises:
        InputError: if the weights are missing, or VGG19 has no such layer.
    """

    def __init__(
        self,
        *,
        layers: LayerWeights = PUBLISHED_LAYERS,
        weights: Path | dict[str, Tensor] | None = None,
        window_size: int = 7,
        sigma: float = 0.8,
        data_range: float = 1.0,
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.features = VGG19Features(*layers, weights=weights)
        self.layers, self.value_range = dict(layers), value_range
        self.window_size, self.sigma, self.data_range = window_size, sigma, data_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return perceptual_ssim_loss(
            generated,
            target,
            features=self.features,
            layers=self.layers,
            window_size=self.window_size,
            sigma=self.sigma,
            data_range=self.data_range,
            value_range=self.value_range,
        )
