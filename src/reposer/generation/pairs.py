"""Generation: the pictures of a whole pair list, with a manifest of what they were made from."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, get_args

from torch import Tensor

from reposer.checks import check_choice
from reposer.config import config_to_json
from reposer.data import PairBatch, PairDataset, PairIndex, pair_id
from reposer.digests import file_digest
from reposer.generation.asked import PoseOf, asked_poses
from reposer.generation.batches import check_work, generate_batches
from reposer.generator import Generator
from reposer.locks import lock
from reposer.progress import Progress
from reposer.results import FORMATS, Format, result_name, under_manifest, write_results


def generate(
    generator: Generator,
    index: PairIndex,
    out: Path,
    *,
    format: str = "images",
    pose_of: PoseOf = "auto",
    retarget: bool = False,
    batch_size: int = 8,
    workers: int = 0,
    devices: int = 1,
    progress: Progress | None = None,
    provenance: dict[str, Any] | None = None,
) -> list[Path]:
    """Generate every pair of a data set split into a folder, with a manifest; return the files in the pairs' order.

    ``format="images"`` writes ``SOURCE___TARGET_vis.png``, the generated image alone. ``format="strips"`` writes
    the published five panels (source, source pose, target, target pose, generated) as
    ``SOURCE___TARGET_vis.jpg``, JPEG quality 75, values truncated as published. ``format="triptychs"`` writes source,
    target and generated image as one PNG.

    Args:
        generator: from :func:`reposer.load_generator`.
        index: the pairs, from :func:`reposer.data.open_pairs`.
        out: folder, made if missing; results that were made from the same, finished or not, are replaced. Its
            manifest says until the end that they are not finished.
        format: what to write, a name in ``reposer.results.FORMATS``.
        pose_of: whose poses are asked for, of cross-identity pairs: see :func:`reposer.generation.asked_poses`.
        retarget: whether poses of others are fitted to the persons of the sources.
        batch_size: pairs at a time.
        workers: processes that read images.
        devices: processes that share the batches, on as many devices of the generator's kind; the images do not
            depend on it.
        progress: where to show how far it is.
        provenance: more entries for the manifest, such as the checkpoint's hash.

    Raises:
        InputError: if the images have another size than the generator was trained for, an option does not fit, or
            the folder is in use or holds results that were made from something else.
        RunError: if one of several processes dies, or the generator gives NaN.
    """
    check_choice("format", format, FORMATS)
    check_choice("pose_of", pose_of, get_args(PoseOf))
    check_work(generator, index, batch_size=batch_size, workers=workers, devices=devices)
    form, config = FORMATS[format], json.loads(config_to_json(generator.config))
    asked = asked_poses(index, pose_of, retarget=retarget)
    poses, kind = (None, {}) if asked is None else (asked[0], {"given": asked[1]})
    entries = {**(provenance or {}), **kind, "config": config}
    with lock(out, "reposer generate"), under_manifest(out, index, form, entries):
        generate_batches(
            generator,
            PairDataset(index, given=poses),
            partial(_write, out, form),
            batch_size=batch_size,
            workers=workers,
            devices=devices,
            progress=progress,
        )
    return [out / result_name(pair_id(*pair), form.suffix) for pair in index.pairs]


def _write(out: Path, format: Format, batch: PairBatch, images: Tensor) -> None:
    write_results(out, batch, images, format)


def checkpoint_provenance(path: Path) -> dict[str, Any]:
    """Manifest entry that names a checkpoint file and its SHA-256."""
    return {"checkpoint": {"file": str(path.resolve()), "sha256": file_digest(path)}}
