"""Pairs of images of one person: the data set, its batches, and loaders that depend on the seed alone."""

from __future__ import annotations

import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from reposer.checks import InputError, RunError, check_choice
from reposer.data.deepfashion import DEEPFASHION
from reposer.data.layouts import PairIndex, Split, contents, open_layout, pair_id
from reposer.data.market1501 import MARKET
from reposer.images import check_size, crop_columns, read_image
from reposer.poses import flip_joints

LayoutName = Literal["auto", "market", "deepfashion"]
_LAYOUTS = {layout.name: layout for layout in (MARKET, DEEPFASHION)}


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """How pairs are found and loaded."""

    layout: LayoutName = "auto"
    """Kind of data set; "auto" tells by the names of the CSVs."""
    workers: int = 2
    """Processes that read images; 0 reads them in the training process."""
    flip: bool = False
    """Show half of the training pairs mirrored, left and right joints swapped. The published runs do not."""

    def __post_init__(self) -> None:
        check_choice("layout", self.layout, ("auto", *_LAYOUTS))
        if self.workers < 0:
            raise InputError(f"workers must be 0 or more processes, got {self.workers}")


def open_pairs(root: str | Path, split: Split, layout: LayoutName = "auto") -> PairIndex:
    """Open one split of a data set folder.

    Args:
        root: folder with the image folders and the CSVs.
        split: "train" or "test".
        layout: "market", "deepfashion", or "auto" to tell by the annotation CSV.

    Raises:
        InputError: one line that says what was looked for and what was found.
    """
    root = Path(root)
    check_choice("split", split, ("train", "test"))
    check_choice("layout", layout, ("auto", *_LAYOUTS))
    if layout == "auto":
        layout = _detect(root, split)
    return open_layout(_LAYOUTS[layout], root, split)


def has_split(root: str | Path, split: Split, layout: LayoutName = "auto") -> bool:
    """Whether a data set folder has annotations of this split."""
    names = _LAYOUTS if layout == "auto" else (layout,)
    return any((Path(root) / file).is_file() for name in names for file in _LAYOUTS[name].annotation_names(split))


def _detect(root: Path, split: Split) -> Literal["market", "deepfashion"]:
    candidates = {name: layout.annotation_names(split) for name, layout in _LAYOUTS.items()}
    found = [name for name, files in candidates.items() if any((root / file).is_file() for file in files)]
    if len(found) > 1:
        raise InputError(
            f"{root}: holds annotations of more than one data set; choose the layout: {' or '.join(found)}"
        )
    if not found:
        looked_for = " or ".join(file for files in candidates.values() for file in files)
        raise InputError(f"{root}: no data set: looked for {looked_for}; found {contents(root)}")
    return "market" if found == ["market"] else "deepfashion"


