"""What a run would be and cost, before it is started: parameters, memory, time."""

from __future__ import annotations

import math
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from reposer.arithmetic import float32_products
from reposer.config import RunConfig, config_to_json
from reposer.data import PairDataset
from reposer.data.cache import Place, bytes_of
from reposer.losses import Objective
from reposer.models import NETWORKS
from reposer.progress import Progress
from reposer.training.batches import Batches, fill, place_of
from reposer.training.capture import WARM_UP, Capture
from reposer.training.flops import counted, product_flops
from reposer.training.loop import open_dataset, say_remarks
from reposer.training.needs import check_needs, checkpoint_bytes
from reposer.training.run_folder import Resume
from reposer.training.state import TrainingState, build_state
from reposer.training.step import take_step
from reposer.training.taken import finished
from reposer.training.trial import check_terms, try_objective
from reposer.training.world import World

_TIMED_STEPS = 3
_ENOUGH_SECONDS = 20


def plan(
    config: RunConfig,
    *,
    data: Path,
    out: Path | None = None,
    resume: Resume = False,
    progress: Progress | None = None,
) -> str:
    """Describe a run (see :func:`train`) after a few timed steps of it on one device; downloads and writes nothing.

    The lines say its configuration as JSON, the parameters of each network, memory, disk, and time. All that the run
    will need is looked for first, which takes seconds; then up to four steps are timed, fewer if they are slow; up to
    seven where the run would record its step as a CUDA graph.

    Raises:
        InputError: one line with everything that is missing.
        RunError: if a loss or gradient is not finite.
    """
    progress = progress or Progress("dry run", shown=False)
    check_needs(config, data=data, out=out, resume=resume)
    config, dataset = open_dataset(config, data)
    world = World.launch(replace(config.hardware, devices=1, nodes=1))
    objective = Objective(config.objective).to(world.device)
    try_objective(objective, config.size, world.device)
    check_terms(objective, NETWORKS[config.generator.network].module)
    say_remarks(config, dataset, data, progress)
    progress.say("everything that the training needs is here; timing a few steps")
    state = build_state(config, world)
    optimization, networks = config.optimization, list(state.networks())
    capture = Capture.of_run(config, state, world, progress.say)
    first = 1 if capture is None else WARM_UP + 1  # the steps that set up
    pairs = (first + _TIMED_STEPS) * optimization.batch_size
    timed = replace(config, optimization=replace(optimization, pairs_per_epoch=pairs))
    place = place_of(config, dataset, world)
    part = dataset.first(pairs)  # which pairs they are, does not matter for the time
    loader = Batches(part, timed, world)
    kept = replace(loader, cached=fill(part, config, world, "memory" if place == "none" else place, progress))

    flops: list[int] = []

    def seconds(config: RunConfig) -> float:
        ends = [time.perf_counter()]
        for batch in (loader if place == "none" else kept).of_epoch():
            with counted(flops) if len(ends) == 1 else nullcontext():
                finished(state, take_step(state, batch, objective, config, world, capture=capture))
            ends.append(time.perf_counter())
            progress(len(ends) - 1, first + _TIMED_STEPS, items_per_step=optimization.batch_size)
            if ends[-1] - ends[0] > _ENOUGH_SECONDS:
                break
        ends = ends[next(steps for steps in (first, 1, 0) if len(ends) > steps + 1) :]
        return (ends[-1] - ends[0]) / (len(ends) - 1)

    alone = min(optimization.adversarial_start_step, optimization.steps) if config.objective.adversarial.weight else 0
    with float32_products(tf32=config.hardware.tf32):
        each = seconds(config)
        late = seconds(replace(config, optimization=replace(optimization, adversarial_start_step=0))) if alone else each
        possible = product_flops(world.device, config.hardware.precision)
    hours = (alone * each + (optimization.steps - alone) * late) / 3600
    joined = f" ({late:.2f} s after step {alone:,}, with the discriminators)" if alone else ""
    where = torch.cuda.get_device_name(world.device) if world.device.type == "cuda" else world.device.type
    return "\n".join(
        [
            config_to_json(config),
            *(f"{name}: {sum(p.numel() for p in each.network.parameters()):,} parameters" for name, each in networks),
            f"memory: {_stored(state):,.0f} MB of weights, gradients, Adam's moments and running average; "
            f"{_peak(world.device):,.0f} MB at the peak of a step",
            f"arithmetic: {flops[-1] / 1e9:,.1f} gigaflops per step, {flops[-1] / late / 1e9:,.0f} a second: "
            f"{flops[-1] / late / possible:.0%} of the {possible / 1e9:,.0f} of a large matrix product here",
            _data(dataset, config, place, _pairs_per_second(loader), _pairs_per_second(kept)),
            f"disk: up to {checkpoint_bytes(config) / 2**20:,.0f} MB of checkpoints",
            f"time: {each:.2f} s per step{joined}, {optimization.batch_size / each:.1f} images/s on 1 x {where}; "
            f"{optimization.steps:,} steps: {hours:.1f} hours, without validation and checkpoints",
        ]
    )


def _pairs_per_second(batches: Batches) -> float:
    """How fast batches come, after the first, if nobody is busy with anything else."""
    each = batches.of_epoch()
    next(each)
    start = time.perf_counter()
    pairs = sum(len(batch) for batch in each)
    if batches.world.device.type == "cuda":
        torch.cuda.synchronize(batches.world.device)
    return pairs / (time.perf_counter() - start)


def _data(dataset: PairDataset, config: RunConfig, place: Place, loader: float, cache: float) -> str:
    """Say how fast pairs come from disk and from memory, and which of them it will be."""
    workers = config.data.workers
    readers = f"{workers} process{'es' * (workers > 1)}" if workers else "the training process"
    which = {
        "none": "each pair is read when it is drawn",
        "memory": f"kept in memory, read in about {dataset.images / loader / 2:,.0f} s",
        "device": f"kept in the device's memory, read in about {dataset.images / loader / 2:,.0f} s",
    }
    return (
        f"data: {dataset.images:,} images, {bytes_of(dataset) / 2**20:,.0f} MB decoded; {readers} would read "
        f"{loader:,.0f} pairs/s, from memory come {cache:,.0f}; {which[place]} (--data.cache {config.data.cache})"
    )


def _stored(state: TrainingState) -> float:
    """Megabytes that stay in memory between steps."""
    copies = [
        4 * p.nbytes for _, trained in state.networks() for p in trained.network.parameters()
    ]  # weight, gradient, two moments
    if state.ema_generator is not None:
        copies += [p.nbytes for p in state.ema_generator.parameters()]
    return sum(copies) / 2**20


def _peak(device: torch.device) -> float:
    """Megabytes at the peak: allocated on a GPU, else resident memory of this process; NaN where nothing tells."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        import resource
    except ImportError:  # Windows
        return math.nan
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
