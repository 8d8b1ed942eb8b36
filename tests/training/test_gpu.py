"""A step on a GPU is that of the processor; several GPUs are one."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.training.batches import batches
from tests.training.processes import both_reductions, together
from tests.training.test_options import with_norm
from tests.training.test_processes import ways_of_reduction
from tests.training.weights import assert_equal, weights_after
from torch import Tensor

from reposer.config import RunConfig
from reposer.losses import Objective
from reposer.models import NETWORKS
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.world import World

pytestmark = pytest.mark.gpu


@pytest.fixture
def gpu() -> World:
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    return World(device=torch.device("cuda", 0))


def gradients(config: RunConfig, market: Path, world: World) -> tuple[dict[str, Tensor], dict[str, float]]:
    """Gradients of the first step, and what it logged; later, Adam turns rounding into steps where a gradient is 0.

    Joints are float64, and so are the heatmaps and masks made of them, and lie between pixels. The last bit differs
    between devices; where it moves a value over a kink (ReLU, L1, the cell of a warp, on whose corners whole pixels
    lie) that pixel's gradient jumps, by up to 2e-3 of the largest gradient on an H200, which says nothing about the
    step.
    """
    state, objective = build_state(config, world), Objective(config.objective)
    batch = batches(market, 1, size=4)[0]
    random = torch.Generator().manual_seed(0)
    source, target = (
        joints + torch.rand(joints.shape, generator=random, dtype=torch.float64)
        for joints in (batch.source_joints, batch.target_joints)
    )
    batch = replace(batch, source_joints=source, target_joints=target)
    logs = train_step(state, batch.to(world.device), objective, config, world)
    found = {
        f"{who}.{name}": weight.grad.cpu()
        for who, trained in state.networks()
        for name, weight in trained.network.named_parameters()
        if weight.grad is not None
    }
    return found, logs


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("network", ["patn", "xing", "warp"])
def test_step_equals_that_of_the_processor(small: RunConfig, market: Path, gpu: World, norm: str, network: Any) -> None:
    """In float64 throughout, dropout included; float32 on a processor is off by up to 3e-2."""
    config = with_norm(replace(small, generator=NETWORKS[network].config(channels=8, blocks=2)), norm)
    (found, logs), (expected, expected_logs) = (gradients(config, market, world) for world in (gpu, World()))
    assert found.keys() == expected.keys()
    largest = max(gradient.abs().max().item() for gradient in expected.values())
    for name, gradient in expected.items():
        assert (found[name] - gradient).abs().max().item() <= 1e-3 * largest, name
    assert logs == pytest.approx(expected_logs, rel=1e-3, abs=1e-6)


def test_parts_equal_the_whole(small: RunConfig, market: Path, gpu: World) -> None:
    config = with_norm(small, "instance")
    parts = replace(config, optimization=replace(config.optimization, gradient_accumulation_steps=2))
    assert_equal(weights_after(config, market, world=gpu), weights_after(parts, market, world=gpu), 1e-9)


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_half_precision(small: RunConfig, market: Path, gpu: World, precision: Any) -> None:
    """What a step logs is near that of float32 on the processor."""
    half, plain = (with_norm(small, "instance", precision=p) for p in (precision, "32-true"))
    (weights, logs), (_, expected) = weights_after(half, market, world=gpu), weights_after(plain, market)
    assert all(tensor.dtype == torch.float32 for tensor in weights.values() if tensor.is_floating_point())
    for name in ("l1", "part_ssim", "adversarial", "total", "discriminator/shape"):
        assert logs[name] == pytest.approx(expected[name], rel=0.02), name


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_two_gpus_equal_our_own_sums(tiny: RunConfig, market: Path, tmp_path: Path, norm: str) -> None:
    """DistributedDataParallel and SyncBatchNorm against sums and a batch norm of ours."""
    if torch.cuda.device_count() < 2:
        pytest.skip("fewer than two GPUs here")
    together(2, tmp_path, both_reductions, ways_of_reduction(tiny, norm, accelerator="cuda"), market)
