"""Items of an evaluation, and how their images are read, as the protocol compares them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.evaluation.options import Baseline
from reposer.images import ResizeFilter, check_size, pad_width, read_image, read_photo, resize
from reposer.letterbox import Box, letterbox
from reposer.protocols import Protocol
from reposer.results import FORMATS, crop, cut


@dataclass(frozen=True, kw_only=True)
class Item:
    """One pair to measure."""

    pair: str
    generated: Path
    target: Path | None
    """None: the generated file also shows the target."""
    source: Path | None = None
    """For the baseline "copy-source"; None: the generated file also shows it."""
    joints: Tensor
    """(18, 2) of the target; in pixels of its content, if it has a box."""
    visible: Tensor
    box: Box | None = None
    """What of the images is content and scored: the target is a photo in a picture; None: all."""

    @property
    def files(self) -> list[Path]:
        """All its files."""
        return [path for path in (self.generated, self.target, self.source) if path is not None]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How the files of items become images."""

    protocol: Protocol
    format: str
    panel_width: int
    baseline: Baseline | None = None
    """What is read in place of the generated images."""
    mean: Tensor | None = None
    """The image of the baseline "mean-image", of the protocol's size."""
    letterboxed: bool = False
    """Whether the real images are photos of any size."""

    def read(self, item: Item) -> dict[Path, Tensor]:
        """Read the files of an item, (3, H, W) uint8 each; InputError or OSError if one is not readable."""
        if item.box is None:
            return {path: read_image(path) for path in item.files}
        generated, *photos = item.files
        return {generated: read_image(generated)} | {path: _framed(path, self.protocol.size) for path in photos}

    def pair(self, item: Item, files: Mapping[Path, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """Return the generated image and the target of an item, (3, H, W) uint8 of the protocol's size.

        Of an item with a box, its content: what is padding in the target is not scored.

        Raises:
            InputError, OSError: if a file is not readable or has the wrong size.
        """
        generated, target = self._whole(item, files or self.read(item))
        return (generated, target) if item.box is None else (item.box.crop(generated), item.box.crop(target))

    def _whole(self, item: Item, files: Mapping[Path, Tensor]) -> tuple[Tensor, Tensor]:
        panels = cut(files[item.generated], FORMATS[self.format], self.panel_width, self.protocol, item.generated)

        def seen(panel: Tensor | None, path: Path | None, how: ResizeFilter) -> Tensor:
            if panel is None:
                assert path is not None
                return to_size(files[path], self.protocol, how, path)
            return resize(panel, self.protocol.size, how)

        shown = self.protocol.resize
        target = seen(panels.target, item.target, shown.target)
        if self.mean is not None:
            return self.mean, target
        if self.baseline == "copy-source":
            return seen(panels.source, item.source, shown.generated), target
        return seen(panels.generated, None, shown.generated), target

    def real(self, path: Path) -> Tensor:
        """Return a training image, (3, H, W) uint8 of the protocol's size."""
        if self.letterboxed:
            return _framed(path, self.protocol.size)
        return to_size(read_image(path), self.protocol, self.protocol.resize.target, path)

    def mean_of(self, items: Iterable[Item], train: Iterable[Path]) -> Tensor:
        """Return the rounded mean of the training images, or, if there are none, of the targets that can be read."""
        train = list(train)
        total, count = torch.zeros(3, *self.protocol.size, dtype=torch.int64), 0
        for image in map(self.real, train) if train else self._targets(items):
            total += image
            count += 1
        return (total.double() / max(count, 1)).round().to(torch.uint8)

    def _targets(self, items: Iterable[Item]) -> Iterator[Tensor]:
        for item in items:
            with suppress(InputError, OSError):
                yield self._whole(item, self.read(item))[1]


def _framed(path: Path, size: tuple[int, int]) -> Tensor:
    """Read a photo in its picture."""
    try:
        found = path.stat()
    except OSError:
        return letterbox(read_photo(path), size)  # which says what is wrong
    return _kept(path, size, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=256)
def _kept(path: Path, size: tuple[int, int], *state: int) -> Tensor:
    """Of this state of the file; for a while, as a person's photos are in many pairs one after another."""
    return letterbox(read_photo(path), size)


def to_size(image: Tensor, protocol: Protocol, how: ResizeFilter, where: object) -> Tensor:
    """Crop or resize an image (3, H, W) of an accepted size to that of the protocol; InputError for other sizes."""
    if tuple(image.shape[-2:]) not in protocol.panel_sizes:
        check_size(image, protocol.size, where)
    return resize(crop(image, protocol), protocol.size, how)


def seen_by(name: str, images: Tensor, protocol: Protocol, side: Literal["generated", "target"]) -> Tensor:
    """Return images (B, 3, H, W) as a metric sees them: padded, resized or unchanged."""
    if protocol.pads(name):
        assert protocol.pad_width is not None
        return pad_width(images, protocol.pad_width, protocol.pad_value)
    if protocol.resizes(name):
        assert protocol.resized_size is not None
        how = protocol.resize.generated if side == "generated" else protocol.resize.target
        return torch.stack([resize(image, protocol.resized_size, how) for image in images])
    return images
