"""How many operators one training step hands to PyTorch: what a GPU waits for, where its kernels are short.

    python -m benchmarks.operators

Every operator of forward, backward and updates is counted, views too. On a processor, but also the way of a GPU:
updates that look at a flag instead of waiting for it, and SSIM by its kernels, which are counted, not run. An operator
of this package counts as one: on a GPU it is a kernel or two. Neither size nor width changes the numbers.
"""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from benchmarks.training import random_batch
from tests.losses.random_weights import vgg_state
from torch.utils._python_dispatch import TorchDispatchMode

from reposer.features import WeightsFile
from reposer.losses import Objective
from reposer.recipes import recipe
from reposer.training.state import build_state
from reposer.training.step import take_step
from reposer.training.world import World

FIRST = {"market-pssim": 5_433, "mannequin-small": 3_784}
"""Of the version that was first measured on a GPU; of mannequin-small before its discriminators join in."""


class _Counter(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names[str(function)] += 1
        return function(*args, **(kwargs or {}))


def operators_of(name: str, *, as_on_gpu: bool, with_discriminators: bool = False) -> Counter[str]:
    """The operators of the third step of a recipe, by name."""
    config = recipe(name)
    config = replace(
        config,
        generator=replace(config.generator, channels=2),
        discriminators=replace(config.discriminators, channels=2),
        optimization=replace(config.optimization, batch_size=2),
        size=(32, 16),
    )
    with patch.object(WeightsFile, "load", lambda *_: vgg_state()):
        objective = Objective(config.objective)
    world = World()
    state, batch = build_state(config, world, masked=as_on_gpu), random_batch(config)
    if with_discriminators:
        state.step = config.optimization.adversarial_start_step
    for _ in range(2):
        take_step(state, batch, objective, config, world)
    with ExitStack() as stack:
        if as_on_gpu:
            from reposer.similarity.kernels import choice, operators

            stack.enter_context(patch.object(choice, "DEVICES", {"cpu"}))
            stack.enter_context(patch.object(operators, "launch", lambda *_, **__: None))
        counter = stack.enter_context(_Counter())
        take_step(state, batch, objective, config, world)
    return counter.names


def main() -> None:
    for name, first in FIRST.items():
        for late in {False, bool(recipe(name).optimization.adversarial_start_step)}:
            cpu, gpu = (operators_of(name, as_on_gpu=way, with_discriminators=late).total() for way in (False, True))
            print(
                f"{name}{', with discriminators' * late}: {cpu:,} on a processor, {gpu:,} as on a GPU; once {first:,}"
            )


if __name__ == "__main__":
    main()
