"""SSIM: the formula, its map over an image, and its mean under a mask."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from reposer.checks import check_images, check_masks, check_window
from reposer.images import SIGNED, to_unit

K1, K2 = 0.01, 0.03
_TINY = 1e-12

Window = Literal["gaussian", "uniform"]


def products(x: Tensor, y: Tensor) -> Tensor:
    """Return x, y, x^2 + y^2 and x y, (B, 4C, H, W): what SSIM needs the averages of."""
    return torch.cat((x, y, x * x + y * y, x * y), dim=1)


def ssim_of_averages(
    averages: Tensor,
    *,
    dim: int,
    origin: Tensor | float,
    data_range: Tensor | float = 1.0,
    scale: float = 1.0,
    luminance: bool = True,
) -> Tensor:
    """SSIM from the averages of ``products``, in chunks along ``dim``; eq. 13 of Wang et al.

    Args:
        averages: of the products of x - origin and y - origin. About the middle of the value range, variance by
            subtraction loses the least.
        dim: the dimension of 4C channels.
        origin: what was subtracted from the values.
        data_range: L of the constants.
        scale: factor of variances and covariance.
        luminance: False leaves the first fraction out.
    """
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    mean_x, mean_y, squares, product = averages.chunk(4, dim)
    variances = (squares - (mean_x**2 + mean_y**2)).clamp(min=0) * scale  # of x and y together
    covariance = (product - mean_x * mean_y) * scale
    contrast_structure = (2 * covariance + c2) / (variances + c2)
    if not luminance:
        return contrast_structure
    mean_x, mean_y = mean_x + origin, mean_y + origin
    return (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1) * contrast_structure


def at_least_float32(generated: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Convert both to one dtype, float64 if one of them is, else float32."""
    dtype = torch.promote_types(torch.promote_types(generated.dtype, target.dtype), torch.float32)
    return generated.to(dtype), target.to(dtype)


