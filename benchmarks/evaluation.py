"""Evaluation speed: ``reposer evaluate`` against the per-image loop that such code usually is.

Strips in, SSIM, mask-SSIM, L1 and PSSIM out, on strips made from mannequins. Both run on the same cores, one after
the other; the loop runs on a subsample, as its time per image does not depend on their number, and must agree with
Reposer's numbers there. Run ``python benchmarks/evaluation.py --help``.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import permutations
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from skimage.draw import disk, polygon
from skimage.metrics import structural_similarity
from skimage.morphology import closing

from reposer.data import PairDataset, open_pairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.data.pairs import collate
from reposer.generation import write_manifest, write_results
from reposer.protocols import PROTOCOLS

METRICS = ("ssim", "mask_ssim", "l1", "part_ssim")
SETS = {"patn-market": ("market", 12_000), "patn-fashion": ("deepfashion", 2_000)}
IMAGES_PER_PERSON = 12  # 132 ordered pairs


# --- strips ---


def make_strips(folder: Path, layout: str, count: int) -> Path:
    """Write ``count`` strips of mannequins; the "generated" panel is the target, blurred and with some noise."""
    people = -(-count // (IMAGES_PER_PERSON * (IMAGES_PER_PERSON - 1)))
    config = MannequinConfig(
        layout=layout, identities=people + 1, test_identities=people, test_pairs=count,
        images_per_identity=IMAGES_PER_PERSON, part_masks=False,
    )  # fmt: skip
    make_mannequins(folder / "data", config)
    index = open_pairs(folder / "data", "test")
    names = [name for name, pose in index.poses.items() if pose.visible[[2, 5, 8, 11]].all()]
    people_of: dict[str, list[str]] = {}
    for name in names:
        people_of.setdefault(name.rsplit("_", 1)[0] if layout == "deepfashion" else name[:4], []).append(name)
    pairs = [pair for images in people_of.values() for pair in permutations(images, 2)]
    index = replace(index, pairs=tuple((pairs * (count // len(pairs) + 1))[:count]))
    if len(set(index.pairs)) < count:
        raise SystemExit(f"only {len(set(index.pairs))} pairs, {count} were asked for")
    results = folder / "results"
    results.mkdir()
    with ProcessPoolExecutor() as pool:
        list(pool.map(partial(_write_chunk, PairDataset(index), results), range(0, count, 100)))
    write_manifest(results, index, layout="strips", provenance={})
    return results


def _write_chunk(dataset: PairDataset, results: Path, start: int) -> None:
    torch.set_num_threads(1)
    for item in range(start, min(start + 100, len(dataset))):
        batch = collate([dataset[item]])
        target = batch.target[0].permute(1, 2, 0).numpy()
        noise = np.random.default_rng(item).normal(0, 6, target.shape)
        generated = np.clip(cv2.GaussianBlur(target, (0, 0), 1 + item % 3) + noise, 0, 255).astype(np.uint8)
        write_results(results, batch, torch.from_numpy(generated).permute(2, 0, 1)[None], layout="strips")


# --- the loop ---

LIMBS = (
    (2, 3),
    (2, 6),
    (3, 4),
    (4, 5),
    (6, 7),
    (7, 8),
    (2, 9),
    (9, 10),
    (10, 11),
    (2, 12),
    (12, 13),
    (13, 14),
    (2, 1),
    (1, 15),
    (15, 17),
    (1, 16),
    (16, 18),
    (2, 17),
    (2, 18),
    (9, 12),
    (12, 6),
    (9, 3),
    (17, 18),
)
PARTS = ((0, 1), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (11, 12), (12, 13))


def read_poses(path: Path) -> dict[str, np.ndarray]:
    """Annotation CSV to {name: (18, 2) of x, y; -1 where missing}."""
    with path.open() as file:
        rows = csv.DictReader(file, delimiter=":")
        return {
            row["name"]: np.array([json.loads(row["keypoints_x"]), json.loads(row["keypoints_y"])], float).T
            for row in rows
        }


def loop_body_mask(pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Rectangles around limbs, discs at joints, closed."""
    mask = np.zeros(size, bool)
    shown = (pose >= 0).all(1)
    for a, b in LIMBS:
        start, end = pose[a - 1], pose[b - 1]
        if not (shown[a - 1] and shown[b - 1]) or np.array_equal(start, end):
            continue
        along = (end - start) / np.linalg.norm(end - start)
        across = 4 * np.array([along[1], -along[0]])
        corners = np.array([start + across, start - across, end - across, end + across])
        mask[polygon(corners[:, 1], corners[:, 0], size)] = True
    for x, y in pose[shown]:
        mask[disk((y, x), 4, shape=size)] = True
    return closing(mask, np.ones((5, 5)))


