"""The images of a data set in memory, decoded once: batches are put together there, of the same bits as a loader's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.data.batch import PairBatch
from reposer.data.dataset import PairDataset
from reposer.data.loading import image_loader
from reposer.memory import free_bytes

Cache = Literal["auto", "none", "memory", "device"]
Place = Literal["none", "memory", "device"]
"""Where images are kept: nowhere, in the memory of the machine, or in that of the device."""

SHARE = 4
"""Of the free memory, "auto" takes at most one part in so many."""


def bytes_of(dataset: PairDataset) -> int:
    """Bytes of the decoded images of a data set: one a value, of each image that a pair shows."""
    return dataset.images * 3 * dataset.size[0] * dataset.size[1]


def choose_place(
    cache: Cache, dataset: PairDataset, device: torch.device, *, draws: int | None = None, processes: int = 1
) -> Place:
    """Where the images are kept under a setting; "auto": in the device's memory, else the machine's, else nowhere.

    It takes a memory if the images fill at most a quarter of what is free there now, and none for a run that reads
    fewer images than there are, or for pairs with their truth, which is read with the images.

    Args:
        cache: the setting.
        dataset: whose images.
        device: where the batches go; the processor's memory is the machine's.
        draws: pairs that the run draws; None: many.
        processes: of this machine that keep the images, each its own.

    Raises:
        InputError: if they do not fit where the setting wants them, or it wants pairs with their truth there.
    """
    if dataset.has_truth and cache not in ("auto", "none"):
        raise InputError(f"--data.cache {cache} keeps images alone, --data.truth needs more; use --data.cache none")
    if cache == "none" or dataset.has_truth or (cache == "auto" and draws is not None and 2 * draws < dataset.images):
        return "none"
    free: dict[Place, int] = {"memory": free_bytes() // processes}
    if device.type != "cpu":  # of other devices than CUDA's nothing tells how much is free
        on_device = torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 0
        free = {"device": on_device, **free}
    needed = bytes_of(dataset)
    if cache == "auto":
        return next((place for place, left in free.items() if SHARE * needed <= left), "none")
    place: Place = "device" if cache == "device" and "device" in free else "memory"
    if needed > free[place] > 0:
        raise InputError(
            f"--data.cache {cache}: the images take {needed / 2**20:,.0f} MB, {free[place] / 2**20:,.0f} MB are free "
            "there; use --data.cache none"
        )
    return place


@dataclass(frozen=True, eq=False)
class CachedPairs:
    """The pairs of a data set, whose images are in memory."""

    dataset: PairDataset
    images: Tensor
    """(N, 3, H, W) uint8, by number."""
    joints: Tensor
    """(N, J, 2), or (2N, J, 2) with those of mirrored images after the others; on the device of the images."""
    visible: Tensor
    boxes: Tensor | None = None
    """(N, 4) or (2N, 4), likewise, the content of padded images."""
    pinned: bool = False
    """Batches go to page-locked memory, for copies to a CUDA device."""

    @classmethod
    def filled(
        cls,
        dataset: PairDataset,
        device: torch.device,
        *,
        workers: int,
        pin_memory: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> CachedPairs:
        """Read all images, in so many processes; 0 reads them in this one.

        Raises:
            InputError: naming the image that is missing, unreadable or not of the expected size.
            RunError: if a process dies.
        """
        images = torch.empty(dataset.images, 3, *dataset.size, dtype=torch.uint8, device=device)
        done = 0
        for some in image_loader(dataset, workers=workers):
            images[done : done + len(some)] = some.to(device)
            done += len(some)
            if progress is not None:
                progress(done, len(images))
        joints, visible = (tensor.to(device) for tensor in dataset.poses())
        boxes = dataset.boxes()
        boxes = None if boxes is None else boxes.to(device)
        return cls(dataset, images, joints, visible, boxes, pinned=pin_memory)

    def batches(self, batches: Iterable[list[int]]) -> Iterator[PairBatch]:
        """The batches of these items, one after another."""
        return map(self.batch, batches)

    def batch(self, items: list[int]) -> PairBatch:
        """Put a batch together: one gather for each tensor, without waiting for the device."""
        pairs, mirrored, ids = self.dataset.numbers(items)
        numbers, flips = pairs.T.ravel(), np.tile(mirrored, 2)  # of the sources, then of the targets
        rows, poses, flipped = (
            torch.from_numpy(each).to(self.images.device, non_blocking=True)
            for each in (numbers, numbers + flips * len(self.images), flips[:, None, None, None])
        )
        images = self.images.index_select(0, rows)
        if mirrored.any():
            images = torch.where(flipped, images.flip(-1), images)
        source, target = images.split(len(items))
        joints = self.joints.index_select(0, poses).split(len(items))
        visible = self.visible.index_select(0, poses).split(len(items))
        boxes = None if self.boxes is None else self.boxes.index_select(0, poses[len(items) :])
        batch = PairBatch(source, target, joints[0], visible[0], joints[1], visible[1], ids, boxes)
        return batch.pin_memory() if self.pinned else batch
