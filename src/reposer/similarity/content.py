"""Means over the content of padded pictures: what a letterbox adds counts for nothing.

``content`` is (B, 1, H, W), which pixels are no padding. Outside of it the two pictures must be equal; then a window or
a receptive field that reaches into the padding sees the same in both, and no gradient comes out of there.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

_TINY = 1e-12


def shares(content: Tensor, size: tuple[int, int]) -> Tensor:
    """The share (B, 1, *size) float32 of content in what each place of a smaller map stands for."""
    return F.adaptive_avg_pool2d(content.float(), size)


def centres(content: Tensor, window_size: int) -> Tensor:
    """Content at the centres of all windows that fit, (B, 1, H - window_size + 1, W - window_size + 1) float32."""
    height, width = content.shape[-2:]
    before = (window_size - 1) // 2
    after = window_size - 1 - before
    return content[..., before : height - after, before : width - after].float()


def mean_within(values: Tensor, content: Tensor | None) -> Tensor:
    """Mean of a map (B, C, H', W'): of each picture over its content, then of the pictures; None: of all values."""
    if content is None:
        return values.mean()
    return means_within(values, content).mean()


def means_within(values: Tensor, content: Tensor) -> Tensor:
    """Mean (B, C) of each channel of a map (B, C, H', W') over the content (B, 1, H, W), or its share."""
    if content.shape[-2:] != values.shape[-2:]:
        content = shares(content, (values.shape[-2], values.shape[-1]))
    share = content.to(values.dtype)
    return (values * share).sum(dim=(-2, -1)) / share.sum(dim=(-2, -1)).clamp(min=_TINY)


def scale_of(content: Tensor) -> Tensor:
    """How much greater (B,) a mean over the content is than one over all pixels of which the others are 0."""
    return content[0].numel() / content.flatten(1).float().sum(1).clamp(min=1)
