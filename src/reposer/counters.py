"""Random numbers that are a function of a key and a counter: the same on any device, in any batch, after any stop."""

from __future__ import annotations

import torch
from torch import Tensor

_SALT = 0x3C6EF372


def mix(bits: Tensor) -> Tensor:
    """Spread the bits of int32 numbers (multiplications wrap around): the finaliser of MurmurHash3."""
    bits = (bits ^ ((bits >> 16) & 0xFFFF)) * -0x7A143595
    bits = (bits ^ ((bits >> 13) & 0x7FFFF)) * -0x3D4D51CB
    return bits ^ ((bits >> 16) & 0xFFFF)


def salt_of(number: int) -> int:
    """What is added to keys for the stream of that number, as int32 wraps around."""
    return (number * _SALT + 2**31) % 2**32 - 2**31


def drawn_bits(keys: Tensor, stream: int, count: int) -> Tensor:
    """Bits (B, count) int32 of each key (B,) int32: one stream of them has nothing to do with another."""
    counters = torch.arange(count, dtype=torch.int32, device=keys.device)
    return mix(mix(counters) ^ mix(keys + salt_of(stream))[:, None])


def uniforms(keys: Tensor, stream: int, count: int) -> Tensor:
    """Numbers (B, count) float32 in [0, 1), of which there are 2^24."""
    return ((drawn_bits(keys, stream, count) >> 8) & 0xFFFFFF).float() * 2**-24
