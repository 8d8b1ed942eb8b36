"""How many operators one step hands to PyTorch: what a GPU waits for, where its kernels are short."""

from collections import Counter
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from benchmarks.training import random_batch
from tests.losses.random_weights import vgg_state
from torch.utils._python_dispatch import TorchDispatchMode

from reposer.features import WeightsFile
from reposer.losses import Objective
from reposer.recipes import recipe
from reposer.training.state import build_state
from reposer.training.step import take_step
from reposer.training.world import World

AT_MOST = {"market-pssim": 1_811, "mannequin-small": 1_261}
"""A third of the 5,433 and 3,784 of the first version that was measured on a GPU."""


class Operators(TorchDispatchMode):
    """Counts every operator of forward, backward and updates, views too."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Counter[str] = Counter()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names[str(function)] += 1
        return function(*args, **(kwargs or {}))


@pytest.mark.slow
@pytest.mark.parametrize("name", AT_MOST)
def test_a_step_takes_a_third_of_the_operators(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a processor, but the way of a GPU: updates that look at a flag, and SSIM by its kernels, which are not run.

    Neither size nor width changes the number; mannequin-small is counted before its discriminators join in. Operators
    of this package count as one: on a GPU each is a kernel or two.
    """
    pytest.importorskip("triton")
    from reposer.similarity.kernels import choice, operators

    config = recipe(name)
    narrow = replace(config.generator, channels=2), replace(config.discriminators, channels=2)
    optimization = replace(config.optimization, batch_size=2)
    config = replace(config, generator=narrow[0], discriminators=narrow[1], optimization=optimization, size=(32, 16))
    with patch.object(WeightsFile, "load", lambda *_: vgg_state()):
        objective = Objective(config.objective)
    world = World()
    state, batch = build_state(config, world, masked=True), random_batch(config)
    for _ in range(2):
        take_step(state, batch, objective, config, world)
    monkeypatch.setattr(choice, "DEVICES", {"cpu"})
    monkeypatch.setattr(operators, "launch", lambda *_, **__: None)
    with Operators() as found:
        take_step(state, batch, objective, config, world)
    assert sum(found.names.values()) <= AT_MOST[name], found.names.most_common(20)
    waits = {name for name in found.names if "_local_scalar_dense" in name or "nonzero" in name}
    assert not waits, f"a GPU would be waited for: {waits}"
