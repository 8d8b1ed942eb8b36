"""A step on a GPU is that of the processor; several GPUs are one."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.losses.random_weights import vgg_state
from tests.training.at_step import AtStep
from tests.training.batches import EVERY_CHANGE, batches, with_truth
from tests.training.processes import both_reductions, together
from tests.training.test_options import with_norm
from tests.training.test_processes import ways_of_reduction
from tests.training.weights import assert_equal, weights_after
from torch import Tensor

from reposer.arithmetic import float32_products
from reposer.config import RunConfig
from reposer.features import VGG19Features
from reposer.images import to_signed
from reposer.losses import LOSSES, Objective, objective_of
from reposer.models import NETWORKS, build_generator
from reposer.models.interface import repose
from reposer.poses import HeatmapConfig
from reposer.training import train
from reposer.training.capture import Capture
from reposer.training.guards import NonFiniteError
from reposer.training.log import read_log
from reposer.training.state import build_state
from reposer.training.step import take_step, train_step
from reposer.training.taken import finished
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
@pytest.mark.parametrize("network", ["patn", "xing", "warp", "flow"])
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


@pytest.mark.parametrize("network", ["patn", "warp", "flow"])
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "16-mixed"])
def test_20_captured_steps_equal_20_steps(
    small: RunConfig, market: Path, gpu: World, precision: Any, network: str
) -> None:
    """What they log; the last bits differ from step to step, because sums on a GPU are added up in any order."""
    config = with_norm(
        replace(small, generator=NETWORKS[network].config(channels=8, blocks=2)), "instance", precision=precision
    )
    objective, logs = Objective(config.objective).to(gpu.device), []
    for captured in (False, True):
        state = build_state(config, gpu)
        remarks: list[str] = []
        capture = Capture.of_run(config, state, gpu, remarks.append) if captured else None
        rows = []
        for batch in batches(market, 20, size=4):
            taken = take_step(state, batch.to(gpu.device), objective, config, gpu, capture=capture)
            with suppress(NonFiniteError):  # float16: the scale of the losses starts high and falls
                rows.append(finished(state, taken))
        logs.append(rows)
        assert not remarks
        assert capture is None or len(capture._recorded) == 1
    assert len(logs[0]) == len(logs[1]) >= 15
    for plain, replayed in zip(*logs, strict=True):
        assert replayed["total"] == pytest.approx(plain["total"], rel=0.02)
        assert replayed["l1"] == pytest.approx(plain["l1"], rel=0.02)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("network", ["patn", "xing", "warp", "flow"])
def test_a_step_waits_for_nothing(small: RunConfig, market: Path, gpu: World, network: str, norm: str) -> None:
    config = with_norm(replace(small, generator=NETWORKS[network].config(channels=8, blocks=2)), norm)
    config = replace(config, hardware=replace(config.hardware, precision="32-true"))
    state, objective = build_state(config, gpu), Objective(config.objective).to(gpu.device)
    *first, last = (batch.to(gpu.device) for batch in batches(market, 4, size=4))
    for batch in first:
        train_step(state, batch, objective, config, gpu)
    torch.cuda.set_sync_debug_mode("error")
    try:
        taken = take_step(state, last, objective, config, gpu)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert finished(state, taken)["total"] > 0


@pytest.mark.parametrize("padded", [False, True])
def test_every_term_waits_for_nothing(small: RunConfig, market: Path, gpu: World, padded: bool) -> None:
    """Nor does any that needs no weights of others when it is recorded, with padding and with a running average."""
    terms = [name for name, entry in LOSSES.items() if not entry.needs & {"features", "logits"} and name != "lpips"]
    config = replace(small, objective=objective_of(adversarial=1, **dict.fromkeys(terms, 1)), augmentation=EVERY_CHANGE)
    config = replace(config, generator=NETWORKS["flow"].config(channels=8, blocks=2))
    config = replace(config, discriminators=replace(config.discriminators, face=True))
    config = with_norm(config, "instance", precision="32-true")
    config = replace(config, optimization=replace(config.optimization, ema_decay=0.9))
    state, objective = build_state(config, gpu), Objective(config.objective).to(gpu.device)
    capture = Capture(state, required=True, say=print)
    box = torch.tensor([[0, 4, 56, 24]] * 4)
    for number, batch in enumerate(batches(market, 8, size=4)):
        batch = with_truth(batch)
        batch = (replace(batch, target_box=box) if padded else batch).to(gpu.device)
        if number in (2, 6):  # one taken, one replayed
            torch.cuda.set_sync_debug_mode("error")
        try:
            taken = take_step(state, batch, objective, config, gpu, capture=capture)
        finally:
            torch.cuda.set_sync_debug_mode("default")
        assert finished(state, taken)["total"] > 0
    assert state.ema_generator is not None
    assert state.ema_generator.n_averaged == 8


@pytest.mark.parametrize(("cache", "workers"), [("none", 2), ("memory", 0), ("device", 0)])
def test_a_run_is_captured_wherever_its_images_come_from(
    small: RunConfig, market: Path, gpu: World, tmp_path: Path, cache: Any, workers: int
) -> None:
    """With ``on`` it would stop: also while a thread of the loader puts batches into page-locked memory."""
    config = replace(
        small,
        hardware=replace(small.hardware, accelerator="cuda", precision="32-true", capture="on"),
        data=replace(small.data, cache=cache, workers=workers),
        logging=replace(small.logging, log_every=small.optimization.steps, validate_every=50, sample_every=50),
    )
    train(config, data=market, out=tmp_path / "run")
    assert read_log(tmp_path / "run")[-1]["step"] == config.optimization.steps


def test_a_run_stops_and_goes_on(small: RunConfig, market: Path, gpu: World, tmp_path: Path) -> None:
    """What a resumed run logs in the end is what the whole one does."""
    hardware = replace(small.hardware, accelerator="cuda")
    config = replace(small, hardware=hardware, logging=replace(small.logging, log_every=4))
    train(config, data=market, out=tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(config, data=market, out=tmp_path / "run", progress=AtStep(8))
    train(config, data=market, out=tmp_path / "run", resume=True)
    whole, resumed = (read_log(tmp_path / run)[-1] for run in ("whole", "run"))
    assert resumed["step"] == whole["step"] == config.optimization.steps
    assert resumed["loss/l1"] == pytest.approx(whole["loss/l1"], rel=0.02)


@pytest.mark.parametrize("norm", ["batch", "instance"])
@pytest.mark.parametrize("network", ["patn", "xing", "warp", "flow"])
def test_generated_images_are_those_of_the_processor(market: Path, gpu: World, network: str, norm: str) -> None:
    """To 1e-3, whatever TF32 was before; at the published width."""
    torch.manual_seed(0)
    generator = build_generator(NETWORKS[network].config(norm=norm, blocks=2)).eval()  # type: ignore[call-arg]
    batch = batches(market, 1)[0]
    with float32_products(tf32=True):
        expected, found = (
            repose(generator.to(device), to_signed(pairs.source), *pairs.poses, heatmaps=HeatmapConfig()).cpu()
            for device, pairs in ((torch.device("cpu"), batch), (gpu.device, batch.to(gpu.device)))
        )
    assert (found - expected).abs().max() < 1e-3


def test_tf32_is_faster_and_coarser(gpu: World) -> None:
    """A product of 1,024 terms: float32 rounds at the 24th bit, TF32 at the 11th."""
    matrices = torch.randn(2, 1024, 1024, generator=torch.Generator().manual_seed(0))
    exact = (matrices[0].double() @ matrices[1].double()).float()
    errors = []
    for tf32 in (False, True):
        with float32_products(tf32=tf32):
            a, b = matrices.to(gpu.device)
            errors.append(((a @ b).cpu() - exact).abs().max().item() / exact.abs().max().item())
    assert errors[0] < 1e-5
    if torch.cuda.get_device_capability()[0] >= 8:
        assert errors[1] > 1e-5


def test_features_are_those_of_the_processor(gpu: World) -> None:
    """VGG19 with random weights, of which losses and metrics on features are made."""
    network = VGG19Features("relu1_2", weights=vgg_state())
    images = torch.rand(2, 3, 64, 32, generator=torch.Generator().manual_seed(0))
    expected = network(images)
    with float32_products(tf32=False):
        found = network.to(gpu.device)(images.to(gpu.device))
    for name, maps in expected.items():
        assert (found[name].cpu() - maps).abs().max() <= 1e-3 * maps.abs().max(), name


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_two_gpus_equal_our_own_sums(tiny: RunConfig, market: Path, tmp_path: Path, norm: str) -> None:
    """DistributedDataParallel and SyncBatchNorm against sums and a batch norm of ours."""
    if torch.cuda.device_count() < 2:
        pytest.skip("fewer than two GPUs here")
    together(2, tmp_path, both_reductions, ways_of_reduction(tiny, norm, accelerator="cuda"), market)
