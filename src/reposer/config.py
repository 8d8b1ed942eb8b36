"""The configuration of a run: frozen dataclasses, saved whole as JSON in the run folder."""

from __future__ import annotations

import math
import typing
from dataclasses import MISSING, dataclass, field
from typing import Annotated, Literal

from tyro.conf import Suppress

from reposer.bounds import BatchSize, Decay, Seed, Size, at_least, positive
from reposer.checks import InputError
from reposer.data import DataConfig
from reposer.data.augmentation import AugmentationConfig
from reposer.files import parse_json
from reposer.losses import ObjectiveConfig, objective_of
from reposer.models import DiscriminatorConfig, GeneratorConfig, PATNConfig
from reposer.poses import HeatmapConfig
from reposer.values import Checked, FieldError, flat, from_plain, to_json

Accelerator = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["32-true", "16-mixed", "bf16-mixed", "64-true"]
ValidationScore = Literal["ssim", "part_ssim", "l1"]


@dataclass(frozen=True, kw_only=True)
class OptimizationConfig(Checked):
    """Adam and its schedule; an epoch is a number of randomly drawn pairs."""

    batch_size: BatchSize = 32
    """Pairs per step, over all processes."""
    gradient_accumulation_steps: Annotated[int, at_least(1)] = 1
    """Parts in which each process computes its pairs, one after another, before the one update: saves memory.

    With instance norm the result is the same; batch norm sees the statistics of one part at a time.
    """
    learning_rate: Annotated[float, positive(1_000_000)] = 2e-4
    """Learning rate of generator and discriminators before decay."""
    betas: tuple[Decay, Decay] = (0.5, 0.999)
    """Adam's decay rates of the first and second moments."""
    pairs_per_epoch: Annotated[int, at_least(1)] = 4000
    """Pairs drawn, with replacement, in one epoch."""
    constant_epochs: Annotated[int, at_least(1)] = 500
    """Epochs at the constant learning rate."""
    decay_epochs: Annotated[int, at_least(0)] = 200
    """Epochs after them, in which the learning rate falls linearly."""
    warmup_steps: Annotated[int, at_least(0)] = 0
    """Steps in which the learning rate rises linearly at the start."""
    adversarial_start_step: Annotated[int, at_least(0)] = 0
    """Steps before the discriminators and the adversarial term join in; 0: from the start."""
    ema_decay: Decay = 0.0
    """Decay per step of the running average of the generator's weights, which then generates; 0: none.

    After n steps it is at most (1 + n) / (10 + n).
    """
    on_nonfinite: Literal["stop", "skip"] = "stop"
    """What to do where a loss or gradient is not finite: stop and save what reproduces it, or skip the step."""
    most_skips: Annotated[int, at_least(0)] = 10
    """Steps that may be skipped in a row before the run stops anyway."""

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one epoch; the last one may see fewer pairs."""
        return math.ceil(self.pairs_per_epoch / self.batch_size)

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return (self.constant_epochs + self.decay_epochs) * self.steps_per_epoch

    def pairs_at(self, step: int) -> int:
        """Pairs of a step, counted from 0: fewer in the last one of an epoch."""
        return min(self.batch_size, self.pairs_per_epoch - step % self.steps_per_epoch * self.batch_size)

    def learning_rate_at(self, step: int) -> float:
        """Learning rate of a step, counted from 0.

        After e finished epochs the factor is 1 - max(0, e + 2 - constant) / (decay + 1), as in the released code.
        """
        epoch = step // self.steps_per_epoch
        decay = 1 - max(0, epoch + 2 - self.constant_epochs) / (self.decay_epochs + 1) if self.decay_epochs else 1.0
        warmup = min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0
        return self.learning_rate * decay * warmup


@dataclass(frozen=True, kw_only=True)
class LoggingConfig(Checked):
    """What a run writes while it trains."""

    log_every: Annotated[int, at_least(1)] = 50
    """Steps between two rows of metrics.jsonl and of the loggers."""
    validate_every: Annotated[int, at_least(1)] = 1000
    """Steps between two validations on fixed unseen pairs."""
    validation_pairs: Annotated[int, at_least(0)] = 64
    """Those pairs, spread evenly over the test pairs; 0: no validation."""
    best_by: ValidationScore = "part_ssim"
    """Validation score by which generator-best.safetensors is kept."""
    loggers: tuple[Literal["tensorboard", "wandb"], ...] = ("tensorboard",)
    """Where the rows go besides metrics.jsonl: tensorboard, wandb (Weights & Biases; needs its package)."""
    sample_every: Annotated[int, at_least(1)] = 1000
    """Steps between two contact sheets."""
    checkpoint_every: Annotated[int, at_least(1)] = 1000
    """Steps between two checkpoints."""
    keep_checkpoints: Annotated[int, at_least(1)] = 2
    """Newest checkpoints kept."""
    sample_pairs: Annotated[int, at_least(0)] = 8
    """Fixed pairs on a contact sheet; 0: no contact sheets."""


@dataclass(frozen=True, kw_only=True)
class HardwareConfig(Checked):
    """Where and how the run computes."""

    accelerator: Accelerator = "auto"
    """Device; auto takes a GPU where there is one."""
    devices: Annotated[int, at_least(-1, 1024)] = 1
    """Devices on each machine, one process each; -1: all. They share every batch."""
    nodes: Annotated[int, at_least(1, 10_000)] = 1
    """Machines."""
    precision: Precision = "32-true"
    """Arithmetic of the networks, in Lightning's names; losses are always computed in at least float32."""
    tf32: bool = True
    """Let Nvidia's GPUs use TF32 in float32 products while training: several times as fast, off by about 1e-3.

    Generating and evaluating never do.
    """
    channels_last: bool = True
    """Memory layout of the networks; faster, same results to rounding."""
    capture: Literal["auto", "on", "off"] = "auto"
    """Record the step as a CUDA graph and replay it, so that the processor no longer limits a GPU.

    auto does so on one GPU, after three steps; it compares what was recorded with the step, and goes on without where
    that fails. Needs more memory. Steps that are logged are not recorded.
    """
    compile: bool = False
    """Compile the networks with torch.compile; pays off in long runs on a GPU; same results to rounding."""
    gradient_checkpointing: bool = False
    """Compute the networks' blocks again in the backward pass instead of keeping them: less memory, more time."""
    share_forward: bool = True
    """Show discriminators real and generated images in one pass, where their norm allows it (instance norm)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.devices == 0:
            raise FieldError("devices must be at least 1, or -1 for all, got 0")


@dataclass(frozen=True, kw_only=True)
class RunConfig(Checked):
    """Everything that decides the final weights of a run, apart from the images themselves."""

    recipe: Suppress[str] = "custom"
    """Name of the recipe that this configuration started from."""
    seed: Seed = 0
    """Seed of initialisation, drawing of pairs, dropout, augmentation and image pools."""
    size: Size = (128, 64)
    """Height and width of the images in pixels."""
    data: DataConfig = field(default_factory=DataConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    heatmaps: HeatmapConfig = field(default_factory=HeatmapConfig)
    generator: GeneratorConfig = field(default_factory=PATNConfig)
    discriminators: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    objective: ObjectiveConfig = field(default_factory=lambda: objective_of(adversarial=5))
    optimization: OptimizationConfig = field(default_factory=OptimizationConfig)
    logging: LoggingConfig = field(default_factory=LoggingConfig)
    hardware: HardwareConfig = field(default_factory=HardwareConfig)


config_to_json = to_json
"""Write a configuration as JSON text."""


def config_from_json(text: str, where: object = "configuration") -> RunConfig:
    """Read what ``config_to_json`` wrote; InputError names the field that is unknown or does not fit."""
    plain = parse_json(text, f"{where}: not a configuration")
    try:
        return typing.cast(RunConfig, from_plain(RunConfig, plain))
    except InputError as error:
        raise InputError(f"{where}: not a configuration of this version ({error})") from None


def config_differences(a: RunConfig, b: RunConfig) -> list[str]:
    """Name the fields in which two configurations differ, with both values."""
    of_a, of_b = flat(a), flat(b)
    return [
        f"{name} {of_a.get(name, 'none')} -> {of_b.get(name, 'none')}"
        for name in of_a | of_b
        if of_a.get(name, MISSING) != of_b.get(name, MISSING)
    ]
