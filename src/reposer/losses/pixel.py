"""Losses on pixels; their unit is that of images in [-1, 1], whatever the value range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from reposer.bounds import positive
from reposer.checks import changed
from reposer.images import SIGNED
from reposer.losses.module import LossInputs, LossModule, NoSettings
from reposer.plausibility import check_range
from reposer.similarity.content import mean_within
from reposer.similarity.ssim import at_least_float32
from reposer.tensors import check_channels, check_image, check_images
from reposer.values import Checked


def l1_loss(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
) -> Tensor:
    r"""Mean absolute difference, :math:`\frac1N \sum |x - y|`.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.

    Returns:
        Scalar in [0, 2], at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, or values lie far outside
            ``value_range``.
    """
    return mean_within(_difference(generated, target, value_range).abs(), content) * _scale(value_range)


def l2_loss(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
) -> Tensor:
    r"""Mean squared difference, :math:`\frac1N \sum (x - y)^2`.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.

    Returns:
        Scalar in [0, 4], at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, or values lie far outside
            ``value_range``.
    """
    return mean_within(_difference(generated, target, value_range).square(), content) * _scale(value_range) ** 2


@dataclass(frozen=True, kw_only=True)
class CharbonnierSettings(Checked):
    """Of the Charbonnier loss."""

    epsilon: Annotated[float, positive()] = 1e-3
    """Positive; differences well below it are penalised like squares, those above it like L1."""


def charbonnier_loss(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: CharbonnierSettings = CharbonnierSettings(),
    **fields: Any,
) -> Tensor:
    r"""Smooth L1, :math:`\frac1N \sum \sqrt{(x - y)^2 + \epsilon^2}`.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: epsilon.
        fields: single fields of the settings.

    Returns:
        Scalar, at least ``epsilon``, which is its value for identical images; at least float32.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, values lie far outside
            ``value_range``, or epsilon is not positive.

    Reference: Charbonnier et al., "Two deterministic half-quadratic regularization algorithms for computed
    imaging", ICIP 1994; with this epsilon Lai et al., "Deep Laplacian pyramid networks", CVPR 2017, eq. 1.
    """
    epsilon = changed(settings, fields).epsilon
    difference, scale = _difference(generated, target, value_range), _scale(value_range)
    return scale * mean_within(difference.hypot(difference.new_full((), epsilon / scale)), content)


def total_variation_loss(
    image: Tensor, *, value_range: tuple[float, float] = SIGNED, content: Tensor | None = None
) -> Tensor:
    r"""Anisotropic total variation: mean absolute difference of vertical plus that of horizontal neighbours.

    .. math:: \frac1{N_v} \sum |x_{i+1,j} - x_{i,j}| + \frac1{N_h} \sum |x_{i,j+1} - x_{i,j}|

    Args:
        image: (B, C, H, W) with values in ``value_range``, at least 2x2 pixels.
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.

    Returns:
        Scalar in [0, 4], at least float32; 0 for images of one colour.

    Raises:
        TypeError, ValueError: if the tensor is not float (B, C, H, W) of at least 2x2 pixels, or values lie far
            outside ``value_range``.

    Reference: Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 1992
    (there isotropic); as a loss Johnson et al., "Perceptual losses for real-time style transfer", ECCV 2016.
    """
    check_image("image", image)
    if min(image.shape[-2:]) < 2:
        raise ValueError(f"image must have at least 2x2 pixels, got {tuple(image.shape)}")
    check_channels(image=image)
    check_range(value_range, image=image)
    image = image.to(torch.promote_types(image.dtype, torch.float32))
    below = beside = None
    if content is not None:  # both neighbours
        below, beside = content[..., 1:, :] & content[..., :-1, :], content[..., 1:] & content[..., :-1]
    down, across = image.diff(dim=-2).abs(), image.diff(dim=-1).abs()
    return _scale(value_range) * (mean_within(down, below) + mean_within(across, beside))


def _difference(generated: Tensor, target: Tensor, value_range: tuple[float, float]) -> Tensor:
    """Check both images; their difference in at least float32."""
    check_images(generated, target, value_range)
    x, y = at_least_float32(generated, target)
    return x - y


def _scale(value_range: tuple[float, float]) -> float:
    """Differences in [-1, 1] for one in ``value_range``; applied to sums, it costs no pass over the images."""
    low, high = value_range
    return 2 / (high - low)


class L1Loss(LossModule[NoSettings]):
    """Module form of :func:`l1_loss`."""

    Settings = NoSettings

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        return l1_loss(generated, target, value_range=self.value_range, content=content)


class L2Loss(LossModule[NoSettings]):
    """Module form of :func:`l2_loss`."""

    Settings = NoSettings

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        return l2_loss(generated, target, value_range=self.value_range, content=content)


class CharbonnierLoss(LossModule[CharbonnierSettings]):
    """Module form of :func:`charbonnier_loss`."""

    Settings = CharbonnierSettings

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        return charbonnier_loss(
            generated, target, value_range=self.value_range, content=content, settings=self.settings
        )


class TotalVariationLoss(LossModule[NoSettings]):
    """Module form of :func:`total_variation_loss`, of one image; as a term, of the generated one."""

    Settings = NoSettings

    def forward(self, image: Tensor, *, content: Tensor | None = None) -> Tensor:
        return total_variation_loss(image, value_range=self.value_range, content=content)

    def term(self, inputs: LossInputs) -> Tensor:
        return self(inputs.generated, content=inputs.content)
