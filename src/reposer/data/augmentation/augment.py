"""Augmentation of a batch of pairs on its device: a function of the pairs, their keys and the configuration."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from reposer.counters import uniforms
from reposer.data.augmentation import colour, degrading, framing, occluders
from reposer.data.augmentation.config import AugmentationConfig
from reposer.data.augmentation.misreading import misread
from reposer.data.augmentation.moving import changed_where, framed, mirrored, sampled
from reposer.data.batch import PairBatch

_PAIR, _COLOUR, _PLAIN, _POSE = 0, 1, 2, 3
_FRAME, _DEGRADE, _OCCLUDE, _NOISE = 16, 24, 32, 40
"""Streams of random numbers; of the second picture of a pair the next one."""


def augmented(batch: PairBatch, keys: Tensor, config: AugmentationConfig) -> PairBatch:
    """Change pairs as the configuration says, each by its key alone.

    Nothing is read back from the device, and shapes depend on the batch's alone. Padded pairs (with a ``target_box``)
    are never framed.

    Args:
        batch: on any device.
        keys: (B,) int32 on that device.
        config: what to change; without any change the batch itself is returned.
    """
    if not config.changes_pictures:
        return batch
    drawn = uniforms(keys, _PAIR, 3)
    if config.mirror:
        batch = mirrored(batch, drawn[:, 0] < config.mirror)
    size = (batch.source.shape[-2], batch.source.shape[-1])
    if config.framing and batch.target_box is None:
        frames = [
            framing.draw_frame(joints, visible, size, uniforms(keys, _FRAME + number, framing.DRAWS), config)
            for number, (joints, visible) in enumerate(
                ((batch.source_joints, batch.source_visible), (batch.target_joints, batch.target_visible))
            )
        ]
        batch = framed(batch, *frames)
    if not any((config.plain, config.colour, config.gamma, config.occluders, *_degrading(config))):
        return batch
    images = [image.float() / 255 for image in (batch.source, batch.target)]
    if config.plain and batch.parts is not None and batch.source_parts is not None:
        which, numbers = drawn[:, 1] < config.plain, uniforms(keys, _PLAIN, colour.DRAWS)
        masks = (batch.source_parts, batch.parts)
        images = [colour.plain(image, parts, which, numbers) for image, parts in zip(images, masks, strict=True)]
    if config.colour or config.gamma:
        numbers = uniforms(keys, _COLOUR, colour.DRAWS)
        images = [colour.recoloured(image, numbers, config) for image in images]
    if config.occluders:
        images, batch = _occluded(images, batch, keys, config)
    if any(_degrading(config)):
        last = 2 if config.degraded == "both" else 1
        images[:last] = [_degraded(image, keys, number, config) for number, image in enumerate(images[:last])]
    source, target = ((image * 255).round().clamp(0, 255).to(torch.uint8) for image in images)
    return replace(batch, source=source, target=target)


def misread_poses(batch: PairBatch, keys: Tensor, config: AugmentationConfig) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """``PairBatch.poses`` as the networks see them; losses go by the true ones."""
    height = batch.source.shape[-2]
    source = misread(batch.source_joints, batch.source_visible, height, keys, _POSE, config)
    target = misread(batch.target_joints, batch.target_visible, height, keys, _POSE + 1, config)
    return (*source, *target)


def _degrading(config: AugmentationConfig) -> tuple[float, ...]:
    return config.noise, config.blur, config.jpeg


def _occluded(
    images: list[Tensor], batch: PairBatch, keys: Tensor, config: AugmentationConfig
) -> tuple[list[Tensor], PairBatch]:
    """Things in front of the pictures: what they cover is not seen, and what of the target they cover is no person."""

    def put(number: int) -> tuple[Tensor, Tensor]:
        numbers = uniforms(keys, _OCCLUDE + number, 2 * occluders.DRAWS + 1)
        which = numbers[:, -1] < config.occluders
        return occluders.occluded(images[number], images[1 - number], which, numbers[:, :-1])

    source, covered = put(0)
    seen, parts = batch.seen, batch.parts
    if batch.flow is not None and seen is not None:
        there = sampled(covered[:, None].float(), batch.flow.movedim(1, -1).nan_to_num(), "nearest")[:, 0]
        seen = seen & (there < 0.5)
    source_parts = None if batch.source_parts is None else batch.source_parts.masked_fill(covered, 0)
    target = images[1]
    if config.degraded == "both":
        target, covered = put(1)
        seen = None if seen is None else seen & ~covered
        parts = None if parts is None else parts.masked_fill(covered, 0)
    return [source, target], replace(batch, seen=seen, parts=parts, source_parts=source_parts)


def _degraded(images: Tensor, keys: Tensor, number: int, config: AugmentationConfig) -> Tensor:
    """Blur, then noise, then JPEG, as in a camera."""
    across, down, noise, chosen, quality, _ = uniforms(keys, _DEGRADE + number, degrading.DRAWS).unbind(1)
    if config.blur:
        unit = images.shape[-2] / 128
        most = config.blur * unit
        sigmas = most * torch.stack((across, down), dim=1).square()  # mostly little
        images = degrading.blurred(images, sigmas, max(1, int(2.5 * most + 0.5)))
    if config.noise:
        images = degrading.noisy(images, config.noise / 255 * noise.square(), keys, _NOISE + number)
    if config.jpeg:
        steps = (3 + 24 * quality.square()) / 255
        images = changed_where(chosen < config.jpeg, degrading.coarsened, images.clamp(0, 1), steps)
    return images
