"""Learned perceptual image patch similarity (LPIPS) as a loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reposer.features import LPIPSBackbone, LPIPSNetwork, LPIPSVersion, Weights
from reposer.images import SIGNED
from reposer.losses.module import LossModule
from reposer.similarity.content import scale_of
from reposer.similarity.ssim import unit_images
from reposer.values import Checked


def lpips_loss(
    generated: Tensor,
    target: Tensor,
    *,
    network: Callable[[Tensor, Tensor], Tensor],
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
) -> Tensor:
    r"""Learned distance of the features of two images, averaged over the batch.

    .. math:: \sum_l \frac1{H_l W_l} \sum_{ij} \lVert w_l \odot (\hat\phi_l(x)_{ij} - \hat\phi_l(y)_{ij}) \rVert_2^2

    with features :math:`\hat\phi` of length 1 at every position, and learned channel weights w.

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        network: from two batches in [-1, 1] to a distance each, such as :class:`reposer.features.LPIPSNetwork`.
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``: the means over positions are
            scaled from all to them; None: all.

    Returns:
        Scalar, at least 0 and at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, too small for the network, or
            values lie far outside ``value_range``.

    Reference: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. 1.
    """
    x, y = unit_images(generated, target, value_range)
    distances = network(x * 2 - 1, y.detach() * 2 - 1)
    distances = distances.to(torch.promote_types(distances.dtype, torch.float32))
    return (distances if content is None else distances * scale_of(content)).mean()


@dataclass(frozen=True, kw_only=True)
class LPIPSLossSettings(Checked):
    """Of LPIPS as a loss."""

    backbone: LPIPSBackbone = "alex"
    """Network whose features are compared."""
    version: LPIPSVersion = "0.1"
    """Of the learned channel weights."""
    weights: Path | None = None
    """Local file of the backbone's torchvision weights; default: the torch hub cache, else a download."""


class LPIPSLoss(LossModule[LPIPSLossSettings]):
    """Module form of :func:`lpips_loss` that holds the frozen network.

    Args:
        weights: the file of the settings, or a state dict of the backbone.
        options: settings, single fields of them, and the value range.

    Raises:
        InputError: if the package lpips or the weights are missing.
    """

    Settings = LPIPSLossSettings

    def __init__(self, *, weights: Weights = None, **options: Any) -> None:
        super().__init__(**options)
        weights = self.settings.weights if weights is None else weights
        self.network = LPIPSNetwork(self.settings.backbone, version=self.settings.version, weights=weights)

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        return lpips_loss(generated, target, network=self.network, value_range=self.value_range, content=content)
