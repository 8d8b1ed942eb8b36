"""A pair of images of one person, and batches of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import itemgetter

import numpy as np
import torch
from torch import Tensor

from reposer.correspondence import PairTruth


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
    """SOURCE___TARGET, the names of the two images."""
    target_box: Tensor | None = None
    """(4,) int64, which part of the target shows its photo, see ``letterbox.Box``; None: all of it."""
    flow: Tensor | None = None
    """(2, H, W) float32: where the source has the point that each pixel of the target shows, see ``PairTruth``."""
    seen: Tensor | None = None
    """(H, W) bool: the target shows the person there, and the source shows the same point."""
    parts: Tensor | None = None
    """(H, W) uint8, the part that each pixel of the target shows; 0 is background."""
    source_parts: Tensor | None = None
    """(H, W) uint8, likewise of the source."""


_TENSORS = tuple(field.name for field in fields(PairItem) if field.name != "pair_id")


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Pairs, stacked: the tensors of ``PairItem`` with an axis of B pairs in front.

    Images stay uint8 until they are on the device: a quarter of the bytes to move.
    """

    source: Tensor
    target: Tensor
    source_joints: Tensor
    source_visible: Tensor
    target_joints: Tensor
    target_visible: Tensor
    pair_ids: tuple[str, ...]
    """SOURCE___TARGET of each pair."""
    target_box: Tensor | None = None
    """(B, 4), of all pairs or of none."""
    flow: Tensor | None = None
    """(B, 2, H, W), of all pairs or of none, as all that follow."""
    seen: Tensor | None = None
    """(B, H, W)."""
    parts: Tensor | None = None
    """(B, H, W)."""
    source_parts: Tensor | None = None
    """(B, H, W)."""

    def __len__(self) -> int:
        return len(self.pair_ids)

    @property
    def poses(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Joints and visible of the source, then those of the target: what a generator reads beside the source."""
        return self.source_joints, self.source_visible, self.target_joints, self.target_visible

    @property
    def truth(self) -> PairTruth | None:
        """What is known about the targets, where flow, seen and parts are."""
        if self.flow is None or self.seen is None or self.parts is None:
            return None
        return PairTruth(self.flow, self.seen, self.parts)

    def tensors(self) -> tuple[Tensor, ...]:
        """All tensors that it has, in the order of the fields."""
        return tuple(getattr(self, name) for name in _held(self))

    def copied(self) -> PairBatch:
        """Return the same in memory of its own."""
        return self._map(Tensor.clone)

    def to(self, device: torch.device | str, *, non_blocking: bool = False) -> PairBatch:
        """Return the batch on a device."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=non_blocking))

    @staticmethod
    def joined(batches: Sequence[PairBatch]) -> PairBatch:
        """Join batches into one."""
        tensors = {name: torch.cat([getattr(batch, name) for batch in batches]) for name in _held(batches[0])}
        return PairBatch(**tensors, pair_ids=tuple(name for batch in batches for name in batch.pair_ids))

    def split(self, parts: int) -> list[PairBatch]:
        """Split into ``parts`` batches of nearly one size, in order; fewer where there are fewer pairs."""
        return [self._map(itemgetter(rows), rows) for rows in shares(len(self), parts)]

    def pin_memory(self) -> PairBatch:
        """Return the batch in page-locked memory; ``DataLoader(pin_memory=True)`` calls this."""
        return self._map(Tensor.pin_memory)

    def _map(self, change: Callable[[Tensor], Tensor], rows: slice = slice(None)) -> PairBatch:
        return PairBatch(**{name: change(getattr(self, name)) for name in _held(self)}, pair_ids=self.pair_ids[rows])


def collate(items: Sequence[PairItem]) -> PairBatch:
    """Stack pairs of one size into a batch."""
    tensors = {name: torch.stack([getattr(item, name) for item in items]) for name in _held(items[0])}
    return PairBatch(**tensors, pair_ids=tuple(item.pair_id for item in items))


def _held(pairs: PairItem | PairBatch) -> list[str]:
    """Names of the tensors that pairs have: without padding no box, without truth no flow."""
    return [name for name in _TENSORS if getattr(pairs, name) is not None]


def shares(items: int, parts: int) -> list[slice]:
    """Cut ``items`` into runs of nearly one length, the longer ones first, without empty ones."""
    lengths = [items // parts + (i < items % parts) for i in range(parts)]
    ends = np.cumsum(lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True) if length]
