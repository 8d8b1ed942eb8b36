"""Metrics of whole sets of images: Inception Score, Frechet and kernel Inception distances (IS, FID, KID).

A set is an :class:`ImageSet`, filled batch by batch; sets filled separately can be merged. ``inception_score``, ``fid``
and ``kid`` turn sets into scores; ``inception_score_of_logits``, ``fid_of_moments`` and ``kernel_distance`` do the same
with what a set keeps.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol, get_args

import numpy as np
import torch
from torch import Tensor

from reposer.checks import InputError, check_choice
from reposer.features import InceptionOutput
from reposer.metrics.eight_bit import check_eight_bit

SetMetric = Literal["fid", "kid", "is"]


class FeatureNetwork(Protocol):
    """What an image set needs from a network; :class:`reposer.features.InceptionFeatures` is one."""

    identity: str

    def __call__(self, images: Tensor, /) -> InceptionOutput:
        """From (B, 3, H, W) uint8 to pooled features (B, D) and logits (B, C)."""
        ...


class Spread(NamedTuple):
    """A mean over parts of the images, and how much the value varies between them."""

    mean: float
    std: float
    """Standard deviation over the parts, as published: divided by their number."""


@dataclass(frozen=True)
class Moments:
    """Count, sum and sum of outer products of features, float64; moments of two sets add up to those of both together.

    They need the same memory for any number of images.
    """

    count: Tensor
    """Scalar."""
    total: Tensor
    """(D,)"""
    products: Tensor
    """(D, D)"""

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """Moments of features (N, D)."""
        x = features.double()
        return cls(torch.tensor(float(len(x)), dtype=x.dtype, device=x.device), x.sum(dim=0), x.T @ x)

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.total + other.total, self.products + other.products)

    @property
    def mean(self) -> Tensor:
        """(D,)"""
        return self.total / self.count

    @property
    def covariance(self) -> Tensor:
        """(D, D), divided by count - 1."""
        return (self.products - torch.outer(self.total, self.mean)) / (self.count - 1)


class ImageSet:
    """What IS, FID and KID need to know about a set of images; the images themselves are not kept.

    Args:
        network: such as :class:`reposer.features.InceptionFeatures`; it runs once per batch for all metrics.
        metrics: what the set will be measured with. "fid" keeps sums, 34 MB for any number of images; "kid" keeps
            the features, 8 kB per image; "is" the logits, 4 kB per image.

    IS splits the set into *consecutive* parts: its value depends on the order of the images. Sets that share the work
    should hold consecutive blocks and be merged in order.

    Raises:
        InputError: if there is no such metric.
    """

    def __init__(self, network: FeatureNetwork, *, metrics: Iterable[SetMetric] = ("fid",)) -> None:
        self.network = network
        self.metrics = tuple(metrics)
        for name in self.metrics:
            check_choice("metric of sets", name, get_args(SetMetric))
        self.count = 0
        self._moments: Moments | None = None
        self._pool: list[Tensor] = []
        self._logits: list[Tensor] = []

    def update(self, images: Tensor) -> None:
        """Add images (B, 3, H, W) uint8, all of one batch of one size; TypeError or ValueError if they are not."""
        check_eight_bit(images=images)
        output = self.network(images)
        for name, values in zip(output._fields, output, strict=True):
            if not values.isfinite().all():
                raise InputError(
                    f"{self.network.identity}: {name} of an image are not finite; are these the right weights?"
                )
        if "fid" in self.metrics:
            self._add(Moments.of(output.pool))
        if "kid" in self.metrics:
            self._pool.append(output.pool.float().cpu())
        if "is" in self.metrics:
            self._logits.append(output.logits.float().cpu())
        self.count += len(images)

    def merge(self, other: ImageSet) -> None:
        """Append the images of another set; InputError unless both have the same network and metrics."""
        _check_one_network(self, other)
        if set(other.metrics) != set(self.metrics):
            raise InputError(f"two sets that were kept for different metrics, {self.metrics} and {other.metrics}")
        if other._moments is not None:
            self._add(other._moments)
        self._pool += other._pool
        self._logits += other._logits
        self.count += other.count

    def moments(self) -> Moments:
        """Return the sums for FID; InputError if they were not kept."""
        self._check_kept("fid")
        if self._moments is None or self.count < 2:
            raise InputError(f"FID needs at least 2 images in a set, got {self.count}")
        return self._moments

    def pool(self) -> Tensor:
        """Return the pooled features (N, D) for KID; InputError if they were not kept."""
        self._check_kept("kid")
        return torch.cat(self._pool) if self._pool else torch.zeros(0, 0)

    def logits(self) -> Tensor:
        """Return the logits (N, C) for IS; InputError if they were not kept."""
        self._check_kept("is")
        return torch.cat(self._logits) if self._logits else torch.zeros(0, 0)

    def _add(self, moments: Moments) -> None:
        self._moments = moments if self._moments is None else self._moments + moments

    def _check_kept(self, metric: str) -> None:
        if metric not in self.metrics:
            raise InputError(f"this set was not kept for {metric}; name it in ImageSet(network, metrics=...)")


def _check_one_network(first: ImageSet, second: ImageSet) -> None:
    mine, other = first.network.identity, second.network.identity
    if mine != other:
        raise InputError(f"two sets of different networks, {mine} and {other}; use one for both")


def fid(generated: ImageSet, real: ImageSet) -> float:
    """Frechet Inception distance of two sets, see ``frechet_distance``.

    With fewer images than features (2048) a covariance has directions without any spread, and the value says more
    about the number of images than about their quality: it is computed, with a warning. KID has no such bias.

    Raises:
        InputError: if a set holds fewer than 2 images, they are of different networks, or not kept for "fid".

    Reference: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium",
    NIPS 2017.
    """
    _check_one_network(generated, real)
    return fid_of_moments(generated.moments(), real.moments())


def fid_of_moments(generated: Moments, real: Moments) -> float:
    """``fid`` of the moments of two sets."""
    count, features = int(min(generated.count, real.count)), len(real.total)
    if count <= features:
        warnings.warn(
            f"FID of {count} images with {features} features: too few for a covariance, the value depends on their "
            f"number; use more than {features} images, or KID",
            stacklevel=3,
        )
    return frechet_distance(generated.mean, generated.covariance, real.mean, real.covariance)


def frechet_distance(mean_x: Tensor, covariance_x: Tensor, mean_y: Tensor, covariance_y: Tensor) -> float:
    r"""Frechet distance of two Gaussian distributions.

    .. math:: \lVert \mu_x - \mu_y \rVert^2 + \mathrm{tr}\, \Sigma_x + \mathrm{tr}\, \Sigma_y
              - 2\, \mathrm{tr}\, (\Sigma_x^{1/2} \Sigma_y \Sigma_x^{1/2})^{1/2}

    The last matrix is symmetric and, apart from rounding, has no negative eigenvalues: the trace of its root is the
    sum of the roots of its eigenvalues, real for any input, singular ones too.

    Args:
        mean_x: (D,) float64, like ``mean_y``.
        covariance_x: (D, D) float64, like ``covariance_y``.

    Returns:
        A number, at least 0 apart from rounding.

    Reference: Dowson and Landau, "The Frechet distance between multivariate normal distributions", 1982.
    """
    values, vectors = torch.linalg.eigh(covariance_x)
    root = (
        vectors * values.clamp(min=0).sqrt()
    )  # root @ root.T is the covariance; transposed, the product keeps its spectrum
    spectrum = torch.linalg.eigvalsh(root.T @ covariance_y @ root)
    overlap = spectrum.clamp(min=0).sqrt().sum()
    distance = (mean_x - mean_y).square().sum() + covariance_x.trace() + covariance_y.trace() - 2 * overlap
    return distance.item()


def kid(
    generated: ImageSet, real: ImageSet, *, subsets: int = 100, subset_size: int | None = None, seed: int = 2020
) -> Spread:
    """``kernel_distance`` of two sets; InputError too if they are of different networks, or not kept for "kid"."""
    _check_one_network(generated, real)
    return kernel_distance(generated.pool(), real.pool(), subsets=subsets, subset_size=subset_size, seed=seed)


def kernel_distance(
    generated: Tensor, real: Tensor, *, subsets: int = 100, subset_size: int | None = None, seed: int = 2020
) -> Spread:
    r"""Kernel Inception distance: the squared maximum mean discrepancy, unbiased for any number of images.

    .. math:: \frac{\sum_{i \ne j} k(x_i, x_j) + \sum_{i \ne j} k(y_i, y_j)}{m (m - 1)}
              - \frac{2 \sum_{i, j} k(x_i, y_j)}{m^2}

    with the kernel :math:`k(x, y) = (x \cdot y / D + 1)^3`, averaged over random subsets of m features each.

    Args:
        generated: (N, D) features.
        real: (M, D) features.
        subsets: how many.
        subset_size: m; by default 1000, or the size of the smaller set if that is less.
        seed: of the subsets, which are drawn as torch-fidelity draws them.

    Returns:
        Mean and standard deviation over the subsets; the mean may be a little below 0.

    Raises:
        InputError: if a set is smaller than a subset, or a subset smaller than 2.

    Reference: Binkowski et al., "Demystifying MMD GANs", ICLR 2018, eq. 4.
    """
    fewest = min(len(generated), len(real))
    size = min(1000, fewest) if subset_size is None else subset_size
    if not 2 <= size <= fewest:
        raise InputError(
            f"KID with subsets of {size} features needs sets of at least that many, 2 or more; got {fewest}"
        )
    random = np.random.RandomState(seed)
    values = []
    for _ in range(subsets):
        drawn = (rows[torch.from_numpy(random.choice(len(rows), size, replace=False))] for rows in (generated, real))
        values.append(_squared_discrepancy(*(rows.double() for rows in drawn)))
    return Spread(float(np.mean(values)), float(np.std(values)))


def _squared_discrepancy(x: Tensor, y: Tensor) -> float:
    size, features = x.shape
    within = 0.0
    for rows in (x, y):
        kernel = (rows @ rows.T / features + 1) ** 3
        within += (kernel.sum() - kernel.trace()).item() / (size * (size - 1))
    return within - 2 * ((x @ y.T / features + 1) ** 3).mean().item()


def inception_score(images: ImageSet, *, splits: int = 10) -> Spread:
    """``inception_score_of_logits`` of a set; InputError too if it was not kept for "is".

    mask-IS is the score of images that went through ``reposer.metrics.black_outside``.
    """
    return inception_score_of_logits(images.logits(), splits=splits)


def inception_score_of_logits(logits: Tensor, *, splits: int = 10) -> Spread:
    r"""Inception Score: how clearly each image shows one class, and how many classes all of them together show.

    .. math:: \exp \Big( \frac1N \sum_i \mathrm{KL}\big( p(y | x_i) \,\|\, p(y) \big) \Big),
              \quad p(y) = \frac1N \sum_i p(y | x_i)

    for each of the consecutive parts that the images are split into.

    Args:
        logits: (N, C) in the order of the images.
        splits: number of parts, of equal size apart from rounding.

    Returns:
        Mean and standard deviation over the parts; from 1 to C.

    Raises:
        InputError: if there are fewer images than parts.

    Reference: Salimans et al., "Improved techniques for training GANs", NIPS 2016.
    """
    if not 1 <= splits <= len(logits):
        raise InputError(f"an Inception Score of {splits} parts needs at least as many images, got {len(logits)}")
    ends = [part * len(logits) // splits for part in range(splits + 1)]
    scores = []
    for start, end in pairwise(ends):
        log_p = logits[start:end].double().log_softmax(dim=1)
        average = log_p.exp().mean(dim=0).log()
        # A class of probability 0 counts 0, not 0 times infinity.
        divergence = torch.where(log_p.exp() > 0, log_p.exp() * (log_p - average), 0.0).sum(dim=1)
        scores.append(divergence.mean().exp().item())
    return Spread(float(np.mean(scores)), float(np.std(scores)))
