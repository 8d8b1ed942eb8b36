"""Image files decoded: PNG, JPEG and WebP, told by their first bytes, never by name. No other decoder ever runs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import ExifTags, Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from reposer.checks import InputError
from reposer.files import check_regular

Source = str | Path | bytes | BinaryIO
"""An image file: where it is, its bytes, or it opened for reading."""

MOST_SIDE = 2**14
"""Pixels of the longest side that is read: 16,384, about what WebP allows."""
MOST_PIXELS = 2**26
"""Pixels of the largest image that is read: 67 million, 192 MiB as RGB."""
MOST_BYTES = 2**29
"""Bytes of the largest file that is read: 512 MiB, the largest image in 16 bits without compression."""

_DECODERS: tuple[tuple[re.Pattern[bytes], Callable[[BinaryIO], ImageFile]], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), WebPImageFile),
)
_PREFIX = 12
T = TypeVar("T")


def decode(source: Source, name: object = None) -> Image.Image:
    """Decode an image file as RGB, its EXIF orientation applied; of an animation the first picture.

    Args:
        source: path, bytes or open file; a path must be of a regular file.
        name: what errors call it; the path where there is one.

    Raises:
        InputError: if it is missing, no PNG, JPEG or WebP, damaged, or larger than ``MOST_SIDE``, ``MOST_PIXELS`` or
            ``MOST_BYTES``: size is checked before a pixel is decoded.
    """

    def picture(image: ImageFile) -> Image.Image:
        ImageOps.exif_transpose(image, in_place=True)
        image.load()
        return to_rgb(image)

    return _opened(source, name, picture)


def size_of(source: Source, name: object = None) -> tuple[int, int]:
    """Return (height, width) in pixels as the head of an image file states it, without decoding; see ``decode``."""
    return _opened(source, name, lambda image: (image.height, image.width))


def shown_size_of(source: Source, name: object = None) -> tuple[int, int]:
    """Return ``size_of`` of an image as ``decode`` shows it: EXIF orientations 5 to 8 lay it on its side."""

    def shown(image: ImageFile) -> tuple[int, int]:
        # Not PNG's own method, which decodes the pixels to look behind them.
        lies = Image.Image.getexif(image).get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        return (image.width, image.height) if lies else (image.height, image.width)

    return _opened(source, name, shown)


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert a picture of any mode to 8-bit RGB.

    Of 16-bit grey the high byte is kept (v // 256), which is what Pillow does to 16-bit colour and OpenCV to both, and
    undoes the usual widening of 8 bits (v * 257). Alpha is dropped: colours stay as stored, under transparent pixels
    too. Else as ``Image.convert("RGB")``: grey three times, palettes looked up, CMYK without a colour profile.

    Raises:
        InputError: for a mode without a defined white: 32-bit integers and floats.
    """
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):  # "I" by older Pillow
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        raise InputError(f"an image of mode {image.mode!r} does not say which value is white; convert it to 8 bits")
    return image.convert("RGB")


def _opened(source: Source, name: object, use: Callable[[ImageFile], T]) -> T:
    """Open an image file, check its size, and return what ``use`` makes of it."""
    if isinstance(source, str | Path):
        source = name = Path(source)
        check_regular(source, most=MOST_BYTES, what="image file")
    name = "image" if name is None else name
    try:
        with _stream(source) as stream:
            image = _decoder(stream.read(_PREFIX))(_rewound(stream))
            _check_size(image)
            return use(image)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None
    except Exception as error:  # Pillow raises whatever its parsers trip over
        what = getattr(error, "strerror", None) or error or type(error).__name__
        raise InputError(f"{name}: not a readable image ({what}); replace or remove the file") from None


def _stream(source: Path | bytes | BinaryIO) -> AbstractContextManager[BinaryIO]:
    if isinstance(source, Path):
        return source.open("rb")
    content = source if isinstance(source, bytes) else source.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES:,} bytes; make the image smaller")
    return io.BytesIO(content)


def _decoder(prefix: bytes) -> Callable[[BinaryIO], ImageFile]:
    for pattern, decoder in _DECODERS:
        if pattern.match(prefix):
            return decoder
    raise InputError(
        "not a readable image (neither PNG, JPEG nor WebP by its content, and no other format is opened); "
        "convert, replace or remove the file"
    )


def _rewound(stream: BinaryIO) -> BinaryIO:
    stream.seek(0)
    return stream


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < 1 or max(width, height) > MOST_SIDE or width * height > MOST_PIXELS:
        raise InputError(
            f"{height:,}x{width:,} pixels (height x width); images are read from 1 to {MOST_SIDE:,} pixels a side and "
            f"up to {MOST_PIXELS:,} in all; make it smaller"
        )
