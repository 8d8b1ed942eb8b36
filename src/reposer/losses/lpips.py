"""Learned perceptual image patch similarity (LPIPS) as a loss."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from reposer.features import LPIPSBackbone, LPIPSNetwork, LPIPSVersion
from reposer.images import SIGNED
from reposer.similarity.ssim import unit_images


def lpips_loss(
    generated: Tensor,
    target: Tensor,
    *,
    network: Callable[[Tensor, Tensor], Tensor],
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Learned distance of the features of two images, averaged over the batch.

    .. math:: \sum_l \frac1{H_l W_l} \sum_{ij} \lVert w_l \odot (\hat\phi_l(x)_{ij} - \hat\phi_l(y)_{ij}) \rVert_2^2

    with features :math:`\hat\phi` of length 1 at every position, and learned channel weights w.

    Args:
        generated: (B, 3, H, W) with values in ``value_range``.
        target: (B, 3, H, W); no gradient flows to it.
        network: from two batches in [-1, 1] to a distance each, such as :class:`reposer.features.LPIPSNetwork`.
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.

    Returns:
        Scalar, at least 0 and at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, 3, H, W) of one shape, too small for the network, or
            values lie far outside ``value_range``.

    Reference: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018, eq. 1.
    """
    x, y = unit_images(generated, target.detach(), value_range)
    distances = network(x * 2 - 1, y * 2 - 1)
    return distances.to(torch.promote_types(distances.dtype, torch.float32)).mean()


class LPIPSLoss(nn.Module):
    """Module form of :func:`lpips_loss` that holds the frozen network.

    Args:
        backbone: "alex", "vgg" or "squeeze".
        version: of the learned channel weights, "0.1" or "0.0".
        weights: local file of the backbone's torchvision weights, or a state dict; by default the torch hub cache,
            else a download.
        value_range: as in the function.

    Raises:
        InputError: if the package lpips or the weights are missing.
    """

    def __init__(
        self,
        *,
        backbone: LPIPSBackbone = "alex",
        version: LPIPSVersion = "0.1",
        weights: Path | dict[str, Tensor] | None = None,
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.network = LPIPSNetwork(backbone, version=version, weights=weights)
        self.value_range = value_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return lpips_loss(generated, target, network=self.network, value_range=self.value_range)
