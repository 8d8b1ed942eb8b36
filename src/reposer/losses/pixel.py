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


def l2_loss(generated: Tensor, target: Tensor) -> Tensor:
    r"""Mean squared difference, :math:`\frac1N \sum (x - y)^2`.

    Args:
        generated: (B, C, H, W) in [-1, 1].
        target: (B, C, H, W) in [-1, 1].

    Returns:
        Scalar in [0, 4].

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape.
    """
    check_images(generated, target)
    return (generated - target).square().mean()


def charbonnier_loss(generated: Tensor, target: Tensor, *, epsilon: float = 1e-3) -> Tensor:
    r"""Smooth L1, :math:`\frac1N \sum \sqrt{(x - y)^2 + \epsilon^2}`.

    Args:
        generated: (B, C, H, W) in [-1, 1].
        target: (B, C, H, W) in [-1, 1].
        epsilon: positive; differences well below it are penalised like squares, those above it like L1.

    Returns:
        Scalar, at least ``epsilon``, which is its value for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, or epsilon is not positive.

    Reference: Charbonnier et al., "Two deterministic half-quadratic regularization algorithms for computed
    imaging", ICIP 1994; with this epsilon Lai et al., "Deep Laplacian pyramid networks", CVPR 2017, eq. 1.
    """
    check_images(generated, target)
    if epsilon <= 0:
        raise ValueError(f"epsilon must be positive, got {epsilon}")
    difference = generated - target
    return difference.hypot(difference.new_tensor(epsilon)).mean()


def total_variation_loss(image: Tensor) -> Tensor:
    r"""Anisotropic total variation: mean absolute difference of vertical plus that of horizontal neighbours.

    .. math:: \frac1{N_v} \sum |x_{i+1,j} - x_{i,j}| + \frac1{N_h} \sum |x_{i,j+1} - x_{i,j}|

    Args:
        image: (B, C, H, W) in [-1, 1], at least 2x2 pixels.

    Returns:
        Scalar in [0, 4]; 0 for images of one colour.

    Raises:
        TypeError, ValueError: if the tensor is not float (B, C, H, W) of at least 2x2 pixels.

    Reference: Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 1992
    (there isotropic); as a loss Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016.
    """
    if not image.is_floating_point():
        raise TypeError(f"image must be a floating point tensor, got {image.dtype}")
    if image.ndim != 4 or min(image.shape[-2:]) < 2:
        raise ValueError(f"image must have shape (B, C, H, W), at least 2x2 pixels, got {tuple(image.shape)}")
    return image.diff(dim=-2).abs().mean() + image.diff(dim=-1).abs().mean()


class L1Loss(nn.Module):
    """Module form of :func:`l1_loss`."""

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return l1_loss(generated, target)


class L2Loss(nn.Module):
    """Module form of :func:`l2_loss`."""

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return l2_loss(generated, target)


class CharbonnierLoss(nn.Module):
    """Module form of :func:`charbonnier_loss`; keyword as there."""

    def __init__(self, *, epsilon: float = 1e-3) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return charbonnier_loss(generated, target, epsilon=self.epsilon)


class TotalVariationLoss(nn.Module):
    """Module form of :func:`total_variation_loss`."""

    def forward(self, image: Tensor) -> Tensor:
        return total_variation_loss(image)
