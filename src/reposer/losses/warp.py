"""Photometric loss: the colours that a flow carries from the source to where the target shows the same points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from reposer.bounds import positive
from reposer.checks import changed
from reposer.correspondence import carried
from reposer.images import SIGNED
from reposer.losses.module import LossInputs, LossModule
from reposer.similarity.content import means_within
from reposer.similarity.ssim import at_least_float32
from reposer.tensors import check_images, check_tensor
from reposer.values import Checked


@dataclass(frozen=True, kw_only=True)
class WarpSettings(Checked):
    """Of the photometric loss."""

    epsilon: Annotated[float, positive()] = 0.01
    """In the unit of images in [-1, 1]: differences well below it are penalised like squares."""


def warp_loss(
    source: Tensor,
    target: Tensor,
    flow: Tensor,
    seen: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: WarpSettings = WarpSettings(),
    **fields: Any,
) -> Tensor:
    r"""Difference in colour between the target and the source carried along a flow, over the points that are seen.

    .. math:: \frac{\sum_p s_p \left[\sqrt{d_p^2 + \epsilon^2} - \epsilon\right]}{\sum_p s_p},
              \quad d_p = x(f_p) - y_p

    of each channel, with source x, read between its pixels by bilinear interpolation, flow f, target y, and s = 1 where
    the point is seen. Light and creases change with the pose, so this is no replacement for the truth of the flow; it
    sharpens it where the cloth has a pattern.

    Args:
        source: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        flow: (B, 2, H, W): x, then y, in pixels of the source, whose centres are at whole numbers.
        seen: (B, H, W) bool, where the source shows what the target does.
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: epsilon.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 2], at least float32; 0 where nothing is seen. Its second derivative by the flow is not known.

    Raises:
        TypeError, ValueError: if shapes or types do not fit together, or values lie far outside ``value_range``.

    Reference: Jason Yu, Harley and Derpanis, "Back to basics: unsupervised learning of optical flow via brightness
    constancy and motion smoothness", ECCV workshops 2016.
    """
    epsilon = changed(settings, fields).epsilon
    check_images(source, target, value_range)
    batch, _, height, width = target.shape
    for name, tensor, shape in (("flow", flow, (batch, 2, height, width)), ("seen", seen, (batch, height, width))):
        check_tensor(name, tensor, str(shape))
        if tensor.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, got {tuple(tensor.shape)}")
    x, y = at_least_float32(source, target)
    scale = 2 / (value_range[1] - value_range[0])
    difference = (carried(x, flow.to(x.dtype)) - y) * scale
    shown = seen[:, None] if content is None else seen[:, None] & (content > 0)
    robust = difference.hypot(difference.new_full((), epsilon)) - epsilon
    return means_within(torch.where(shown, robust, 0), shown).mean()


class WarpLoss(LossModule[WarpSettings]):
    """Module form of :func:`warp_loss`; as a term, of the finest flow that the network explains."""

    Settings = WarpSettings
    needs = frozenset({"source", "explained", "truth"})

    def forward(
        self, source: Tensor, target: Tensor, flow: Tensor, seen: Tensor, *, content: Tensor | None = None
    ) -> Tensor:
        return warp_loss(
            source, target, flow, seen, value_range=self.value_range, content=content, settings=self.settings
        )

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.source is not None
        assert inputs.explained is not None
        assert inputs.truth is not None
        return self(inputs.source, inputs.target, inputs.explained.flows[-1], inputs.truth.seen, content=inputs.content)
