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
    process, are as before afterwards. Where blocks overlap in several threads, float32 throughout wins.
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


Settings = tuple[str | None, tuple[str, ...]]
_BEFORE: list[Settings] = []


def _now() -> Settings:
    backends = torch.backends
    try:
        precision = torch.get_float32_matmul_precision()
    except RuntimeError:  # somebody has set the newer option alone
        precision = None
    each = (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn)  # type: ignore[attr-defined]
    return precision, tuple(backend.fp32_precision for backend in each)


def _set(tf32: bool) -> None:
    # By the older options, which set the newer ones too: in the other direction a later look at the older ones fails.
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32


def _restore(settings: Settings) -> None:
    precision, (matmul, conv, rnn) = settings
    backends = torch.backends
    torch.set_float32_matmul_precision(precision or "highest")
    backends.cudnn.allow_tf32 = conv == "tf32"
    backends.cuda.matmul.fp32_precision = matmul
    backends.cudnn.conv.fp32_precision = conv  # type: ignore[attr-defined]
    backends.cudnn.rnn.fp32_precision = rnn  # type: ignore[attr-defined]


def multiplies_bfloat16() -> bool:
    """Whether the processor multiplies whole tiles of bfloat16 (Intel AMX), which is several times as fast as float32.

    Those that only convert it or add up products of two are not meant.
    """
    told = getattr(torch.cpu, "_is_amx_tile_supported", None)  # older releases have none
    return told is not None and bool(told())
