"""Metrics of whole sets of images: Inception Score, Frechet and kernel Inception distances (IS, FID, KID).

A set is an :class:`ImageSet`, filled batch by batch; sets filled apart are merged. ``inception_score``, ``fid`` and
``kid`` turn sets into numbers, ``*_of_*`` the numbers behind a set.
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
    """What an image set needs of a network; :class:`reposer.features.InceptionFeatures` is one."""

    identity: str

    def __call__(self, images: Tensor, /) -> InceptionOutput:
        """From (B, 3, H, W) uint8 to pooled features (B, D) and logits (B, C)."""
        ...


class Spread(NamedTuple):
    """A value that is a mean over parts of the images, and how much it varies over them."""

    mean: float
    std: float
    """Standard deviation over the parts, as published: divided by their number."""


@dataclass(frozen=True)
class Moments:
    """Count, sum and sum of outer products of features, float64: of any number of images in the memory of one.

    Moments of two sets add up to those of both together.
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
    """What IS, FID and KID need to know of a set of images; the images themselves are not kept.

    Args:
        network: built once, :class:`reposer.features.InceptionFeatures`; runs once a batch for all metrics.
        metrics: what the set will be measured with. "fid" keeps sums, 34 MB for any number of images; "kid" keeps
            the features, 8 kB per image; "is" the logits, 4 kB per image.

    IS takes ten *consecutive* parts of the set: its value depends on the order of the images. Sets that share the
    work should hold consecutive blocks and be merged in order.

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

    @property
    def identity(self) -> str:
        """Name and weights of the network, for signatures."""
        return self.network.identity

    def update(self, images: Tensor) -> None:
        """Add images (B, 3, H, W) uint8, all of one batch of one size; TypeError or ValueError if they are not."""
        check_eight_bit(images=images)
        output = self.network(images)
        for name, values in zip(output._fields, output, strict=True):
            if not values.isfinite().all():
                raise InputError(f"{self.identity}: {name} of an image are not finite; are these the right weights?")
        if "fid" in self.metrics:
            self._add(Moments.of(output.pool))
        if "kid" in self.metrics:
            self._pool.append(output.pool.float().cpu())
        if "is" in self.metrics:
            self._logits.append(output.logits.float().cpu())
        self.count += len(images)

    def merge(self, other: ImageSet) -> None:
        """Add the images of another set, behind these; InputError unless both have one network and metrics."""
        self._check_same(other.identity, other.metrics)
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

    def state_dict(self) -> dict[str, Tensor]:
        """Return everything that was added, as tensors: what a cache writes, with ``identity`` in its key."""
        state = {"count": torch.tensor(self.count)}
        if self._moments is not None:
            moments = self._moments
            state |= {"moments.count": moments.count, "total": moments.total, "products": moments.products}
        for name, rows in (("pool", self._pool), ("logits", self._logits)):
            if rows:
                state[name] = torch.cat(rows)
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Become what ``state_dict`` described; InputError if that was of other metrics."""
        count = int(state["count"])
        kept = {"fid": "products", "kid": "pool", "is": "logits"}
        wrong = [name for name, key in kept.items() if count and (key in state) != (name in self.metrics)]
        if wrong:
            raise InputError(
                f"this state is of a set that was kept for other metrics: they differ in {', '.join(wrong)}"
            )
        self.count = count
        fields = ("moments.count", "total", "products")
        self._moments = Moments(*(state[name] for name in fields)) if "products" in state else None
        self._pool, self._logits = ([state[name]] if name in state else [] for name in ("pool", "logits"))

    def _add(self, moments: Moments) -> None:
        self._moments = moments if self._moments is None else self._moments + moments

    def _check_same(self, identity: str, metrics: tuple[str, ...]) -> None:
        if identity != self.identity:
            raise InputError(f"two sets of different networks, {self.identity} and {identity}; use one for both")
        if set(metrics) != set(self.metrics):
            raise InputError(f"two sets that were kept for different metrics, {self.metrics} and {metrics}")

    def _check_kept(self, metric: str) -> None:
        if metric not in self.metrics:
            raise InputError(f"this set was not kept for {metric}; name it in ImageSet(network, metrics=...)")


def fid(generated: ImageSet, real: ImageSet) -> float:
    """Frechet Inception distance of two sets, see ``frechet_distance``.

    With fewer images than features (2048) a covariance has directions without any spread, and the value says more
    about the number of images than about their quality: it is computed, with a warning. KID is unbiased there.

    Raises:
        InputError: if a set holds fewer than 2 images, they are of different networks, or not kept for "fid".

    Reference: Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium",
    NIPS 2017.
    """
    generated._check_same(real.identity, generated.metrics)
    return fid_of_moments(generated.moments(), real.moments())