def loop_limb_mask(start: np.ndarray, end: np.ndarray, width: float, size: tuple[int, int]) -> np.ndarray:
    """Rotated Gaussian of one limb."""
    y, x = np.mgrid[: size[0], : size[1]]
    length = np.linalg.norm(end - start)
    cos, sin = (end - start) / length if length else (0.0, 1.0)
    dx, dy = x - (start + end)[0] / 2, y - (start + end)[1] / 2
    u, v = cos * dx + sin * dy, cos * dy - sin * dx
    mask = np.exp(-0.5 * (u**2 / max(5, length**2 / 1.2) + v**2 / width**2))
    return mask / (mask.max() + 1e-6)


def loop_limb_masks(pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Masks of the 10 parts."""
    masks = np.zeros((10, *size))
    shown = (pose >= 0).all(1)
    for i, (a, b) in enumerate(PARTS):
        if shown[a] and shown[b]:
            masks[i] = loop_limb_mask(pose[a], pose[b], 9, size)
    if shown[[2, 5, 8, 11]].all():
        masks[9] = loop_limb_mask((pose[2] + pose[5]) / 2, (pose[8] + pose[11]) / 2, 13, size)
    return masks


def loop_part_ssim(
    generated: np.ndarray, target: np.ndarray, masks: np.ndarray, dtype: torch.dtype = torch.float32
) -> float:
    """PSSIM as usually written: images repeated for each part, a convolution for the background."""
    x, y = (torch.from_numpy(image).permute(2, 0, 1)[None].to(dtype) / 255 for image in (generated, target))
    parts = torch.from_numpy(masks).to(dtype)[None]
    total = 0.0
    for part in parts[0]:
        mask = part[None, None].repeat(1, 3, 1, 1)
        weight = mask / (mask.sum(dim=(2, 3), keepdim=True) + 1e-6)
        mean_x, mean_y = ((weight * image).sum(dim=(2, 3)) for image in (x, y))
        variance_x = (weight * x * x).sum(dim=(2, 3)) - mean_x**2
        variance_y = (weight * y * y).sum(dim=(2, 3)) - mean_y**2
        covariance = (weight * x * y).sum(dim=(2, 3)) - mean_x * mean_y
        total += float(_ssim(mean_x, mean_y, variance_x, variance_y, covariance).mean())
    background = 1 - parts.amax(1, keepdim=True)
    x, y = x * background, y * background
    line = torch.exp(-(torch.arange(-3, 4, dtype=dtype) ** 2) / (2 * 0.8**2))
    line = line / line.sum()
    window = (line[:, None] * line).expand(3, 1, 7, 7)
    mean = partial(torch.nn.functional.conv2d, weight=window, groups=3)
    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y, covariance = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2, mean(x * y) - mean_x * mean_y
    return (total / 10 + float(_ssim(mean_x, mean_y, variance_x, variance_y, covariance).mean())) / 2


def _ssim(mean_x: Any, mean_y: Any, variance_x: Any, variance_y: Any, covariance: Any) -> Any:
    c1, c2 = 0.01**2, 0.03**2
    first = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return first * (2 * covariance + c2) / (variance_x + variance_y + c2)


def loop_ssim(generated: np.ndarray, target: np.ndarray) -> float:
    """Classic SSIM by scikit-image."""
    return structural_similarity(
        generated, target, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
        data_range=generated.max() - generated.min(),
    )  # fmt: skip


def loop_evaluate(
    files: list[Path], poses: dict[str, np.ndarray], width: int, pad: int, dtype: torch.dtype = torch.float32
) -> dict[str, dict[str, float]]:
    """The straightforward evaluation: one strip after the other."""
    rows = {}
    for path in files:
        strip = np.array(Image.open(path).convert("RGB"))
        target, generated = strip[:, 2 * width : 3 * width], strip[:, 4 * width :]
        name = path.name.removesuffix("_vis.jpg")
        pose = poses[name.split("___")[1]]
        mask = loop_body_mask(pose, target.shape[:2])[..., None]
        around = ((0, 0), (pad, pad), (0, 0))
        padded = [np.pad(image, around, constant_values=255) for image in (generated, target)]
        rows[name] = {
            "ssim": loop_ssim(*padded),
            "mask_ssim": loop_ssim(generated * mask, target * mask),
            "l1": float(np.abs(padded[0] / 127.5 - padded[1] / 127.5).mean()),
            "part_ssim": loop_part_ssim(generated, target, loop_limb_masks(pose, target.shape[:2]), dtype),
        }
    return rows


# --- the measurement ---


def reposer_evaluate(results: Path, protocol: str) -> tuple[float, int, dict[str, dict[str, float]]]:
    """Run Reposer in a process of its own; seconds without start-up, peak memory in bytes, rows."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, __file__, "--evaluate", str(results), "--protocol", protocol, "--out", str(out)]
        subprocess.run(command, check=True)
        content = json.loads(out.read_text())
    return content["seconds"], content["peak_bytes"], content["rows"]


def evaluate_here(results: Path, protocol: str, out: Path) -> None:
    """Evaluate and write time, peak memory and rows."""
    import resource

    from reposer.evaluation import evaluate
    from reposer.memory import keep_freed_memory

    keep_freed_memory()  # as every reposer command does
    torch.nn.functional.pad(torch.zeros(1, 3, 8, 8), (1, 1))
    start = time.perf_counter()
    found = evaluate(results, protocol=replace(PROTOCOLS[protocol], metrics=METRICS))
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    out.write_text(json.dumps({"seconds": seconds, "peak_bytes": peak, "rows": dict(found.per_image)}))


def part_of(results: Path, folder: Path, count: int) -> Path:
    """Folder with links to the first strips, and their manifest."""
    folder.mkdir()
    files = sorted(results.glob("*.jpg"))[:count]
    for path in files:
        (folder / path.name).symlink_to(path)
    manifest = json.loads((results / "manifest.json").read_text())
    manifest["pairs"] = [path.name.removesuffix("_vis.jpg").split("___") for path in files]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "annotations.csv").symlink_to(results / "annotations.csv")
    return folder


