"""A small feature network for tests of metrics of sets."""

import torch
from torch import Tensor

from reposer.features import InceptionOutput

FEATURES, CLASSES = 12, 7


class SmallNetwork:
    """Random linear features of the images' 4x4 means; can travel to other processes."""

    def __init__(self, seed: int = 0) -> None:
        self.identity = f"small-{seed}"
        generator = torch.Generator().manual_seed(seed)
        self.pool = torch.randn(48, FEATURES, generator=generator, dtype=torch.float64) / 7
        self.classify = torch.randn(FEATURES, CLASSES, generator=generator, dtype=torch.float64) * 3

    def __call__(self, images: Tensor) -> InceptionOutput:
        means = torch.nn.functional.adaptive_avg_pool2d(images.double() / 255, 4).flatten(1)
        pool = means @ self.pool
        return InceptionOutput(pool.float(), (pool @ self.classify).float())


def noise(count: int, *, low: int = 0, high: int = 256, size: tuple[int, int] = (9, 6), seed: int = 0) -> Tensor:
    """Noise of coarse patches, (count, 3, *size) uint8."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.randint(low, high, (count, 3, 4, 4), generator=generator).float()
    return torch.nn.functional.interpolate(coarse, size).to(torch.uint8)
