"""One training step: the generator, D_PP and D_PB, once each, as published.

The published order is generator first. A discriminator learns from images that the generator made before its update,
so the gradients of all three can be computed before any of them is updated: the result is the same, bit for bit, and
a step in which something is not finite leaves everything unchanged.

On a GPU nothing waits for the device within a step. Whether all was finite is known there; the updates read it there,
and so do those of all further steps, until the processor has read it too: see :mod:`reposer.training.taken`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import Tensor, nn

from reposer.config import RunConfig
from reposer.data import PairBatch
from reposer.data.augmentation import augmented, misread_poses
from reposer.data.batch import shares
from reposer.images import to_signed
from reposer.letterbox import content_mask
from reposer.losses import Objective
from reposer.models import GeneratorNetwork, generator_inputs
from reposer.plausibility import trusted
from reposer.poses import head_crops, pose_maps
from reposer.similarity.content import mean_within
from reposer.training.capture import Capture
from reposer.training.numbers import AUGMENTING, StepNumbers
from reposer.training.state import TrainedNetwork, TrainingState
from reposer.training.taken import Taken, Values, finished
from reposer.training.updates import adam_step, update_average, update_scale
from reposer.training.world import Sums, World

# Each use of dropout within a step draws its own masks.
_GENERATING = 0
_FROZEN = {"appearance": 1, "shape": 2, "face": 8}  # in the generator's step
_LEARNING = {"appearance": (3, 4), "shape": (5, 6), "face": (9, 10)}  # from real images, from generated ones


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
    return finished(state, take_step(state, batch, objective, config, world, term_gradients=term_gradients))


@trusted()
def take_step(
    state: TrainingState,
    batch: PairBatch,
    objective: Objective,
    config: RunConfig,
    world: World,
    *,
    term_gradients: bool = False,
    capture: Capture | None = None,
) -> Taken:
    """What ``train_step`` does, without waiting for the device: what it returns or raises, ``finished`` does later."""
    joined = state.step >= config.optimization.adversarial_start_step
    judges = tuple(state.discriminators) if joined else ()
    pairs = len(batch) if world.size == 1 else config.optimization.pairs_at(state.step)
    rows = world.rows(pairs)
    numbers = StepNumbers.draw(state, config, rows[world.rank], pairs, pools=judges)

    def run(batch: PairBatch, numbers: StepNumbers) -> Values:
        step = _Step(state, objective, config, world, rows, numbers, judges)
        return step.run(batch, term_gradients=term_gradients)

    values = capture.run(run, batch, numbers, judges) if capture and not term_gradients else run(batch, numbers)
    before = {name: trained.pool.filled for name, trained in state.discriminators.items()}
    for name, draw in numbers.pools.items():
        state.discriminators[name].pool.filled = draw.filled
    state.step += 1
    return Taken(batch, term_gradients, state.step - 1, before, values.sent())


@dataclass(frozen=True)
class _Part:
    """A part of this process's batch, as the networks see it."""

    batch: PairBatch
    rows: slice
    """Which of this process's pairs."""
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

    def seen(self, name: str, images: Tensor) -> Tensor:
        """What a discriminator looks at of maps (B, C, H, W): all of them, or where the target's head is, enlarged."""
        if name != "face":
            return images
        return head_crops(images, *self.batch.poses[2:], self.conditions[name].shape[-1])

    def shown(self, name: str, images: Tensor) -> Tensor:
        """What a discriminator is shown of images, and what it sees beside."""
        return torch.cat((self.seen(name, images), self.conditions[name]), dim=1)

    def judged(self, name: str, images: Tensor) -> Tensor:
        """What a discriminator is shown; behind it, of padded images, which pixels count: a pool keeps both."""
        if self.content is None:
            return self.shown(name, images)
        return torch.cat((self.shown(name, images), *self.contents([name])), dim=1)

    def contents(self, names: Iterable[str]) -> tuple[Tensor, ...]:
        """Which pixels count of what each discriminator sees of padded images; of others nothing."""
        return () if self.content is None else tuple(self.seen(name, self.content.to(self.target)) for name in names)

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
    numbers: StepNumbers
    judges: tuple[str, ...]
    """The discriminators that have joined in."""
    sums: Sums = field(default_factory=Sums)

    def run(self, batch: PairBatch, *, term_gradients: bool) -> Values:
        """Compute the gradients, and update what there is to update if all is finite."""
        state = self.state
        judges = {name: state.discriminators[name] for name in self.judges}
        networks = {"generator": state.generator, **judges}
        statistics = [trained.statistics.values.clone() for trained in networks.values()]
        for trained in networks.values():
            trained.network.train()
            trained.optimizer.zero_grad()

        parts = self.split(batch)
        frozen = nn.ModuleList(trained.network for trained in judges.values())
        frozen.requires_grad_(False)  # while the generator learns
        try:
            images = [self.generate(part, judges, term_gradients) for part in parts]
        finally:
            frozen.requires_grad_(True)
        shown = {name: self.discriminate(name, trained, parts, images) for name, trained in judges.items()}

        norms = [self.gradient_norm(trained).float() for trained in networks.values()]
        names = (*self.sums.names, *(f"gradient_norm/{name}" for name in networks))
        numbers = torch.cat((self.sums.total(self.world), torch.stack(norms)))
        halted_before = state.halted > 0
        state.halted.copy_(torch.maximum(state.halted, 1 - numbers.isfinite().all().float()))
        halted = state.halted > 0
        for trained, before in zip(networks.values(), statistics, strict=True):
            trained.statistics.put_back(before, halted)
            adam_step(trained.optimizer, self.numbers.learning_rate, state.halted, masked=state.masked)
        for name, draw in self.numbers.pools.items():
            judges[name].pool.keep(shown[name], draw, unless=halted)
        update_scale(state.scaler, halted_before)
        if state.ema_generator is not None:
            update_average(
                state.ema_generator,
                state.generator.network,
                self.numbers.average_weight,
                state.halted,
                masked=state.masked,
            )
        return Values(names, frozenset(self.sums.squares), numbers)

    def split(self, batch: PairBatch) -> list[_Part]:
        """Cut this process's pairs into the parts that are computed one after another."""
        own = self.rows[self.world.rank]
        assert len(batch) == own.stop - own.start
        lengths = [rows.stop - rows.start for rows in self.rows]
        count = min(self.config.optimization.gradient_accumulation_steps, *lengths)  # the same in every process
        network = cast(GeneratorNetwork, self.state.generator.network)
        dtype = torch.float64 if self.config.hardware.precision == "64-true" else torch.float32
        parts = []
        augmentation, drawn = self.config.augmentation, self.numbers.keys[AUGMENTING]
        batch = augmented(batch, drawn, augmentation)
        pieces = batch.split(count) if count > 1 else [batch]
        for rows, pair in zip(shares(len(batch), count), pieces, strict=True):
            source, target = (to_signed(images).to(dtype) for images in (pair.source, pair.target))
            size = (source.shape[-2], source.shape[-1])
            poses = misread_poses(pair, drawn[rows], augmentation)
            inputs = generator_inputs(network, source, *poses, heatmaps=self.config.heatmaps)
            if network.reads == "heatmaps":
                target_maps = inputs[-1]
            else:
                target_maps = pose_maps(*poses[2:], size, self.config.heatmaps).to(dtype)
            conditions = {"appearance": source, "shape": target_maps}
            if "face" in self.state.discriminators:
                side = self.config.objective.face.crop_size(size[0])
                conditions["face"] = head_crops(source, *pair.poses[:2], side)
            parts.append(
                _Part(
                    batch=pair,
                    rows=rows,
                    share=len(pair) / self.rows[-1].stop,
                    is_last=rows.stop == len(batch),
                    target=target,
                    content=None if pair.target_box is None else content_mask(pair.target_box, size),
                    generator_inputs=inputs,
                    conditions=conditions,
                )
            )
        return parts

    def generate(self, part: _Part, discriminators: dict[str, TrainedNetwork], term_gradients: bool) -> Tensor:
        """Generate a part of the batch, add its share of the generator's gradient, and return the images."""
        with self.state.generator.kept_local(not part.is_last):
            keys, explained = self._keys(_GENERATING, part), None
            if "explained" in self.objective.needs:
                explained = self.state.generator.explained(*part.generator_inputs, keys=keys)
            made = self.state.generator(*part.generator_inputs, keys=keys) if explained is None else explained.image
            # In the padding nobody sees what the generator paints, and nothing pulls at it.
            generated = made if part.content is None else torch.where(part.content, made, part.target)
            logits = tuple(
                trained(part.shown(name, generated), keys=self._keys(_FROZEN[name], part))
                for name, trained in discriminators.items()
            )
            value = self.objective(
                generated,
                part.target,
                *part.batch.poses[2:],
                fake_logits=logits or None,
                content=part.content,
                judged=part.contents(discriminators),
                source=part.generator_inputs[0],
                explained=explained,
                truth=part.batch.truth,
            )
            for name, term in value.terms.items():
                self.sums.add(name, term, part.share)
                if term_gradients:
                    weighted = self.objective.weights[name] * part.share * term
                    # Terms on flow and visibility do not pull at the image.
                    (pull,) = torch.autograd.grad(
                        weighted, made, retain_graph=True, allow_unused=True, materialize_grads=True
                    )
                    self.sums.add_square(f"gradient_norm/image/{name}", pull)
            self.sums.add("total", value.total, part.share)
            self.state.scaler.scale(value.total * part.share).backward()
        return generated.detach()

    def discriminate(self, name: str, trained: TrainedNetwork, parts: list[_Part], images: list[Tensor]) -> Tensor:
        """Add up a discriminator's gradient, and return what its pool may keep: the new images of all processes."""
        new = torch.cat([part.judged(name, image) for part, image in zip(parts, images, strict=True)])
        shown = new
        if name in self.numbers.pools:  # every process keeps the whole pool
            new = self.world.gathered(new, self.rows)
            shown = trained.pool.shown(new, self.numbers.pools[name])[self.rows[self.world.rank]]
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
        return new

    def gradient_norm(self, trained: TrainedNetwork) -> Tensor:
        """Sum the gradients over the processes, undo the scale of float16 losses, and return their norm."""
        self.world.sum_gradients(trained.network)
        if self.state.scaler.is_enabled():
            self.state.scaler.unscale_(trained.optimizer)
        return nn.utils.get_total_norm([p.grad for p in trained.network.parameters() if p.grad is not None])

    def _keys(self, use: int, part: _Part) -> Tensor:
        return self.numbers.keys[use, part.rows]


def _judge(
    trained: TrainedNetwork, real: Tensor, fake: Tensor, keys: list[Tensor], config: RunConfig
) -> tuple[Tensor, Tensor]:
    """A discriminator's logits for real and generated images: in one pass, unless they share batch statistics."""
    if config.hardware.share_forward and config.discriminators.norm == "instance":
        real_logits, fake_logits = trained(torch.cat((real, fake)), keys=torch.cat(keys)).chunk(2)
        return real_logits, fake_logits
    return trained(real, keys=keys[0]), trained(fake, keys=keys[1])
