"""How much a step computes, and how much of it the device could."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch.utils.flop_counter import FlopCounterMode

from reposer.config import Precision

_SIZES = {"cpu": 1024, "cuda": 8192}
_DTYPES = {"32-true": torch.float32, "64-true": torch.float64, "16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


@contextmanager
def counted(into: list[int]) -> Iterator[None]:
    """Append the additions and multiplications of the convolutions and matrix products inside, both ways."""
    with FlopCounterMode(display=False) as counter:
        yield
    into.append(counter.get_total_flops())


def product_flops(device: torch.device, precision: Precision) -> float:
    """Additions and multiplications a second that a device reaches in a large matrix product of that precision."""
    size = _SIZES.get(device.type, 1024)
    matrix = torch.ones(size, size, device=device, dtype=_DTYPES[precision])
    best = float("inf")
    for _ in range(4):  # the first sets up
        start = time.perf_counter()
        (matrix @ matrix)[0, 0].item()  # waits for it
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best
