"""Perceptual loss: distance of VGG19 features."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from reposer.checks import check_images
from reposer.features import VGG19Features
from reposer.images import SIGNED, to_unit

Distance = Literal["l1", "l2"]


def perceptual_loss(
    generated: Tensor,
    target: Tensor,
    *,
    features: nn.Module,
    distance: Distance = "l1",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Distance of the features of two images, :math:`\frac1N \sum |\phi(x) - \phi(y)|` (or squared).

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W).
        features: network that takes images in [0, 1], such as :class:`reposer.features.VGG19Features`.
        distance: "l1" mean absolute difference, as published; "l2" mean squared difference.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar, at least 0.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape.

    Reference: Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016, eq. 2.
    """
    check_images(generated, target)
    difference = features(to_unit(generated, value_range)) - features(to_unit(target, value_range)).detach()
    return (difference.abs() if distance == "l1" else difference.square()).mean()


class PerceptualLoss(nn.Module):
    """Module form of :func:`perceptual_loss` that holds the frozen VGG19 (layer relu1_2 as published).

    Args:
        layer: VGG19 layer.
        weights: local file of ``vgg19-dcbb9e9d.pth``, or a state dict; by default the torch hub cache, else a
            download.
        distance: "l1" or "l2".
        value_range: as in the function.

    Raises:
        InputError: if the weights are missing.
    """

    def __init__(
        self,
        *,
        layer: str = "relu1_2",
        weights: Path | dict[str, Tensor] | None = None,
        distance: Distance = "l1",
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.features = VGG19Features(layer, weights)
        self.distance: Distance = distance
        self.value_range = value_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return perceptual_loss(
            generated, target, features=self.features, distance=self.distance, value_range=self.value_range
        )