@dataclass(frozen=True, eq=False)
class PairItem:
    """Two images of one person, with their poses."""

    source: Tensor
    """(3, H, W) uint8 RGB."""
    target: Tensor
    """(3, H, W) uint8 RGB."""
    source_joints: Tensor
    """(J, 2) float pixels, x then y; 0 for missing joints."""
    source_visible: Tensor
    """(J,) bool."""
    target_joints: Tensor
    target_visible: Tensor
    pair_id: str
    """SOURCE___TARGET, the two image names."""


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Pairs, stacked. Images stay uint8 until they are on the device: a quarter of the bytes to move."""

    source: Tensor
    """(B, 3, H, W) uint8 RGB."""
    target: Tensor
    """(B, 3, H, W) uint8 RGB."""
    source_joints: Tensor
    """(B, J, 2) float pixels, x then y; 0 for missing joints."""
    source_visible: Tensor
    """(B, J) bool."""
    target_joints: Tensor
    target_visible: Tensor
    pair_ids: tuple[str, ...]
    """SOURCE___TARGET of each pair."""

    def __len__(self) -> int:
        return len(self.pair_ids)

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> PairBatch:
        """Return the batch on a device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    @staticmethod
    def joined(batches: Sequence[PairBatch]) -> PairBatch:
        """Join batches into one."""
        tensors = {
            field.name: torch.cat([getattr(batch, field.name) for batch in batches])
            for field in fields(PairBatch)
            if field.name != "pair_ids"
        }
        return PairBatch(**tensors, pair_ids=tuple(name for batch in batches for name in batch.pair_ids))

    def split(self, parts: int) -> list[PairBatch]:
        """Split into ``parts`` batches of nearly one size, in order; fewer where there are fewer pairs."""
        return [self._map(itemgetter(rows), rows) for rows in shares(len(self), parts)]

    def pin_memory(self) -> PairBatch:
        """Return the batch in page-locked memory; ``DataLoader(pin_memory=True)`` calls this."""
        return self._map(Tensor.pin_memory)

    def _map(self, change: Callable[[Tensor], Tensor], rows: slice = slice(None)) -> PairBatch:
        return PairBatch(
            source=change(self.source),
            target=change(self.target),
            source_joints=change(self.source_joints),
            source_visible=change(self.source_visible),
            target_joints=change(self.target_joints),
            target_visible=change(self.target_visible),
            pair_ids=self.pair_ids[rows],
        )


def shares(items: int, parts: int) -> list[slice]:
    """Cut ``items`` into runs of nearly one length, the longer ones first, without empty ones."""
    lengths = [items // parts + (i < items % parts) for i in range(parts)]
    ends = np.cumsum(lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True) if length]


def collate(items: Sequence[PairItem]) -> PairBatch:
    """Stack pairs of one size into a batch."""
    return PairBatch(
        source=torch.stack([item.source for item in items]),
        target=torch.stack([item.target for item in items]),
        source_joints=torch.stack([item.source_joints for item in items]),
        source_visible=torch.stack([item.source_visible for item in items]),
        target_joints=torch.stack([item.target_joints for item in items]),
        target_visible=torch.stack([item.target_visible for item in items]),
        pair_ids=tuple(item.pair_id for item in items),
    )


