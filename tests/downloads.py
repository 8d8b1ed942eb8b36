"""Small folders that imitate the downloads of Market-1501 and DeepFashion, and the lists that people made for them."""

import zipfile
from pathlib import Path

import torch

from reposer.images import encode_image
from reposer.poses import Pose, write_annotations, write_pairs

MARKET = {
    "train": ["0002_c1s1_000451_03.jpg", "0002_c2s1_000301_01.jpg",
              "0007_c1s6_028546_01.jpg", "0007_c2s3_071052_01.jpg"],
    "test": ["-1_c1s1_000401_03.jpg", "0001_c1s1_001051_03.jpg", "0001_c2s1_000301_00.jpg", "0000_c3s2_1_0.jpg.jpg"],
}  # fmt: skip
"""Names by split."""
FASHION = {
    "train": ["WOMEN/Blouses_Shirts/id_00003372/03_3_back.jpg", "WOMEN/Blouses_Shirts/id_00003372/03_1_front.jpg"],
    "test": ["MEN/Denim/id_00000080/01_1_front.jpg", "MEN/Denim/id_00000080/01_7_additional.jpg"],
}
"""Paths below img/ by split."""
FLAT = {
    "train": [f"fashionWOMENBlouses_Shirtsid0000337203_{view}.jpg" for view in ("3back", "1front")],
    "test": [f"fashionMENDenimid0000008001_{view}.jpg" for view in ("1front", "7additional")],
}
"""Names made of these."""


def picture(size: tuple[int, int], seed: int = 0, suffix: str = ".jpg") -> bytes:
    """A small file of an image whose colours run across it, so that what is cut off shows."""
    height, width = size
    ramp = torch.linspace(0, 255, width).expand(height, width)
    return encode_image(
        torch.stack([ramp, torch.full_like(ramp, 20.0 * seed), 255 - ramp]).to(torch.uint8), suffix, quality=95
    )


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def market_download(root: Path, folder: str = "bounding_box_{split}") -> Path:
    """The folders of Market-1501, with query images of the same names, as the real ones have some."""
    for split, names in MARKET.items():
        for seed, name in enumerate(names):
            write(root / folder.format(split=split) / name, picture((128, 64), seed))
            write(root / "query" / name, picture((128, 64), 9))
    write(root / "readme.txt", b"Market-1501")
    return root


def fashion_download(root: Path, folder: str = "img", size: tuple[int, int] = (256, 256)) -> Path:
    """The nested folders of DeepFashion."""
    for paths in FASHION.values():
        for seed, path in enumerate(paths):
            write(root / folder / path, picture(size, seed))
    return root


def zipped(folder: Path, file: Path) -> Path:
    """The files of a folder as a zip file."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder))
    return file


def pose(x: float) -> Pose:
    """All joints on one column."""
    joints = torch.stack([torch.full((18,), x), torch.arange(18) * 5.0 + 10], dim=1)
    return Pose(joints, torch.ones(18, dtype=torch.bool))


def market_lists(root: Path, *, pairs: bool = True) -> Path:
    """The CSVs of Market-1501; without ``pairs`` only those of annotations."""
    root.mkdir(parents=True, exist_ok=True)
    for split, names in MARKET.items():
        write_annotations(root / f"market-annotation-{split}.csv", {name: pose(30.0) for name in names})
        if pairs:
            write_pairs(root / f"market-pairs-{split}.csv", [(names[1], names[2]), (names[2], names[1])])
    if pairs:
        a, b, c, d = MARKET["train"]
        write_pairs(root / "market-pairs-train.csv", [(a, b), (b, a), (c, d), (d, c)])
    return root


def fashion_lists(root: Path, annotations: str = "fasion-annotation-{split}.csv", x: float = 130.0) -> Path:
    """The CSVs and name lists of DeepFashion; x of all joints as in images of 256x256."""
    root.mkdir(parents=True, exist_ok=True)
    for split, names in FLAT.items():
        write_annotations(root / annotations.format(split=split), {name: pose(x) for name in names})
        write_pairs(root / f"fasion-resize-pairs-{split}.csv", [(names[0], names[1])])
        (root / f"{split}.lst").write_text("".join(f"{name}\n" for name in names))
    return root
