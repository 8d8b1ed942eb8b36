"""Structural similarity as a loss."""

from __future__ import annotations

from torch import Tensor, nn

from reposer.images import SIGNED
from reposer.similarity import ssim_index


def ssim_loss(
    generated: Tensor,
    target: Tensor,
    *,
    window_size: int = 11,
    sigma: float = 1.5,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""1 - SSIM, averaged over the valid positions, channels and batch.

    .. math:: 1 - \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
                       {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)}

    with the symbols of :func:`reposer.similarity.ssim_map`.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        window_size: odd width of the Gaussian window in pixels (7 in the published trainings).
        sigma: its standard deviation in pixels (0.8 in the published trainings).
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, the window does not fit, or
            values lie far outside ``value_range``.

    Reference: Wang et al., IEEE TIP 2004, eq. 13.
    """
    return 1 - ssim_index(generated, target, window_size=window_size, sigma=sigma, value_range=value_range).mean()


class SSIMLoss(nn.Module):
    """Module form of :func:`ssim_loss`; keywords as there."""

    def __init__(self, *, window_size: int = 11, sigma: float = 1.5, value_range: tuple[float, float] = SIGNED) -> None:
        super().__init__()
        self.window_size, self.sigma, self.value_range = window_size, sigma, value_range

    def forward(self, generated: Tensor, target: Tensor) -> Tensor:
        return ssim_loss(
            generated, target, window_size=self.window_size, sigma=self.sigma, value_range=self.value_range
        )
