"""Compare how the pictures of two folders look, such as people that were drawn and real photographs.

    python -m tools.compare_with_real DRAWN REAL [MORE ...] [--json FILE]

A folder is a data set, whose keypoints are compared too, or holds pictures, also in folders inside; an annotation CSV
stands for keypoints alone, in pixels of pictures of --size. All is measured in the middle of the pictures (half of the
height, half of the width), in whatever size they have: compare pictures of one size.

Chroma: mean of the largest less the smallest of R, G, B, 0 to 1. Spread of brightness: standard deviation, between
pictures, of their mean luma. Contrast: mean over pictures of the standard deviation of luma inside. Laplacian: root
mean square of the 4-neighbour Laplacian of luma, 0 to 255. Octaves: 10 log10 of the mean power of luma between half and
all of the highest frequency that pixels can show, between a quarter and half, and so on. Keypoints: share of pictures
that show each; heights and sizes as shares of the picture's height; facing: share with the right shoulder on the left.
Pictures without both shoulders and both hips are in no pair, and left out.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from torch import Tensor

from reposer.checks import InputError
from reposer.data import SPLITS, PairDataset, has_split, open_pairs
from reposer.data.layout import REQUIRED_JOINTS
from reposer.images import SUFFIXES, read_image
from reposer.poses import OPENPOSE_18, read_annotations
from reposer.poses.proportions import HIP_JOINTS, SHOULDER_JOINTS

Floats = NDArray[np.float64]
LUMA = np.array([0.299, 0.587, 0.114])
OCTAVES = 4
SHOWN = {
    "nose": (0,), "shoulders": SHOULDER_JOINTS, "wrists": (4, 7), "hips": HIP_JOINTS, "knees": (9, 12),
    "ankles": (10, 13), "ears": (16, 17),
}  # fmt: skip


def middle(image: Floats) -> Floats:
    """The middle (h / 2, w / 2, ...) of an image (h, w, ...)."""
    height, width = image.shape[:2]
    return image[height // 4 : height - height // 4, width // 4 : width - width // 4]


def octaves(luma: Floats) -> Floats:
    """Mean power (OCTAVES,) of luma (h, w) in each octave of frequency, the highest first."""
    window = np.hanning(luma.shape[0])[:, None] * np.hanning(luma.shape[1])
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2 / (window**2).sum()
    frequency = np.hypot(np.fft.fftfreq(luma.shape[0])[:, None], np.fft.fftfreq(luma.shape[1]))
    edges = 0.5 / 2.0 ** np.arange(OCTAVES + 1)
    bands = (power[(frequency <= high) & (frequency > low)] for high, low in pairwise(edges))
    return np.array([band.mean() if band.size else np.nan for band in bands])


def look(image: Tensor) -> dict[str, float]:
    """Numbers of one picture (3, H, W) uint8."""
    whole = image.permute(1, 2, 0).numpy().astype(np.float64)
    inner = middle(whole)
    luma = inner @ LUMA
    around = 4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    found = {
        "chroma": float((inner.max(-1) - inner.min(-1)).mean() / 255),
        "brightness": float(luma.mean() / 255),
        "contrast": float(luma.std() / 255),
        "laplacian": float((around**2).mean()),
    }
    return found | {f"octave {k + 1}": float(power) for k, power in enumerate(octaves(luma))}


def summary(looks: list[dict[str, float]]) -> dict[str, float]:
    """What pictures are like together."""
    values = {name: np.array([each[name] for each in looks]) for name in looks[0]}
    told = {
        "pictures": float(len(looks)),
        "chroma": float(values["chroma"].mean()),
        "brightness": float(values["brightness"].mean()),
        "spread of brightness": float(values["brightness"].std()),
        "contrast": float(values["contrast"].mean()),
        "Laplacian rms": float(np.sqrt(values["laplacian"].mean())),
    }
    decibels = {
        f"octave {k + 1}, dB": float(10 * np.log10(values[f"octave {k + 1}"].mean() + 1e-9)) for k in range(OCTAVES)
    }
    return told | decibels


def keypoints(joints: Tensor, visible: Tensor, size: tuple[int, int]) -> dict[str, float]:
    """What keypoints (N, 18, 2) with visible (N, 18) are like together."""
    OPENPOSE_18.check(joints, visible)
    told = {f"{name} shown": float(visible[:, list(which)].float().mean()) for name, which in SHOWN.items()}
    for name, which in SHOWN.items():
        seen = visible[:, list(which)]
        heights = joints[:, list(which), 1][seen] / size[0]
        told |= {f"{name}, height": _mean(heights), f"{name}, height, spread": _spread(heights)}
    body = visible[:, [1, *HIP_JOINTS]].all(dim=1)
    trunk = (joints[body, 1] - joints[body][:, list(HIP_JOINTS)].mean(dim=1)).norm(dim=-1) / size[0]
    middle = joints[body][:, list(HIP_JOINTS), 0].mean(dim=1) / size[1]
    both = visible[:, list(SHOULDER_JOINTS)].all(dim=1)
    right, left = (joints[both, shoulder, 0] for shoulder in SHOULDER_JOINTS)
    return told | {
        "neck to hips": _mean(trunk),
        "neck to hips, spread": _spread(trunk),
        "hips across": _mean(middle),
        "hips across, spread": _spread(middle),
        "facing": _mean((right < left).float()),
    }


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else float("nan")


def _spread(values: Tensor) -> float:
    return float(values.std()) if len(values) > 1 else float("nan")


def measure(folder: Path, most: int, size: tuple[int, int] = (128, 64)) -> dict[str, float]:
    """All numbers of the pictures in a folder, of at most so many of them, evenly chosen; or of a CSV."""
    if folder.suffix == ".csv":
        poses = [pose for pose in read_annotations(folder).values() if pose.visible[list(REQUIRED_JOINTS)].all()]
        return keypoints(torch.stack([p.joints for p in poses]), torch.stack([p.visible for p in poses]), size)
    splits = [split for split in SPLITS if has_split(folder, split)] if folder.is_dir() else []
    if not splits:
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(f"{folder}: expected a data set, or a folder of pictures; found none")
        return summary([look(read_image(files[i])) for i in _some(len(files), most)])
    looks, shown = [], []
    for split in splits:
        dataset = PairDataset(open_pairs(folder, split))
        looks += [look(image) for image in _images(dataset, most // len(splits))]
        shown.append(dataset.poses())
        size = dataset.size
    joints, visible = (torch.cat(each) for each in zip(*shown, strict=True))
    return summary(looks) | keypoints(joints, visible, size)


def _images(dataset: PairDataset, most: int) -> Iterator[Tensor]:
    return (dataset.image(i) for i in _some(dataset.images, most))


def _some(count: int, most: int) -> list[int]:
    return sorted({i * count // min(count, most) for i in range(min(count, most))})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--most", type=int, default=2000, help="pictures of each folder that are read, at most")
    parser.add_argument("--size", type=int, nargs=2, default=(128, 64), metavar=("H", "W"), help="of a CSV's pictures")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    options = parser.parse_args()
    found = {str(folder): measure(folder, options.most, tuple(options.size)) for folder in options.folders}
    table = Table("", *(Path(name).name for name in found))
    for name in dict.fromkeys(name for numbers in found.values() for name in numbers):
        shown = (numbers.get(name) for numbers in found.values())
        table.add_row(name, *("-" if value is None else f"{value:.4g}" for value in shown))
    Console().print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
