"""Losses on pixels."""

from __future__ import annotations

from torch import Tensor, nn

from reposer.checks import check_images


def l1_loss(generated: Tensor, target: Tensor) -> Tensor:
    r"""Mean absolute difference, :math:`\frac1N \sum |x - y|`.

    Args:
        generated: (B, C, H, W) in [-1, 1].
        target: (B, C, H, W) in [-1, 1].

    Returns:
        Scalar in [0, 2].

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape.
    """
    check_images(generated, target)
    return (generated - target).abs().mean()


class L1Loss(nn.Module):
    """Module form of :func:`l1_loss`."""

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return l1_loss(generated, target)