class PairDataset(Dataset[PairItem]):
    """The pairs of a ``PairIndex``, read from disk one by one.

    With ``flip``, the data set is twice as long and its second half holds the mirrored pairs: a uniform draw
    is a mirrored pair with probability 1/2.
    """

    def __init__(self, index: PairIndex, *, flip: bool = False) -> None:
        # Arrays, not hundreds of thousands of small objects: they start a worker process at once.
        self._names = sorted({name for pair in index.pairs for name in pair})
        position = {name: i for i, name in enumerate(self._names)}
        self._pairs = np.array([(position[a], position[b]) for a, b in index.pairs], np.int32).reshape(-1, 2)
        self._joints = torch.stack([index.poses[name].joints for name in self._names])
        self._visible = torch.stack([index.poses[name].visible for name in self._names])
        self._images = index.images
        self._full_width = index.full_width
        self._flip = flip
        self.size = index.size
        """(height, width) of the images in pixels."""

    def __len__(self) -> int:
        return len(self._pairs) * (2 if self._flip else 1)

    def __getitem__(self, item: int) -> PairItem:
        """Read one pair.

        Raises:
            InputError: if an image is missing, unreadable or not of the expected size.
        """
        if not 0 <= item < len(self):
            raise IndexError(f"item {item} of a data set of {len(self)} pairs")
        pair = self._pairs[item % len(self._pairs)].tolist()
        source, target = (self._names[i] for i in pair)
        images = torch.stack([self._read(source), self._read(target)])
        joints, visible = self._joints[pair], self._visible[pair]
        if item >= len(self._pairs):
            images = images.flip(-1)
            joints, visible = flip_joints(joints, visible, self.size[1])
        return PairItem(
            source=images[0],
            target=images[1],
            source_joints=joints[0],
            source_visible=visible[0],
            target_joints=joints[1],
            target_visible=visible[1],
            pair_id=pair_id(source, target),
        )

    def _read(self, name: str) -> Tensor:
        path = self._images / name
        image = read_image(path)
        if tuple(image.shape[-2:]) == (self.size[0], self._full_width):
            image = crop_columns(image, self.size[1])
        check_size(image, self.size, path)
        return image


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
    """The share that one of several processes has of every batch: in order, of nearly one size.

    Together the processes see the batches that one process alone would see.

    Args:
        items: of all batches, in order.
        batch_size: items in a batch of all processes together; the last batch may be smaller.
        rank: which process, from 0.
        processes: how many there are.

    Raises:
        InputError: if the last batch has fewer items than there are processes.
    """

    def __init__(self, items: EpochSampler, batch_size: int, *, rank: int, processes: int) -> None:
        smallest = len(items) % batch_size or batch_size
        if smallest < processes:
            raise InputError(
                f"{processes} processes cannot share a batch of {smallest} pairs: choose a batch size that leaves "
                f"every process a pair, also of an epoch's last batch ({len(items)} pairs in batches of {batch_size})"
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

    Batches hold the same items for any number of processes, so that what is computed from them is the same too.

    Args:
        items: length of the data set.
        batch_size: items in a batch; the last one may be smaller.
        rank: which process, from 0.
        processes: how many there are.
    """

    def __init__(self, items: int, batch_size: int, *, rank: int = 0, processes: int = 1) -> None:
        self._batches = [range(i, min(i + batch_size, items)) for i in range(0, items, batch_size)][rank::processes]

    def __iter__(self) -> Iterator[list[int]]:
        return map(list, self._batches)

    def __len__(self) -> int:
        return len(self._batches)


class _Loader(DataLoader[PairItem]):
    """A DataLoader whose errors are one line: an InputError of a worker, or a worker that dies."""

    def __iter__(self) -> Iterator[PairBatch]:  # type: ignore[override]
        with dead_workers_in_one_line():
            try:
                yield from super().__iter__()
            except InputError as error:
                line = str(error).strip().splitlines()[-1]
                raise InputError(line.removeprefix("reposer.checks.InputError: ")) from None
            except (EOFError, ConnectionError):  # a moment before torch knows that the worker died
                raise RuntimeError("DataLoader worker died while it handed over a batch") from None


@contextmanager
def dead_workers_in_one_line() -> Iterator[None]:
    """Turn torch's error about a dead worker into one line; torch raises it wherever the program then is.

    Raises:
        RunError: that line.
    """
    try:
        yield
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
        if threading.current_thread() is threading.main_thread():  # else torch raises again while the program ends
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
    batches_of_this = ShareOfBatches(sampler, batch_size, rank=rank, processes=processes)
    return _loader(dataset, workers, pin_memory, batches_of_this)


def test_loader(
    dataset: PairDataset,
    batch_size: int,
    workers: int,
    *,
    rank: int = 0,  # noqa: PT028
    processes: int = 1,  # noqa: PT028
    pin_memory: bool = False,  # noqa: PT028
) -> DataLoader[PairItem]:
    """Load all pairs in order, as ``PairBatch``; the last batch may be smaller.

    Of several processes, each loads every so many-th batch, see :class:`EveryNthBatch`.
    """
    return _loader(
        dataset, workers, pin_memory, EveryNthBatch(len(dataset), batch_size, rank=rank, processes=processes)
    )


test_loader.__test__ = False  # type: ignore[attr-defined]  # not a test, whatever pytest thinks of its name


def _loader(dataset: PairDataset, workers: int, pin_memory: bool, batches: Sampler[list[int]]) -> _Loader:
    return _Loader(
        dataset,
        batch_sampler=batches,
        num_workers=workers,
        pin_memory=pin_memory,
        collate_fn=collate,
        # Its own generator: the loader would otherwise draw the seed of its workers from the global one.
        generator=torch.Generator().manual_seed(0),
    )