def unit_images(generated: Tensor, target: Tensor, value_range: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Check both images and map them from ``value_range`` to [0, 1], in at least float32."""
    check_images(generated, target, value_range)
    x, y = at_least_float32(generated, target)
    return to_unit(x, value_range), to_unit(y, value_range)


def window_weights(window_size: int, sigma: float, window: Window = "gaussian") -> Tensor:
    """Weights (window_size,) of a one-dimensional window, float64, sum 1."""
    if window == "uniform":
        return torch.full((window_size,), 1 / window_size, dtype=torch.float64)
    offsets = torch.arange(window_size, dtype=torch.float64) - window_size // 2
    weights = torch.exp(-(offsets**2) / (2 * sigma**2))
    return weights / weights.sum()


def _band(length: int, weights: Tensor) -> Tensor:
    """Matrix (length - window + 1, length) that filters a signal of that length with the window, valid area only."""
    window = len(weights)
    offset = (
        torch.arange(length, device=weights.device) - torch.arange(length - window + 1, device=weights.device)[:, None]
    )
    inside = (offset >= 0) & (offset < window)
    return torch.where(inside, weights[offset.clamp(0, window - 1)], torch.zeros_like(weights[0]))


def _filter(image: Tensor, weights: Tensor) -> Tensor:
    """Filter (..., H, W) with a separable window, valid area only.

    Two products with banded matrices: at the sizes of this field many times faster than convolutions on a CPU, and
    untouched by the reduced precision that GPU convolutions have by default.
    """
    height, width = image.shape[-2:]
    weights = weights.to(device=image.device, dtype=image.dtype)
    with torch.autocast(image.device.type, enabled=False):
        return _band(height, weights) @ (image @ _band(width, weights).T)


def ssim_map(
    generated: Tensor,
    target: Tensor,
    *,
    window_size: int = 11,
    sigma: float = 1.5,
    data_range: Tensor | float = 1.0,
    window: Window = "gaussian",
    sample_covariance: bool = False,
    luminance: bool = True,
) -> Tensor:
    r"""SSIM at every position where the window fits.

    .. math:: \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
                   {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)},
              \quad C_i = (K_i L)^2,\ K = (0.01, 0.03)

    with window-weighted means, variances and covariance, computed in at least float32.

    Args:
        generated: (B, C, H, W), values in an interval of length ``data_range``.
        target: (B, C, H, W).
        window_size: odd width of the window in pixels.
        sigma: standard deviation of the Gaussian window in pixels (not used by the uniform one).
        data_range: L, the length of the value range; a number, or one per image (B,).
        window: "gaussian" or "uniform".
        sample_covariance: multiply variances and covariance by n / (n - 1), n = pixels of the window.
        luminance: False leaves out the first factors, of the means: contrast and structure alone, as MS-SSIM
            takes them of its finer scales.

    Returns:
        (B, C, H - window_size + 1, W - window_size + 1), values in [-1, 1].

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, or the window does not fit.

    Reference: Wang et al., IEEE TIP 2004, eq. 13.
    """
    check_images(generated, target)
    check_window((generated.shape[-2], generated.shape[-1]), window_size)
    x, y = at_least_float32(generated, target)
    if isinstance(data_range, Tensor):
        data_range = data_range.to(device=x.device, dtype=x.dtype).view(-1, 1, 1, 1)
    origin = data_range / 2
    averages = _filter(products(x - origin, y - origin), window_weights(window_size, sigma, window))
    scale = window_size**2 / (window_size**2 - 1) if sample_covariance else 1.0
    return ssim_of_averages(averages, dim=1, origin=origin, data_range=data_range, scale=scale, luminance=luminance)


def ssim_index(
    generated: Tensor,
    target: Tensor,
    *,
    window_size: int = 11,
    sigma: float = 1.5,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    """SSIM index of each image (B,): the mean of ``ssim_map`` over positions and channels.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        window_size: odd width of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Raises:
        TypeError, ValueError: as in ``ssim_map``, and if values lie far outside ``value_range``.
    """
    x, y = unit_images(generated, target, value_range)
    return ssim_map(x, y, window_size=window_size, sigma=sigma).mean(dim=(1, 2, 3))


def masked_ssim(
    generated: Tensor,
    target: Tensor,
    masks: Tensor,
    *,
    window_size: int = 7,
    sigma: float = 0.8,
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""Mean of the SSIM map under each mask, by normalised convolution: pixels outside a mask count for nothing.

    .. math:: s = G * m,\quad \mu_x = \frac{G * (m x)}{s},\quad \sigma_x^2 = \frac{G * (m x^2)}{s} - \mu_x^2,\quad
              1 + \frac{\sum s\,(\mathrm{SSIM} - 1)}{\sum s}

    with G the Gaussian window, m the mask and s the share of the window that the mask shows, which also weighs the
    mean: a part at the border of the image counts although no window is centred on it.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        masks: (B, P, H, W) in [0, 1]; an all-zero mask has the value 1.
        window_size: odd width of the Gaussian window in pixels.
        sigma: its standard deviation in pixels.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        (B, P, C) in [-1, 1], at least float32.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together, or values lie far outside
            ``value_range``.

    Reference: Knutsson and Westin, "Normalized and differential convolution", CVPR 1993; Wang et al., IEEE TIP 2004.
    """
    x, y = unit_images(generated, target, value_range)
    check_masks(masks, generated)
    return masked_ssim_of_unit(x, y, masks.to(x.dtype), window_size=window_size, sigma=sigma)


def masked_ssim_of_unit(x: Tensor, y: Tensor, masks: Tensor, *, window_size: int, sigma: float) -> Tensor:
    """``masked_ssim`` of what ``unit_images`` returns, masks of the same dtype."""
    check_window((x.shape[-2], x.shape[-1]), window_size)
    weights = window_weights(window_size, sigma)
    share = _filter(masks, weights)[:, :, None]  # (B, P, 1, H', W')
    averages = _filter(masks[:, :, None] * products(x - 0.5, y - 0.5)[:, None], weights) / share.clamp(min=_TINY)
    loss = share * (ssim_of_averages(averages, dim=2, origin=0.5) - 1)
    return 1 + loss.sum(dim=(-2, -1)) / share.sum(dim=(-2, -1)).clamp(min=_TINY)
