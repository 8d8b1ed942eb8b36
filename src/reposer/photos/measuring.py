"""Training sets measured: what a generator was trained on, in numbers."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.data import PairDataset, PairIndex, collate, open_pairs
from reposer.generator import Generator
from reposer.photos.domain import FALSE_ALARMS, LEAST, Domain, feet_seen, write_domain
from reposer.photos.framing import Framing
from reposer.photos.look import TRAITS, look
from reposer.training.record import RunRecord

MOST = 2000
"""Images that are measured, spread over the training split."""
_LEAST_VARIANCE = 1e-6
_FEW = 0.05
"""Share of images without feet from which on they count as a kind of their own."""
_TOGETHER = 32


def measure_domain(index: PairIndex, most: int = MOST) -> Domain | None:
    """Measure the images of a data set's pairs, ``most`` of them; None if fewer than ``LEAST`` have all numbers."""
    names = sorted({name for pair in index.pairs for name in pair})
    names = [names[i * len(names) // most] for i in range(most)] if len(names) > most else names
    dataset = PairDataset(replace(index, pairs=tuple(zip(names[::2], names[1::2], strict=False))))
    rows, feet = list[Tensor](), list[Tensor]()
    for start in range(0, len(dataset), _TOGETHER):
        pairs = collate([dataset[i] for i in range(start, min(start + _TOGETHER, len(dataset)))])
        poses = (pairs.source_joints, pairs.source_visible), (pairs.target_joints, pairs.target_visible)
        rows += [look(images, *pose) for images, pose in zip((pairs.source, pairs.target), poses, strict=True)]
        feet += [feet_seen(visible) for _, visible in poses]
    numbers = torch.cat([torch.zeros(0, len(TRAITS)), *rows]).double()
    known = numbers.isfinite().all(dim=1)
    numbers, whole = numbers[known], torch.cat([torch.zeros(0, dtype=torch.bool), *feet])[known]
    if len(numbers) < LEAST:
        return None
    covariance = torch.cov(numbers.T) + _LEAST_VARIANCE * torch.eye(len(TRAITS), dtype=torch.float64)
    domain = Domain(
        mean=tuple(numbers.mean(dim=0).tolist()),
        covariance=tuple(map(tuple, covariance.tolist())),
        limit=1.0,
        images=len(numbers),
        whole=_framing(numbers[whole] if whole.any() else numbers),
        part=_framing(numbers[~whole]) if int((~whole).sum()) >= _FEW * len(numbers) else None,
    )
    return replace(domain, limit=float(domain.distances(numbers).quantile(1 - FALSE_ALARMS)))


def _framing(numbers: Tensor) -> Framing:
    stature, x, y = numbers[:, :3].median(dim=0).values.tolist()
    return Framing(stature=stature, hips=(x, y))


def domain_of(generator: Generator) -> Domain | None:
    """Return how the images look that a generator was trained on, None where nothing tells.

    Of a run whose data set is still where it was, it is measured once, in seconds, and written into the run folder.
    """
    if generator.about.domain is None and generator.origin is not None:
        with suppress(InputError, OSError):  # data that are no longer sound
            generator.about = replace(generator.about, domain=_of_run(generator.origin.folder, generator))
    return generator.about.domain


def _of_run(run: Path, generator: Generator) -> Domain | None:
    record, config = RunRecord.read(run), generator.config
    if record is None or not Path(record.data).is_dir():
        return None
    index = open_pairs(
        Path(record.data), "train", config.data.layout, skip_missing=config.data.skip_missing, size=config.size
    )
    if index.size != config.size or PairDataset(index).digest() != record.digest:
        return None
    domain = measure_domain(index)
    if domain is not None:
        with suppress(OSError):  # a folder that cannot be written: then it is measured again next time
            write_domain(run, domain)
    return domain
