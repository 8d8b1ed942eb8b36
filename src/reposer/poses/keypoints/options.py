"""How keypoints are read: the keywords of ``read_keypoints``, and the command-line options that derive from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import arg
from tyro.constructors import PrimitiveConstructorSpec

from reposer.bounds import at_least, between
from reposer.checks import check_choice
from reposer.decoding import MOST_SIDE
from reposer.poses.keypoints.catalogue import KEYPOINT_FORMATS
from reposer.values import Checked

THRESHOLD = 0.3
"""Score below which a joint is missing, unless said otherwise."""


_Side = Annotated[int, between(1, MOST_SIDE)]


def _size(words: list[str]) -> tuple[int, int]:
    found = re.fullmatch(r"([0-9]{1,6})x([0-9]{1,6})", words[0])
    if not found:
        raise ValueError(f"expected HEIGHTxWIDTH such as 256x176, got {words[0][:40]!r}")
    return int(found[1]), int(found[2])


_HEIGHT_X_WIDTH = PrimitiveConstructorSpec(
    nargs=1,
    metavar="HxW",
    instance_from_str=_size,
    is_instance=lambda value: value is None or isinstance(value, tuple),
    str_from_instance=lambda size: ["none" if size is None else f"{size[0]}x{size[1]}"],
)
"""How the command line reads a size."""


@dataclass(frozen=True, kw_only=True)
class KeypointOptions(Checked):
    """How files of keypoints are read."""

    format: Annotated[str, arg(metavar=f"{{{','.join(('auto', *KEYPOINT_FORMATS))}}}")] = "auto"
    """format of the file; auto tells it by its content"""
    person: Annotated[int, at_least(1)] | None = None
    """which of several people, 1 is the first in the file; by default the largest and most central"""
    threshold: Annotated[float, at_least(0)] = THRESHOLD
    """score, confidence or visibility below which a joint is missing"""
    size: Annotated[tuple[_Side, _Side] | None, _HEIGHT_X_WIDTH] = None
    """height and width of the images in pixels, for files that have shares of the image and do not tell its size"""
    images: Path | None = None
    """folder of the images: gives names and sizes of them to files that do not tell"""
    nobody: Literal["refuse", "skip", "keep"] = "refuse"
    """what becomes of images in which nobody has a joint: an error, no pose, or a pose without joints"""
    stack: Literal["people", "frames"] | None = None
    """what the first axis of an array or of a bare list counts: people of one image, or frames with one person each"""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("keypoint format", self.format, ("auto", *KEYPOINT_FORMATS))
