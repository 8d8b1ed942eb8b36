"""A small feature network for tests of metrics of sets."""

import torch
from torch import Tensor

from reposer.features import InceptionOutput
from reposer.metrics import Moments

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


def exact_fid(generated: Tensor, real: Tensor) -> float:
    """FID of features (N, D), float64, without roots of eigenvalues that are 0 but for rounding.

    tr (Sx^(1/2) Sy Sx^(1/2))^(1/2) is the sum of the singular values of X Y^T / sqrt((n - 1) (m - 1)), centred.
    """
    x, y = (rows.double() - rows.double().mean(0) for rows in (generated, real))
    n, m = len(x) - 1, len(y) - 1
    means = (generated.double().mean(0) - real.double().mean(0)).square().sum()
    overlap = torch.linalg.svdvals(x @ y.T).sum() / (n * m) ** 0.5
    return float(means + x.square().sum() / n + y.square().sum() / m - 2 * overlap)


def fid_rounding(generated: Moments, real: Moments) -> float:
    """What float64 may be off by in a FID of covariances without full rank, in whatever order a processor adds.

    An eigenvalue 0 of the product comes out as eps times the largest, and its root counts twice.
    """
    largest = [torch.linalg.eigvalsh(moments.covariance)[-1] for moments in (generated, real)]
    eps = torch.finfo(torch.float64).eps
    return float(2 * len(real.total) * (eps * largest[0] * largest[1]).sqrt())
