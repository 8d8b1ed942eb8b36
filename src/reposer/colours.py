"""Pictures of any mode as 8-bit RGB: as they are stored, or as a viewer shows them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms, ImageOps

from reposer.checks import InputError

BEHIND = (255, 255, 255)
"""The colour that is seen through what is transparent in a photo: white."""
_MOST_PROFILE = 2**22
_CLEAR = ("RGBA", "LA", "PA", "RGBa", "La")


def to_rgb(image: Image.Image) -> Image.Image:
    """Convert a picture of any mode to 8-bit RGB, its colours as they are stored: right for data sets and results.

    Of 16-bit grey the high byte is kept (v // 256), which is what Pillow does to 16-bit colour and OpenCV to both, and
    undoes the usual widening of 8 bits (v * 257). Alpha is dropped: colours stay as stored, under transparent pixels
    too. Else as ``Image.convert("RGB")``: grey three times, palettes looked up, CMYK without a colour profile.

    Raises:
        InputError: for a mode without a defined white: 32-bit integers and floats.
    """
    return _in_8_bits(image).convert("RGB")


def as_shown(image: Image.Image) -> Image.Image:
    """Convert a photo of any mode to 8-bit sRGB as a viewer shows it.

    It is turned as its EXIF orientation says; colours go through its ICC profile, if it has one that can be read;
    transparent pixels show ``BEHIND``, half transparent ones partly; 16 bits are scaled to 8, see :func:`to_rgb`.

    Raises:
        InputError: for a mode without a defined white: 32-bit integers and floats.
    """
    profile = image.info.get("icc_profile")
    image = _in_8_bits(ImageOps.exif_transpose(image))
    clear = image.mode in _CLEAR or "transparency" in image.info
    if clear:
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
    elif image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    colours = _in_srgb(image.convert("RGB") if clear else image, profile)
    return Image.composite(colours, Image.new("RGB", colours.size, BEHIND), alpha) if clear else colours


def _in_8_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):  # "I" by older Pillow
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("I", "F"):
        raise InputError(f"an image of mode {image.mode!r} does not say which value is white; convert it to 8 bits")
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Apply the colour profile of a picture of mode L, RGB or CMYK; one that is sRGB, damaged or of others is not."""
    if profile and len(profile) <= _MOST_PROFILE:
        try:
            own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "srgb" not in ImageCms.getProfileDescription(own).lower():
                shown = ImageCms.profileToProfile(image, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
                return image.convert("RGB") if shown is None else shown
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGB")
