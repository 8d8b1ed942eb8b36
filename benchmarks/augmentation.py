"""What augmentation costs beside the step that it is part of: python -m benchmarks.augmentation

Steps of `mannequin-small` with all of its networks, on noise, with and without augmentation in turns: the medians, and
each kind of change on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from statistics import median
from time import perf_counter

import torch

from reposer.data import PairBatch
from reposer.data.augmentation import AugmentationConfig, augmented, misread_poses
from reposer.losses import Objective
from reposer.recipes import recipe
from reposer.training.state import build_state
from reposer.training.step import train_step
from reposer.training.world import World

EVERYTHING = AugmentationConfig(
    framing=0.5, mirror=0.5, plain=0.2, colour=0.5, gamma=0.5, occluders=0.2, noise=6, blur=0.8, jpeg=0.3,
    joint_noise=0.5, joint_swaps=0.02, joint_drops=0.03,
)  # fmt: skip
TURNS = 8


def pairs(count: int, size: tuple[int, int]) -> PairBatch:
    """Noise with joints that stand upright, and a truth."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, count, 3, *size), generator=generator, dtype=torch.uint8)
    joints = torch.rand(2, count, 18, 2, generator=generator) * torch.tensor([size[1], size[0]])
    joints[..., 1] = joints[..., 1].sort(dim=-1).values
    visible = torch.ones(2, count, 18, dtype=torch.bool)
    parts = torch.randint(0, 18, (2, count, *size), generator=generator, dtype=torch.uint8)
    flow = torch.rand(count, 2, *size, generator=generator) * size[1]
    names = tuple(str(number) for number in range(count))
    return PairBatch(
        images[0], images[1], joints[0], visible[0], joints[1], visible[1], names, None, flow, parts[0] > 5, parts[0],
        parts[1],
    )  # fmt: skip


def milliseconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    start = perf_counter()
    call()
    return 1000 * (perf_counter() - start)


def main() -> None:
    config = recipe("mannequin-small")
    config = replace(config, optimization=replace(config.optimization, adversarial_start_step=0))
    world = World.launch(config.hardware)
    state, objective = build_state(config, world), Objective(config.objective).to(world.device)
    batch = pairs(config.optimization.batch_size, config.size).to(world.device)
    keys = torch.arange(len(batch), dtype=torch.int32, device=world.device)
    steps: dict[str, list[float]] = {"as they are": [], "augmented": []}
    for _ in range(TURNS):
        for name, augmentation in (("as they are", AugmentationConfig()), ("augmented", EVERYTHING)):
            own = replace(config, augmentation=augmentation)
            steps[name].append(milliseconds(lambda own=own: train_step(state, batch, objective, own, world)))  # type: ignore[misc]
    for name, times in steps.items():
        print(f"a step on {len(batch)} pairs of {config.size[0]}x{config.size[1]}, {name}: {median(times[1:]):.0f} ms")

    kinds = {"everything": EVERYTHING}
    for each in fields(AugmentationConfig):
        value = getattr(EVERYTHING, each.name)
        if value != each.default:
            kinds[each.name] = AugmentationConfig(**{each.name: value})

    def change(kind: AugmentationConfig) -> None:
        misread_poses(augmented(batch, keys, kind), keys, kind)
        if world.device.type == "cuda":
            torch.cuda.synchronize(world.device)

    for name, kind in kinds.items():
        times = [milliseconds(lambda kind=kind: change(kind)) for _ in range(TURNS)]  # type: ignore[misc]
        print(f"{name}: {median(times[1:]):.1f} ms")


if __name__ == "__main__":
    main()
