"""One training step: the generator, D_PP and D_PB, once each, as published.

The published order is generator first. A discriminator learns from images that the generator made before its update,
so the gradients of all three can be computed before any of them is updated: the result is the same, bit for bit, and
a step in which something is not finite leaves everything unchanged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.data.batch import shares
from reposer.images import to_signed
from reposer.letterbox import content_mask
from reposer.losses import ImagePool, Objective
from reposer.models import GeneratorNetwork, generator_inputs
from reposer.plausibility import trusted
from reposer.poses import pose_maps
from reposer.similarity.content import mean_within
from reposer.training.guards import NonFiniteError
from reposer.training.state import TrainedNetwork, TrainingState, item_keys, step_seed
from reposer.training.world import Sums, World

# Each use of dropout within a step draws its own masks.
_GENERATING = 0
_FROZEN = {"appearance": 1, "shape": 2}  # in the generator's step
_LEARNING = {"appearance": (3, 4), "shape": (5, 6)}  # from real images, from generated ones


@trusted()
def train_step(
    state: TrainingState,
    batch: PairBatch,
    objective: Objective,
    config: RunConfig,
    world: World,
    *,
    term_gradients: bool = False,
) -> dict[str, float]:
    """Update every network once, by this process's share of the step's pairs; a single process takes any number.

    Returns:
        Over the pairs of all processes: every unweighted term of the generator, their weighted ``total``,
        ``discriminator/NAME`` losses, ``accuracy/NAME/real`` and ``.../generated``, ``gradient_norm/NETWORK`` and, with
        ``term_gradients``, ``gradient_norm/image/TERM``: how hard each weighted term pulls at the generated images.

    Raises:
        NonFiniteError: naming terms and networks, if a loss or gradient is not finite; the state is as before then.
    """
    joined = state.step >= config.optimization.adversarial_start_step
    discriminators = state.discriminators if joined else {}
    networks = {"generator": state.generator, **discriminators}
    statistics = [buffer for trained in networks.values() for buffer in trained.network.buffers()]
    before = [buffer.clone() for buffer in statistics]
    for trained in networks.values():
        trained.network.train()
        trained.optimizer.zero_grad()

    pairs = len(batch) if world.size == 1 else config.optimization.pairs_at(state.step)
    draws = torch.Generator().manual_seed(step_seed(config.seed, state.step))
    step = _Step(state, objective, config, world, world.rows(pairs), draws)
    parts = step.split(batch)
    judges = nn.ModuleList(trained.network for trained in discriminators.values())
    judges.requires_grad_(False)  # while the generator learns
    try:
        images = [step.generate(part, discriminators, term_gradients) for part in parts]
    finally:
        judges.requires_grad_(True)
    pools = {name: step.discriminate(name, trained, parts, images) for name, trained in discriminators.items()}

    norms = {f"gradient_norm/{name}": step.gradient_norm(trained) for name, trained in networks.items()}
    values = step.sums.values(norms, world)
    if not all(map(math.isfinite, values.values())):
        for buffer, kept in zip(statistics, before, strict=True):
            buffer.copy_(kept)
        for trained in networks.values():
            trained.optimizer.zero_grad()
        state.scaler.update()
        raise NonFiniteError(state.step + 1, values, batch, scaled=state.scaler.is_enabled())
    for name, trained in networks.items():
        for group in trained.optimizer.param_groups:
            group["lr"] = config.optimization.learning_rate_at(state.step)
        state.scaler.step(trained.optimizer)
        trained.pool = pools.get(name, trained.pool)
    state.scaler.update()
    if state.ema_generator is not None:
        state.ema_generator.update_parameters(state.generator.network)
    state.step += 1
    return values


@dataclass(frozen=True)
class _Part:
    """A part of this process's batch, as the networks see it."""

    batch: PairBatch
    items: slice
    """Which pairs of the whole step."""
    share: float
    """Of all pairs of the step."""
    is_last: bool
    """After it the gradients are complete."""
    target: Tensor
    content: Tensor | None
    """Which pixels are no padding, (B, 1, H, W) bool; None: all."""
    generator_inputs: tuple[Tensor, ...]
    conditions: dict[str, Tensor]
    """What each discriminator sees beside the image."""

    def judged(self, name: str, images: Tensor) -> Tensor:
        """What a discriminator is shown of images; behind it, of padded ones, which pixels count: a pool keeps both."""
        content = () if self.content is None else (self.content.to(images.dtype),)
        return torch.cat((images, self.conditions[name], *content), dim=1)

    def apart(self, judged: Tensor) -> tuple[Tensor, Tensor | None]:
        """What ``judged`` has put together: what a discriminator is shown, and which pixels count."""
        return (judged, None) if self.content is None else (judged[:, :-1], judged[:, -1:])


