"""All batches of a data set through a generator, dealt out to processes and machines."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from reposer.bounds import BatchSize
from reposer.checks import InputError, RunError
from reposer.data import PairBatch, PairDataset, PairIndex, test_loader
from reposer.generator import Generator, check_generated
from reposer.images import to_signed
from reposer.letterbox import FILL, content_mask
from reposer.plausibility import trusted
from reposer.processes import check_processes, end_with_parent
from reposer.progress import Progress
from reposer.values import from_plain

if TYPE_CHECKING:
    from lightning.fabric import Fabric

Save = Callable[[PairBatch, Tensor], object]
"""Writes the images (B, 3, H, W) in [-1, 1] that were generated for a batch; can be pickled."""


@dataclass(frozen=True)
class Shard:
    """Share ``number`` of ``of``, counted from 1, of work that several machines do."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not (type(self.number) is type(self.of) is int and 1 <= self.number <= self.of <= 100_000):
            raise InputError(f"shard must be I/N with I from 1 to N, such as 2/4, got {self}")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read "I/N"; InputError if it is not."""
        found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
        if found is None:
            raise InputError(f"shard must be I/N with I from 1 to N, such as 2/4, got {text[:40]!r}")
        return cls(int(found[1]), int(found[2]))


def check_work(generator: Generator, index: PairIndex, *, batch_size: int, workers: int, devices: int) -> None:
    """Raise InputError unless the generator fits the images, and this machine the options of ``generate_batches``."""
    from_plain(BatchSize, batch_size, "batch_size")
    check_processes("workers", workers, least=0)
    check_processes("devices", devices)
    if index.size != generator.config.size:
        raise InputError(
            f"{index.images}: images are {index.size[0]}x{index.size[1]}, the generator was trained for "
            f"{generator.config.size[0]}x{generator.config.size[1]}"
        )
    if _kind(generator) == "cuda" and devices > torch.cuda.device_count():
        raise InputError(
            f"devices must be at most {torch.cuda.device_count()}, the GPUs of this machine, got {devices}"
        )


def generate_batches(
    generator: Generator,
    dataset: PairDataset,
    save: Save,
    *,
    batch_size: int,
    workers: int = 0,
    devices: int = 1,
    shard: Shard = Shard(),
    done: Collection[int] = frozenset(),
    progress: Progress | None = None,
) -> None:
    """Generate the items of a data set in batches, and hand each to ``save``.

    Batches hold the same items for any number of devices and shards, so that the images are the same, too.

    Args:
        generator: from :func:`reposer.load_generator`.
        dataset: its sources and the poses of its targets are read.
        save: what becomes of a batch.
        batch_size: pairs at a time.
        workers: processes that read images.
        devices: processes that share the batches, on as many devices of the generator's kind.
        shard: which share of the batches is generated here.
        done: items that need not be generated; a batch of such items alone is passed over.
        progress: where to show how far it is; with several devices nothing is shown.

    Raises:
        RunError: if one of several processes dies, or the generator gives NaN.
    """
    work = partial(
        _generate, generator, dataset, save, batch_size=batch_size, workers=workers, shard=shard, done=frozenset(done)
    )
    if devices == 1:
        work(progress=progress)
    elif _kind(generator) == "cpu":
        _in_processes(work, devices)
    else:
        # Not "ddp_fork": a forked child of a process whose threads computed already may hang.
        from lightning.fabric import Fabric  # its import takes as long as torch's

        fabric = Fabric(accelerator=_kind(generator), devices=devices, strategy="ddp_spawn")
        fabric.launch(partial(_generate_share, work=work))


def _kind(generator: Generator) -> str:
    return next(generator.parameters()).device.type


def _in_processes(work: Callable[..., None], processes: int) -> None:
    """Let processes of this machine share the batches, and its cores."""
    threads = max(1, torch.get_num_threads() // processes)
    with ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(threads,)
    ) as pool:
        try:
            for share in [pool.submit(work, rank=rank, processes=processes) for rank in range(processes)]:
                share.result()
        except BrokenProcessPool:
            raise RunError("a process that generates died, perhaps for lack of memory; use fewer --devices") from None


def _start_worker(threads: int) -> None:
    end_with_parent()
    torch.set_num_threads(threads)


def _generate_share(fabric: Fabric, *, work: Callable[..., None]) -> None:
    work(device=fabric.device, rank=fabric.global_rank, processes=fabric.world_size)


@trusted()
def _generate(
    generator: Generator,
    dataset: PairDataset,
    save: Save,
    *,
    batch_size: int,
    workers: int,
    shard: Shard,
    done: frozenset[int],
    device: torch.device | None = None,
    rank: int = 0,
    processes: int = 1,
    progress: Progress | None = None,
) -> None:
    """Generate what one process of several does, on one machine of several."""
    if device is not None:
        generator = generator.to(device)
    device = next(generator.parameters()).device
    batches = test_loader(
        dataset,
        batch_size,
        workers,
        rank=shard.number - 1 + shard.of * rank,
        processes=shard.of * processes,
        done=done,
    )
    total, finished = sum(map(len, batches.batch_sampler or ())), 0
    for batch in batches:
        batch = batch.to(device)
        images = generator.repose(to_signed(batch.source), *batch.poses)
        check_generated(images, batch.pair_ids)
        if batch.target_box is not None:
            grey = (FILL + 0.25) / 127.5 - 1  # however values become integers
            images = images.masked_fill(~content_mask(batch.target_box, dataset.size), grey)
        save(batch, images)
        finished += len(batch)
        if progress:
            progress(finished, total)