def fid_of_moments(generated: Moments, real: Moments) -> float:
    """FID of the sums of two sets; warns if there are fewer images than features."""
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

    The last matrix is symmetric and has no negative eigenvalues but by rounding: the trace of its root is the sum
    of the roots of its eigenvalues, real for any input, singular ones too.

    Args:
        mean_x: (D,) float64.
        covariance_x: (D, D).
        mean_y: (D,).
        covariance_y: (D, D).

    Returns:
        A number, at least 0 but for rounding.

    Reference: Dowson and Landau, "The Frechet distance between multivariate normal distributions", 1982.
    """
    values, vectors = torch.linalg.eigh(covariance_x)
    root = vectors * values.clamp(min=0).sqrt()  # root @ root.T is the covariance; turned, the product's spectrum stays
    spectrum = torch.linalg.eigvalsh(root.T @ covariance_y @ root)
    overlap = spectrum.clamp(min=0).sqrt().sum()
    distance = (mean_x - mean_y).square().sum() + covariance_x.trace() + covariance_y.trace() - 2 * overlap
    return distance.item()


def kid(
    generated: ImageSet, real: ImageSet, *, subsets: int = 100, subset_size: int | None = None, seed: int = 2020
) -> Spread:
    """Kernel Inception distance of two sets, see ``kernel_distance``; unbiased for any number of images.

    Raises:
        InputError: if the sets are smaller than a subset, of different networks, or not kept for "kid".

    Reference: Binkowski et al., "Demystifying MMD GANs", ICLR 2018.
    """
    generated._check_same(real.identity, generated.metrics)
    return kernel_distance(generated.pool(), real.pool(), subsets=subsets, subset_size=subset_size, seed=seed)


def kernel_distance(
    generated: Tensor, real: Tensor, *, subsets: int = 100, subset_size: int | None = None, seed: int = 2020
) -> Spread:
    r"""Squared maximum mean discrepancy of features with the kernel :math:`k(x, y) = (x \cdot y / D + 1)^3`.

    .. math:: \frac{\sum_{i \ne j} k(x_i, x_j) + \sum_{i \ne j} k(y_i, y_j)}{m (m - 1)}
              - \frac{2 \sum_{i, j} k(x_i, y_j)}{m^2}

    averaged over random subsets of m features each.

    Args:
        generated: (N, D) features.
        real: (M, D) features.
        subsets: how many.
        subset_size: m; by default 1000, or as many as the smaller set has.
        seed: of the subsets, which are drawn as torch-fidelity draws them.

    Returns:
        Mean and standard deviation over the subsets; the mean may be a little below 0.

    Raises:
        InputError: if a set is smaller than a subset, or a subset smaller than 2.

    Reference: Binkowski et al., ICLR 2018, eq. 4.
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
    """Inception Score of a set, see ``inception_score_of_logits``.

    mask-IS is that of images that went through ``reposer.metrics.black_outside``.

    Raises:
        InputError: if there are fewer images than splits, or the set was not kept for "is".
    """
    return inception_score_of_logits(images.logits(), splits=splits)


def inception_score_of_logits(logits: Tensor, *, splits: int = 10) -> Spread:
    r"""Inception Score: how surely each image shows one class, and how many classes all of them show.

    .. math:: \exp \Big( \frac1N \sum_i \mathrm{KL}\big( p(y | x_i) \,\|\, p(y) \big) \Big),
              \quad p(y) = \frac1N \sum_i p(y | x_i)

    of each of the consecutive parts that the images are split into.

    Args:
        logits: (N, C) in the order of the images.
        splits: number of parts, equal but for rounding.

    Returns:
        Mean and standard deviation over the parts; from 1 to C.

    Raises:
        InputError: if there are fewer images than parts.

    Reference: Salimans et al., "Improved techniques for training GANs", NIPS 2016.
    """
    if not 1 <= splits <= len(logits):
        raise InputError(f"an Inception Score of {splits} parts needs as many images at least, got {len(logits)}")
    ends = [part * len(logits) // splits for part in range(splits + 1)]
    scores = []
    for start, end in pairwise(ends):
        surely = logits[start:end].double().log_softmax(dim=1)
        average = surely.exp().mean(dim=0).log()
        # A class of probability 0 counts 0, not 0 times infinity.
        divergence = torch.where(surely.exp() > 0, surely.exp() * (surely - average), 0.0).sum(dim=1)
        scores.append(divergence.mean().exp().item())
    return Spread(float(np.mean(scores)), float(np.std(scores)))
