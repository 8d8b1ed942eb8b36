"""IS, FID and KID against torch-fidelity on the same features, closed forms, merging, errors."""

import warnings
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.metrics.networks import FEATURES, SmallNetwork, exact_fid, fid_rounding, noise
from torch import Tensor

from reposer.checks import InputError
from reposer.features import InceptionOutput
from reposer.metrics import (
    ImageSet,
    Moments,
    fid,
    fid_of_moments,
    frechet_distance,
    inception_score,
    inception_score_of_logits,
    kernel_distance,
    kid,
)

ALL = ("fid", "kid", "is")


def correlated(count: int, *, features: int = 24, shift: float = 0.0, scale: float = 1.0, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(features, features, generator=generator, dtype=torch.float64)
    return torch.randn(count, features, generator=generator, dtype=torch.float64) @ mixing * scale + shift


def filled(images: Tensor, *, metrics: Any = ALL, batch: int = 7) -> ImageSet:
    made = ImageSet(SmallNetwork(), metrics=metrics)
    for some in images.split(batch):
        made.update(some)
    return made


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (correlated(300), correlated(200, seed=1)),
        (correlated(300), correlated(300, shift=2.0)),
        (correlated(300, scale=1e-4), correlated(260, scale=1e-4, seed=2)),
        (correlated(300), correlated(100, seed=3) * torch.linspace(0, 1, 24) ** 8),
    ],
    ids=["different", "shifted", "small", "nearly flat"],
)
def test_fid_equals_torch_fidelity(x: Tensor, y: Tensor) -> None:
    outside = pytest.importorskip("torch_fidelity.metric_fid")
    statistics = [outside.fid_features_to_statistics(features) for features in (x, y)]
    expected = outside.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    found = fid_of_moments(Moments.of(x), Moments.of(y))
    assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert found == pytest.approx(exact_fid(x, y), rel=0, abs=fid_rounding(Moments.of(x), Moments.of(y)))


def test_fid_of_fewer_images_than_features_is_real_and_warned_of() -> None:
    x, y = correlated(15), correlated(10, seed=1)
    with pytest.warns(UserWarning, match=r"FID of 10 images with 24 features: too few for a covariance.*KID"):
        found = fid_of_moments(Moments.of(x), Moments.of(y))
    outside = pytest.importorskip("torch_fidelity.metric_fid")
    statistics = [outside.fid_features_to_statistics(features) for features in (x, y)]
    expected = outside.fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    allowed = fid_rounding(Moments.of(x), Moments.of(y))
    assert found == pytest.approx(exact_fid(x, y), rel=0, abs=allowed)
    assert expected == pytest.approx(exact_fid(x, y), rel=1e-5)  # theirs takes roots of rounding errors


def test_fid_of_diagonal_covariances() -> None:
    mean_x, mean_y = torch.tensor([[1.0, 2.0, 3.0], [0.0, 2.0, 5.0]], dtype=torch.float64)
    a, b = torch.tensor([[4.0, 0.0, 9.0], [1.0, 16.0, 9.0]], dtype=torch.float64)
    assert frechet_distance(mean_x, a.diag(), mean_y, b.diag()) == pytest.approx((1 + 4) + (1 + 16 + 0), rel=1e-12)


