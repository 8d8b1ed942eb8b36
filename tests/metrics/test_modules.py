"""Metric objects: batch by batch they equal the functions, on one process and on two."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.metrics.networks import FEATURES, SmallNetwork, noise
from torch import Tensor

from reposer import metrics
from reposer.metrics import ImageSet, modules, person_detector

COUNT = 10
NETWORK = SmallNetwork()


def distance(x: Tensor, y: Tensor) -> Tensor:
    """Stands in for an LPIPS network."""
    return (x - y).square().mean(dim=(1, 2, 3))


def data() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(4)
    joints = torch.rand(COUNT, 18, 2, generator=generator) * 20
    return {
        "generated": noise(COUNT, size=(24, 20)),
        "target": noise(COUNT, low=40, size=(24, 20), seed=1),
        "body_mask": torch.rand(COUNT, 24, 20, generator=generator) > 0.5,
        "part_masks": torch.rand(COUNT, 10, 24, 20, generator=generator),
        "predicted_joints": joints + torch.randn(joints.shape, generator=generator),
        "predicted_visible": torch.rand(COUNT, 18, generator=generator) > 0.1,
        "joints": joints,
        "visible": torch.rand(COUNT, 18, generator=generator) > 0.2,
    }


PAIR = ("generated", "target")
POSES = ("predicted_joints", "predicted_visible", "joints", "visible")
MEANS: dict[str, tuple[Any, Any, tuple[str, ...], tuple[str, ...]]] = {
    "l1": (modules.L1Metric, metrics.l1, PAIR, ()),
    "psnr": (modules.PSNRMetric, metrics.psnr, PAIR, ()),
    "ssim": (modules.SSIMMetric, metrics.ssim, PAIR, ()),
    "multi_scale_ssim": (modules.MultiScaleSSIMMetric, metrics.multi_scale_ssim, PAIR, ()),
    "mask_l1": (modules.MaskL1Metric, metrics.mask_l1, PAIR, ("body_mask",)),
    "sharpness": (modules.SharpnessMetric, metrics.sharpness, PAIR, ("body_mask",)),
    "mask_ssim": (modules.MaskSSIMMetric, metrics.mask_ssim, PAIR, ("body_mask",)),
    "part_ssim": (modules.PartSSIMMetric, metrics.part_ssim, PAIR, ("part_masks",)),
    "lpips": (partial(modules.LPIPSMetric, distance), partial(metrics.lpips, network=distance), PAIR, ()),
    "mask_lpips": (
        partial(modules.MaskLPIPSMetric, distance, input_range="unit"),
        partial(metrics.mask_lpips, network=distance, input_range="unit"),
        PAIR,
        ("body_mask",),
    ),
    "ds": (  # the detector is made by the test: it is not to be had with every OpenCV
        lambda: modules.DetectionScoreMetric(person_detector()),
        lambda images: person_detector()(images),
        PAIR[:1],
        (),
    ),
}


def add(metric: Any, positions: tuple[str, ...], keywords: tuple[str, ...], part: slice) -> None:
    batch = data()
    metric.update(*(batch[name][part] for name in positions), **{name: batch[name][part] for name in keywords})


@pytest.mark.parametrize("name", MEANS)
def test_means_over_batches(name: str) -> None:
    build, function, positions, keywords = MEANS[name]
    metric = build()
    for part in (slice(0, 4), slice(4, 9), slice(9, 10)):
        add(metric, positions, keywords, part)
    batch = data()
    values = function(*(batch[n] for n in positions), **{n: batch[n] for n in keywords})
    assert metric.compute().dtype == torch.float64
    torch.testing.assert_close(metric.compute(), values.mean())
    metric.reset()
    add(metric, positions, keywords, slice(3, 5))
    torch.testing.assert_close(metric.compute(), values[3:5].mean())


def test_pckh() -> None:
    metric, batch = modules.PCKhMetric(fraction=0.2), data()
    add(metric, POSES, (), slice(0, 7))
    add(metric, POSES, (), slice(7, 10))
    right, total = metrics.pckh_counts(*(batch[name] for name in POSES), fraction=0.2)
    assert metric.compute().item() == pytest.approx(right.sum().item() / total.sum().item())
    assert 0 < metric.compute() < 1


def sets() -> dict[str, Any]:
    return {
        "fid": modules.FIDMetric(NETWORK, features=FEATURES),
        "kid": modules.KIDMetric(NETWORK, subsets=4, subset_size=9),
        "is": modules.InceptionScoreMetric(NETWORK, splits=3),
    }


def update_sets(found: dict[str, Any], generated: Tensor, real: Tensor) -> None:
    for name in ("fid", "kid"):
        found[name].update(generated, real=False)
        found[name].update(real, real=True)
    found["is"].update(generated)


def test_sets_over_batches() -> None:
    found, generated, real = sets(), noise(40), noise(40, low=60, seed=1)
    for some in zip(generated.split(15), real.split(15), strict=True):
        update_sets(found, *some)
    ours, theirs = (ImageSet(NETWORK, metrics=("fid", "kid", "is")) for _ in range(2))
    ours.update(generated)
    theirs.update(real)
    assert found["fid"].compute().item() == pytest.approx(metrics.fid(ours, theirs))
    assert found["kid"].compute() == pytest.approx(metrics.kid(ours, theirs, subsets=4, subset_size=9))
    assert found["is"].compute() == pytest.approx(metrics.inception_score(ours, splits=3))
    found["fid"].reset()
    assert found["fid"].real_count == 0


def test_bad_images() -> None:
    with pytest.raises(TypeError, match="generated must be uint8"):
        modules.SSIMMetric().update(torch.zeros(1, 3, 16, 16), noise(1))
    with pytest.raises(TypeError, match="images must be uint8"):
        modules.FIDMetric(NETWORK, features=FEATURES).update(torch.zeros(1, 3, 8, 8), real=True)


def all_values(rank: int, processes: int) -> dict[str, Any]:
    """Values of all metrics when each process sees its block of the data."""
    share = slice(rank * COUNT // processes, (rank + 1) * COUNT // processes)
    values: dict[str, Any] = {}
    for name, (build, _, positions, keywords) in MEANS.items():
        metric = build()
        add(metric, positions, keywords, share)
        values[name] = metric.compute()
    found = sets()
    block = slice(rank * 40 // processes, (rank + 1) * 40 // processes)
    update_sets(found, noise(40)[block], noise(40, low=60, seed=1)[block])
    return values | {name: metric.compute() for name, metric in found.items()}


def work(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    values = all_values(rank, 2)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
    torch.save(values, os.path.join(folder, f"{rank}.pt"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_two_processes_equal_one(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(work, args=(str(tmp_path),), nprocs=2)
    expected = all_values(0, 1)
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt")
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, rtol=1e-9, atol=1e-12, msg=lambda m, n=name: f"{n}: {m}")
