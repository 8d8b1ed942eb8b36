"""Readers of photos, which are of more kinds than the images of data sets."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from tests.attacks.data_readers import mutate_image
from tests.attacks.reader import Reader

from reposer.decoding import MOST_PIXELS
from reposer.images import read_photo


def _picture(mode: str) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (60, 50, len(mode)), np.uint8)
    return Image.fromarray(pixels, mode)


def _photo(folder: Path) -> Path:
    """A turned photo with transparent pixels and a profile."""
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB built-in".encode("utf-16-be"), "other than it".encode("utf-16-be"))
    _picture("RGBA").save(folder / "photo.png", icc_profile=profile, exif=exif, compress_level=0)
    return folder / "photo.png"


def _heif(folder: Path) -> Path:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(_picture("RGB")).save(folder / "photo.heic")
    return folder / "photo.heic"


def mutate_ink(random: Random, content: bytes) -> bytes:
    """A CMYK photo with a profile, perhaps damaged."""
    buffer = io.BytesIO()
    _picture("RGBA").convert("RGB").convert("CMYK").save(buffer, "JPEG", icc_profile=random.randbytes(200))
    return buffer.getvalue()


def _check(photo: Any, valid: Any, content: bytes) -> None:
    assert photo.dtype == torch.uint8
    assert photo.ndim == 3
    assert photo.shape[0] == 3
    assert 0 < photo[0].numel() <= MOST_PIXELS


READERS = (
    Reader(name="photo", make=_photo, read=read_photo, mutations=(mutate_image, mutate_ink), check=_check),
    Reader(name="photo-heif", make=_heif, read=read_photo, check=_check),
)
