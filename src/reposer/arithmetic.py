"""TF32, whether a GPU may round float32 to 10 bits before it multiplies; bfloat16, and which processors want it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_LOCK = threading.RLock()
_INSIDE: list[bool] = []
"""The choices of the blocks that are open in this process, whatever threads they are in."""


@contextmanager
def float32_products(*, tf32: bool) -> Iterator[None]:
    """Inside, matrix products and convolutions of float32 on Nvidia's GPUs use TF32, or float32 throughout.

    TF32 is several times as fast, and off by about 1e-3 of the result. PyTorch's settings, which are those of the whole
    process, are as before afterwards; those of the processor are not touched. Where blocks overlap in several threads,
    float32 throughout wins.
    """
    with _LOCK:
        if not _INSIDE:
            _BEFORE[:] = [_now()]
        _INSIDE.append(tf32)
        _set(all(_INSIDE))
    try:
        yield
    finally:
        with _LOCK:
            _INSIDE.remove(tf32)
            if _INSIDE:
                _set(all(_INSIDE))
            else:
                _restore(_BEFORE.pop())


Settings = tuple[str, str, str]
_BEFORE: list[Settings] = []


def _now() -> Settings:
    cuda, cudnn = torch.backends.cuda, torch.backends.cudnn
    return cuda.matmul.fp32_precision, cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision  # type: ignore[attr-defined]


def _set(tf32: bool) -> None:
    # By the older options, which set the newer ones too: the other way round, a look at the older ones would fail.
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32


def _restore(settings: Settings) -> None:
    matmul, conv, rnn = settings
    _set(False)
    torch.backends.cudnn.allow_tf32 = conv == "tf32"
    torch.backends.cuda.matmul.fp32_precision = matmul
    torch.backends.cudnn.conv.fp32_precision = conv  # type: ignore[attr-defined]
    torch.backends.cudnn.rnn.fp32_precision = rnn  # type: ignore[attr-defined]


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies whole tiles of bfloat16 (Intel AMX), which is several times as fast as float32.

    Those that only convert it or add up products of two are not meant.
    """
    told = getattr(torch.cpu, "_is_amx_tile_supported", None)  # older releases have none
    return told is not None and bool(told())
