"""Structural similarity as a loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from reposer.images import SIGNED
from reposer.losses.module import LossModule
from reposer.similarity import SSIMSettings
from reposer.similarity.ssim import mean_distance


def ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: SSIMSettings = SSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""1 - SSIM, averaged over the valid positions, channels and batch.

    .. math:: 1 - \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
                       {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}

    with the symbols of :func:`reposer.similarity.ssim_map`.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: window (7 pixels and sigma 0.8 in the published trainings), dynamic range and covariance.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, the window does not fit, or
            values lie far outside ``value_range``.

    Reference: Wang et al., IEEE TIP 2004, eq. 13.
    """
    return mean_distance(generated, target, value_range=value_range, content=content, settings=settings, **fields)


class SSIMLoss(LossModule[SSIMSettings]):
    """Module form of :func:`ssim_loss`."""

    Settings = SSIMSettings

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        return ssim_loss(generated, target, value_range=self.value_range, content=content, settings=self.settings)
