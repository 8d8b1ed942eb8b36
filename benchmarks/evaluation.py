"""Evaluation speed: ``reposer evaluate`` against the per-image loop that such code usually is.

    python -m benchmarks.evaluation     # some ten minutes on two cores; writes results/evaluation-cpu.json

Strips in, SSIM, mask-SSIM, L1 and PSSIM out, on strips made from mannequins. Both run on the same cores, one after
the other; the loop runs on a subsample, as its time per image does not depend on their number, and must agree with
Reposer's numbers there.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from benchmarks.measure import save
from PIL import Image
from skimage.draw import disk, polygon
from skimage.metrics import structural_similarity
from skimage.morphology import closing
from tests import plain

from reposer.data import PairDataset, collate, open_pairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.evaluation import evaluate
from reposer.memory import keep_freed_memory
from reposer.protocols import PROTOCOLS
from reposer.results import FORMATS, under_manifest, write_results

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
    with under_manifest(results, index, FORMATS["strips"], provenance={}), ProcessPoolExecutor() as pool:
        list(pool.map(partial(_write_chunk, PairDataset(index), results), range(0, count, 100)))
    return results


def _write_chunk(dataset: PairDataset, results: Path, start: int) -> None:
    torch.set_num_threads(1)
    for item in range(start, min(start + 100, len(dataset))):
        batch = collate([dataset[item]])
        target = batch.target[0].permute(1, 2, 0).numpy()
        noise = np.random.default_rng(item).normal(0, 6, target.shape)
        generated = np.clip(cv2.GaussianBlur(target, (0, 0), 1 + item % 3) + noise, 0, 255).astype(np.uint8)
        write_results(results, batch, torch.from_numpy(generated).permute(2, 0, 1)[None], FORMATS["strips"])


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


def limb_masks(pose: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Masks of the 10 parts."""
    return plain.limb_masks(pose, (pose >= 0).all(1), size)


def loop_part_ssim(
    generated: np.ndarray, target: np.ndarray, masks: np.ndarray, dtype: torch.dtype = torch.float32
) -> float:
    """PSSIM as usually written: images repeated for each part, a convolution for the background."""
    x, y = (torch.from_numpy(image).permute(2, 0, 1)[None].to(dtype) / 127.5 - 1 for image in (generated, target))
    return float(plain.part_ssim_index(x, y, torch.from_numpy(masks).to(dtype)[None]))


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
            "part_ssim": loop_part_ssim(generated, target, limb_masks(pose, target.shape[:2]), dtype),
        }
    return rows


# --- the measurement ---


class Run(NamedTuple):
    """One evaluation by Reposer."""

    seconds: float
    megabytes: float
    """At the peak, what the process had after its imports included; of processes that it forked, the largest a core."""
    rows: dict[str, dict[str, float]]


def reposer_evaluate(results: Path, protocol: str, devices: int = 1) -> Run:
    """Evaluate in a process of its own, whose start does not count."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_evaluate, results, protocol, devices).result()


def _evaluate(results: Path, protocol: str, devices: int) -> Run:
    keep_freed_memory()  # as every reposer command does
    torch.nn.functional.pad(torch.zeros(1, 3, 8, 8), (1, 1))
    start = time.perf_counter()
    found = evaluate(results, protocol=replace(PROTOCOLS[protocol], metrics=METRICS), devices=devices)
    seconds = time.perf_counter() - start
    own, forks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    peak = (own + len(os.sched_getaffinity(0)) * forks) / 2**10
    return Run(seconds, peak, {pair: dict(row) for pair, row in found.per_image.items()})


def part_of(results: Path, folder: Path, count: int) -> Path:
    """Folder with links to the first strips, and their manifest."""
    folder.mkdir()
    files = sorted(results.glob("*.jpg"))[:count]
    for path in files:
        (folder / path.name).symlink_to(path.resolve())
    manifest = json.loads((results / "manifest.json").read_text())
    manifest["pairs"] = [path.name.removesuffix("_vis.jpg").split("___") for path in files]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "annotations.csv").symlink_to((results / "annotations.csv").resolve())
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
    loop_milliseconds = 1e3 * (time.perf_counter() - start) / len(sample)
    # In float32, as PSSIM is usually written, its variances are off by up to 1e-5: numbers are compared in float64.
    expected = loop_evaluate(sample, poses, width, pad, torch.float64)
    with tempfile.TemporaryDirectory() as folder:
        eighth = reposer_evaluate(part_of(results, Path(folder) / "part", len(files) // 8), protocol)
    whole, two = (reposer_evaluate(results, protocol, devices) for devices in (1, 2))
    differences = {m: max(abs(whole.rows[pair][m] - row[m]) for pair, row in expected.items()) for m in METRICS}
    if max(differences.values()) > 1e-5:
        raise SystemExit(f"the numbers differ: {differences}")
    if two.rows != whole.rows:
        raise SystemExit("two processes give other numbers than one")
    milliseconds = 1e3 * whole.seconds / len(files)
    return {
        "protocol": protocol,
        "images": len(files),
        "seconds": round(whole.seconds, 2),
        "milliseconds_per_image": round(milliseconds, 3),
        "milliseconds_per_image_of_an_eighth": round(1e3 * eighth.seconds / len(eighth.rows), 3),
        "seconds_of_two_processes": round(two.seconds, 2),
        "loop_images": len(sample),
        "loop_milliseconds_per_image": round(loop_milliseconds, 3),
        "times_as_fast": round(loop_milliseconds / milliseconds, 2),
        "largest_difference": {name: float(f"{value:.1e}") for name, value in differences.items()},
        "peak_megabytes": round(whole.megabytes),
        "peak_megabytes_of_an_eighth": round(eighth.megabytes),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--strips", type=Path, default=Path("strips"), help="folder for the strips, made if missing")
    parser.add_argument("--loop-images", type=int, default=300, help="strips that the loop evaluates")
    options = parser.parse_args()
    rows = []
    for protocol, (layout, count) in SETS.items():
        folder = options.strips / layout
        if not folder.exists():
            folder.mkdir(parents=True)
            make_strips(folder, layout, count)
        rows.append(measure(folder, protocol, options.loop_images))
        print(json.dumps(rows[-1], indent=1))
    packages = ("numpy", "pillow", "scikit-image")
    print("written:", save("evaluation-cpu", "python -m benchmarks.evaluation", packages, metrics=METRICS, rows=rows))


if __name__ == "__main__":
    main()
