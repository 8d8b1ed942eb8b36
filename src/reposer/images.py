"""Images: the only place that converts value ranges, resizes, pads, reads and writes pictures.

In files and on the way to them images are uint8 RGB tensors (3, H, W); networks and losses see float
(B, 3, H, W) in [-1, 1].
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from reposer.checks import InputError
from reposer.colours import as_shown, to_rgb
from reposer.decoding import Source, decode, decode_photo
from reposer.files import check_place, write_whole

SIGNED = (-1.0, 1.0)
ResizeFilter = Literal["pil-bicubic", "opencv-bilinear", "opencv-bicubic", "torch-bicubic"]
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
PHOTO_SUFFIXES = (*SUFFIXES, ".heic", ".heif")
"""Of photos as they come from phones; see ``read_photo``."""
_LONGEST = {"PNG": 2**31 - 1, "JPEG": 65_535, "WEBP": 16_383}
"""Pixels of the longest side that a format can have."""


def to_signed(image: Tensor) -> Tensor:
    """Map uint8 [0, 255] to float32 [-1, 1]: x / 127.5 - 1."""
    return image.float() / 127.5 - 1


def to_uint8(image: Tensor, *, rounding: Literal["nearest", "truncate"] = "nearest") -> Tensor:
    """Map float [-1, 1] to uint8 [0, 255]; values outside are clipped.

    ``rounding="truncate"`` is what the published test scripts do.
    """
    scaled = ((image.float() + 1) / 2 * 255).clamp(0, 255)
    return (scaled.round() if rounding == "nearest" else scaled).to(torch.uint8)


def to_unit(image: Tensor, value_range: tuple[float, float] = SIGNED) -> Tensor:
    """Map values from ``value_range`` to [0, 1]."""
    low, high = value_range
    return image if (low, high) == (0.0, 1.0) else (image - low) / (high - low)


def read_image(source: Source, name: object = None) -> Tensor:
    """Read an image file as uint8 RGB (3, H, W), its EXIF orientation applied.

    Only PNG, JPEG and WebP are opened, told by content; 16-bit values are cut to their high byte, alpha is dropped.

    Args:
        source: path, bytes, or a file opened for reading.
        name: what errors call it; the path where there is one.

    Raises:
        InputError: naming the file, if it is missing, unreadable, truncated or too large, see ``reposer.decoding``.
    """
    return _pixels(decode(source, name))


def open_rgb(source: Source, name: object = None) -> Image.Image:
    """Open an image file as an RGB PIL image, its EXIF orientation applied; arguments and errors as ``read_image``."""
    return decode(source, name)


def read_photo(source: Source, name: object = None) -> Tensor:
    """Read a photo of any mode as uint8 RGB (3, H, W), as a viewer shows it; for pictures, not for data sets.

    Turned as its EXIF orientation says, colours by its ICC profile, transparent pixels on white: see
    :func:`reposer.colours.as_shown`. HEIF is read where ``pillow-heif`` is installed. Errors as ``read_image``.
    """
    return _pixels(decode_photo(source, name))


def photo_from_pil(image: Image.Image) -> Tensor:
    """Turn a photo that is open already into uint8 RGB (3, H, W), as :func:`read_photo` does."""
    return _pixels(as_shown(image))


def check_picture(path: Path, option: str) -> None:
    """Raise InputError, naming the option, unless a picture can be written there: before the work, not after it."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path}: {option} needs the name of a {', '.join(SUFFIXES)} file")
    check_place(path, option)


def write_image(path: str | Path, image: Tensor, *, quality: int = 75) -> None:
    """Write a uint8 RGB image (3, H, W) as .png, .jpg or .webp, whole or not at all; ``quality`` is not for PNG."""
    path = Path(path)
    encoded = encode_image(image, path.suffix, quality=quality)
    write_whole(path, lambda temporary: temporary.write_bytes(encoded))


def encode_image(image: Tensor, suffix: str, *, quality: int = 75, full_colour: bool = False) -> bytes:
    """Encode a uint8 RGB image (3, H, W) as the bytes of a file with that suffix.

    Of JPEG, ``full_colour`` keeps the colour of every pixel, usually stored for four together.

    Raises:
        InputError: for another suffix, and for an image that is larger than such a file can be.
    """
    buffer = io.BytesIO()
    name = Image.registered_extensions().get(suffix.lower())
    if suffix.lower() not in SUFFIXES or name is None:
        raise InputError(f"cannot write images as {suffix!r}; use one of {', '.join(SUFFIXES)}")
    options: dict[str, int] = {} if name == "PNG" else {"quality": quality}
    if full_colour and name == "JPEG":
        options["subsampling"] = 0
    if max(image.shape[-2:]) > _LONGEST[name]:
        raise InputError(
            f"{image.shape[-2]:,}x{image.shape[-1]:,} pixels (height x width): {suffix} has at most "
            f"{_LONGEST[name]:,} a side; write .png"
        )
    to_pil(image).save(buffer, name, **options)
    return buffer.getvalue()


