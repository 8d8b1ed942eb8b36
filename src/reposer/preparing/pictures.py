"""One image of a download, brought to the size of the data set and written whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.decoding import decode, size_of
from reposer.digests import file_digest
from reposer.files import written
from reposer.images import ResizeFilter, crop_columns, encode_image, read_image, resize
from reposer.preparing.sources import Location

Encoding = Literal["jpeg", "png"]
QUALITY = 95
"""Of the JPEG files that are written, with full colour."""
_STRETCH = 0.02
"""How much the shape of a photo may differ from that of the data set's images and still be fitted to it."""

State = Literal["linked", "copied", "written", "kept", "unreadable"]


class Task(NamedTuple):
    """An image to prepare."""

    location: Location | None
    """None: it was not found, and may only be there already."""
    out: Path


class Outcome(NamedTuple):
    """What became of it; ``missing`` where it has no location and is not there already."""

    state: State | Literal["missing"]
    reason: str = ""


@dataclass(frozen=True)
class Making:
    """How images are made."""

    size: tuple[int, int]
    """(height, width) in pixels."""
    frame_width: int
    """Width in pixels of the image that is cut to ``size``; that of ``size`` where none is."""
    filter: ResizeFilter
    encoding: Encoding
    copy: bool
    """Copy images that are taken as they are, instead of linking them."""

    def __call__(self, task: Task) -> Outcome:
        """Prepare an image, unless it is there already."""
        location, out = task
        if location is None:
            return Outcome("kept" if self._is_right(out) else "missing")
        if self._is_done(location, out):
            return Outcome("kept")
        try:
            content = location.content()
            image = read_image(content, location)
        except InputError as error:
            return Outcome("unreadable", str(error))
        if tuple(image.shape[-2:]) == self.size:
            return Outcome(_take(content, out, copy=self.copy))
        fitted = fit(image, self.size, self.frame_width, self.filter)
        suffix = ".png" if self.encoding == "png" else ".jpg"
        encoded = encode_image(fitted, suffix, quality=QUALITY, full_colour=True)
        _put(out, lambda path: path.write_bytes(encoded))
        return Outcome("written")

    def _is_right(self, out: Path) -> bool:
        """Whether a whole image of the right size is there."""
        if not out.is_file():
            return False
        try:
            image = decode(out)
        except InputError:
            return False
        return (image.height, image.width) == self.size

    def _is_done(self, location: Location, out: Path) -> bool:
        """Whether what is there is right, and, of an image that is taken as it is, the same file."""
        if not self._is_right(out):
            return False
        if location.member:
            return True
        try:
            taken = size_of(location.file) == self.size
        except InputError:
            return False
        return not taken or out.samefile(location.file) or file_digest(out) == file_digest(location.file)


def fit(image: Tensor, size: tuple[int, int], frame_width: int, how: ResizeFilter) -> Tensor:
    """Bring a uint8 image (3, H, W) to ``size`` without stretching it by more than 2 %.

    An image of the shape of the frame (height of ``size``, ``frame_width``) is resized to it and cut to the middle
    columns; one of the shape of ``size`` is resized to that. Any other is resized until it fits the frame, which is
    filled up with white on both sides, and cut: so the 256x256 images of DeepFashion were made of the larger ones.
    """
    height, width = size
    shape = image.shape[-1] / image.shape[-2]
    for columns in (frame_width, width):
        if abs(shape * height / columns - 1) <= _STRETCH:
            return crop_columns(resize(image, (height, columns), how), width)
    scale = min(height / image.shape[-2], frame_width / image.shape[-1])
    inner = [max(1, round(side * scale)) for side in image.shape[-2:]]
    frame = torch.full((3, height, frame_width), 255, dtype=torch.uint8)
    top, left = (height - inner[0]) // 2, (frame_width - inner[1]) // 2
    frame[:, top : top + inner[0], left : left + inner[1]] = resize(image, (inner[0], inner[1]), how)
    return crop_columns(frame, width)


def _take(content: Path | bytes, out: Path, *, copy: bool) -> State:
    """Put an image there as it is."""
    if isinstance(content, bytes):
        _put(out, lambda path: path.write_bytes(content))
        return "copied"
    if not copy:
        try:
            _put(out, lambda path: os.link(content, path))
            return "linked"
        except OSError:  # another disk, or one without hard links
            pass
    _put(out, lambda path: shutil.copyfile(content, path))
    return "copied"


def _put(out: Path, write: Callable[[Path], Any]) -> None:
    """Let ``write`` make a temporary file and rename it; never through a link, which may be of the original."""
    temporary = out.with_name(f".{out.name}.part")
    temporary.unlink(missing_ok=True)
    try:
        with written(out):
            write(temporary)
            os.replace(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
