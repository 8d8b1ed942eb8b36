"""Generation: the pictures of a whole pair list, with a manifest that tells what they were made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch
from lightning.fabric import Fabric
from torch import Tensor

from reposer.checks import InputError
from reposer.config import RunConfig, config_to_json
from reposer.data import PairBatch, PairDataset, PairIndex, test_loader
from reposer.data.layouts import pair_id
from reposer.files import write_text
from reposer.generator import Generator
from reposer.images import to_signed, to_uint8, write_image
from reposer.poses import Pose, draw_pose, write_annotations
from reposer.progress import Progress

ResultFormat = Literal["images", "strips"]
MANIFEST, ANNOTATIONS = "manifest.json", "annotations.csv"


def generate(
    generator: Generator,
    index: PairIndex,
    out: Path,
    *,
    format: ResultFormat = "images",
    batch_size: int = 8,
    workers: int = 0,
    devices: int = 1,
    progress: Progress | None = None,
    provenance: dict[str, Any] | None = None,
) -> list[Path]:
    """Generate every pair of a data set split into a folder, with a manifest.

    ``format="images"`` writes ``SOURCE___TARGET_vis.png``, the generated image alone. ``format="strips"`` writes
    the published five panels (source, source pose, target, target pose, generated) as
    ``SOURCE___TARGET_vis.jpg``, JPEG quality 75, values truncated as published.

    Args:
        generator: from :func:`reposer.load_generator`.
        index: the pairs, from :func:`reposer.data.open_pairs`.
        out: folder, made if missing; files of the same pairs are replaced.
        format: what to write.
        batch_size: pairs at a time.
        workers: processes that read images.
        devices: processes that share the batches, on as many devices of the generator's kind; the images do not
            depend on it.
        progress: where to show how far it is.
        provenance: more entries for the manifest, such as the checkpoint's hash.

    Returns:
        The written image files, in the order of the pairs.

    Raises:
        InputError: if the data set's images have another size than the generator was trained for, or ``devices`` is
            less than 1.
    """
    if devices < 1:
        raise InputError(f"devices must be at least 1, got {devices}")
    if index.size != generator.config.size:
        raise InputError(
            f"{index.images}: images are {index.size[0]}x{index.size[1]}, the generator was trained for "
            f"{generator.config.size[0]}x{generator.config.size[1]}"
        )
    out.mkdir(parents=True, exist_ok=True)
    write = partial(_generate, generator, index, out, format=format, batch_size=batch_size, workers=workers)
    if devices == 1:
        write(progress=progress)
    else:
        # Not "ddp_fork": a forked child of a process whose threads computed already may hang.
        kind = next(generator.parameters()).device.type
        Fabric(accelerator=kind, devices=devices, strategy="ddp_spawn").launch(partial(_generate_share, write=write))
    write_manifest(out, index, format=format, provenance={**(provenance or {}), "config": generator.config})
    return [_path(out, pair_id(source, target), format) for source, target in index.pairs]


def _generate_share(fabric: Fabric, *, write: Callable[..., None]) -> None:
    write(device=fabric.device, rank=fabric.global_rank, processes=fabric.world_size)


def _generate(
    generator: Generator,
    index: PairIndex,
    out: Path,
    *,
    format: ResultFormat,
    batch_size: int,
    workers: int,
    device: torch.device | None = None,
    rank: int = 0,
    processes: int = 1,
    progress: Progress | None = None,
) -> None:
    """Write what one process of several does."""
    if device is not None:
        generator = generator.to(device)
    device = next(generator.parameters()).device
    dataset, done = PairDataset(index), 0
    for batch in test_loader(dataset, batch_size, workers, rank=rank, processes=processes):
        batch = batch.to(device)
        images = generator.repose(
            to_signed(batch.source),
            batch.source_joints,
            batch.source_visible,
            batch.target_joints,
            batch.target_visible,
        )
        done += len(write_results(out, batch, to_uint8(images, rounding=_ROUNDING[format]), format=format))
        if progress:
            progress(done, len(dataset))


_ROUNDING: dict[ResultFormat, Literal["nearest", "truncate"]] = {"images": "nearest", "strips": "truncate"}


def write_results(out: Path, batch: PairBatch, generated: Tensor, *, format: ResultFormat) -> list[Path]:
    """Write generated images (B, 3, H, W) uint8 of a batch of pairs as single images or strips."""
    written = []
    for i, name in enumerate(batch.pair_ids):
        picture = generated[i].cpu()
        if format == "strips":
            picture = torch.cat(_panels(batch, i, picture), dim=-1)
        path = _path(out, name, format)
        write_image(path, picture)
        written.append(path)
    return written


def _path(out: Path, name: str, format: ResultFormat) -> Path:
    return out / f"{name}_vis{'.png' if format == 'images' else '.jpg'}"


def _panels(batch: PairBatch, i: int, generated: Tensor) -> list[Tensor]:
    size = (generated.shape[-2], generated.shape[-1])
    source_pose = Pose(batch.source_joints[i], batch.source_visible[i])
    target_pose = Pose(batch.target_joints[i], batch.target_visible[i])
    return [
        batch.source[i].cpu(),
        draw_pose(source_pose, size),
        batch.target[i].cpu(),
        draw_pose(target_pose, size),
        generated,
    ]


def write_manifest(out: Path, index: PairIndex, *, format: ResultFormat, provenance: dict[str, Any]) -> None:
    """Write manifest.json, which tells what the images were made from and where their targets are, and
    annotations.csv, the poses in pixels of these images.
    """
    names = dict.fromkeys(name for pair in index.pairs for name in pair)
    write_annotations(out / ANNOTATIONS, {name: index.poses[name] for name in names})
    manifest = {
        "format": format,
        "images": str(index.images.resolve()),
        "annotations": ANNOTATIONS,
        "pairs": [list(pair) for pair in index.pairs],
        **{
            name: json.loads(config_to_json(value)) if isinstance(value, RunConfig) else value
            for name, value in provenance.items()
        },
    }
    write_text(out / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def checkpoint_provenance(path: Path) -> dict[str, Any]:
    """Manifest entry that names a checkpoint file and its SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"checkpoint": {"file": str(path.resolve()), "sha256": digest}}
