"""Training speed: the full step of the published recipes against the same step as older code writes it.

    python -m benchmarks.training                # speed, and data from disk and memory; results/training-cpu.json
    python -m benchmarks.training --processes    # one and two processes; results/training-processes-cpu.json
    python -m benchmarks.training --costs        # time and memory of every recipe; results/training-costs-cpu.json

The plain step: float32 networks in torch's default memory layout, heatmaps and masks by numpy image by image, images
repeated for each part of PSSIM, discriminators that gather gradients in the generator's step too. Both take turns, in
processes of their own, with the same networks, images and random VGG19 weights (as slow as the real ones). Where the
processor multiplies bfloat16 (Intel AMX), our step takes a third turn with its networks in that.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from benchmarks.measure import _wait, device_name, save, seconds_and_megabytes, side_by_side
from rich.console import Console
from rich.table import Table
from tests import plain
from tests.losses.random_weights import vgg_state
from torch import Tensor
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from reposer.arithmetic import float32_products, multiplies_bfloat16
from reposer.config import RunConfig
from reposer.data import PairBatch, PairDataset, open_pairs, train_loader
from reposer.data.cache import CachedPairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.features import VGG19Features, WeightsFile
from reposer.losses import Objective
from reposer.memory import keep_freed_memory
from reposer.models import build_discriminators, build_generator
from reposer.recipes import RECIPES, recipe
from reposer.training.capture import WARM_UP, Capture
from reposer.training.state import build_state
from reposer.training.step import take_step
from reposer.training.world import World

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
COMPARED = ("market-pssim", "fashion-pssim")
ROUNDS = 2


def random_batch(config: RunConfig) -> PairBatch:
    """A batch of noise with every joint visible, which costs what a real one does."""
    count, (height, width) = config.optimization.batch_size, config.size
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, count, 3, height, width), generator=random, dtype=torch.uint8)
    joints = torch.rand(2, count, 18, 2, generator=random) * torch.tensor([width, height])
    visible = torch.ones(count, 18, dtype=torch.bool)
    return PairBatch(*images, joints[0], visible, joints[1], visible, tuple(map(str, range(count))))


def timed_recipe(name: str) -> RunConfig:
    """A recipe, in bfloat16 on a GPU."""
    config = recipe(name)
    precision = "bf16-mixed" if DEVICE == "cuda" else "32-true"
    return replace(config, hardware=replace(config.hardware, accelerator=DEVICE, precision=precision))


def reposer_step(config: RunConfig) -> Callable[[], object]:
    """The step as ``reposer train`` takes it."""
    keep_freed_memory()  # as every reposer command does
    world = World.launch(config.hardware)
    with patch.object(WeightsFile, "load", lambda *_: vgg_state()):
        objective = Objective(config.objective).to(world.device)
    state = build_state(config, world)
    batch = random_batch(config).to(world.device)
    capture = Capture.of_run(config, state, world, print)

    def step() -> None:  # what it logs is read later
        with float32_products(tf32=config.hardware.tf32):
            take_step(state, batch, objective, config, world, capture=capture)

    for _ in range(WARM_UP + 1 if capture else 0):
        step()
    return step


def plain_step(config: RunConfig) -> Callable[[], object]:
    """The same in float32, written plainly."""
    weights, device = config.objective, config.hardware.accelerator
    networks = [
        network.to(device)
        for network in (build_generator(config.generator), *build_discriminators(config.discriminators))
    ]
    generator, appearance, shape = networks
    betas = config.optimization.betas
    optimizers = [torch.optim.Adam(n.parameters(), lr=config.optimization.learning_rate, betas=betas) for n in networks]
    vgg = VGG19Features(weights=vgg_state()).to(device)
    batch = random_batch(config)

    def gan(logits: Tensor, answer: float) -> Tensor:
        wanted = torch.full_like(logits, answer)
        if weights.adversarial.kind == "least_squares":
            return F.mse_loss(logits, wanted)
        return F.binary_cross_entropy_with_logits(logits, wanted)

    def step() -> None:
        maps, masks = [], torch.empty(0)
        for joints, visible in (
            (batch.source_joints, batch.source_visible),
            (batch.target_joints, batch.target_visible),
        ):
            heatmaps, masks = plain.pose_maps(joints, visible, config.size)
            maps.append(heatmaps.to(device))
        masks = masks.to(device)
        source, target = (image.to(device).float() / 127.5 - 1 for image in (batch.source, batch.target))
        fake = generator(source, *maps)
        judged = (shape(torch.cat((fake, maps[1]), 1)), appearance(torch.cat((fake, source), 1)))
        loss = weights.adversarial.weight * (gan(judged[0], 1.0) + gan(judged[1], 1.0)) / 2
        unit = [(image + 1) / 2 for image in (fake, target)]
        loss = loss + weights.perceptual.weight * F.l1_loss(*(vgg(image)["relu1_2"] for image in unit))
        loss = loss + weights.part_ssim.weight * (1 - plain.part_ssim_index(fake, target, masks).mean())
        optimizers[0].zero_grad()
        loss.backward()
        optimizers[0].step()
        for network, optimizer, condition in ((appearance, optimizers[1], source), (shape, optimizers[2], maps[1])):
            real = network(torch.cat((target, condition), 1))
            shown = network(torch.cat((fake.detach(), condition), 1))
            optimizer.zero_grad()
            (weights.adversarial.weight * (gan(real, 1.0) + gan(shown, 0.0)) / 2).backward()
            optimizer.step()

    return step


def bfloat16_step(config: RunConfig) -> Callable[[], object]:
    """Ours with its networks in bfloat16."""
    return reposer_step(replace(config, hardware=replace(config.hardware, precision="bf16-mixed")))


STEPS = {"plain": plain_step, "reposer": reposer_step}
if DEVICE == "cpu" and multiplies_bfloat16():
    STEPS["bfloat16"] = bfloat16_step


def compare(name: str) -> dict[str, Any]:
    """Both steps of a recipe, in turn."""
    config, found = timed_recipe(name), {kind: [] for kind in STEPS}
    for _ in range(ROUNDS):
        for kind, step in STEPS.items():
            found[kind].append(seconds_and_megabytes(step, config))
    seconds = {kind: statistics.median(time for time, _ in each) for kind, each in found.items()}
    pairs = config.optimization.batch_size
    return {
        "recipe": name,
        "seconds_a_step": {kind: round(time, 3) for kind, time in seconds.items()},
        "images_per_second": {kind: round(pairs / time, 2) for kind, time in seconds.items()},
        "times_as_fast": {kind: round(seconds["plain"] / time, 2) for kind, time in seconds.items() if kind != "plain"},
        "peak_megabytes": {kind: round(max(peak for _, peak in each)) for kind, each in found.items()},
    }


def gigaflops(config: RunConfig) -> float:
    """Billions of additions and multiplications of the networks in one step; losses are not counted."""
    count, (height, width) = config.optimization.batch_size, config.size
    with torch.device("meta"):
        generator = build_generator(config.generator)
        discriminators = build_discriminators(config.discriminators) if _judged_from_the_start(config) else ()
        images, maps = (torch.empty(count, channels, height, width) for channels in (3, 18))
    with FlopCounterMode(display=False) as counter:
        generator(images, maps, maps).sum().backward()
        for network, condition in zip(discriminators, (images, maps), strict=False):
            for learns in (False, True, True):  # in the generator's step; with real and with generated images
                network.requires_grad_(learns)
                seen = images.clone().requires_grad_(not learns)
                network(torch.cat((seen, condition), 1)).sum().backward()
    return counter.get_total_flops() / 1e9


def matmul_gigaflops_a_second(size: int = 4096) -> float:
    """What this device reaches in one large matrix product, in the precision of the steps."""
    matrix = torch.rand(size, size, device=DEVICE, dtype=torch.bfloat16 if DEVICE == "cuda" else torch.float32)
    return 2 * size**3 / 1e6 / side_by_side({"product": lambda: matrix @ matrix})["product"]


def _judged_from_the_start(config: RunConfig) -> bool:
    return bool(config.objective.adversarial.weight) and not config.optimization.adversarial_start_step


def cost(name: str) -> dict[str, Any]:
    """Time and memory of 1,000 steps of a recipe, from one step after the first."""
    config = timed_recipe(name)
    seconds, peak = seconds_and_megabytes(reposer_step, config, calls=1)
    join = config.optimization.adversarial_start_step
    return {
        "recipe": name,
        "batch_size": config.optimization.batch_size,
        "minutes_per_1000_steps": round(1000 * seconds / 60, 1),
        "peak_megabytes": round(peak),
        "hours_of_the_whole_run": round(config.optimization.steps * seconds / 3600, 2),
        "discriminators": "yes" if _judged_from_the_start(config) else f"from step {join}, not timed" if join else "no",
        "gigaflops_a_second": round(gigaflops(config) / seconds),
    }


def loading(data: Path) -> dict[str, float]:
    """Pairs of 128x64 images per second, from disk and from memory, and how long memory takes to fill.

    All alone: in training, what reads images shares the cores with the steps.
    """
    dataset = PairDataset(open_pairs(data, "train"))

    def speed(batches: Iterator[PairBatch]) -> float:
        next(batches)
        _wait()
        start = time.perf_counter()
        count = sum(len(batch) for batch in batches)
        _wait()
        return round(count / (time.perf_counter() - start), 1)

    found = {}
    load = partial(train_loader, dataset, seed=0, epoch=0, pairs_per_epoch=3200, batch_size=32)
    for workers in (0, 2):
        found[f"{workers} workers"] = speed(iter(load(workers=workers)))
    for device in {"cpu", DEVICE}:
        start = time.perf_counter()
        kept = CachedPairs.filled(dataset, torch.device(device), workers=2)
        found[f"seconds to fill {device}, {len(kept.images)} images"] = round(time.perf_counter() - start, 2)
        found[f"memory, {device}"] = speed(kept.batches(load(workers=0).batch_sampler))
    return found


def processes(data: Path, folder: Path) -> dict[str, float]:
    """Images per second of mannequin-tiny, one thread a process."""
    found = {}
    for count in (1, 2):
        out = folder / f"run-{count}"
        options = f"--data {data} --out {out} --hardware.devices {count} --optimization.pairs-per-epoch 480"
        options += " --optimization.constant-epochs 1 --optimization.decay-epochs 0 --logging.validation-pairs 0"
        command = [sys.executable, "-m", "reposer", "train", "mannequin-tiny", *options.split()]
        subprocess.run(command, check=True, capture_output=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        found[f"{count} processes"] = round(statistics.median(row["images_per_second"] for row in rows[1:]), 2)
    return found


def measure_costs(console: Console) -> Path:
    """Every recipe."""
    rows = [cost(name) for name in RECIPES]
    product = round(matmul_gigaflops_a_second())
    table = Table(*rows[0], title=device_name())
    for row in rows:
        table.add_row(*map(str, row.values()))
    console.print(table, f"one large matrix product: {product} gigaflops a second")
    command = "python -m benchmarks.training --costs"
    return save(f"training-costs-{DEVICE}", command, (), rows=rows, matmul_gigaflops_a_second=product)


def measure_processes(console: Console) -> Path:
    """One process and two."""
    with few_mannequins() as data:
        found = processes(data, data.parent)
    console.print(found)
    command = "python -m benchmarks.training --processes"
    return save(f"training-processes-{DEVICE}", command, ("lightning",), images_per_second=found)


def measure_steps(console: Console) -> Path:
    """The loader alone, and the steps of the published recipes."""
    with few_mannequins() as data:
        found = loading(data)
    console.print(found)
    rows = []
    for name in COMPARED:
        rows.append(compare(name))
        console.print(rows[-1])
    return save(f"training-{DEVICE}", "python -m benchmarks.training", ("lightning",), steps=rows, loading=found)


@contextmanager
def few_mannequins() -> Iterator[Path]:
    """A small data set in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        make_mannequins(data, MannequinConfig(identities=60, test_identities=2, test_pairs=16))
        yield data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", action="store_true", help="scaling from one process to two instead")
    parser.add_argument("--costs", action="store_true", help="time and memory of every recipe instead")
    console, options = Console(width=120), parser.parse_args()
    measure = measure_costs if options.costs else measure_processes if options.processes else measure_steps
    console.print(f"written: {measure(console)}")


if __name__ == "__main__":
    main()
