"""Generation: the pictures of a whole pair list, with a manifest of what they were made from."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from reposer.bounds import BatchSize
from reposer.checks import InputError, RunError, check_choice
from reposer.config import config_to_json
from reposer.data import PairDataset, PairIndex, pair_id, test_loader
from reposer.digests import file_digest
from reposer.generator import Generator, check_generated
from reposer.images import to_signed
from reposer.locks import lock
from reposer.plausibility import trusted
from reposer.processes import check_processes, end_with_parent
from reposer.progress import Progress
from reposer.results import FORMATS, Format, result_name, under_manifest, write_results
from reposer.values import from_plain

if TYPE_CHECKING:
    from lightning.fabric import Fabric


def generate(
    generator: Generator,
    index: PairIndex,
    out: Path,
    *,
    format: str = "images",
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
    from_plain(BatchSize, batch_size, "batch_size")
    check_processes("workers", workers, least=0)
    check_processes("devices", devices)
    if index.size != generator.config.size:
        raise InputError(
            f"{index.images}: images are {index.size[0]}x{index.size[1]}, the generator was trained for "
            f"{generator.config.size[0]}x{generator.config.size[1]}"
        )
    kind = next(generator.parameters()).device.type
    if kind == "cuda" and devices > torch.cuda.device_count():
        raise InputError(
            f"devices must be at most {torch.cuda.device_count()}, the GPUs of this machine, got {devices}"
        )
    form, config = FORMATS[format], json.loads(config_to_json(generator.config))
    write = partial(_generate, generator, index, out, form, batch_size=batch_size, workers=workers)
    with lock(out, "reposer generate"), under_manifest(out, index, form, {**(provenance or {}), "config": config}):
        if devices == 1:
            write(progress=progress)
        elif kind == "cpu":
            _in_processes(write, devices)
        else:
            # Not "ddp_fork": a forked child of a process whose threads computed already may hang.
            from lightning.fabric import Fabric  # its import takes as long as torch's

            fabric = Fabric(accelerator=kind, devices=devices, strategy="ddp_spawn")
            fabric.launch(partial(_generate_share, write=write))
    return [out / result_name(pair_id(*pair), form.suffix) for pair in index.pairs]


def _in_processes(write: Callable[..., None], processes: int) -> None:
    """Let processes of this machine share the batches, and its cores."""
    threads = max(1, torch.get_num_threads() // processes)
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(threads,)
    ) as pool:
        try:
            for share in [pool.submit(write, rank=rank, processes=processes) for rank in range(processes)]:
                share.result()
        except BrokenProcessPool:
            raise RunError("a process that generates died, perhaps for lack of memory; use fewer --devices") from None


def _start_worker(threads: int) -> None:
    end_with_parent()
    torch.set_num_threads(threads)


def _generate_share(fabric: Fabric, *, write: Callable[..., None]) -> None:
    write(device=fabric.device, rank=fabric.global_rank, processes=fabric.world_size)


@trusted()
def _generate(
    generator: Generator,
    index: PairIndex,
    out: Path,
    format: Format,
    *,
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
        images = generator.repose(to_signed(batch.source), *batch.poses)
        check_generated(images, batch.pair_ids)
        done += len(write_results(out, batch, images, format))
        if progress:
            progress(done, len(dataset))


def checkpoint_provenance(path: Path) -> dict[str, Any]:
    """Manifest entry that names a checkpoint file and its SHA-256."""
    return {"checkpoint": {"file": str(path.resolve()), "sha256": file_digest(path)}}
