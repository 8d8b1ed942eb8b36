"""Tables of numbers as tensors, which a GPU keeps: to send them there at every call makes the processor wait for it."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

Numbers = tuple[Any, ...]
"""Numbers, or tuples of them."""


def table(values: Numbers, like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    """``torch.tensor`` of the values on the device of another, of its dtype or another; not to be changed."""
    dtype = dtype or like.dtype
    # What the compiler, a dispatch mode or a transform makes is theirs alone.
    watched = torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack() or type(like) is not Tensor
    if watched or not like.is_cuda or torch.func.debug_unwrap(like) is not like:
        return torch.tensor(values, dtype=dtype, device=like.device)
    return _kept(values, dtype, like.device)


@cache
def _kept(values: Numbers, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # or no gradient could go through it later
        return torch.tensor(values, dtype=dtype, device=device)
