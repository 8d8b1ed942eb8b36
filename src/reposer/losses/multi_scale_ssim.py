"""Multi-scale structural similarity (MS-SSIM) as a loss."""

from __future__ import annotations

from torch import Tensor, nn

from reposer.images import SIGNED
from reposer.similarity import multi_scale_ssim_index


def multi_scale_ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    scales: int | None = None,
    window_size: int = 11,
    sigma: float = 1.5,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""1 - MS-SSIM, averaged over channels and batch.

    .. math:: 1 - l_M^{w_M} \prod_{j=1}^M (c_j s_j)^{w_j}

    Contrast times structure c s is averaged over each scale, the luminance l enters at the coarsest; details are at
    ``reposer.similarity.multi_scale_ssim_index``. Terms below 1e-4 count as 1e-4, without gradient.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        scales: M, 1 to 5; by default as many as fit: 3 for 128x64 and 5 for 256x176 pixels with the window of 11.
        window_size: odd width of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar in [0, 1], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, scales or window do not
            fit, or values lie far outside ``value_range``.

    Reference: Wang, Simoncelli and Bovik, "Multi-scale structural similarity for image quality assessment",
    Asilomar 2003, eq. 7.
    """
    index = multi_scale_ssim_index(
        generated, target, scales=scales, window_size=window_size, sigma=sigma, value_range=value_range
    )
    return 1 - index.mean()


class MultiScaleSSIMLoss(nn.Module):
    """Module form of :func:`multi_scale_ssim_loss`; keywords as there."""

    def __init__(
        self,
        *,
        scales: int | None = None,
        window_size: int = 11,
        sigma: float = 1.5,
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.scales, self.window_size, self.sigma, self.value_range = scales, window_size, sigma, value_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return multi_scale_ssim_loss(
            generated,
            target,
            scales=self.scales,
            window_size=self.window_size,
            sigma=self.sigma,
            value_range=self.value_range,
        )
