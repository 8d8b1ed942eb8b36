"""Measuring pairs: read, look up or compute, in threads and processes, with the same bits in any number of them."""

from __future__ import annotations

import hashlib
import math
import os
import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from reposer.checks import InputError
from reposer.evaluation.cache import RowCache
from reposer.evaluation.entries import PART_METRICS, ROW_METRICS, Batch, measure
from reposer.evaluation.networks import Networks, WeightsSource
from reposer.images import ResizeFilter, check_size, read_image, resize
from reposer.memory import keep_freed_memory
from reposer.protocols import Protocol
from reposer.results import FORMATS, crop, cut

Progress = Callable[[int, int], None]
Row = dict[str, float]
Baseline = Literal["copy-source", "mean-image"]
"""What may be scored in place of the generated images: the source image, or one image, the mean of the real ones."""
BASELINES: tuple[Baseline, ...] = get_args(Baseline)

_TOGETHER = 8
"""Pairs that are computed at one time. Always so many, the last ones repeated: with the same shapes the same kernels
run, and the numbers of a pair do not depend on how many others there are."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One pair to measure."""

    pair: str
    generated: Path
    target: Path | None
    """None: the file of the generated image shows the target too."""
    source: Path | None = None
    """For the baseline "copy-source"; None: likewise."""
    joints: Tensor
    """(18, 2) of the target."""
    visible: Tensor


@dataclass(frozen=True, kw_only=True)
class Work:
    """All that decides the numbers of an item."""

    protocol: Protocol
    format: str
    panel_width: int
    metrics: tuple[str, ...]
    """Row metrics to compute."""
    weights: WeightsSource = None
    """Weights of their networks."""
    identities: tuple[str, ...] = ()
    """Of their networks."""
    cache: Path | None = None
    """Folder of the rows that were measured before."""
    baseline: Baseline | None = None
    """Scored in place of the generated images."""
    mean: Tensor | None = None
    """The image of the baseline "mean-image", of the protocol's size."""


class Measured(NamedTuple):
    """What became of an item: a row, or the kind of its problem and what it is."""

    pair: str
    row: Row | None = None
    problem: tuple[str, str] | None = None
    digest: str = ""


