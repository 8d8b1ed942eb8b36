"""Validation: scores of fixed unseen pairs, and the contact sheet that shows some of them, while a run trains."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from reposer.config import RunConfig, ValidationScore
from reposer.data import PairBatch, PairDataset, collate, has_split, open_pairs
from reposer.images import grid, to_signed, to_uint8
from reposer.letterbox import Box
from reposer.metrics import METRICS
from reposer.models import GeneratorNetwork, repose
from reposer.poses import Pose, draw_pose, limb_masks
from reposer.training.world import World

_BATCH = 8  # of any number of processes, so that the scores do not depend on it
HIGHER_IS_BETTER: dict[ValidationScore, bool] = {
    name: METRICS[name].better == "higher" for name in get_args(ValidationScore)
}


def fixed_pairs(data: Path, config: RunConfig, count: int) -> list[PairBatch]:
    """Read ``count`` test pairs, spread evenly, in batches; none if the data set has no test split."""
    if not count or not has_split(data, "test", config.data.layout):
        return []
    index = open_pairs(data, "test", config.data.layout, skip_missing=config.data.skip_missing, size=config.size)
    dataset = PairDataset(index)
    count = min(count, len(dataset))
    items = [i * len(dataset) // count for i in range(count)]
    return [collate([dataset[i] for i in items[start : start + _BATCH]]) for start in range(0, count, _BATCH)]


def validate(
    network: GeneratorNetwork, batches: Sequence[PairBatch], config: RunConfig, world: World
) -> dict[ValidationScore, float]:
    """Mean of each validation score over the pairs as 8-bit images: ``reposer.metrics`` with the default settings.

    Processes share the batches; each of them gets the scores of all.
    """
    own = {i: _scores(network, batches[i], config) for i in world.deal(len(batches))}
    scores = {i: values for share in world.gathered_objects(own) for i, values in share.items()}
    total = torch.cat([scores[i] for i in range(len(batches))]).mean(0)  # in one order, whoever computed what
    return dict(zip(HIGHER_IS_BETTER, total.tolist(), strict=True))


def _scores(network: GeneratorNetwork, pairs: PairBatch, config: RunConfig) -> Tensor:
    """Values (B, N) float64 of the metrics, with their default settings; of padded images, of their content."""
    target, generated = pairs.target.cpu(), generate(network, pairs, config).cpu()
    masks = limb_masks(pairs.target_joints.cpu(), pairs.target_visible.cpu(), (target.shape[-2], target.shape[-1]))
    inputs = {"generated": generated, "target": target, "part_masks": masks}
    if pairs.target_box is None:
        return _values(inputs)
    rows = [
        _values({name: Box(*box).crop(images[i : i + 1]) for name, images in inputs.items()})
        for i, box in enumerate(pairs.target_box.tolist())
    ]
    return torch.cat(rows)


def _values(inputs: dict[str, Tensor]) -> Tensor:
    chosen = [METRICS[name] for name in HIGHER_IS_BETTER]
    return torch.stack([metric.function(**{name: inputs[name] for name in metric.inputs}) for metric in chosen], dim=1)


def generate(network: GeneratorNetwork, pairs: PairBatch, config: RunConfig) -> Tensor:
    """The generated images (B, 3, H, W) uint8 of a batch."""
    network.eval()
    weight = next(network.parameters())
    pairs = pairs.to(weight.device)
    source = to_signed(pairs.source).to(weight.dtype)
    return to_uint8(repose(network, source, *pairs.poses, heatmaps=config.heatmaps))


def contact_sheet(
    network: GeneratorNetwork, batches: Sequence[PairBatch], config: RunConfig, *, columns: int = 2
) -> Tensor:
    """Draw a contact sheet (3, H', W') uint8: per pair source | target pose | target | generated."""
    panels = []
    for pairs in batches:
        generated = generate(network, pairs, config).cpu()
        height, width = generated.shape[-2:]
        for i in range(len(pairs)):
            pose = draw_pose(Pose(pairs.target_joints[i], pairs.target_visible[i]), (height, width))
            panels += [pairs.source[i].cpu(), pose, pairs.target[i].cpu(), generated[i]]
    return grid([panels[i : i + 4 * columns] for i in range(0, len(panels), 4 * columns)])
