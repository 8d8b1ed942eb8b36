"""Fused kernels: when they serve, and calling them with as little work of the processor as PyTorch and Triton allow.

A training step waits for the processor: the kernels of a loss take a tenth of the time of Python around them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

DEVICES = {"cuda"}
"""Types of devices that Triton's kernels run on."""
TRITON = importlib.util.find_spec("triton") is not None
"""PyTorch brings it along on Linux."""
Function = Callable[..., Any]
_LIBRARY = torch.library.Library("reposer", "FRAGMENT")
_COMPILED: dict[tuple[Any, ...], Any] = {}
"""What Triton compiled, by all that it looks at: it finds that out anew at every call, in twice the time."""


def on_kernels(*tensors: Tensor) -> bool:
    """Whether Triton's kernels compute with these tensors: on a GPU, and not in float64.

    Not where the compiler looks on, which makes better ones of PyTorch's operators, together with what is around them,
    nor inside traces and the transforms of ``torch.func``, which see through these.
    """
    return (
        TRITON
        and all(tensor.device.type in DEVICES and tensor.dtype != torch.float64 for tensor in tensors)
        and not torch.compiler.is_compiling()
        and not torch.jit.is_tracing()  # type: ignore[attr-defined]
        and all(torch.func.debug_unwrap(tensor) is tensor for tensor in tensors)
        and max(tensor.numel() for tensor in tensors) < 2**30  # they count in 32 bits
    )


def opaque(*tensors: Tensor) -> bool:
    """Whether one operator without derivatives may stand for many of PyTorch's: nobody differentiates or looks through.

    Forwards, backwards, by the compiler, in a trace or in the transforms of ``torch.func``.
    """
    return not (
        torch.compiler.is_compiling()
        or torch.jit.is_tracing()  # type: ignore[attr-defined]
        or any(tensor.requires_grad for tensor in tensors)
        or any(torch.func.debug_unwrap(tensor) is not tensor for tensor in tensors)
        or forward_ad._current_level >= 0
    )


def launch(
    kernel: Any, programs: int, tensors: tuple[Tensor | None, ...], numbers: tuple[float, ...],
    constants: tuple[Any, ...], warps: int = 4,
) -> None:  # fmt: skip
    """Run so many programs of a kernel, whose parameters are these tensors, numbers and constants in their order."""
    first = tensors[0]
    assert first is not None
    looks = [None if t is None else (t.dtype, t.data_ptr() % 16 == 0) for t in tensors]
    key = (kernel, first.device, numbers, constants, warps, *looks)
    compiled, grid = _COMPILED.get(key), (programs, 1, 1)
    if compiled is not None:
        compiled[grid](*tensors, *numbers, *constants)
    else:
        compiled = kernel[grid](*tensors, *numbers, *constants, num_warps=warps)
        if compiled is not None:  # as it is in Triton's interpreter
            _COMPILED[key] = compiled


def operator(schema: str, shapes: Function) -> Callable[[Function], Function]:
    """Register a function as the operator of that schema, ``torch.ops.reposer``; ``shapes`` makes empty outputs.

    Where nobody looks on, neither the compiler nor a dispatch mode, the function is called at once: that saves the way
    through PyTorch's dispatcher, which is as long as all the rest.
    """

    def register(function: Function) -> Function:
        def on_device(x: Tensor, *arguments: Any) -> Any:
            if x.is_cuda and x.device.index != torch.cuda.current_device():
                with torch.cuda.device(x.device):
                    return function(x, *arguments)
            return function(x, *arguments)

        def call(*arguments: Any) -> Any:
            if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
                return registered(*arguments)
            return on_device(*arguments)

        name = schema.split("(")[0]
        _LIBRARY.define(schema, tags=(torch.Tag.pt2_compliant_tag,))
        _LIBRARY.impl(name, on_device, "CompositeExplicitAutograd")
        torch.library.register_fake(f"reposer::{name}", shapes, lib=_LIBRARY)
        registered = getattr(torch.ops.reposer, name).default
        return call

    return register
