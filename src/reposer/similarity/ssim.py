"""SSIM: the formula, its map over an image, and its mean under a mask."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from reposer.checks import changed, check_window
from reposer.images import SIGNED, to_unit
from reposer.similarity.content import centres, means_within
from reposer.similarity.kernels.choice import kernels_fit
from reposer.similarity.settings import PUBLISHED_SSIM, SSIMSettings
from reposer.similarity.windows import Average, window_average, window_weights
from reposer.tensors import check_images, check_masks

K1 = 0.01
"""Of SSIM: C1 = (K1 L)^2 keeps the luminance term finite where both means are near 0."""
K2 = 0.03
"""Of SSIM: C2 = (K2 L)^2 keeps the contrast and structure term finite where both variances are near 0."""
EPSILON = 1e-6
"""Of PSSIM: added to the sum of a mask, which may be 0."""
TINY = 1e-12
"""Least share of a window: what no window shows has no average."""


class _Products(torch.autograd.Function):
    """x, x^2 + y^2 and (x - y)^2, (B, 3C, H, W). A few passes in the backward pass instead of some ten."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, y: Tensor) -> Tensor:
        return torch.cat((x, torch.addcmul(x * x, y, y), (x - y) ** 2), dim=1)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, y = ctx.saved_tensors
        of_x, of_squares, of_difference = gradient.chunk(3, dim=1)
        both = of_squares + of_difference
        for_x = for_y = None
        if ctx.needs_input_grad[0]:
            for_x = torch.addcmul(torch.addcmul(of_x, both, x, value=2), of_difference, y, value=-2)
        if ctx.needs_input_grad[1]:
            for_y = torch.addcmul(2 * both * y, of_difference, x, value=-2)
        return for_x, for_y


def ssim_of_averages(x: Tensor, y: Tensor, average: Average, *, dim: int, **options: Any) -> Tensor:
    """``ssim_of_moments`` of what ``average`` makes of x, y, x^2 + y^2 and (x - y)^2.

    Args:
        x: (B, C, H, W), values less their ``origin``: about the middle of the value range, variance by subtraction
            loses the least.
        y: the same of the other image.
        average: takes the averages, of any number of channels.
        dim: dimension of the channels after that.
        options: those of ``ssim_of_moments``.
    """
    mean_y = average(y)  # on its own: a target without gradient costs none
    mean_x, squares, difference = average(_Products.apply(x, y)).chunk(3, dim)
    return ssim_of_moments(mean_x, mean_y, squares, difference, **options)


def ssim_of_moments(
    mean_x: Tensor,
    mean_y: Tensor,
    squares: Tensor,
    difference: Tensor,
    *,
    origin: Tensor | float,
    data_range: Tensor | float,
    scale: float = 1.0,
    luminance: bool = True,
) -> Tensor:
    r"""SSIM from averages of x, y, x^2 + y^2 and (x - y)^2; eq. 13 of Wang et al., written as

    .. math:: \left(1 - \frac{(\mu_x - \mu_y)^2}{\mu_x^2 + \mu_y^2 + C_1}\right)
              \left(1 - \frac{\sigma_{x-y}^2}{\sigma_x^2 + \sigma_y^2 + C_2}\right)

    which is the same, and exactly 1 for equal images whatever the rounding. The means are of values less their
    ``origin``; ``data_range`` is L of the constants, ``scale`` a factor of the variances; ``luminance=False`` leaves
    the first factor out.
    """
    c1, c2 = (K1 * data_range) ** 2, (K2 * data_range) ** 2
    shift = (mean_x - mean_y) ** 2
    variances = (squares - (mean_x**2 + mean_y**2)).clamp(min=0)  # of x and y together
    contrast_structure = 1 - (difference - shift).clamp(min=0) * scale / (variances * scale + c2)
    if not luminance:
        return contrast_structure
    return (1 - shift / ((mean_x + origin) ** 2 + (mean_y + origin) ** 2 + c1)) * contrast_structure


