"""Where the batches of a run come from: its data set, read again and again, or once into memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from reposer.config import RunConfig
from reposer.data import PairBatch, PairDataset, train_loader
from reposer.data.cache import CachedPairs, Place, bytes_of, choose_place
from reposer.progress import Progress
from reposer.training.world import World


@dataclass(frozen=True, eq=False)
class Batches:
    """The batches of a run: the same ones, bit for bit, wherever the images are kept."""

    dataset: PairDataset
    config: RunConfig
    world: World
    cached: CachedPairs | None = None
    """The images in memory; None: they are read from disk, again for each batch."""

    @classmethod
    @contextmanager
    def opened(cls, dataset: PairDataset, config: RunConfig, world: World, progress: Progress) -> Iterator[Batches]:
        """The batches of a run, whose images are read first if they fit into memory, see ``data.cache``; freed after.

        Raises:
            InputError: naming an image that is missing, unreadable or not of the expected size.
            RunError: if a process that reads images dies.
        """
        place = place_of(config, dataset, world)
        yield cls(dataset, config, world, fill(dataset, config, world, place, progress))

    def from_step(self, step: int) -> Iterator[PairBatch]:
        """The share of this process in each batch, from the step after ``step`` until the last, epoch by epoch."""
        every = self.config.optimization.steps_per_epoch
        while step < self.config.optimization.steps:
            for batch in self.of_epoch(*divmod(step, every)):
                yield batch
                step += 1

    def of_epoch(self, epoch: int = 0, start_batch: int = 0) -> Iterator[PairBatch]:
        """The share of this process in the batches of one epoch."""
        optimization, world = self.config.optimization, self.world
        loader = train_loader(
            self.dataset,
            seed=self.config.seed,
            epoch=epoch,
            pairs_per_epoch=optimization.pairs_per_epoch,
            batch_size=optimization.batch_size,
            workers=self.config.data.workers,
            start_batch=start_batch,
            rank=world.rank,
            processes=world.size,
            pin_memory=world.device.type == "cuda",
        )
        batches = iter(loader) if self.cached is None else self.cached.batches(loader.batch_sampler)  # type: ignore[arg-type]
        for batch in batches:
            yield batch.to(world.device, non_blocking=True)


def place_of(config: RunConfig, dataset: PairDataset, world: World) -> Place:
    """Where a run keeps its images."""
    optimization = config.optimization
    draws = (optimization.constant_epochs + optimization.decay_epochs) * optimization.pairs_per_epoch
    here = max(1, world.size // config.hardware.nodes)
    return choose_place(config.data.cache, dataset, world.device, draws=draws, processes=here)


def fill(dataset: PairDataset, config: RunConfig, world: World, place: Place, progress: Progress) -> CachedPairs | None:
    """Read the images into memory, if they are kept there."""
    if place == "none":
        return None
    on_gpu = world.device.type == "cuda"
    with progress.part(f"read {bytes_of(dataset) / 1e6:,.0f} MB into memory") as part:
        return CachedPairs.filled(
            dataset,
            world.device if place == "device" else torch.device("cpu"),
            workers=config.data.workers,
            pin_memory=on_gpu and place == "memory",
            progress=part,
        )