def from_pil(image: Image.Image) -> Tensor:
    """Turn a PIL image into a uint8 RGB tensor (3, H, W); modes as in ``colours.to_rgb``."""
    return _pixels(to_rgb(image))


def _pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def to_pil(image: Tensor) -> Image.Image:
    """Turn a uint8 RGB tensor (3, H, W) into a PIL image."""
    return Image.fromarray(image.permute(1, 2, 0).cpu().numpy())


def check_size(image: Tensor, size: tuple[int, int], where: object, remedy: str = "") -> None:
    """Raise InputError, which ends with the remedy, unless the image is (3, *size)."""
    if tuple(image.shape[-2:]) != tuple(size):
        raise InputError(
            f"{where}: expected an image of {size[0]}x{size[1]} pixels (height x width), "
            f"got {image.shape[-2]}x{image.shape[-1]}{remedy}"
        )


def resize(image: Tensor, size: tuple[int, int], how: ResizeFilter) -> Tensor:
    """Resize a uint8 image (3, H, W) to ``size`` (H, W), as one library does it: their pixels differ.

    PIL, and torch with antialiasing, filter before they make an image smaller; OpenCV does not.
    """
    height, width = size
    if tuple(image.shape[-2:]) == (height, width):
        return image
    if how == "pil-bicubic":
        return from_pil(to_pil(image).resize((width, height), Image.Resampling.BICUBIC))
    if how == "torch-bicubic":
        scaled = torch.nn.functional.interpolate(image[None].float(), size, mode="bicubic", antialias=True)[0]
        return scaled.round().clamp(0, 255).to(torch.uint8)
    import cv2

    flag = cv2.INTER_LINEAR if how == "opencv-bilinear" else cv2.INTER_CUBIC
    pixels = image.permute(1, 2, 0).contiguous().numpy()
    return torch.from_numpy(cv2.resize(pixels, (width, height), interpolation=flag)).permute(2, 0, 1).contiguous()


def pad_width(image: Tensor, width: int, value: float) -> Tensor:
    """Pad (..., H, W) to ``width`` columns with ``value``, half on either side (the odd column on the right)."""
    missing = width - image.shape[-1]
    if missing < 0:
        raise ValueError(f"cannot pad an image of width {image.shape[-1]} to {width}")
    return torch.nn.functional.pad(image, (missing // 2, missing - missing // 2), value=value)


def crop_columns(image: Tensor, width: int) -> Tensor:
    """Cut (..., H, W) to its middle ``width`` columns: undoes ``pad_width``."""
    spare = image.shape[-1] - width
    if spare < 0:
        raise ValueError(f"cannot crop an image of width {image.shape[-1]} to {width}")
    return image[..., spare // 2 : spare // 2 + width]


def grid(rows: Sequence[Sequence[Tensor]], *, gap: int = 2) -> Tensor:
    """Lay uint8 images (3, H, W) of one size out in rows on white: a contact sheet (3, H', W')."""
    height, width = rows[0][0].shape[-2:]
    columns = max(len(row) for row in rows)
    sheet = torch.full((3, len(rows) * (height + gap) - gap, columns * (width + gap) - gap), 255, dtype=torch.uint8)
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            top, left = i * (height + gap), j * (width + gap)
            sheet[:, top : top + height, left : left + width] = image
    return sheet


def cut_grid(sheet: Tensor, size: tuple[int, int], *, gap: int = 2) -> list[list[Tensor]]:
    """Cut a contact sheet (3, H', W') of images of ``size`` (H, W) apart again, see ``grid``; white fills it up.

    Raises:
        InputError: if no such images fill the sheet.
    """
    (height, width), (below, right) = size, sheet.shape[-2:]
    if (below + gap) % (height + gap) or (right + gap) % (width + gap):
        raise InputError(f"a contact sheet of {below}x{right} pixels does not hold images of {height}x{width}")
    tops, lefts = range(0, below, height + gap), range(0, right, width + gap)
    return [[sheet[:, top : top + height, left : left + width] for left in lefts] for top in tops]
