"""Pictures a second of the recipes' generators, one at a time: python -m benchmarks.generators

Weights are random, which costs as much as trained ones. Run it on an idle machine; OMP_NUM_THREADS says on how many
cores.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

import torch
from torch.utils.flop_counter import FlopCounterMode

from reposer.models import build_generator, repose
from reposer.recipes import recipe

RECIPES = ("mannequin-small", "mannequin-large", "people-tiny", "people-small", "people-large")
SIZES = ((128, 64), (256, 176))
REPEATS = 20


def main() -> None:
    print(f"{torch.get_num_threads()} threads")
    for name in RECIPES:
        config = recipe(name)
        network = build_generator(config.generator).eval()
        weights = sum(weight.numel() for weight in network.parameters())
        for size in SIZES:
            source = torch.rand(1, 3, *size) * 2 - 1
            joints = torch.rand(1, 18, 2) * torch.tensor([size[1] - 1.0, size[0] - 1.0])
            pose = joints, torch.ones(1, 18, dtype=torch.bool)

            def run(source: torch.Tensor = source, pose: tuple[torch.Tensor, ...] = pose) -> float:
                start = perf_counter()
                repose(network, source, *pose, *pose, heatmaps=config.heatmaps)  # noqa: B023 - run in this round
                return perf_counter() - start

            with FlopCounterMode(display=False) as counter:
                run()
            seconds = median(run() for _ in range(REPEATS))
            print(
                f"{name} at {size[0]}x{size[1]}: {weights / 1e6:.2f} M weights, "
                f"{counter.get_total_flops() / 1e9:.2f} gigaflops, {1 / seconds:.1f} pictures/s"
            )


if __name__ == "__main__":
    main()
