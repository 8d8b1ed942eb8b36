"""One training step: the generator, D_PP and D_PB, once each, as published.

The published order is generator first. A discriminator learns from images that the generator made before its update,
so the gradients of all three can be computed before any of them is updated: the result is the same, bit for bit, and
a step in which something is not finite leaves everything as it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from lightning.fabric import Fabric
from torch import Tensor, nn

from reposer.checks import RunError
from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.data.batch import shares
from reposer.images import to_signed
from reposer.losses import Objective
from reposer.poses import pose_maps
from reposer.training import processes
from reposer.training.state import Player, TrainingState, item_keys, step_seed

# Uses of dropout within a step; each draws its own masks.
_GENERATOR = 0
_JUDGED = {"appearance": 1, "shape": 2}
_SHOWN = {"appearance": (3, 4), "shape": (5, 6)}  # real, generated


class NonFiniteError(RunError):
    """A loss or gradient is not finite; nothing was updated."""

    def __init__(self, step: int, values: dict[str, float], batch: PairBatch, *, scaled: bool) -> None:
        wrong = {name: value for name, value in values.items() if not math.isfinite(value)}
        causes = [name for name in wrong if not name.startswith("gradient_norm/") and name != "total"]
        self.overflow = scaled and not causes
        """Only gradients of scaled float16 losses: the scale has been lowered, and the next step may do."""
        what = "; ".join(f"{_describe(name)} is {wrong[name]}" for name in causes or wrong)
        pairs = ", ".join(batch.pair_ids[:4]) + (" ..." if len(batch) > 4 else "")
        super().__init__(f"step {step}: {what}; pairs: {pairs}")


def _describe(name: str) -> str:
    kind, _, rest = name.rpartition("/")
    return {"": f"the loss term {rest!r}", "discriminator": f"the loss of the discriminator {rest!r}"}.get(
        kind, f"the gradient of {rest!r}"
    )


@dataclass(frozen=True)
class _Part:
    """A part of the batch, as the networks see it."""

    batch: PairBatch
    items: slice
    """Which pairs of the whole step."""
    share: float
    """Of all pairs of the step."""
    target: Tensor
    generator_inputs: tuple[Tensor, Tensor, Tensor]
    conditions: dict[str, Tensor]
    """What each discriminator sees beside the image."""


def train_step(
    state: TrainingState,
    batch: PairBatch,
    objective: Objective,
    config: RunConfig,
    fabric: Fabric,
    *,
    term_gradients: bool = False,
) -> dict[str, float]:
    """Update every network once.

    Args:
        state: what is trained.
        batch: this process's pairs.
        objective: of the generator.
        config: of the run.
        fabric: devices and processes.
        term_gradients: also return how hard each weighted term pulls at the generated images.

    Returns:
        Over the pairs of all processes: every unweighted term of the generator, their weighted ``total``,
        ``discriminator/NAME`` losses, ``accuracy/NAME/real`` and ``.../generated``, ``gradient_norm/NETWORK`` and
        ``gradient_norm/image/TERM``.

    Raises:
        NonFiniteError: naming terms and networks, if a loss or gradient is not finite; the state is as before then.
    """
    discriminators = state.discriminators if state.step >= config.optimization.adversarial_start_step else {}
    players = {"generator": state.generator, **discriminators}
    statistics = [buffer for player in players.values() for buffer in player.network.buffers()]
    before = [buffer.clone() for buffer in statistics]
    for player in players.values():
        player.network.train()
        player.optimizer.zero_grad()
    logs = _Sums()
    lengths = processes.lengths(len(batch), fabric.device)
    own = slice(sum(lengths[: fabric.global_rank]), sum(lengths[: fabric.global_rank + 1]))
    count = min(config.optimization.gradient_accumulation_steps, *lengths)  # the same in every process
    parts = _split(batch, count, own, sum(lengths), config)

    for player in discriminators.values():
        player.network.requires_grad_(False)  # the generator's step needs no gradient of theirs
    images = [_generate(state, discriminators, part, objective, config, logs, term_gradients) for part in parts]
    shown = torch.Generator().manual_seed(step_seed(config.seed, state.step))
    pools = {}
    for name, player in discriminators.items():
        player.network.requires_grad_(True)
        pools[name] = player.pool.copy()
        seen = torch.cat(
            [torch.cat((image, part.conditions[name]), dim=1) for part, image in zip(parts, images, strict=True)]
        )
        if player.pool.size:  # every process keeps the whole pool
            seen = pools[name].query(processes.gathered(seen, lengths), shown)[own]
        for part, fake in zip(parts, seen.split([len(image) for image in images]), strict=True):
            real = torch.cat((part.target, part.conditions[name]), dim=1)
            keys = [item_keys(config.seed, state.step, use, part.items) for use in _SHOWN[name]]
            real_logits, fake_logits = _judge(player, real, fake, keys, config)
            loss = objective.discriminator_loss(real_logits, fake_logits)
            state.scaler.scale(loss * part.share).backward()
            logs.add(f"discriminator/{name}", loss, part.share)
            border = 0.5 if config.objective.gan == "least_squares" else 0.0
            logs.add(f"accuracy/{name}/real", (real_logits > border).float().mean(), part.share)
            logs.add(f"accuracy/{name}/generated", (fake_logits <= border).float().mean(), part.share)

    norms = {f"gradient_norm/{name}": _gradient_norm(player, state) for name, player in players.items()}
    values = logs.values(norms)
    if not all(map(math.isfinite, values.values())):
        for buffer, kept in zip(statistics, before, strict=True):
            buffer.copy_(kept)
        for player in players.values():
            player.optimizer.zero_grad()
        state.scaler.update()
        raise NonFiniteError(state.step + 1, values, batch, scaled=state.scaler.is_enabled())
    for name, player in players.items():
        for group in player.optimizer.param_groups:
            group["lr"] = config.optimization.learning_rate_at(state.step)
        state.scaler.step(player.optimizer)
        player.pool = pools.get(name, player.pool)
    state.scaler.update()
    if state.ema_generator is not None:
        state.ema_generator.update_parameters(state.generator.network)
    state.step += 1
    return values


def _split(batch: PairBatch, count: int, own: slice, pairs: int, config: RunConfig) -> list[_Part]:
    """Cut this process's batch, which is the pairs ``own`` of all ``pairs`` of the step, into ``count`` parts."""
    dtype = torch.float64 if config.hardware.precision == "64-true" else torch.float32
    size = (batch.source.shape[-2], batch.source.shape[-1])
    parts = []
    for rows, pair in zip(shares(len(batch), count), batch.split(count), strict=True):
        source_maps, target_maps = (
            pose_maps(joints, visible, size, config.heatmaps).to(dtype)
            for joints, visible in (
                (pair.source_joints, pair.source_visible),
                (pair.target_joints, pair.target_visible),
            )
        )
        source = to_signed(pair.source).to(dtype)
        parts.append(
            _Part(
                batch=pair,
                items=slice(own.start + rows.start, own.start + rows.stop),
                share=len(pair) / pairs,
                target=to_signed(pair.target).to(dtype),
                generator_inputs=(source, source_maps, target_maps),
                conditions={"appearance": source, "shape": target_maps},
            )
        )
    return parts