def measure_all(
    work: Work, items: Sequence[Item], *, batch_size: int, devices: int, progress: Progress | None
) -> list[Measured]:
    """Measure items in threads of this process, or in ``devices`` processes; in the order of the items."""
    if devices == 1:
        threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return _measure_here(work, items, batch_size=batch_size, threads=threads, rank=0, progress=progress)
    from lightning.fabric import Fabric

    # Not "ddp_fork": a forked child of a process whose threads computed already may hang.
    fabric = Fabric(accelerator="cpu", devices=devices, strategy="ddp_spawn")
    with tempfile.TemporaryDirectory() as folder:
        # Bound, not passed on: Fabric looks into arguments, and refuses frozen dataclasses.
        share = partial(_measure_share, work=work, items=list(items), batch_size=batch_size, folder=Path(folder))
        fabric.launch(share)
        # Through files: what a launched function returns must fit into a pipe, or nobody ever returns.
        shares = [pickle.loads(path.read_bytes()) for path in sorted(Path(folder).iterdir())]
    return [shares[i % devices][i // devices] for i in range(len(items))]


def _measure_share(fabric: Any, *, work: Work, items: list[Item], batch_size: int, folder: Path) -> None:
    """What one process does: every n-th item."""
    keep_freed_memory()
    rank, world = fabric.global_rank, fabric.world_size
    mine = _measure_here(work, items[rank::world], batch_size=batch_size, threads=1, rank=rank, progress=None)
    (folder / f"{rank:04d}").write_bytes(pickle.dumps(mine))


def _measure_here(
    work: Work, items: Sequence[Item], *, batch_size: int, threads: int, rank: int, progress: Progress | None
) -> list[Measured]:
    done: dict[str, Measured] = {}
    chunks = [items[start : start + batch_size] for start in range(0, len(items), batch_size)]
    networks = Networks(work.protocol, work.weights)
    for name in work.metrics:  # before the threads: each is built once
        if (build := ROW_METRICS[name].network) is not None:
            build(networks)
    cache = RowCache(work.cache, _key(work), rank) if work.cache else None
    with one_thread_each(), ThreadPoolExecutor(threads) as pool:
        tasks = [pool.submit(_measure_chunk, work, networks, chunk, cache.rows if cache else {}) for chunk in chunks]
        try:
            for task in as_completed(tasks):
                for measured in task.result():
                    done[measured.pair] = measured
                    if cache and measured.row is not None:
                        cache.add(measured.digest, measured.row)
                if progress:
                    progress(len(done), len(items))
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            if cache:
                cache.close()
    return [done[item.pair] for item in items]


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Threads measure different pairs: each operation has one, so that its result does not depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1, user_api="blas"):  # numpy's
            yield
    finally:
        torch.set_num_threads(before)


def _measure_chunk(work: Work, networks: Networks, chunk: Sequence[Item], known: Mapping[str, Row]) -> list[Measured]:
    """Read and measure some items; each gets a row or a problem."""
    torch.set_num_threads(1)
    measured: dict[str, Measured] = {}
    waiting: list[tuple[Item, str, Tensor, Tensor]] = []
    for item in chunk:
        try:
            digest = _digest(item) if work.cache else ""
            if digest in known:
                measured[item.pair] = Measured(item.pair, known[digest], None, digest)
                continue
            files = _read(item)
        except (InputError, OSError) as error:
            measured[item.pair] = Measured(item.pair, problem=("unreadable", str(error)))
            continue
        try:
            waiting.append((item, digest, *_pair(work, item, files)))
        except InputError as error:
            measured[item.pair] = Measured(item.pair, problem=("of another size", str(error)))
    for start in range(0, len(waiting), _TOGETHER):
        group = waiting[start : start + _TOGETHER]
        for (item, digest, *_), row in zip(group, _rows(work, networks, group), strict=False):
            row = {name: value for name, value in row.items() if not (math.isnan(value) and name in PART_METRICS)}
            bad = [f"{name} is {value}" for name, value in row.items() if not math.isfinite(value)]
            problem = ("not finite", f"{item.generated}: {', '.join(bad)}") if bad else None
            measured[item.pair] = Measured(item.pair, None if bad else row, problem, digest)
    return [measured[item.pair] for item in chunk]


def read_pair(work: Work, item: Item) -> tuple[Tensor, Tensor]:
    """Read the generated image and the target of an item, (3, H, W) uint8 of the protocol's size."""
    return _pair(work, item, _read(item))


def mean_target(work: Work, items: Sequence[Item]) -> Tensor:
    """The mean of the targets that can be read, (3, H, W) uint8 of the protocol's size."""

    def targets() -> Iterator[Tensor]:
        for item in items:
            with suppress(InputError, OSError):
                yield read_pair(work, item)[1]

    return mean_image(targets(), work.protocol.size)


def mean_image(images: Iterable[Tensor], size: tuple[int, int]) -> Tensor:
    """The mean of images (3, H, W) uint8, rounded."""
    total, count = torch.zeros(3, *size, dtype=torch.int64), 0
    for image in images:
        total += image
        count += 1
    return (total.double() / max(count, 1)).round().to(torch.uint8)


def _read(item: Item) -> dict[Path, Tensor]:
    return {path: read_image(path) for path in _files(item)}


def _files(item: Item) -> list[Path]:
    return [path for path in (item.generated, item.target, item.source) if path is not None]


def _pair(work: Work, item: Item, files: Mapping[Path, Tensor]) -> tuple[Tensor, Tensor]:
    panels = cut(files[item.generated], FORMATS[work.format], work.panel_width, work.protocol, item.generated)

    def seen(panel: Tensor | None, path: Path | None, how: ResizeFilter) -> Tensor:
        if panel is None:
            assert path is not None
            return to_size(files[path], work.protocol, how, path)
        return resize(panel, work.protocol.size, how)

    shown = work.protocol.resize
    target = seen(panels.target, item.target, shown.target)
    if work.mean is not None:
        return work.mean, target
    if work.baseline == "copy-source":
        return seen(panels.source, item.source, shown.generated), target
    return seen(panels.generated, None, shown.generated), target


def to_size(image: Tensor, protocol: Protocol, how: ResizeFilter, where: object) -> Tensor:
    """Crop or resize an image (3, H, W) of an accepted size to that of the protocol; InputError for other sizes."""
    if tuple(image.shape[-2:]) not in protocol.panel_sizes:
        check_size(image, protocol.size, where)
    return resize(crop(image, protocol), protocol.size, how)


def _rows(work: Work, networks: Networks, group: list[tuple[Item, str, Tensor, Tensor]]) -> list[Row]:
    padded = [group[min(i, len(group) - 1)] for i in range(_TOGETHER)]
    batch = Batch(
        torch.stack([generated for *_, generated, _ in padded]),
        torch.stack([target for *_, target in padded]),
        torch.stack([item.joints for item, *_ in padded]),
        torch.stack([item.visible for item, *_ in padded]),
        networks,
    )
    columns = {name: measure(name, batch, work.protocol) for name in work.metrics}
    return [{name: values[i] for name, values in columns.items()} for i in range(len(group))]


def _key(work: Work) -> str:
    from reposer.protocols import signature

    line = signature(work.protocol, (), codec="")
    parts = [line, work.format, str(work.panel_width), *work.metrics, *work.identities, torch.__version__]
    digest = hashlib.sha256("|".join([*parts, str(work.baseline)]).encode())
    if work.mean is not None:
        digest.update(work.mean.numpy().tobytes())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.py")):  # numbers of changed code are other numbers
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _digest(item: Item) -> str:
    """Hash of all that the numbers of an item come from: its files and its pose."""
    found = hashlib.blake2b(digest_size=16)
    for path in _files(item):
        content = path.read_bytes()
        found.update(len(content).to_bytes(8, "little") + content)
    found.update(item.joints.numpy().tobytes() + item.visible.numpy().tobytes())
    return found.hexdigest()