@dataclass(frozen=True)
class _Step:
    """What the phases of a step have in common: nothing here updates a network."""

    state: TrainingState
    objective: Objective
    config: RunConfig
    world: World
    rows: list[slice]
    """Which of the step's pairs each process has."""
    draws: torch.Generator
    """Of the pools."""
    sums: Sums = field(default_factory=Sums)

    def split(self, batch: PairBatch) -> list[_Part]:
        """Cut this process's pairs into the parts that are computed one after another."""
        own = self.rows[self.world.rank]
        assert len(batch) == own.stop - own.start
        lengths = [rows.stop - rows.start for rows in self.rows]
        count = min(self.config.optimization.gradient_accumulation_steps, *lengths)  # the same in every process
        network = cast(GeneratorNetwork, self.state.generator.network)
        dtype = torch.float64 if self.config.hardware.precision == "64-true" else torch.float32
        parts = []
        for rows, pair in zip(shares(len(batch), count), batch.split(count), strict=True):
            source, target = (to_signed(images).to(dtype) for images in (pair.source, pair.target))
            size = (source.shape[-2], source.shape[-1])
            inputs = generator_inputs(network, source, *pair.poses, heatmaps=self.config.heatmaps)
            if network.reads == "heatmaps":
                target_maps = inputs[-1]
            else:
                target_maps = pose_maps(*pair.poses[2:], size, self.config.heatmaps).to(dtype)
            parts.append(
                _Part(
                    batch=pair,
                    items=slice(own.start + rows.start, own.start + rows.stop),
                    share=len(pair) / self.rows[-1].stop,
                    is_last=rows.stop == len(batch),
                    target=target,
                    content=None if pair.target_box is None else content_mask(pair.target_box, size),
                    generator_inputs=inputs,
                    conditions={"appearance": source, "shape": target_maps},
                )
            )
        return parts

    def generate(self, part: _Part, discriminators: dict[str, TrainedNetwork], term_gradients: bool) -> Tensor:
        """Generate a part of the batch, add its share of the generator's gradient, and return the images."""
        with self.state.generator.kept_local(not part.is_last):
            made = self.state.generator(*part.generator_inputs, keys=self._keys(_GENERATING, part))
            # In the padding nobody sees what the generator paints, and nothing pulls at it.
            generated = made if part.content is None else torch.where(part.content, made, part.target)
            logits = tuple(
                trained(torch.cat((generated, part.conditions[name]), dim=1), keys=self._keys(_FROZEN[name], part))
                for name, trained in discriminators.items()
            )
            joints, visible = part.batch.target_joints, part.batch.target_visible
            value = self.objective(
                generated, part.target, joints, visible, fake_logits=logits or None, content=part.content
            )
            for name, term in value.terms.items():
                self.sums.add(name, term, part.share)
                if term_gradients:
                    weighted = self.objective.weights[name] * part.share * term
                    (pull,) = torch.autograd.grad(weighted, made, retain_graph=True)
                    self.sums.add_square(f"gradient_norm/image/{name}", pull)
            self.sums.add("total", value.total, part.share)
            self.state.scaler.scale(value.total * part.share).backward()
        return generated.detach()

    def discriminate(self, name: str, trained: TrainedNetwork, parts: list[_Part], images: list[Tensor]) -> ImagePool:
        """Add up a discriminator's gradient, and return its pool as it will be after the step."""
        pool = trained.pool.copy()
        shown = torch.cat([part.judged(name, image) for part, image in zip(parts, images, strict=True)])
        if pool.size:  # every process keeps the whole pool
            shown = pool.query(self.world.gathered(shown, self.rows), self.draws)[self.rows[self.world.rank]]
        for part, fake in zip(parts, shown.split([len(image) for image in images]), strict=True):
            real, real_content = part.apart(part.judged(name, part.target))
            fake, fake_content = part.apart(fake)
            keys = [self._keys(use, part) for use in _LEARNING[name]]
            with trained.kept_local(not part.is_last):
                real_logits, fake_logits = _judge(trained, real, fake, keys, self.config)
                loss = self.objective.discriminator_loss(
                    real_logits, fake_logits, real_content=real_content, fake_content=fake_content
                )
                self.state.scaler.scale(loss * part.share).backward()
            self.sums.add(f"discriminator/{name}", loss, part.share)
            border = self.config.objective.adversarial.border
            right = mean_within((real_logits > border).float(), real_content)
            self.sums.add(f"accuracy/{name}/real", right, part.share)
            right = mean_within((fake_logits <= border).float(), fake_content)
            self.sums.add(f"accuracy/{name}/generated", right, part.share)
        return pool

    def gradient_norm(self, trained: TrainedNetwork) -> Tensor:
        """Sum the gradients over the processes, undo the scale of float16 losses, and return their norm."""
        self.world.sum_gradients(trained.network)
        if self.state.scaler.is_enabled():
            self.state.scaler.unscale_(trained.optimizer)
        return nn.utils.get_total_norm([p.grad for p in trained.network.parameters() if p.grad is not None])

    def _keys(self, use: int, part: _Part) -> Tensor:
        return item_keys(self.config.seed, self.state.step, use, part.items)


def _judge(
    trained: TrainedNetwork, real: Tensor, fake: Tensor, keys: list[Tensor], config: RunConfig
) -> tuple[Tensor, Tensor]:
    """A discriminator's logits for real and generated images: in one pass, unless they share batch statistics."""
    if config.hardware.share_forward and config.discriminators.norm == "instance":
        real_logits, fake_logits = trained(torch.cat((real, fake)), keys=torch.cat(keys)).chunk(2)
        return real_logits, fake_logits
    return trained(real, keys=keys[0]), trained(fake, keys=keys[1])
