"""Which pairs are drawn, and how their batches are dealt out to processes: by the seed alone."""

import math
from collections.abc import Iterator
from itertools import islice

import numpy as np
from torch.utils.data import Sampler

from reposer.checks import InputError
from reposer.data.batch import shares


class EpochSampler(Sampler[int]):
    """The items of one epoch: ``pairs_per_epoch`` uniform draws with replacement from all pairs.

    Each draw has its own generator, seeded by (seed, epoch, item): the draws do not depend on the batch size,
    on the number of workers, or on where the epoch is entered.

    Args:
        pairs: length of the data set.
        pairs_per_epoch: draws in one epoch; 4,000 in the published runs.
        seed: of the run, 0 or more.
        epoch: which epoch, from 0.
        start: first item, to resume inside an epoch.
    """

    def __init__(self, pairs: int, pairs_per_epoch: int, seed: int, *, epoch: int = 0, start: int = 0) -> None:
        if pairs < 1:
            raise ValueError(f"pairs must be 1 or more, got {pairs}")
        for name, value in (("seed", seed), ("epoch", epoch), ("start", start)):
            if value < 0:
                raise ValueError(f"{name} must be 0 or more, got {value}")
        self.pairs = pairs
        self.seed = seed
        self.epoch = epoch
        self._items = range(start, pairs_per_epoch)

    def set_epoch(self, epoch: int) -> None:
        """Draw the items of another epoch from now on."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        for item in self._items:
            # The output of SeedSequence is the same in every release of numpy, unlike that of its generators.
            (bits,) = np.random.SeedSequence((self.seed, self.epoch, item)).generate_state(1, np.uint64)
            yield int(bits) % self.pairs

    def __len__(self) -> int:
        return len(self._items)


class ShareOfBatches(Sampler[list[int]]):
    """The share that process ``rank`` of ``processes`` has of every batch: in order, of nearly one size.

    Together the processes see the batches that one process alone would see, of ``batch_size`` items; the last batch
    may be smaller.

    Raises:
        InputError: if the last batch has fewer items than there are processes.
    """

    def __init__(self, items: EpochSampler, batch_size: int, *, rank: int, processes: int) -> None:
        smallest = len(items) % batch_size or batch_size
        if smallest < processes:
            raise InputError(
                f"{processes} processes cannot share a batch of {smallest} pairs: choose a batch size that leaves "
                f"every process a pair, also in an epoch's last batch ({len(items)} pairs in batches of {batch_size})"
            )
        self.items, self.batch_size, self.rank, self.processes = items, batch_size, rank, processes

    def __iter__(self) -> Iterator[list[int]]:
        items = iter(self.items)
        while batch := list(islice(items, self.batch_size)):
            yield batch[shares(len(batch), self.processes)[self.rank]]

    def __len__(self) -> int:
        return math.ceil(len(self.items) / self.batch_size)


class EveryNthBatch(Sampler[list[int]]):
    """Whole batches of a data set in order, dealt out to processes: batch i goes to process i mod ``processes``.

    Batches hold the same items for any number of processes, so results computed from them are the same, too. The last
    one may be smaller. A batch whose items are all ``done`` is left out; the others stay as they are.
    """

    def __init__(
        self, items: int, batch_size: int, *, rank: int = 0, processes: int = 1, done: frozenset[int] = frozenset()
    ) -> None:
        batches = [range(i, min(i + batch_size, items)) for i in range(0, items, batch_size)][rank::processes]
        self._batches = [batch for batch in batches if not done.issuperset(batch)] if done else batches

    def __iter__(self) -> Iterator[list[int]]:
        return map(list, self._batches)

    def __len__(self) -> int:
        return len(self._batches)
