"""One training step: the generator first, then D_PP, then D_PB, once each, as published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from lightning.fabric import Fabric
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from reposer.checks import RunError
from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.images import to_signed
from reposer.losses import ImagePool, Objective
from reposer.models import build_discriminators, build_generator
from reposer.poses import pose_maps

ParamList = tuple[Tensor, ...] | list[Tensor]


@dataclass
class Player:
    """A network with its optimizer; a discriminator also has its pool of past images."""

    network: nn.Module
    optimizer: Optimizer
    pool: ImagePool = field(default_factory=lambda: ImagePool(0))


@dataclass
class TrainingState:
    """Everything that changes while a run trains."""

    generator: Player
    discriminators: dict[str, Player]
    """By name: ``appearance`` (D_PP) and ``shape`` (D_PB); empty where the objective has no adversarial term."""
    average: AveragedModel | None
    """Running average of the generator, if the run keeps one."""
    step: int = 0
    """Finished steps."""

    def players(self) -> Iterator[tuple[str, Player]]:
        """All networks by name."""
        yield "generator", self.generator
        yield from self.discriminators.items()

    def best_generator(self) -> nn.Module:
        """The generator to keep: its running average, if there is one."""
        return self.average.module if self.average is not None else self.generator.network


def build_state(config: RunConfig, fabric: Fabric) -> TrainingState:
    """Build networks, optimizers and pools, drawn from the run's seed."""
    torch.manual_seed(config.seed)
    networks: dict[str, nn.Module] = {"generator": build_generator(config.generator)}
    if config.objective.adversarial:
        networks["appearance"], networks["shape"] = build_discriminators(config.discriminators)
    memory_format = torch.channels_last if config.hardware.channels_last else torch.contiguous_format
    average = None
    players = {}
    for name, network in networks.items():
        network = network.to(device=fabric.device, memory_format=memory_format)  # type: ignore[call-overload]
        if name == "generator" and config.optimization.ema_decay:
            average = AveragedModel(
                network, multi_avg_fn=_running_average(config.optimization.ema_decay), use_buffers=True
            )
        optimizer = Adam(network.parameters(), lr=config.optimization.learning_rate, betas=config.optimization.betas)
        network, optimizer = fabric.setup(network, optimizer)
        pool = ImagePool(0 if name == "generator" else config.objective.pool_size)
        players[name] = Player(network, optimizer, pool)
    generator = players.pop("generator")
    return TrainingState(generator, players, average)


def _running_average(decay: float) -> Callable[[ParamList, ParamList, Tensor | int], None]:
    """Exponential running average that forgets faster at the start: the first weights are noise."""

    def update(averaged: ParamList, current: ParamList, updates: Tensor | int) -> None:
        now = min(decay, (1 + int(updates)) / (10 + int(updates)))
        get_ema_multi_avg_fn(now)(averaged, current, updates)

    return update


def step_seed(seed: int, step: int) -> int:
    """Seed of a step's dropout and pools: a function of (run seed, step), so a resumed run needs no random state."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1)[0])


def train_step(
    state: TrainingState, batch: PairBatch, objective: Objective, config: RunConfig, fabric: Fabric
) -> dict[str, Tensor]:
    """Update every network once.

    Returns:
        Every unweighted loss term of the generator, the weighted total, each discriminator's loss and the gradient
        norms, as detached scalars.

    Raises:
        RunError: naming the term and the pairs, if a loss is not finite; the network it trains is unchanged then.
    """
    seed = step_seed(config.seed, state.step)
    torch.manual_seed(seed)
    pools = torch.Generator().manual_seed(seed)
    for _, player in state.players():
        player.network.train()
        for group in player.optimizer.param_groups:
            group["lr"] = config.optimization.learning_rate_at(state.step)

    source, target = to_signed(batch.source), to_signed(batch.target)
    size = (source.shape[-2], source.shape[-1])
    source_maps = pose_maps(batch.source_joints, batch.source_visible, size, config.heatmaps)
    target_maps = pose_maps(batch.target_joints, batch.target_visible, size, config.heatmaps)
    conditions = {"appearance": source, "shape": target_maps}

    generated = state.generator.network(source, source_maps, target_maps)
    for player in state.discriminators.values():
        player.network.requires_grad_(False)  # the generator's step needs no gradient of theirs
    fake_logits = tuple(
        player.network(torch.cat((generated, conditions[name]), dim=1)) for name, player in state.discriminators.items()
    )
    value = objective(generated, target, batch.target_joints, batch.target_visible, fake_logits=fake_logits)
    for name, term in value.terms.items():
        _check_finite(name, term, state.step, batch)
    logs = {**value.terms, "total": value.total}
    logs["gradient_norm/generator"] = _update(state.generator, value.total, fabric)

    for name, player in state.discriminators.items():
        player.network.requires_grad_(True)
        condition = conditions[name]
        fake = player.pool.query(torch.cat((generated, condition), dim=1), pools)
        loss = objective.discriminator_loss(player.network(torch.cat((target, condition), dim=1)), player.network(fake))
        _check_finite(f"discriminator {name}", loss, state.step, batch)
        logs[f"discriminator/{name}"] = loss
        logs[f"gradient_norm/{name}"] = _update(player, loss, fabric)

    if state.average is not None:
        state.average.update_parameters(_unwrapped(state.generator.network))
    state.step += 1
    return {name: term.detach() for name, term in logs.items()}


def _update(player: Player, loss: Tensor, fabric: Fabric) -> Tensor:
    """Step one network down its loss; return the norm of its gradient."""
    player.optimizer.zero_grad()
    fabric.backward(loss)
    gradients = [p.grad for p in player.network.parameters() if p.grad is not None]
    norm = nn.utils.get_total_norm(gradients)
    player.optimizer.step()
    return norm


def _unwrapped(network: nn.Module) -> nn.Module:
    return getattr(network, "module", network)


def _check_finite(name: str, term: Tensor, step: int, batch: PairBatch) -> None:
    if not torch.isfinite(term):
        raise RunError(
            f"step {step + 1}: the loss term {name!r} is {term.item()}; pairs: {', '.join(batch.pair_ids[:4])}"
            f"{' ...' if len(batch) > 4 else ''}; a lower learning rate or 32-true precision may help"
        )
