"""Metrics of whole sets: images go through a network in fixed shards, which are merged in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from reposer.evaluation.networks import Networks
from reposer.evaluation.reading import Item, Reader, seen_by
from reposer.evaluation.rows import one_thread_each, settings_of
from reposer.metrics import ImageSet, Metric, Spread, black_outside
from reposer.poses import body_mask

_SHARD = 32
"""Images that go through a network at a time, always the same ones together: the sums do not depend on how the work is
shared."""


class SetScore(NamedTuple):
    """Value of a metric of sets, and the number of generated images behind it."""

    value: float
    n: int


def measure_sets(
    metrics: Sequence[Metric], reader: Reader, items: Sequence[Item], networks: Networks, train: Sequence[Path]
) -> dict[str, SetScore]:
    """Compute metrics of sets: {name: score}; images are in the order of the items, ``train`` the training images."""
    protocol = reader.protocol
    filled: dict[Any, ImageSet] = {}

    def fill(metric: Metric, side: str, load: Callable[[int], Tensor], images: Sequence[object]) -> ImageSet:
        """Make a set, or return that of an earlier metric which sees the same images through the same network."""
        network, count = networks.of(metric), _count(metric, reader, images)
        view = (protocol.pads(metric.name), protocol.resizes(metric.name), metric.masked)
        key = (side, network.identity, metric.keeps, *view, count)
        if key not in filled:
            assert metric.keeps is not None
            filled[key] = _fill(ImageSet(network, metrics=(metric.keeps,)), count, load)
        return filled[key]

    scores = {}
    for metric in metrics:
        sets = [fill(metric, "generated", partial(_of_pair, metric, reader, items, 0), items)]
        if metric.reference is not None:
            of_train = protocol.setting(metric.reference) == "train"
            load = (
                partial(_of_train, metric, reader, train) if of_train else partial(_of_pair, metric, reader, items, 1)
            )
            sets.append(fill(metric, "real", load, train if of_train else items))
        found = metric.function(*sets, **settings_of(metric, protocol))
        value = found.mean if isinstance(found, Spread) else found
        scores[metric.name] = SetScore(value, _count(metric, reader, items))
    return scores


def _count(metric: Metric, reader: Reader, images: Sequence[object]) -> int:
    """Number of the first images that count."""
    return len(images) if metric.batch is None else reader.protocol.setting(metric.batch).kept(len(images))


def _of_pair(metric: Metric, reader: Reader, items: Sequence[Item], side: int, index: int) -> Tensor:
    """Load the generated image (side 0) or the target (side 1) of an item as a metric sees it."""
    item = items[index]
    image = reader.pair(item)[side][None]
    if metric.masked:
        size = (image.shape[-2], image.shape[-1])
        image = black_outside(image, body_mask(item.joints[None], item.visible[None], size))
    return seen_by(metric.name, image, reader.protocol, "target" if side else "generated")


def _of_train(metric: Metric, reader: Reader, files: Sequence[Path], index: int) -> Tensor:
    """Load a training image as a metric sees it."""
    return seen_by(metric.name, reader.real(files[index])[None], reader.protocol, "target")


def _fill(images: ImageSet, count: int, load: Callable[[int], Tensor]) -> ImageSet:
    def shard(start: int) -> ImageSet:
        torch.set_num_threads(1)
        part = ImageSet(images.network, metrics=images.metrics)
        loaded = [load(index) for index in range(start, min(start + _SHARD, count))]
        for _, alike in groupby(loaded, key=lambda image: image.shape):
            part.update(torch.cat(list(alike)))
        return part

    for part in _in_order(shard, range(0, count, _SHARD)):
        images.merge(part)
    return images


def _in_order(shard: Callable[[int], ImageSet], starts: range) -> Iterator[ImageSet]:
    """Compute shards in threads and yield them in order; few are waiting, so memory does not grow with their number."""
    threads = os.cpu_count() or 1
    waiting: deque[Future[ImageSet]] = deque()
    with one_thread_each(), ThreadPoolExecutor(threads) as pool:
        for start in starts:
            waiting.append(pool.submit(shard, start))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
