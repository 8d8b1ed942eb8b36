"""Readers of photos, which are of more kinds than the images of data sets."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from tests.attacks.data_readers import mutate_image
from tests.attacks.keypoint_readers import SIZE, check, sample
from tests.attacks.mutations import mutate_json
from tests.attacks.reader import Reader, check_kept

from reposer.decoding import MOST_PIXELS
from reposer.generator import shipped_generators
from reposer.images import read_photo
from reposer.photos.domain import DOMAIN, read_domain
from reposer.photos.look import TRAITS
from reposer.poses import Pose
from reposer.poses.keypoints import KeypointOptions, read_motion


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


def _domain(folder: Path) -> Path:
    return Path(shutil.copy(shipped_generators()["mannequin"].with_name(DOMAIN), folder / DOMAIN))


def _check_domain(domain: Any, valid: Any, content: bytes) -> None:
    if domain is None:  # of other numbers
        assert json.loads(content)["traits"] != list(TRAITS)
        return
    check_kept(json.loads(content), json.loads(json.dumps(domain.to_json())))
    numbers = torch.stack([torch.zeros(len(TRAITS)), torch.full((len(TRAITS),), torch.nan)])
    assert domain.distances(numbers).isfinite().all(), "gives a distance that is not finite"


def _motion(path: Path) -> dict[str, Pose]:
    return {each.image.name: each.pose for each in read_motion(path, KeypointOptions(size=SIZE))}


READERS = (
    Reader(
        name="domain.json",
        make=_domain,
        read=lambda path: read_domain(path.parent),
        mutations=(mutate_json,),
        check=_check_domain,
    ),
    Reader(
        name="keypoints-of-a-motion",
        make=lambda folder: sample(folder, "mmpose-video"),
        read=_motion,
        mutations=(mutate_json,),
        check=check,
    ),
    Reader(name="photo", make=_photo, read=read_photo, mutations=(mutate_image, mutate_ink), check=_check),
    Reader(name="photo-heif", make=_heif, read=read_photo, check=_check),
)
