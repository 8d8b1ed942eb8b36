"""LPIPS: how different two images look to a network, one number per image."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import torch
from torch import Tensor

from reposer.checks import check_choice
from reposer.images import to_unit
from reposer.metrics.eight_bit import check_eight_bit
from reposer.metrics.paired import black_outside
from reposer.metrics.settings import LPIPSRange


@torch.no_grad()
def lpips(
    generated: Tensor,
    target: Tensor,
    *,
    network: Callable[[Tensor, Tensor], Tensor],
    input_range: LPIPSRange = "signed",
) -> Tensor:
    """LPIPS of each image: the learned distance of its features from the target's.

    Args:
        generated: (B, 3, H, W) uint8.
        target: (B, 3, H, W) uint8.
        network: such as :class:`reposer.features.LPIPSNetwork`; AlexNet, version 0.1, unless a protocol says otherwise.
        input_range: what 0 to 255 becomes: "signed" is [-1, 1], which the network was made for; "unit" is [0, 1],
            which the evaluation of PCDMs feeds it: such values are comparable with no others.

    Returns:
        (B,) float64, at least 0; 0 for identical images.

    Raises:
        TypeError, ValueError: if the images are not uint8 (B, 3, H, W) of one shape, or too small for the network.

    Reference: Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", CVPR 2018.
    """
    check_choice("LPIPS range", input_range, get_args(LPIPSRange))
    check_eight_bit(generated=generated, target=target)
    x, y = (to_unit(image.float(), (0.0, 255.0)) for image in (generated, target))
    if input_range == "signed":
        x, y = x * 2 - 1, y * 2 - 1
    return network(x, y).double()


def mask_lpips(
    generated: Tensor,
    target: Tensor,
    *,
    body_mask: Tensor,
    network: Callable[[Tensor, Tensor], Tensor],
    input_range: LPIPSRange = "signed",
) -> Tensor:
    """``lpips`` of each pair after ``reposer.metrics.black_outside``, which takes the ``body_mask``."""
    x, y = (black_outside(image, body_mask) for image in (generated, target))
    return lpips(x, y, network=network, input_range=input_range)