def _generate(
    state: TrainingState,
    discriminators: dict[str, Player],
    part: _Part,
    objective: Objective,
    config: RunConfig,
    logs: _Sums,
    term_gradients: bool,
) -> Tensor:
    """Generate a part of the batch, add its share of the generator's gradient, and return the images."""
    generated = state.generator(*part.generator_inputs, keys=item_keys(config.seed, state.step, _GENERATOR, part.items))
    logits = tuple(
        player(
            torch.cat((generated, part.conditions[name]), dim=1),
            keys=item_keys(config.seed, state.step, _JUDGED[name], part.items),
        )
        for name, player in discriminators.items()
    )
    joints, visible = part.batch.target_joints, part.batch.target_visible
    value = objective(generated, part.target, joints, visible, fake_logits=logits or None)
    for name, term in value.terms.items():
        logs.add(name, term, part.share)
        if term_gradients:
            weighted = objective.weights[name] * part.share * term
            logs.add_square(
                f"gradient_norm/image/{name}", torch.autograd.grad(weighted, generated, retain_graph=True)[0]
            )
    logs.add("total", value.total, part.share)
    state.scaler.scale(value.total * part.share).backward()
    return generated.detach()


def _judge(player: Player, real: Tensor, fake: Tensor, keys: list[Tensor], config: RunConfig) -> tuple[Tensor, Tensor]:
    """A discriminator's logits for real and generated images: in one pass, unless they share batch statistics."""
    if config.hardware.share_forward and config.discriminators.norm == "instance":
        real_logits, fake_logits = player(torch.cat((real, fake)), keys=torch.cat(keys)).chunk(2)
        return real_logits, fake_logits
    return player(real, keys=keys[0]), player(fake, keys=keys[1])


def _gradient_norm(player: Player, state: TrainingState) -> Tensor:
    """Sum the gradients over the processes, undo the scale of float16 losses, and return their norm."""
    processes.sum_gradients(player.network)
    if state.scaler.is_enabled():
        state.scaler.unscale_(player.optimizer)
    return nn.utils.get_total_norm([p.grad for p in player.network.parameters() if p.grad is not None])


class _Sums:
    """Logged values, added up over the parts of a batch and the processes."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._squares: set[str] = set()

    def add(self, name: str, value: Tensor, share: float) -> None:
        """Add the share of a mean."""
        self._sums[name] = self._sums.get(name, 0) + value.detach().float() * share

    def add_square(self, name: str, values: Tensor) -> None:
        """Add to a norm."""
        self._squares.add(name)
        self._sums[name] = self._sums.get(name, 0) + values.detach().float().square().sum()

    def values(self, norms: dict[str, Tensor]) -> dict[str, float]:
        """All sums and norms as numbers; waits for the device, once."""
        total = processes.summed(torch.stack(list(self._sums.values())))
        numbers = torch.cat((total, torch.stack([norm.float() for norm in norms.values()]))).tolist()
        values = dict(zip((*self._sums, *norms), numbers, strict=True))
        return {name: math.sqrt(v) if name in self._squares and v > 0 else v for name, v in values.items()}