@given(st.integers(0, 2**31), st.integers(3, 40), st.integers(3, 40))
@settings(max_examples=20)
def test_fid_is_symmetric_and_not_negative(seed: int, n: int, m: int) -> None:
    x, y = Moments.of(correlated(n, features=5, seed=seed)), Moments.of(correlated(m, features=5, seed=seed + 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        forth, back, same = fid_of_moments(x, y), fid_of_moments(y, x), fid_of_moments(x, x)
    assert forth == pytest.approx(back, rel=0, abs=2 * fid_rounding(x, y))
    assert forth > 0
    assert abs(same) <= fid_rounding(x, x)


def test_moments_equal_numpy_in_any_order_and_division() -> None:
    x = correlated(100, shift=5.0)
    for parts in permutations(x.split([30, 1, 69])):
        moments = Moments.of(parts[0]) + Moments.of(parts[1]) + Moments.of(parts[2])
        assert moments.count == 100
        np.testing.assert_allclose(moments.mean, x.mean(0), rtol=1e-12)
        np.testing.assert_allclose(moments.covariance, np.cov(x.numpy(), rowvar=False), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("size", [20, 50])
def test_kid_equals_torch_fidelity(size: int) -> None:
    outside = pytest.importorskip("torch_fidelity.metric_kid")
    x, y = correlated(60), correlated(50, shift=0.3, seed=1)
    expected = outside.kid_features_to_metric(x, y, kid_subsets=8, kid_subset_size=size, rng_seed=2020, verbose=False)
    mean, std = kernel_distance(x, y, subsets=8, subset_size=size)
    assert mean == pytest.approx(expected["kernel_inception_distance_mean"], rel=1e-9)
    assert std == pytest.approx(expected["kernel_inception_distance_std"], rel=1e-6, abs=1e-9)


def test_kid_is_unbiased() -> None:
    values = [
        kernel_distance(correlated(40, seed=s)[:20], correlated(40, seed=s)[20:], subsets=1).mean for s in range(60)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 60**0.5


@pytest.mark.parametrize("count", [10, 37, 120])
@pytest.mark.parametrize("scale", [0.1, 3.0, 2000.0])
def test_inception_score_equals_torch_fidelity(count: int, scale: float) -> None:
    outside = pytest.importorskip("torch_fidelity.metric_isc")
    logits = correlated(count) * scale
    found = inception_score_of_logits(logits)
    if scale < 1000:
        expected = outside.isc_features_to_metric(logits, splits=10, shuffle=False)
        assert found.mean == pytest.approx(expected["inception_score_mean"], rel=1e-12)
        assert found.std == pytest.approx(expected["inception_score_std"], rel=1e-9, abs=1e-12)
    assert 1 - 1e-9 <= found.mean <= 24  # certain classes too, where 0 times infinity is not a number


def test_inception_score_of_sure_and_even_images() -> None:
    sure = torch.eye(8).repeat(10, 1) * 1e4
    assert inception_score_of_logits(sure).mean == pytest.approx(8)
    assert inception_score_of_logits(sure[:1].repeat(80, 1)) == pytest.approx((1, 0))
    parts = torch.cat([torch.zeros(40, 8), sure[:40]])
    assert inception_score_of_logits(parts, splits=2) == pytest.approx((4.5, 3.5))


def test_sets_merge() -> None:
    images, real = noise(61), filled(noise(80, low=60, seed=1))
    whole = filled(images)
    first, second = filled(images[:30], batch=30), filled(images[30:], batch=4)
    first.merge(second)
    assert first.count == 61
    assert fid(first, real) == pytest.approx(fid(whole, real), rel=1e-9)
    assert kid(first, real, subsets=3) == pytest.approx(kid(whole, real, subsets=3))
    assert inception_score(first) == pytest.approx(inception_score(whole))
    empty = ImageSet(SmallNetwork(), metrics=ALL)
    empty.merge(whole)
    assert fid(empty, real) == fid(whole, real)


def test_the_network_runs_once_a_batch_and_images_are_told_from_others() -> None:
    seen = []

    class Counting(SmallNetwork):
        def __call__(self, images: Tensor) -> InceptionOutput:
            seen.append(len(images))
            return super().__call__(images)

    made = ImageSet(Counting(), metrics=ALL)
    for some in noise(10).split(4):
        made.update(some)
    assert seen == [4, 4, 2]
    with pytest.raises(TypeError, match=r"images must be uint8 .*to_uint8"):
        made.update(torch.zeros(1, 3, 8, 8))


def test_fid_needs_the_memory_of_one_batch() -> None:
    for made in (filled(noise(n), metrics=["fid"]) for n in (20, 160)):
        assert sum(t.numel() for t in vars(made.moments()).values()) == FEATURES**2 + FEATURES + 1
        assert [value for value in vars(made).values() if isinstance(value, list)] == [[], []]  # rows of KID and IS


def test_one_colour_images() -> None:
    grey = torch.full((20, 3, 9, 6), 128, dtype=torch.uint8)
    same, other = filled(grey), filled(grey - 60)
    assert fid(same, filled(grey)) == pytest.approx(0, abs=1e-9)
    assert fid(same, other) == pytest.approx((same.moments().mean - other.moments().mean).square().sum().item())
    assert inception_score(same) == pytest.approx((1, 0))
    assert kid(same, filled(grey), subsets=2).mean == pytest.approx(0, abs=1e-9)


def test_bad_sets() -> None:
    made, other = filled(noise(20)), ImageSet(SmallNetwork(seed=1), metrics=ALL)
    with pytest.raises(InputError, match="different networks, small-0 and small-1"):
        made.merge(other)
    with pytest.raises(InputError, match="different networks"):
        fid(made, other)
    with pytest.raises(InputError, match=r"kept for different metrics, .*'is'.* and \('fid',\)"):
        made.merge(filled(noise(2), metrics=["fid"]))
    with pytest.raises(InputError, match=r"unknown metric of sets 'FID' \(known: fid, kid, is\)"):
        ImageSet(SmallNetwork(), metrics=["FID"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="not kept for kid"):
        kid(*[filled(noise(20), metrics=["fid"])] * 2)
    with pytest.raises(InputError, match="at least 2 images in a set, got 1"):
        fid(filled(noise(1)), made)
    with pytest.raises(InputError, match=r"subsets of 21 features .* got 20"):
        kid(made, made, subset_size=21)
    with pytest.raises(InputError, match=r"10 parts needs at least as many images, got 9"):
        inception_score(filled(noise(9)))

    class Broken(SmallNetwork):
        def __call__(self, images: Tensor) -> InceptionOutput:
            return InceptionOutput(*(values / 0 for values in super().__call__(images)))

    with pytest.raises(InputError, match="small-0: pool of an image are not finite"):
        ImageSet(Broken()).update(noise(2))
