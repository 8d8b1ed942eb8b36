"""What a number in a configuration may be, declared beside its field: ``Annotated[int, at_least(1)]``.

``reposer.values`` reads these declarations, wherever the value comes from. Every number has an upper bound too, far
above anything useful, so that nothing absurd is ever allocated.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

MOST = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Bound:
    """A range of numbers; nan is in none."""

    least: float
    most: float
    words: str
    """What is expected, as in "must be positive"."""
    open_least: bool = False
    """The least number is not in it itself."""
    open_most: bool = False
    odd: bool = False
    """Only odd numbers."""

    def fault(self, value: float) -> str | None:
        """What the value must be, in words, if it is not."""
        low = value > self.least if self.open_least else value >= self.least
        if not low or (self.odd and value % 2 == 0):
            return self.words
        high = value < self.most if self.open_most else value <= self.most
        return None if high else f"{'less than' if self.open_most else 'at most'} {self.most:,}"


def at_least(least: float, most: float = MOST, *, words: str = "") -> Bound:
    """A count, or a number from ``least`` on."""
    return Bound(least=least, most=most, words=words or f"at least {least}")


def positive(most: float = MOST, *, words: str = "positive") -> Bound:
    """A number above 0."""
    return Bound(least=0, most=most, words=words, open_least=True)


def between(least: float, most: float, *, below: bool = False) -> Bound:
    """A number from least to most, or ``below`` most."""
    words = f"from {least:,} to {most:,}" if not below else f"in [{least:,}, {most:,})"
    return Bound(least=least, most=most, words=words, open_most=below)


Seed = Annotated[int, at_least(0, 2**63 - 1)]
Side = Annotated[int, between(1, 8192)]
"""Height or width of an image in pixels."""
Size = tuple[Side, Side]
"""Height and width."""
OddWindow = Annotated[int, Bound(least=1, most=1023, words="a positive odd number of pixels", odd=True)]
"""Width of a window that has a middle pixel."""
Deviation = Annotated[float, positive(words="a positive number of pixels"), between(0.001, 10_000)]
"""Standard deviation of a Gaussian in pixels; that of tiny ones has no square."""
Decay = Annotated[float, between(0, 1, below=True)]
"""Of a running average, per step."""
BatchSize = Annotated[int, at_least(1, 1_000_000)]
WEIGHT = at_least(0)
Weight = Annotated[float, WEIGHT]
"""Of a term in a sum."""
