"""Bounds that hold on every processor: the distance from float64, beside that of the plain float32 formula."""

from typing import Any

import numpy as np
import torch
from torch import Tensor


def _double(value: Any) -> Tensor:
    return value.detach().double() if isinstance(value, Tensor) else torch.from_numpy(np.array(value, np.float64))


def off(value: Any, exact: Any) -> float:
    """The largest absolute difference."""
    value, exact = _double(value), _double(exact)
    assert value.shape == exact.shape, f"{tuple(value.shape)} against {tuple(exact.shape)}"
    return float((value - exact).abs().max())


def assert_rounds_like(value: Any, plain: Any, exact: Any, *, times: float = 4.0, name: str = "") -> None:
    """A float32 result is about as near to float64 as the plain float32 formula is.

    Args:
        value: the result in float32.
        plain: the same by the plain formula in float32.
        exact: the same in float64.
        times: how many times as far off as ``plain`` it may be, beside 4 units in the last place of the largest value.
        name: what to call it in the message.
    """
    ours, theirs = off(value, exact), off(plain, exact)
    allowed = times * theirs + 4 * torch.finfo(torch.float32).eps * float(_double(exact).abs().max())
    assert ours <= allowed, f"{name} off float64 by {ours:.3g}; the plain float32 formula by {theirs:.3g}"
