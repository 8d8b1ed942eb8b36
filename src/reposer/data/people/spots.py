"""Samples of one pixel that show the same surface: they are lit together, each with its own paint."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.raster import Fragments


@dataclass(frozen=True)
class Spots:
    """Groups of samples (S of them)."""

    first: Integers  # (S,) the fragment by which each is lit
    own: Integers  # (N,) which spot each fragment belongs to
    pixels: Integers  # (S,) flat index into the picture

    @property
    def counts(self) -> Floats:
        """(S,) fragments of each."""
        return np.bincount(self.own, minlength=len(self.first)).astype(np.float32)

    def total(self, values: Floats) -> Floats:
        """Sums (K, S) of values (N, K) of the fragments."""
        return np.stack([np.bincount(self.own, row, len(self.first)) for row in values.T]).astype(np.float32)

    def image(self, values: Floats, size: tuple[int, int]) -> Floats:
        """Sums (K, h, w) over pixels of values (K, S)."""
        sums = [np.bincount(self.pixels, row, size[0] * size[1]) for row in values]
        return np.stack(sums).astype(np.float32).reshape(len(values), *size)


def gather(found: Fragments, kinds: Integers) -> Spots:
    """Join samples (two by two in a pixel) of the same kind (N,), a number from 0 to 32767."""
    width = found.size[1]
    kind = found.image(kinds.astype(np.int16), -1)
    a, b, c, d = kind[::2, ::2], kind[::2, 1::2], kind[1::2, ::2], kind[1::2, 1::2]
    place = np.arange(kind.size, dtype=np.int32).reshape(kind.shape)
    leader = place.copy()  # the first sample of the pixel of the same kind
    start = place[::2, ::2]
    leader[::2, 1::2] -= b == a
    leader[1::2, ::2] = np.where(c == a, start, np.where(c == b, start + 1, place[1::2, ::2]))
    last = np.where(d == c, start + width, place[1::2, 1::2])
    leader[1::2, 1::2] = np.where(d == a, start, np.where(d == b, start + 1, last))
    leads = np.take(leader, found.pixels)
    alone = leads == found.pixels
    first = np.flatnonzero(alone)
    number = place.ravel()  # not needed any more
    number[found.pixels] = np.cumsum(alone, dtype=np.int32) - 1
    row, column = np.divmod(found.pixels[first].astype(np.int32), np.int32(width))
    return Spots(
        first, np.take(number, leads).astype(np.intp), ((row >> 1) * (width >> 1) + (column >> 1)).astype(np.intp)
    )
