"""What data sets of synthetic people, photo-like or mannequins, have in common: names, counts, and where they grow."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from pathlib import Path
from typing import Literal

from reposer.checks import InputError

SyntheticLayout = Literal["market", "deepfashion"]
MOST_IDENTITIES: dict[SyntheticLayout, int] = {"market": 9999, "deepfashion": 99_999_999}
"""How many people the image names of a layout can tell apart."""


@dataclass(frozen=True, kw_only=True)
class SyntheticSummary:
    """What was made."""

    train_identities: int
    test_identities: int
    train_images: int
    test_images: int
    train_pairs: int
    test_pairs: int

    def __str__(self) -> str:
        return (
            f"{self.train_identities} + {self.test_identities} people, {self.train_images} + {self.test_images} "
            f"images, {self.train_pairs} + {self.test_pairs} pairs (train + test)"
        )


def market_name(identity: int, index: int, *, camera: int, sequence: int = 1) -> str:
    """The name of a picture as in Market-1501."""
    return f"{identity:04d}_c{camera}s{sequence}_{25 * index + 1:06d}_01.jpg"


def deepfashion_name(identity: int, index: int, *, turned: float, sex: str, category: str) -> str:
    """The name of a picture as in DeepFashion; `turned` away from the camera, radians to either side."""
    number, word = (1, "front") if abs(turned) < pi / 4 else (3, "back") if abs(turned) > 0.75 * pi else (2, "side")
    # All images of one person share what stands before the last '_'; the index keeps the view words apart.
    return f"fashion{sex}{category}id{identity:08d}01_{index or ''}{number}{word}.jpg"


def unfinished_folder(out: Path, left_by: str) -> Path:
    """Where a data set grows until it is whole: beside its place.

    Raises:
        InputError: if `out` exists and is not an empty folder, or a link is where `left_by` would have left something.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out must be a new or an empty folder, and {out} is not: nothing was written")
    unfinished = out.parent / f".{out.name}.part"
    if unfinished.is_symlink():
        raise InputError(f"{unfinished}: expected the folder that {left_by} left, this is a link")
    return unfinished
