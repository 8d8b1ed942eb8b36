"""Metrics of whole sets: images go through a network in fixed shards, whose sums are merged in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.evaluation.entries import SET_METRICS, seen_by
from reposer.evaluation.measuring import Item, Work, one_thread_each, read_pair, to_size
from reposer.evaluation.networks import Networks
from reposer.features import InceptionName
from reposer.images import SUFFIXES, read_image
from reposer.metrics import ImageSet, black_outside
from reposer.poses import body_mask
from reposer.protocols import Protocol

_SHARD = 32
"""Images that go through a network at one time. Always the same ones together: the sums do not depend on how the
work is shared."""


class SetScore(NamedTuple):
    """Value of a metric of sets."""

    value: float
    n: int
    """Generated images behind it."""


def measure_sets(
    work: Work, names: Sequence[str], items: Sequence[Item], networks: Networks, train: Sequence[Path]
) -> dict[str, SetScore]:
    """Compute metrics of sets of the generated images, in the order of the items: {name: score}.

    Args:
        work: protocol and format.
        names: of the metrics.
        items: pairs whose files are readable and of the right size.
        networks: of the protocol.
        train: files of the training images, for protocols that compare with them.
    """
    protocol = work.protocol
    scores = {}
    filled: dict[tuple[str, ...], ImageSet] = {}

    def fill(name: str, side: str, count: int, load: Callable[[int], Tensor]) -> ImageSet:
        """Metrics that see the same images through the same network share a set."""
        metric, network = SET_METRICS[name], network_of(name, protocol)
        key = (side, network, metric.keeps, str(metric.masked), _view(name, protocol), str(count))
        if key not in filled:
            filled[key] = _fill(ImageSet(networks.inception(network), metrics=(metric.keeps,)), count, load)
        return filled[key]

    for name in names:
        metric, count, real = SET_METRICS[name], len(items), None
        if metric.needs_reference:
            count = protocol.fid.batch.kept(count)
            images = train if protocol.fid.reference == "train" else items
            load = _train(name, train, protocol) if protocol.fid.reference == "train" else _pairs(name, work, items, 1)
            real = fill(name, "real", protocol.fid.batch.kept(len(images)), load)
        scores[name] = SetScore(
            metric.compute(fill(name, "generated", count, _pairs(name, work, items, 0)), real, protocol), count
        )
    return scores


def network_of(name: str, protocol: Protocol) -> InceptionName:
    """Name of the network of a metric of sets."""
    return protocol.fid.network if SET_METRICS[name].needs_reference else protocol.inception_score.network


def training_images(folder: str | Path) -> list[Path]:
    """List the images in a folder and its folders, sorted; InputError if there is none."""
    files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(f"{folder}: no training images here; give their folder with --train-images")
    return files


def _view(name: str, protocol: Protocol) -> str:
    return f"{name in protocol.padded_metrics}-{name in protocol.resized_metrics}"


def _pairs(name: str, work: Work, items: Sequence[Item], side: int) -> Callable[[int], Tensor]:
    """Load the generated image (side 0) or the target (side 1) of an item as a metric sees it."""

    def load(index: int) -> Tensor:
        item = items[index]
        image = read_pair(work, item)[side][None]
        if SET_METRICS[name].masked:
            size = (image.shape[-2], image.shape[-1])
            image = black_outside(image, body_mask(item.joints[None], item.visible[None], size))
        return seen_by(name, image, work.protocol, "target" if side else "generated")

    return load


def _train(name: str, files: Sequence[Path], protocol: Protocol) -> Callable[[int], Tensor]:
    """Load a training image as a metric sees it."""

    def load(index: int) -> Tensor:
        image = to_size(read_image(files[index]), protocol, protocol.resize.target, files[index])
        return seen_by(name, image[None], protocol, "target")

    return load


def _fill(images: ImageSet, count: int, load: Callable[[int], Tensor]) -> ImageSet:
    def shard(start: int) -> ImageSet:
        torch.set_num_threads(1)
        part = ImageSet(images.network, metrics=images.metrics)
        part.update(torch.cat([load(index) for index in range(start, min(start + _SHARD, count))]))
        return part

    for part in _in_order(shard, range(0, count, _SHARD)):
        images.merge(part)
    return images


def _in_order(shard: Callable[[int], ImageSet], starts: range) -> Iterator[ImageSet]:
    """Compute shards in threads and yield them in order; few wait, so memory does not grow with their number."""
    threads = os.cpu_count() or 1
    waiting: deque[Future[ImageSet]] = deque()
    with one_thread_each(), ThreadPoolExecutor(threads) as pool:
        for start in starts:
            waiting.append(pool.submit(shard, start))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
