"""Scores: mean, ratio, bootstrap interval, comparison."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, permutation_test

from reposer.metrics import (
    Score,
    Signature,
    bootstrap_interval,
    holm,
    make_score,
    score,
    sign_flip_p_value,
)

S = Signature("s")
NUMBERS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)


@given(NUMBERS)
def test_interval_contains_the_mean_and_stays_within_the_values(values: list[float]) -> None:
    low, high = bootstrap_interval(values, resamples=200)
    assert low <= make_score("x", values, signature=S).value <= high
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
    found = make_score("pckh", right, totals=total, signature=S)
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


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=10))
def test_sign_flips_of_few_images_are_all_counted(differences: list[int]) -> None:
    patterns = [sum(s * d for s, d in zip(signs, differences, strict=True))
                for signs in product((-1, 1), repeat=len(differences))]  # fmt: skip
    expected = np.mean([abs(total) >= abs(sum(differences)) for total in patterns])
    assert sign_flip_p_value(differences) == pytest.approx(expected, abs=1e-12)
    # Tenths are not exact in binary: sums that tie must go on to do so.
    assert sign_flip_p_value(np.array(differences) / 10) == pytest.approx(expected, abs=1e-12)


@given(NUMBERS)
def test_swapped_results_have_the_same_p_value(differences: list[float]) -> None:
    p_value = sign_flip_p_value(differences, resamples=500)
    assert 0 < p_value <= 1
    assert sign_flip_p_value([-d for d in differences], resamples=500) == p_value
    assert sign_flip_p_value([*differences, 0.0], resamples=500) == p_value


@pytest.mark.parametrize("n", [1, 12, 5000])
def test_equal_results_have_p_1(n: int) -> None:
    assert sign_flip_p_value(np.zeros(n)) == 1


@pytest.mark.parametrize("shift", [0.0, 0.2, 0.35])
def test_p_value_equals_scipy_within_its_noise(shift: float) -> None:
    differences = np.random.default_rng(6).normal(shift, size=60)
    theirs = permutation_test(
        (differences,), np.sum, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    ).pvalue
    ours = sign_flip_p_value(differences)
    noise = np.sqrt(theirs * (1 - theirs) * (1 / 10_000 + 1 / 20_000))
    assert ours == pytest.approx(theirs, abs=4 * noise + 2e-4)


def test_p_values_are_uniform_where_nothing_differs() -> None:
    generator = np.random.default_rng(7)
    found = [sign_flip_p_value(generator.normal(size=30), resamples=400) for _ in range(400)]
    for level in (0.05, 0.25, 0.5):
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / 400))


def test_p_value_is_never_0() -> None:
    assert sign_flip_p_value(np.ones(100)) == 1 / 10_001
    assert sign_flip_p_value(np.ones(13)) == 2 / 2**13


def test_p_value_does_not_depend_on_how_much_is_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = np.random.default_rng(8).normal(0.1, size=64)
    whole = sign_flip_p_value(differences)
    monkeypatch.setattr(score, "_DRAWS_AT_ONCE", 64 * 30)
    assert sign_flip_p_value(differences) == whole
    assert sign_flip_p_value(differences, seed=1) != whole


@pytest.mark.parametrize("differences", [[], [float("nan")], [[1.0]]])
def test_bad_differences(differences: list[float]) -> None:
    with pytest.raises(ValueError, match=r"N > 0|finite|shape"):
        sign_flip_p_value(differences)


def test_holm() -> None:
    # The example of Holm's procedure: 4 x .01, 3 x .02 (less than the next), 2 x .03, .04 raised to the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.3]) == [0.3]
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(p_values: list[float]) -> None:
    corrected = holm(p_values)
    for before, after in zip(p_values, corrected, strict=True):
        assert before <= after <= min(1, len(p_values) * before) + 1e-12
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(corrected)[order]) >= 0).all()


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
        make_score("x", values, totals=totals, signature=S)


def test_bad_level() -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got 95"):
        bootstrap_interval([1.0], level=95)


def test_text_and_json() -> None:
    made = Score(name="ssim", value=0.25, interval=(0.2, 0.3), n=4, signature=Signature.parse("patn-market|n:4"))
    assert str(made) == "ssim = 0.2500 [0.2000, 0.3000] (n = 4) patn-market|n:4"
    assert made.to_json() == {
        "name": "ssim", "value": 0.25, "interval": [0.2, 0.3], "n": 4, "signature": "patn-market|n:4",
    }  # fmt: skip
    assert Score.from_json(made.to_json()) == made


def test_one_image_has_no_interval() -> None:
    made = make_score("x", [0.25], signature=S)
    assert np.isnan(made.interval).all()
    assert made.limits == "none: 1 image"
    assert str(made) == "x = 0.2500 [no interval] (n = 1) s"
    assert made.to_json()["interval"] == [None, None]
    assert np.isnan(Score.from_json(made.to_json()).interval).all()
    assert make_score("x", [0.25, 0.75], signature=S).limits == "0.2500 to 0.7500"


@pytest.mark.parametrize("n", range(1, 9))
def test_too_few_are_those_between_which_the_median_lies_in_less_than_95_of_100_cases(n: int) -> None:
    within = sum(0 < sum(above) < n for above in product((0, 1), repeat=n)) / 2**n
    assert bool(score.few(n)) == (within < score.LEVEL)
    if 1 < n < score.ENOUGH:
        assert f"covers {100 * within:.0f} % at best" in score.few(n)