def measure(strips: Path, protocol: str, loop_images: int) -> dict[str, Any]:
    """Time both on the same strips and compare their numbers."""
    results = strips / "results"
    width, pad = (64, 0) if protocol == "patn-market" else (176, 40)
    files = sorted(results.glob("*.jpg"))
    poses = read_poses(results / "annotations.csv")
    sample = files[:: max(1, len(files) // loop_images)][:loop_images]
    loop_evaluate(sample[:3], poses, width, pad)
    start = time.perf_counter()
    loop_evaluate(sample, poses, width, pad)
    loop_seconds = time.perf_counter() - start
    # In float32, as PSSIM is usually written, its variances are off by up to 1e-5: numbers are compared in float64.
    expected = loop_evaluate(sample, poses, width, pad, torch.float64)
    with tempfile.TemporaryDirectory() as folder:
        eighth = reposer_evaluate(part_of(results, Path(folder) / "part", len(files) // 8), protocol)
    seconds, peak, rows = reposer_evaluate(results, protocol)
    differences = {m: max(abs(rows[pair][m] - row[m]) for pair, row in expected.items()) for m in METRICS}
    if max(differences.values()) > 1e-5:
        raise SystemExit(f"the numbers differ: {differences}")
    per_image, loop_per_image = seconds / len(files), loop_seconds / len(sample)
    return {
        "images": len(files),
        "seconds": round(seconds, 2),
        "milliseconds_per_image": round(1e3 * per_image, 3),
        "milliseconds_per_image_of_an_eighth": round(1e3 * eighth[0] / (len(files) // 8), 3),
        "loop_images": len(sample),
        "loop_milliseconds_per_image": round(1e3 * loop_per_image, 3),
        "times_faster": round(loop_per_image / per_image, 2),
        "largest_difference": {name: float(value) for name, value in differences.items()},
        "peak_mebibytes": round(peak / 2**20),
        "peak_mebibytes_of_an_eighth": round(eighth[1] / 2**20),
    }


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strips", type=Path, default=Path("strips"), help="folder for the strips, made if missing")
    parser.add_argument("--only-strips", action="store_true", help="make the strips and stop")
    parser.add_argument("--loop-images", type=int, default=300, help="strips that the loop evaluates")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "evaluation.json")
    parser.add_argument("--evaluate", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--protocol", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.evaluate:
        evaluate_here(options.evaluate, options.protocol, options.out)
        return
    report: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip(),
        "device": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, {_processor()}",
        "versions": {name: version(name) for name in ("reposer", "torch", "numpy", "pillow", "scikit-image")},
        "metrics": METRICS,
    }
    for protocol, (layout, count) in SETS.items():
        folder = options.strips / layout
        if not folder.exists():
            folder.mkdir(parents=True)
            make_strips(folder, layout, count)
        if not options.only_strips:
            report[protocol] = measure(folder, protocol, options.loop_images)
            print(protocol, json.dumps(report[protocol], indent=1))
    if not options.only_strips:
        options.out.write_text(json.dumps(report, indent=1) + "\n")


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())


if __name__ == "__main__":
    main()
