"""Loaders of batches, which depend on the seed alone, with one-line errors."""

import math
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from reposer.checks import InputError, RunError
from reposer.data.batch import PairItem, collate
from reposer.data.dataset import PairDataset
from reposer.data.sampling import EpochSampler, EveryNthBatch, ShareOfBatches
from reposer.processes import end_with_parent, heed_only_parent


class _Loader(DataLoader[Any]):
    """A DataLoader whose errors are one line: an InputError of a worker, or a worker that dies."""

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        with dead_workers_in_one_line():
            try:
                yield from super().__iter__()
            except InputError as error:
                raise InputError(str(error).rpartition("reposer.checks.InputError: ")[2].strip()) from None
            except (EOFError, ConnectionError):  # a moment before torch knows that the worker died
                raise RuntimeError("DataLoader worker died while it handed over a batch") from None


@contextmanager
def dead_workers_in_one_line() -> Iterator[None]:
    """Turn torch's error about a dead worker into one line; torch raises it wherever the program happens to be.

    Raises:
        RunError: that line.
    """
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        # Else torch raises again while the program ends.
        if threading.current_thread() is threading.main_thread() and hasattr(signal, "SIGCHLD"):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        raise RunError(
            "a process that reads images died; if the system stopped it for lack of memory, use fewer --data.workers "
            "(0 reads in the main process)"
        ) from None


def train_loader(
    dataset: PairDataset,
    *,
    seed: int,
    epoch: int,
    pairs_per_epoch: int,
    batch_size: int,
    workers: int,
    start_batch: int = 0,
    rank: int = 0,
    processes: int = 1,
    pin_memory: bool = False,
) -> DataLoader[PairItem]:
    """Load the batches ``start_batch``, ``start_batch + 1``, ... of one epoch, as ``PairBatch``.

    An epoch has ``ceil(pairs_per_epoch / batch_size)`` batches; the last one may be smaller, as in the
    published runs. The loader leaves torch's global random state alone.

    Args:
        dataset: the training pairs.
        seed: of the run, 0 or more.
        epoch: which epoch, from 0.
        pairs_per_epoch: draws in one epoch; 4,000 in the published runs.
        batch_size: pairs in one batch, of all processes together.
        workers: processes that read images; 0 reads them in this process.
        start_batch: first batch, to resume inside an epoch.
        rank: which process this is; it loads its share of every batch.
        processes: how many train together.
        pin_memory: put batches in page-locked memory, for copies to a CUDA device with ``non_blocking=True``.

    Raises:
        ValueError: if the epoch has no batch ``start_batch``.
        InputError: if a batch has fewer pairs than there are processes.
    """
    batches = math.ceil(pairs_per_epoch / batch_size)
    if not 0 <= start_batch < batches:
        raise ValueError(f"start_batch must be from 0 to {batches - 1}, the last of the epoch, got {start_batch}")
    sampler = EpochSampler(len(dataset), pairs_per_epoch, seed, epoch=epoch, start=start_batch * batch_size)
    share = ShareOfBatches(sampler, batch_size, rank=rank, processes=processes)
    return _loader(dataset, workers, share, pin_memory=pin_memory)


def test_loader(
    dataset: PairDataset,
    batch_size: int,
    workers: int,
    *,
    rank: int = 0,  # noqa: PT028
    processes: int = 1,  # noqa: PT028
    done: frozenset[int] = frozenset(),  # noqa: PT028
    pin_memory: bool = False,  # noqa: PT028
) -> DataLoader[PairItem]:
    """Load all pairs in order, as ``PairBatch``; several processes share them as :class:`EveryNthBatch` says."""
    batches = EveryNthBatch(len(dataset), batch_size, rank=rank, processes=processes, done=done)
    return _loader(dataset, workers, batches, pin_memory=pin_memory)


test_loader.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever pytest thinks of its name


def image_loader(dataset: PairDataset, *, workers: int, batch_size: int = 32) -> DataLoader[Tensor]:
    """Load all images that the pairs show, in the order of their numbers, as (B, 3, H, W) uint8."""
    return _loader(_Images(dataset), workers, EveryNthBatch(dataset.images, batch_size), torch.stack)


class _Images(Dataset[Tensor]):
    """The images of a data set of pairs, each once."""

    def __init__(self, pairs: PairDataset) -> None:
        self._pairs = pairs

    def __getitem__(self, number: int) -> Tensor:
        return self._pairs.image(number)


def _prepare_worker(worker: int) -> None:
    heed_only_parent()
    end_with_parent()


def _loader(
    dataset: Dataset[Any],
    workers: int,
    batches: Sampler[list[int]],
    together: Callable[[list[Any]], Any] = collate,
    *,
    pin_memory: bool = False,
) -> _Loader:
    return _Loader(
        dataset,
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=pin_memory,
        collate_fn=together,
        worker_init_fn=_prepare_worker,
        # Its own generator: the loader would otherwise draw the seed of its workers from the global one.
        generator=torch.Generator().manual_seed(0),
    )
