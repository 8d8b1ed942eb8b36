"""Own photos for tests: noise in several shapes, some stored on their side, with whole poses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from PIL import Image

from reposer.poses import Pose, write_annotations
from tests.folders import pose

SHAPES = ((96, 72), (72, 96), (90, 90), (120, 40))
"""(H, W) as shown."""
PEOPLE = {"anna": 4, "ben": 3, "carl": 2, "dora": 2}
"""Photos of each; by the hash, anna is kept for tests."""
_ON_ITS_SIDE = 6  # EXIF: turn by 90 degrees clockwise to show it


def own_photos(
    root: Path, people: Mapping[str, int] = PEOPLE, *, under: str = "", suffix: str = ".png", shape: int | None = None
) -> dict[str, Pose]:
    """Write ``PERSON/IMG_i.png``; returns the poses by that path. Every second photo has an EXIF orientation."""
    torch.manual_seed(0)
    poses = {}
    for person, count in people.items():
        folder = root / under / person
        folder.mkdir(parents=True)
        for i in range(count):
            size = SHAPES[(len(poses) if shape is None else shape) % len(SHAPES)]
            write_photo(folder / f"IMG_{i}{suffix}", torch.randint(0, 256, (3, *size)), turned=i % 2 == 1)
            poses[f"{under}{person}/IMG_{i}{suffix}"] = pose(len(poses), size)
    return poses


def write_photo(path: Path, pixels: torch.Tensor, *, turned: bool = False) -> None:
    """Write a photo (3, H, W) as it is shown; ``turned``: stored on its side, as phones do."""
    exif = Image.Exif()
    if turned:
        pixels = pixels.rot90(1, (1, 2))
        exif[0x0112] = _ON_ITS_SIDE
    picture = Image.fromarray(pixels.to(torch.uint8).permute(1, 2, 0).contiguous().numpy())
    picture.save(path, exif=exif, quality=95)


def photo_data(root: Path, people: Mapping[str, int] = PEOPLE, **options: object) -> Path:
    """A data set of own photos: folders of people, and the keypoints of all in ``keypoints.csv``."""
    root.mkdir(parents=True, exist_ok=True)
    write_annotations(root / "keypoints.csv", own_photos(root, people, **options))  # type: ignore[arg-type]
    return root


def write_list(root: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write ``photos.csv`` of (image, person) or (image, person, split)."""
    header = "image,person,split" if len(rows[0]) == 3 else "image,person"
    (root / "photos.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")
