"""Image files decoded: PNG, JPEG and WebP, told by their first bytes, never by name. No other decoder ever runs.

Photos for pictures are also read from HEIF, if pillow-heif is installed.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TypeVar

from PIL import ExifTags, Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from reposer.checks import InputError
from reposer.colours import as_shown, to_rgb
from reposer.files import check_regular

Source = str | Path | bytes | BinaryIO
"""An image file: where it is, its bytes, or it opened for reading."""

MOST_SIDE = 2**14
"""Pixels of the longest side that is read: 16,384, about what WebP allows."""
MOST_PIXELS = 2**26
"""Pixels of the largest image that is read: 67 million, 192 MiB as RGB."""
MOST_BYTES = 2**29
"""Bytes of the largest file that is read: 512 MiB, the largest image in 16 bits without compression."""

Decoder = Callable[[BinaryIO], ImageFile]
_DECODERS: tuple[tuple[re.Pattern[bytes], Decoder], ...] = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), WebPImageFile),
)
_HEIF = re.compile(rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)
_PREFIX = 12
_TELL_ORIENTATION = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}
_ON_ITS_SIDE = (5, 6, 7, 8)
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


def decode_photo(source: Source, name: object = None) -> Image.Image:
    """Decode a photo as 8-bit sRGB, as a viewer shows it: see :func:`reposer.colours.as_shown`.

    Arguments and errors as ``decode``; HEIF is read too where ``pillow-heif`` is installed.
    """

    def picture(image: ImageFile) -> Image.Image:
        image.load()
        _check_size(image)  # of HEIF it may change
        return as_shown(image)

    return _opened(source, name, picture, photo=True)


def size_of(source: Source, name: object = None) -> tuple[int, int]:
    """Return (height, width) in pixels, turned as ``decode`` does, by the head of an image file, without decoding.

    Of PNG, an orientation that stands behind the pixels is not seen.
    """
    return _opened(source, name, _shown_size)


def photo_size_of(source: Source, name: object = None) -> tuple[int, int]:
    """Return the (height, width) of what ``decode_photo`` gives, see ``size_of``."""
    return _opened(source, name, _shown_size, photo=True)


def is_image(path: Path) -> bool:
    """Tell by its first bytes whether a file is of a kind that is read as a photo.

    Raises:
        InputError: if it is no regular file, or cannot be read.
    """
    check_regular(path)
    try:
        with path.open("rb") as file:
            start = file.read(_PREFIX)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    return any(pattern.match(start) for pattern in (*(pattern for pattern, _ in _DECODERS), _HEIF))


def _shown_size(image: ImageFile) -> tuple[int, int]:
    told = not isinstance(image, PngImageFile) or image.info.keys() & _TELL_ORIENTATION  # else it would be decoded
    turned = told and image.getexif().get(ExifTags.Base.Orientation) in _ON_ITS_SIDE
    return (image.width, image.height) if turned else (image.height, image.width)


def _opened(source: Source, name: object, use: Callable[[ImageFile], T], *, photo: bool = False) -> T:
    """Open an image file, check its size, and return what ``use`` makes of it."""
    if isinstance(source, str | Path):
        source = name = Path(source)
        check_regular(source, most=MOST_BYTES, what="image file")
    name = "image" if name is None else name
    try:
        with _stream(source) as stream:
            image = _decoder(stream.read(_PREFIX), photo)(_rewound(stream))
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


def _decoder(prefix: bytes, photo: bool) -> Decoder:
    for pattern, decoder in _DECODERS:
        if pattern.match(prefix):
            return decoder
    if photo and _HEIF.match(prefix):
        return _heif_decoder()
    raise InputError(
        "not a readable image (neither PNG, JPEG nor WebP by its content, and no other format is opened); "
        "convert, replace or remove the file"
    )


def _heif_decoder() -> Decoder:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise InputError("a HEIF photo: pip install 'reposer[heif]', or convert it to JPEG") from None
    return HeifImageFile


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
