"""Whether the fused kernels can compute something; where not, PyTorch's own operators do."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.autograd import forward_ad

from reposer.kernels import TRITON
from reposer.similarity.settings import SSIMSettings

DEVICES = {"cuda"}
"""Types of devices that the kernels run on."""
LARGEST_WINDOW = 33
"""The kernels hold so many rows in registers."""
_DTYPES = (torch.float32, torch.float16, torch.bfloat16)


def kernels_fit(*tensors: Tensor, settings: SSIMSettings) -> bool:
    """Whether the kernels compute SSIM with these settings of such tensors: images, and masks without gradient.

    Not in float64, for a window of one pixel or a very large one, or with a dynamic range measured in the image; nor
    inside the transforms of ``torch.func``, forward derivatives and traces, which see through PyTorch's operators.
    """
    return (
        all(tensor.device.type in DEVICES and tensor.dtype in _DTYPES and tensor.numel() > 0 for tensor in tensors)
        and len({tensor.device for tensor in tensors}) == 1
        and settings.data_range == "full"
        and 3 <= settings.window_size <= LARGEST_WINDOW
        and not any(tensor.requires_grad for tensor in tensors[2:])
        and TRITON
        and not _seen_through(*tensors)
    )


def _seen_through(*tensors: Tensor) -> bool:
    if torch.compiler.is_compiling():
        return False
    return (
        torch.jit.is_tracing()  # type: ignore[attr-defined]
        or any(type(tensor) not in (Tensor, torch.nn.Parameter) for tensor in tensors)
        or any(torch.func.debug_unwrap(tensor) is not tensor for tensor in tensors)
        or (forward_ad._current_level >= 0 and any(forward_ad.unpack_dual(t).tangent is not None for t in tensors))
    )