def at_least_float32(generated: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Convert both to one dtype, float64 if one of them is, else float32."""
    dtype = torch.promote_types(torch.promote_types(generated.dtype, target.dtype), torch.float32)
    return generated.to(dtype), target.to(dtype)


def unit_images(generated: Tensor, target: Tensor, value_range: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Check both images and map them from ``value_range`` to [0, 1], in at least float32."""
    check_images(generated, target, value_range)
    x, y = at_least_float32(generated, target)
    return to_unit(x, value_range), to_unit(y, value_range)


def centred_images(generated: Tensor, target: Tensor, value_range: tuple[float, float]) -> tuple[Tensor, Tensor, float]:
    """Check both images; their values less the middle of ``value_range``, in at least float32, and its length.

    SSIM of them with that length as data range is that of the images in [0, 1]; [-1, 1] needs no pass at all.
    """
    check_images(generated, target, value_range)
    return centred(generated, target, value_range)


def centred(generated: Tensor, target: Tensor, value_range: tuple[float, float]) -> tuple[Tensor, Tensor, float]:
    """``centred_images`` of images that were checked."""
    x, y = at_least_float32(generated, target)
    low, high = value_range
    middle = (low + high) / 2
    return (x - middle, y - middle, high - low) if middle else (x, y, high - low)


def ssim_map(
    generated: Tensor,
    target: Tensor,
    *,
    data_range: Tensor | float = 1.0,
    luminance: bool = True,
    settings: SSIMSettings = SSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""SSIM at every position where the window fits.

    .. math:: \frac{(2 \mu_x \mu_y + C_1)(2 \sigma_{xy} + C_2)}
                   {(\mu_x^2 + \mu_y^2 + C_1)(\sigma_x^2 + \sigma_y^2 + C_2)},
              \quad C_i = (K_i L)^2,\ K = (0.01, 0.03)

    with window-weighted means, variances and covariance, computed in at least float32.

    Args:
        generated: (B, C, H, W), values in an interval of length ``data_range``.
        target: (B, C, H, W).
        data_range: length of the value range, a number or one per image (B,); L, unless the settings measure it.
        luminance: False leaves out the first factors, of the means: contrast and structure alone, as MS-SSIM
            takes them of its finer scales.
        settings: window, dynamic range L and covariance.
        fields: single fields of the settings.

    Returns:
        (B, C, H - window_size + 1, W - window_size + 1), values in [-1, 1].

    Raises:
        TypeError, ValueError: if the tensors are not float (B, C, H, W) of one shape, or the window does not fit.

    Reference: Wang et al., IEEE TIP 2004, eq. 13.
    """
    settings = changed(settings, fields)
    check_images(generated, target)
    if not isinstance(data_range, Tensor) and kernels_fit(generated, target, settings=settings):
        from reposer.similarity.kernels import functions

        return functions.ssim_map(generated, target, (0.0, data_range), settings, luminance=luminance)
    x, y = at_least_float32(generated, target)
    if isinstance(data_range, Tensor):
        data_range = data_range.to(device=x.device, dtype=x.dtype).view(-1, 1, 1, 1)
    origin = data_range / 2
    return map_of_centred(x - origin, y - origin, data_range, settings, luminance=luminance)


def mean_of_map(
    generated: Tensor,
    target: Tensor,
    *,
    data_range: float = 1.0,
    luminance: bool = True,
    settings: SSIMSettings = SSIMSettings(),
    channels: bool = False,
    content: Tensor | None = None,
) -> Tensor:
    """Mean of ``ssim_map``, which it need not make: a scalar, or (B, C) with ``channels``.

    With ``content`` (B, 1, H, W), or its share, the mean is over the windows whose centre is content.
    """
    check_images(generated, target)
    if content is not None:
        values = ssim_map(generated, target, data_range=data_range, luminance=luminance, settings=settings)
        means = means_within(values, centres(content, settings.window_size))
        return means if channels else means.mean()
    if kernels_fit(generated, target, settings=settings):
        from reposer.similarity.kernels import functions

        means = functions.mean_ssim_of_planes(generated, target, (0.0, data_range), settings, luminance=luminance)
        return means if channels else means.mean()
    values = ssim_map(generated, target, data_range=data_range, luminance=luminance, settings=settings)
    return values.mean(dim=(2, 3)) if channels else values.mean()


def map_of_centred(
    x: Tensor, y: Tensor, full_range: Tensor | float, settings: SSIMSettings, *, luminance: bool = True
) -> Tensor:
    """``ssim_map`` of values less the middle of their range."""
    check_window((x.shape[-2], x.shape[-1]), settings.window_size)
    weights = window_weights(settings.window_size, settings.sigma, settings.window)
    return ssim_of_averages(
        x,
        y,
        window_average(weights, x),
        dim=1,
        origin=full_range / 2,
        data_range=_data_range(x, full_range, settings),
        scale=settings.variance_scale,
        luminance=luminance,
    )


def _data_range(generated: Tensor, full_range: Tensor | float, settings: SSIMSettings) -> Tensor | float:
    """L of the constants; that of an image of one colour is one step of 8 bit, about the limit of L -> 0."""
    if settings.data_range == "full":
        return full_range
    values = generated.flatten(1)
    measured = (values.amax(1) - values.amin(1)).view(-1, 1, 1, 1)
    return torch.maximum(measured, torch.as_tensor(full_range / 255).to(measured))


def ssim_index(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    settings: SSIMSettings = SSIMSettings(),
    **fields: Any,
) -> Tensor:
    """SSIM index of each image (B,): the mean of ``ssim_map`` over positions and channels.

    ``value_range`` is the lowest and highest possible value, mapped to [0, 1] inside; values far outside are an error.
    """
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    if kernels_fit(generated, target, settings=settings):
        from reposer.similarity.kernels import functions

        return functions.mean_ssim(generated, target, value_range, settings)
    return mean_ssim(*centred(generated, target, value_range), settings)


def mean_distance(
    generated: Tensor,
    target: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: SSIMSettings = SSIMSettings(),
    **fields: Any,
) -> Tensor:
    """1 - the mean of ``ssim_index`` over the batch, a scalar; of padded images, over their ``content``."""
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    if content is not None:
        x, y = unit_images(generated, target, value_range)
        return 1 - mean_of_map(x, y, settings=settings, content=content)
    if kernels_fit(generated, target, settings=settings):
        from reposer.similarity.kernels import functions

        return functions.distance(generated, target, value_range, settings)
    return 1 - mean_ssim(*centred(generated, target, value_range), settings).mean()


def mean_ssim(x: Tensor, y: Tensor, full_range: float, settings: SSIMSettings) -> Tensor:
    """``ssim_index`` (B,) of what ``centred_images`` returns."""
    return map_of_centred(x, y, full_range, settings).mean(dim=(1, 2, 3))


def masked_ssim(
    generated: Tensor,
    target: Tensor,
    masks: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    settings: SSIMSettings = PUBLISHED_SSIM,
    **fields: Any,
) -> Tensor:
    r"""Mean of the SSIM map under each mask, by normalised convolution: pixels outside a mask count for nothing.

    .. math:: s = G * m,\quad \mu_x = \frac{G * (m x)}{s},\quad \sigma_x^2 = \frac{G * (m x^2)}{s} - \mu_x^2,\quad
              1 + \frac{\sum s\,(\mathrm{SSIM} - 1)}{\sum s}

    with G the window, m the mask and s the share of the window that the mask shows, which also weighs the
    mean: a part at the border of the image counts although no window is centred on it.

    The other arguments and errors are those of ``ssim_index``.

    Args:
        masks: (B, P, H, W) in [0, 1]; an all-zero mask has the value 1.

    Returns:
        (B, P, C) in [-1, 1], at least float32.

    Reference: Knutsson and Westin, "Normalized and differential convolution", CVPR 1993; Wang et al., IEEE TIP 2004.
    """
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    check_masks(masks, generated)
    if kernels_fit(generated, target, masks, settings=settings):
        from reposer.similarity.kernels import functions

        return functions.masked_ssim(generated, target, masks, value_range, settings)
    x, y, full_range = centred(generated, target, value_range)
    return mean_masked_ssim(x, y, masks.to(x.dtype), full_range, settings)


def mean_masked_ssim(x: Tensor, y: Tensor, masks: Tensor, full_range: float, settings: SSIMSettings) -> Tensor:
    """``masked_ssim`` (B, P, C) of what ``centred_images`` returns, masks of the same dtype."""
    check_window((x.shape[-2], x.shape[-1]), settings.window_size)
    window = window_average(window_weights(settings.window_size, settings.sigma, settings.window), x)
    share = window(masks)[:, :, None]  # (B, P, 1, H', W')
    data_range = _data_range(x, full_range, settings)

    def average(image: Tensor) -> Tensor:
        return window(masks[:, :, None] * image[:, None]) / share.clamp(min=TINY)

    similarity = ssim_of_averages(
        x,
        y,
        average,
        dim=2,
        origin=full_range / 2,
        data_range=data_range[..., None] if isinstance(data_range, Tensor) else data_range,
        scale=settings.variance_scale,
    )
    return 1 + (share * (similarity - 1)).sum(dim=(-2, -1)) / share.sum(dim=(-2, -1)).clamp(min=TINY)
