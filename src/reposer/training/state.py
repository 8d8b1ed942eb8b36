"""Everything that changes while a run trains: networks, optimizers, pools of past images, the running average."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.amp import GradScaler
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.optim.swa_utils import AveragedModel

from reposer.config import Precision, RunConfig
from reposer.correspondence import Explained
from reposer.losses import ImagePool
from reposer.models import DISCRIMINATORS, GeneratorNetwork, build_discriminators, build_generator
from reposer.models.dropout import set_dropout_keys
from reposer.training.statistics import Statistics
from reposer.training.updates import build_adam
from reposer.training.world import World

_AUTOCAST = {"16-mixed": torch.float16, "bf16-mixed": torch.bfloat16}


@dataclass
class TrainedNetwork:
    """A network with its optimizer; a discriminator also has its pool of past images."""

    network: nn.Module
    replica: nn.Module
    """What computes while the network learns: the network itself, or its replica in a world of many processes."""
    optimizer: Optimizer
    precision: Precision
    statistics: Statistics
    pool: ImagePool = field(default_factory=lambda: ImagePool(0))

    def __call__(self, *inputs: Tensor, keys: Tensor) -> Tensor:
        """Run the network in the run's precision; ``keys`` (B,) decide the dropout of each item."""
        return self._made(inputs, keys).to(self._dtype)

    def explained(self, *inputs: Tensor, keys: Tensor) -> Explained:
        """The same of a network that explains its images, with what it says of them."""
        made = self._made(inputs, keys, explain=True)
        flows, visibilities = (tuple(level.to(self._dtype) for level in levels) for levels in made[1:])
        return Explained(made.image.to(self._dtype), flows, visibilities)

    @property
    def _dtype(self) -> torch.dtype:
        return next(self.network.parameters()).dtype

    def _made(self, inputs: tuple[Tensor, ...], keys: Tensor, **more: bool) -> Any:
        weight = next(self.network.parameters())
        set_dropout_keys(self.network, keys.to(weight.device))
        inputs = tuple(tensor.to(weight.dtype) if tensor.is_floating_point() else tensor for tensor in inputs)
        half = _AUTOCAST.get(self.precision)
        with torch.autocast(weight.device.type, half, enabled=half is not None):
            return (self.replica if weight.requires_grad else self.network)(*inputs, **more)

    def kept_local(self, local: bool) -> AbstractContextManager[None]:
        """Inside, gradients are added up in this process alone, if so wanted: more of them will follow."""
        return self.replica.no_sync() if local and isinstance(self.replica, DistributedDataParallel) else nullcontext()


@dataclass
class TrainingState:
    """Everything that changes while a run trains."""

    generator: TrainedNetwork
    discriminators: dict[str, TrainedNetwork]
    """By name: ``appearance`` (D_PP), ``shape`` (D_PB) and perhaps ``face``; empty without an adversarial term."""
    ema_generator: AveragedModel | None
    """Running average of the generator, if the run keeps one."""
    scaler: GradScaler
    """Scales losses where gradients are computed in float16; else does nothing."""
    halted: Tensor
    """() float32 on the device: 1 once a step was not finite; until that is noticed, no step changes anything."""
    masked: bool
    """Whether updates read that flag on the device, so that nothing waits for it."""
    step: int = 0
    """Finished steps."""
    skipped: int = 0
    """Steps whose update was left out because something was not finite."""
    skipped_in_a_row: int = 0
    best: float | None = None
    """Best validation score so far."""

    def networks(self) -> Iterator[tuple[str, TrainedNetwork]]:
        """All networks by name."""
        yield "generator", self.generator
        yield from self.discriminators.items()

    def best_generator(self) -> GeneratorNetwork:
        """The generator to keep: its running average, if there is one."""
        best = self.ema_generator.module if self.ema_generator is not None else self.generator.network
        return cast(GeneratorNetwork, best)


def build_state(config: RunConfig, world: World, *, masked: bool | None = None) -> TrainingState:
    """Build networks, optimizers and pools, drawn from the run's seed: the same in every process.

    ``masked``: see :class:`TrainingState`; by default on all devices but the processor's.
    """
    masked = world.device.type == "cuda" if masked is None else masked
    torch.manual_seed(config.seed)
    networks: dict[str, nn.Module] = {"generator": build_generator(config.generator)}
    if config.objective.adversarial.weight:
        networks |= zip(DISCRIMINATORS, build_discriminators(config.discriminators), strict=False)
    hardware, optimization = config.hardware, config.optimization
    ema_generator = None
    trained = {}
    for name, network in networks.items():
        network.to(
            device=world.device,
            dtype=torch.float64 if hardware.precision == "64-true" else torch.float32,
            memory_format=torch.channels_last if hardware.channels_last else torch.contiguous_format,
        )  # type: ignore[call-overload]
        if name == "generator" and optimization.ema_decay:
            ema_generator = AveragedModel(network, device=world.device, use_buffers=True)
        network.gradient_checkpointing = hardware.gradient_checkpointing  # type: ignore[assignment]
        if hardware.compile:
            network.compile()
        replica = world.replicate(network)
        optimizer = build_adam(network, optimization, masked=masked)
        pool = ImagePool(0 if name == "generator" else config.objective.adversarial.pool_size)
        trained[name] = TrainedNetwork(network, replica, optimizer, hardware.precision, Statistics(network), pool)
    scaler = GradScaler(world.device.type, enabled=hardware.precision == "16-mixed")
    halted = torch.zeros((), device=world.device)
    return TrainingState(trained.pop("generator"), trained, ema_generator, scaler, halted, masked)


def step_seed(seed: int, step: int) -> int:
    """Seed of a step's pools: a function of (run seed, step), so a resumed run needs no random state."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])


def item_keys(seed: int, step: int, use: int, items: slice) -> Tensor:
    """Dropout keys (B,) int32 of some items of a step: a function of (run seed, step, use, item) alone."""
    words = np.random.SeedSequence([seed, step, use]).generate_state(items.stop, np.uint32)
    return torch.from_numpy(words[items].view(np.int32).copy())
