"""Numbers of each pair: looked up or computed, with the same bits in any number of threads and processes."""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import pickle
import sys
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from reposer.checks import InputError, RunError
from reposer.decoding import MOST_BYTES
from reposer.evaluation.cache import RowCache, versions
from reposer.evaluation.networks import Networks
from reposer.evaluation.options import WeightsSource
from reposer.evaluation.reading import Item, Reader, seen_by
from reposer.files import read_bytes
from reposer.memory import keep_freed_memory
from reposer.metrics import METRICS, Metric
from reposer.poses import body_mask, limb_masks
from reposer.processes import end_with_parent, forked
from reposer.protocols import Protocol
from reposer.similarity import PartSSIMSettings

Progress = Callable[[int, int], None]
Row = dict[str, float]

_WORTH_A_PROCESS = 100
"""Pairs that are measured faster by one more process."""
_TOGETHER = 8
"""Pairs that are computed at a time, always this many, with the last one repeated: with the same shapes the same
kernels run, and the numbers of a pair do not depend on how many others there are."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """How items are measured."""

    reader: Reader
    metrics: tuple[str, ...]
    """Those with one number per pair."""
    weights: WeightsSource = None
    """Weights of their networks."""
    cache: Path | None = None
    """Folder of the rows that were measured before."""
    batch_size: int = 32
    """Items that a thread reads at a time."""

    def networks(self) -> Networks:
        """Build the networks of the metrics."""
        return Networks([METRICS[name] for name in self.metrics], self.reader.protocol, self.weights)


class Measured(NamedTuple):
    """The outcome of an item: a row, or the kind of its problem and what it is."""

    pair: str
    row: Row | None = None
    problem: tuple[str, str] | None = None
    digest: str = ""


@dataclass(frozen=True)
class Batch:
    """Images and target poses of some pairs; masks are made when a metric asks for them."""

    generated: Tensor
    """(B, 3, H, W) uint8."""
    target: Tensor
    """(B, 3, H, W) uint8."""
    joints: Tensor
    """(B, 18, 2) of the target."""
    visible: Tensor
    """(B, 18) bool."""
    part_ssim: PartSSIMSettings
    """Of the part masks."""

    @cached_property
    def body_mask(self) -> Tensor:
        """(B, H, W) bool."""
        return body_mask(self.joints, self.visible, (self.target.shape[-2], self.target.shape[-1]))

    @cached_property
    def part_masks(self) -> Tensor:
        """(B, 10, H, W) in [0, 1]; of multi-scale masks five sets."""
        size, settings = (self.target.shape[-2], self.target.shape[-1]), self.part_ssim
        options: dict[str, Any] = {"multi_scale": settings.multi_scale, "reference_height": settings.reference_height}
        return limb_masks(self.joints, self.visible, size, **options)


def settings_of(metric: Metric, protocol: Protocol) -> dict[str, Any]:
    """Return the settings that are passed to the function of a metric."""
    return {keyword: protocol.setting(name) for keyword, name in metric.settings.items()}


def columns(batch: Batch, metrics: Sequence[Metric], protocol: Protocol, networks: Networks) -> dict[str, list[float]]:
    """Compute metrics of a batch under a protocol: {name: one number per pair}."""
    several: dict[Any, Mapping[str, Tensor]] = {}  # by function and settings: computed once for all of its items
    found = {}
    for metric in metrics:
        settings = settings_of(metric, protocol)
        key = (metric.function, *settings.values())
        if metric.item is None:
            values = _values(metric, batch, settings, protocol, networks.of(metric))
        else:
            if key not in several:
                several[key] = _values(metric, batch, settings, protocol, networks.of(metric))
            values = several[key][metric.item]
        found[metric.name] = values.tolist()
    return found


def _values(metric: Metric, batch: Batch, settings: Mapping[str, Any], protocol: Protocol, network: Any) -> Any:
    inputs: dict[str, Tensor] = {name: getattr(batch, name) for name in metric.inputs}
    if "generated" in inputs:
        inputs["generated"] = seen_by(metric.name, batch.generated, protocol, "generated")
    if "target" in inputs:
        inputs["target"] = seen_by(metric.name, batch.target, protocol, "target")
    if network is None:
        return metric.function(**inputs, **settings)
    # One pair at a time: in a network, the position in a batch could affect the last bits.
    pairs = ({name: values[i : i + 1] for name, values in inputs.items()} for i in range(len(batch.generated)))
    return torch.cat([metric.function(**pair, network=network, **settings) for pair in pairs])


def measure_rows(
    work: Work, items: Sequence[Item], networks: Networks, *, devices: int = 1, progress: Progress | None = None
) -> list[Measured]:
    """Measure items on all cores, or in ``devices`` processes; results are in the order of the items.

    Raises:
        RunError: if a process ends before its work is done.
    """
    devices = min(devices, len(items))
    if devices <= 1:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return _measure_here(work, items, networks, cores=cores, progress=progress)
    # Pickled here: as an argument each tensor would hold a file open. Spawned: a forked child may hang.
    shares = [pickle.dumps((work, items[rank::devices], rank)) for rank in range(devices)]
    measured: list[list[Measured]] = []
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(devices, mp_context=spawn, initializer=end_with_parent) as pool:
        try:
            for share in pool.map(_measure_share, shares):
                measured.append(share)
                if progress:
                    progress(sum(map(len, measured)), len(items))
        except BrokenProcessPool:
            raise RunError(
                "a process of the evaluation ended before its work was done, often because memory ran out; try fewer "
                "--devices or a smaller --batch-size"
            ) from None
    return [measured[i % devices][i // devices] for i in range(len(items))]


def _measure_share(share: bytes) -> list[Measured]:
    """The work of one process: every n-th item."""
    keep_freed_memory()
    work, items, rank = pickle.loads(share)
    return _measure_here(work, items, work.networks(), rank=rank)


def _measure_here(
    work: Work,
    items: Sequence[Item],
    networks: Networks,
    *,
    cores: int = 1,
    rank: int = 0,
    progress: Progress | None = None,
) -> list[Measured]:
    done: dict[str, Measured] = {}
    chunks = [items[start : start + work.batch_size] for start in range(0, len(items), work.batch_size)]
    cache = RowCache(work.cache, _key(work, networks), rank) if work.cache else None
    known = cache.rows if cache else {}
    with one_thread_each(), closing(_chunks(work, networks, chunks, known, cores)) as measured_chunks:
        try:
            for chunk in measured_chunks:
                for measured in chunk:
                    done[measured.pair] = measured
                    if cache and measured.row is not None:
                        cache.add(measured.digest, measured.row)
                if progress:
                    progress(len(done), len(items))
        finally:
            if cache:
                cache.close()
    return [done[item.pair] for item in items]


def _chunks(
    work: Work, networks: Networks, chunks: Sequence[Sequence[Item]], known: Mapping[str, Row], cores: int
) -> Generator[list[Measured]]:
    """Measure chunks of items, in any order, on several cores: a network in threads, all else in processes.

    What is no network is many small operations, among which threads would mostly wait for Python's lock.
    """
    measure = partial(_measure_chunk, work, networks, known)
    forks = min(cores, len(chunks) * work.batch_size // _WORTH_A_PROCESS)
    if forks > 1 and sys.platform == "linux" and not any(METRICS[name].network for name in work.metrics):
        yield from forked(measure, chunks, processes=forks)
        return
    with ThreadPoolExecutor(cores) as pool:
        tasks = [pool.submit(measure, chunk) for chunk in chunks]
        try:
            for task in as_completed(tasks):
                yield task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Give each operation one thread, so that its result does not depend on their number; pairs run in parallel."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):  # numpy's
            yield
    finally:
        torch.set_num_threads(before)


def _measure_chunk(work: Work, networks: Networks, known: Mapping[str, Row], chunk: Sequence[Item]) -> list[Measured]:
    """Read and measure some items; each gets a row or a problem."""
    torch.set_num_threads(1)
    measured: dict[str, Measured] = {}
    waiting: list[_Waiting] = []
    for item in chunk:
        try:
            digest = _digest(item) if work.cache else ""
            if digest in known:
                measured[item.pair] = Measured(item.pair, known[digest], None, digest)
                continue
            files = work.reader.read(item)
        except (InputError, OSError) as error:
            measured[item.pair] = Measured(item.pair, problem=("unreadable", str(error)))
            continue
        try:
            waiting.append((item, digest, *work.reader.pair(item, files)))
        except InputError as error:
            measured[item.pair] = Measured(item.pair, problem=("of another size", str(error)))
    for group in _groups(waiting):
        try:
            rows = _rows(work, networks, group)
        except ValueError as error:
            if group[0][0].box is None:
                raise
            small = ("too small", f"{error}; the content of {group[0][0].target or group[0][0].pair}")
            measured |= {item.pair: Measured(item.pair, problem=small) for item, *_ in group}
            continue
        for (item, digest, *_), row in zip(group, rows, strict=True):
            row = {name: v for name, v in row.items() if not (math.isnan(v) and METRICS[name].item is not None)}
            bad = [f"{name} is {value}" for name, value in row.items() if not math.isfinite(value)]
            problem = ("not finite", f"{item.generated}: {', '.join(bad)}") if bad else None
            measured[item.pair] = Measured(item.pair, None if bad else row, problem, digest)
    return [measured[item.pair] for item in chunk]


_Waiting = tuple[Item, str, Tensor, Tensor]


def _groups(waiting: Sequence[_Waiting]) -> Iterator[list[_Waiting]]:
    """Up to ``_TOGETHER`` pairs at a time, of one size."""
    alike: dict[tuple[int, ...], list[_Waiting]] = {}
    for each in waiting:
        alike.setdefault(tuple(each[-1].shape), []).append(each)
    for group in alike.values():
        yield from (group[start : start + _TOGETHER] for start in range(0, len(group), _TOGETHER))


def _rows(work: Work, networks: Networks, group: list[_Waiting]) -> list[Row]:
    padded = [group[min(i, len(group) - 1)] for i in range(_TOGETHER)]
    batch = Batch(
        torch.stack([generated for *_, generated, _ in padded]),
        torch.stack([target for *_, target in padded]),
        torch.stack([item.joints for item, *_ in padded]),
        torch.stack([item.visible for item, *_ in padded]),
        work.reader.protocol.part_ssim,
    )
    found = columns(batch, [METRICS[name] for name in work.metrics], work.reader.protocol, networks)
    return [{name: values[i] for name, values in found.items()} for i in range(len(group))]


def _key(work: Work, networks: Networks) -> str:
    reader = work.reader
    identities = [str(networks.identity(METRICS[name])) for name in work.metrics]
    content = [asdict(reader.protocol), reader.format, reader.panel_width, reader.baseline, work.metrics, identities]
    digest = hashlib.sha256(json.dumps([*content, versions()]).encode())
    if reader.mean is not None:
        digest.update(reader.mean.numpy().tobytes())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):  # changed code gives other numbers
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _digest(item: Item) -> str:
    """Hash everything that decides the numbers of an item: its files and its pose."""
    found = hashlib.blake2b(digest_size=16)
    for path in item.files:
        content = read_bytes(path, most=MOST_BYTES, what="image file")
        found.update(len(content).to_bytes(8, "little") + content)
    found.update(item.joints.numpy().tobytes() + item.visible.numpy().tobytes())
    if item.box is not None:
        found.update(repr(item.box).encode())
    return found.hexdigest()
