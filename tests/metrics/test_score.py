"""Scores: mean, ratio, bootstrap interval, comparison."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap

from reposer.checks import InputError
from reposer.metrics import Score, bootstrap_interval, check_comparable, make_score, score

NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)


@given(NUMBERS)
def test_interval_contains_the_mean_and_stays_within_the_values(values: list[float]) -> None:
    low, high = bootstrap_interval(values, resamples=200)
    assert low <= make_score("x", values, signature="s").value <= high
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


@given(st.floats(-1e3, 1e3), st.integers(1, 50))
def test_equal_values_have_a_narrow_interval(value: float, n: int) -> None:
    low, high = bootstrap_interval([value] * n, resamples=50)
    assert high - low <= 1e-9 * max(1, abs(value))


def test_interval_equals_scipy() -> None:
    values = np.random.default_rng(3).gamma(2, size=200)
    theirs = bootstrap((values,), np.mean, n_resamples=5000, method="percentile", random_state=1).confidence_interval
    assert bootstrap_interval(values, resamples=5000) == pytest.approx(tuple(theirs), abs=0.02)


def test_interval_of_a_ratio_weighs_images_by_their_total() -> None:
    generator = np.random.default_rng(4)
    total = generator.integers(2, 18, size=100)
    right = generator.binomial(total, 0.7)
    found = make_score("pckh", right, totals=total, signature="s")
    assert found.value == right.sum() / total.sum()
    assert found.n == 100
    # Normal approximation of a ratio of means.
    error = np.std(right - found.value * total) / total.mean() / np.sqrt(100)
    assert found.interval == pytest.approx((found.value - 1.96 * error, found.value + 1.96 * error), abs=0.01)


def test_interval_does_not_depend_on_how_much_is_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).normal(size=64)
    whole = bootstrap_interval(values)
    monkeypatch.setattr(score, "_DRAWS_AT_ONCE", 64 * 30)
    assert bootstrap_interval(values) == whole
    assert bootstrap_interval(values, seed=1) != whole


@pytest.mark.parametrize(
    ("values", "totals", "message"),
    [
        ([], None, "N > 0"),
        ([[1.0]], None, r"shape \(N,\)"),
        ([1.0, float("nan")], None, "finite"),
        ([1.0, 2.0], [1.0], "2 positive numbers"),
        ([1.0, 2.0], [1.0, 0.0], "positive"),
    ],
)
def test_bad_values(values: list[float], totals: list[float] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_score("x", values, totals=totals, signature="s")


def test_bad_level() -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 95"):
        bootstrap_interval([1.0], level=95)


def test_text_and_json() -> None:
    made = Score(name="ssim", value=0.25, interval=(0.2, 0.3), n=4, signature="patn-market|n:4")
    assert str(made) == "ssim = 0.2500 [0.2000, 0.3000] (n = 4) patn-market|n:4"
    assert made.to_json() == {
        "name": "ssim", "value": 0.25, "interval": [0.2, 0.3], "n": 4, "signature": "patn-market|n:4",
    }  # fmt: skip


def test_only_scores_of_one_signature_compare() -> None:
    def scored(name: str, signature: str) -> Score:
        return Score(name=name, value=0.0, interval=(0.0, 0.0), n=1, signature=signature)

    a = scored("ssim", "patn-market|n:8|pairs:aa|codec:png")
    check_comparable(a, scored("ssim", a.signature))
    with pytest.raises(InputError, match="ssim with l1: these are different metrics"):
        check_comparable(a, scored("l1", a.signature))
    with pytest.raises(InputError, match=r"differ in pairs \(aa and bb\), codec \(png and jpeg\); evaluate"):
        check_comparable(a, scored("ssim", "patn-market|n:8|pairs:bb|codec:jpeg"))
    with pytest.raises(InputError, match=r"protocol \(patn-market and patn-fashion\), codec \(png and none\)"):
        check_comparable(a, scored("ssim", "patn-fashion|n:8|pairs:aa"))
