"""Multi-scale structural similarity (MS-SSIM) as a loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from reposer.images import SIGNED
from reposer.losses.module import LossModule
from reposer.similarity import MultiScaleSSIMSettings, multi_scale_ssim_index


def multi_scale_ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: MultiScaleSSIMSettings = MultiScaleSSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""1 - MS-SSIM, averaged over channels and batch.

    .. math:: 1 - l_M^{w_M} \prod_{j=1}^M (c_j s_j)^{w_j}

    Contrast times structure c s is averaged over each scale, the luminance l enters at the coarsest; details are at
    ``reposer.similarity.multi_scale_ssim_index``. Terms below 1e-4 count as 1e-4, without gradient.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: scales M and window.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 1], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, scales or window do not
            fit, or values lie far outside ``value_range``.

    Reference: Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment",
    Asilomar 2003, eq. 7.
    """
    index = multi_scale_ssim_index(
        generated, target, value_range=value_range, content=content, settings=settings, **fields
    )
    return 1 - index.mean()


class MultiScaleSSIMLoss(LossModule[MultiScaleSSIMSettings]):
    """Module form of :func:`multi_scale_ssim_loss`."""

    Settings = MultiScaleSSIMSettings

    def forward(self, generated: Tensor, target: Tensor, *, content: Tensor | None = None) -> Tensor:
        return multi_scale_ssim_loss(
            generated, target, value_range=self.value_range, content=content, settings=self.settings
        )
