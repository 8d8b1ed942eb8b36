"""Readers of data sets: images, annotations, pair lists, descriptions, whole folders."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import zlib
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
from PIL import Image
from tests.attacks.mutations import mutate_bytes, mutate_json, mutate_table
from tests.attacks.reader import Reader, check_sane
from tests.attacks.run_readers import TINY
from tests.downloads import market_download, market_lists, zipped
from tests.folders import pose
from tests.own_photos import own_photos, write_list

from reposer.augmentation import AugmentConfig, augment
from reposer.checks import printable
from reposer.data import DESCRIPTION, DataConfig, PairDataset, open_pairs
from reposer.diagnosis import Diagnosis, diagnose_data
from reposer.generator import Generator
from reposer.images import read_image, write_image
from reposer.models import build_generator
from reposer.poses import read_annotations, read_pairs, write_annotations, write_pairs
from reposer.preparing import PrepareConfig, prepare
from reposer.results import MANIFEST, begin_manifest, end_manifest

NAMES = [f"000{who}_c{camera}s1_00000{camera}_00.jpg" for who in (1, 2) for camera in (1, 2)]
_MODES = ("RGB", "L", "1", "P", "RGBA", "LA", "CMYK", "YCbCr", "I;16", "F", "I", "HSV", "LAB")
_FORMATS = (
    "PNG",
    "JPEG",
    "WEBP",
    "TIFF",
    "GIF",
    "BMP",
    "PPM",
    "EPS",
    "ICO",
    "TGA",
    "PDF",
    "SGI",
    "JPEG2000",
    "PCX",
)
_PROGRAM = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 7\n%%EndComments\n{ } loop\n"


def mutate_image(random: Random, content: bytes) -> bytes:
    """An image of any format and mode, or one that claims to be huge; perhaps damaged."""
    kind = random.randrange(6)
    if kind == 0:
        return huge_png(*random.choice(((2**31 - 1, 2**31 - 1), (100_000, 100_000), (0, 7), (1, 2**31 - 1))))
    if kind == 1:
        return _PROGRAM + random.choice((b"", content))
    if kind == 2:
        return mutate_bytes(random, content)
    image = Image.fromarray(np.frombuffer(random.randbytes(9 * 7 * 3), np.uint8).reshape(7, 9, 3))
    buffer = io.BytesIO()
    try:
        image.convert("L" if (mode := random.choice(_MODES)) in ("I;16", "F", "I") else "RGB").convert(mode).save(
            buffer, random.choice(_FORMATS)
        )
    except (OSError, ValueError, KeyError):  # not every format has every mode
        return content[: random.randrange(len(content))]
    return mutate_bytes(random, buffer.getvalue()) if random.random() < 0.3 else buffer.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to have so many pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(b"\0" * 1000)
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (header, data, b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _image(folder: Path) -> Path:
    write_image(folder / "x.png", torch.randint(0, 256, (3, 7, 9), dtype=torch.uint8))
    return folder / "x.png"


def _check_image(image: Any, valid: Any, content: bytes) -> None:
    assert image.dtype == torch.uint8
    assert image.ndim == 3
    assert image.shape[0] == 3
    assert 0 < image.shape[1] * image.shape[2] <= 2**28
    signs = (b"\x89PNG", b"\xff\xd8", b"RIFF")
    assert content.startswith(signs), f"accepted what is no PNG, JPEG or WebP: {content[:20]!r}"


def market(folder: Path) -> Path:
    """A data set of 2 people, 2 images of each, the same for training and test."""
    for split in ("train", "test"):
        (folder / split).mkdir(parents=True)
        for i, name in enumerate(NAMES):
            write_image(folder / split / name, torch.full((3, 128, 64), 40 * i, dtype=torch.uint8))
        poses = {name: pose(i, (128, 64)) for i, name in enumerate(NAMES)}
        write_annotations(folder / f"market-annotation-{split}.csv", poses)
        write_pairs(folder / f"market-pairs-{split}.csv", [(NAMES[0], NAMES[1]), (NAMES[2], NAMES[3])])
    (folder / DESCRIPTION).write_text(json.dumps({"name": "Some people", "license": "mit", "counts": {"images": 4}}))
    return folder


def _read_market(root: Path) -> PairDataset:
    dataset = PairDataset(open_pairs(root, "train"))
    for item in range(min(len(dataset), 2)):
        dataset[item]
    return dataset


def _check_market(dataset: PairDataset, valid: PairDataset, content: bytes) -> None:
    assert len(dataset) > 0
    for item in map(dataset.__getitem__, range(min(len(dataset), 2))):
        check_sane(item)
        assert len(item.pair_id.splitlines()) == 1


def _check_poses(poses: dict[str, Any], valid: Any, content: bytes) -> None:
    for name, found in poses.items():
        assert name, "accepted a pose without a name"
        assert found.joints.shape == (18, 2)
        assert found.joints.isfinite().all(), f"accepted a joint that is not finite, of {name[:50]!r}"
        assert (found.joints.abs() <= 2**24).all(), f"accepted a joint millions of pixels away, of {name[:50]!r}"
    assert not re.search(rb"[\[,]\s*true", content) or len(poses) < len(valid), "accepted true for a coordinate"


def _check_pairs(pairs: list[tuple[str, str]], valid: Any, content: bytes) -> None:
    assert all(len(pair) == 2 and all(name.strip() for name in pair) for pair in pairs)
    assert not any("\0" in name or len(name.splitlines()) != 1 for pair in pairs for name in pair), "strange names"


def _check_description(config: DataConfig, valid: DataConfig, content: bytes) -> None:
    given = json.loads(content)
    assert (config.name, config.license) == (given["name"], given.get("license", "other"))


def _zip(folder: Path) -> Path:
    market_lists(folder / "lists")
    return zipped(market_download(folder / "download"), folder / "download.zip")


def _prepare(path: Path) -> Path:
    out = path.with_name("prepared")
    shutil.rmtree(out, ignore_errors=True)
    prepare("market", path, path.with_name("lists"), out, PrepareConfig(workers=1))
    return out


def _check_prepared(out: Path, valid: Path, content: bytes) -> None:
    for path in out.glob("*/*"):
        assert read_image(path).shape == (3, 128, 64)


def _begun(folder: Path) -> Path:
    return _prepare(_zip(folder)) / "prepare.json"


def _continue(path: Path) -> Path:
    root = path.parents[1]
    prepare("market", root / "download.zip", root / "lists", path.parent, PrepareConfig(workers=1))
    return path.parent


def _augmented(folder: Path) -> Path:
    """What 'reposer augment' compares a folder with, before it goes on there."""
    market(folder / "data")
    config = AugmentConfig(poses_per_person=1, retarget=False)
    augment(Generator(build_generator(TINY.generator), TINY), folder / "data", folder / "new", config)
    shutil.copy(folder / "new" / MANIFEST, folder / "valid.json")
    return folder / "new" / MANIFEST


def _begin_again(path: Path) -> dict[str, Any]:
    out, content = path.parent, json.loads((path.parents[1] / "valid.json").read_text())
    begin_manifest(out, content, images=out / "train")
    end_manifest(out, content)
    return dict(json.loads(path.read_text()))


def _check_augmented(found: dict[str, Any], valid: dict[str, Any], content: bytes) -> None:
    assert found == valid


def _diagnose(root: Path) -> Diagnosis:
    return diagnose_data(root, workers=1)


def _check_diagnosis(diagnosis: Diagnosis, valid: Diagnosis, content: bytes) -> None:
    assert all(len(printable(line).splitlines()) == 1 for line in diagnosis.lines())


def _photos(folder: Path) -> Path:
    """Own photos of 2 people, 2 of each, by a list, with keypoints in one file."""
    poses = own_photos(folder, {"anna": 2, "ben": 2})
    write_list(folder, [(name, name.split("/")[0], "train") for name in poses])
    people = [
        {"image_id": i, "category_id": 1, "keypoints": [9, 9, 2] * 17, "num_keypoints": 17, "bbox": [1, 1, 9, 9]}
        for i in range(len(poses))
    ]
    images = [{"id": i, "file_name": name} for i, name in enumerate(poses)]
    (folder / "keypoints.json").write_text(json.dumps({"images": images, "annotations": people, "categories": []}))
    return folder


def _read_photos(root: Path) -> PairDataset:
    dataset = PairDataset(open_pairs(root, "train", size=(64, 32)))
    for item in range(min(len(dataset), 2)):
        dataset[item]
    return dataset


READERS = (
    Reader(
        name="photos.csv",
        make=lambda folder: _photos(folder) / "photos.csv",
        read=lambda path: _read_photos(path.parent),
        mutations=(mutate_table,),
        check=_check_market,
    ),
    Reader(
        name="photos-by-keypoints",
        make=lambda folder: _photos(folder) / "keypoints.json",
        read=lambda path: _read_photos(path.parent),
        mutations=(mutate_json,),
        check=_check_market,
    ),
    Reader(
        name="photos-by-a-photo",
        make=lambda folder: _photos(folder) / "anna" / "IMG_1.png",
        read=lambda path: _read_photos(path.parents[1]),
        mutations=(mutate_image,),
        check=_check_market,
    ),
    Reader(
        name="doctor-by-photos",
        make=lambda folder: _photos(folder) / "photos.csv",
        read=lambda path: _diagnose(path.parent),
        mutations=(mutate_table,),
        check=_check_diagnosis,
        seconds=8,
    ),
    Reader(name="download.zip", make=_zip, read=_prepare, check=_check_prepared, seconds=6),
    Reader(
        name="prepare.json", make=_begun, read=_continue, mutations=(mutate_json,), check=_check_prepared, seconds=6
    ),
    Reader(
        name="manifest.json-of-new-images",
        make=_augmented,
        read=_begin_again,
        mutations=(mutate_json,),
        check=_check_augmented,
    ),
    Reader(
        name="doctor-by-annotations",
        make=lambda folder: market(folder) / "market-annotation-train.csv",
        read=lambda path: _diagnose(path.parent),
        mutations=(mutate_table,),
        check=_check_diagnosis,
        seconds=8,
    ),
    Reader(name="image", make=_image, read=read_image, mutations=(mutate_image,), check=_check_image),
    Reader(
        name="annotations.csv",
        make=lambda folder: market(folder) / "market-annotation-train.csv",
        read=read_annotations,
        mutations=(mutate_table,),
        check=_check_poses,
    ),
    Reader(
        name="pairs.csv",
        make=lambda folder: market(folder) / "market-pairs-train.csv",
        read=read_pairs,
        mutations=(mutate_table,),
        check=_check_pairs,
    ),
    Reader(
        name="data-by-its-annotations",
        make=lambda folder: market(folder) / "market-annotation-train.csv",
        read=lambda path: _read_market(path.parent),
        mutations=(mutate_table,),
        check=_check_market,
    ),
    Reader(
        name="data-by-its-pairs",
        make=lambda folder: market(folder) / "market-pairs-train.csv",
        read=lambda path: _read_market(path.parent),
        mutations=(mutate_table,),
        check=_check_market,
    ),
    Reader(
        name="data-by-an-image",
        make=lambda folder: market(folder) / "train" / NAMES[0],
        read=lambda path: _read_market(path.parents[1]),
        mutations=(mutate_image,),
        check=_check_market,
    ),
    Reader(
        name="dataset.json",
        make=lambda folder: market(folder) / DESCRIPTION,
        read=lambda path: DataConfig().of_folder(path.parent),
        mutations=(mutate_json,),
        check=_check_description,
    ),
)
