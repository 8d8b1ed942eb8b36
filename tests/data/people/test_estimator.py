"""An estimator's errors: as large, as heavy-tailed and as often missing as real ones."""

import numpy as np
import pytest

from reposer.checks import InputError
from reposer.data.people.estimator import SIGMAS, EstimatorNoise, estimated

ALL, NONE = np.ones(18, bool), np.zeros(18, bool)
FRONT = np.array(
    [
        [32, 12], [32, 24], [22, 24], [20, 42], [18, 58], [42, 24], [44, 42], [46, 58], [26, 60], [25, 88], [25, 112],
        [38, 60], [39, 88], [39, 112], [30, 10], [34, 10], [27, 12], [37, 12],
    ], float,
)  # fmt: skip
BACK = FRONT * [-1, 1] + [64, 0]


def many(joints=FRONT, visible=ALL, hidden=NONE, count=800, **noise):
    """Joints (N, 18, 2) and which were found (N, 18)."""
    rng = np.random.default_rng(0)
    drawn = [estimated(joints, visible, hidden, rng=rng, noise=EstimatorNoise(**noise)) for _ in range(count)]
    return np.array([joints for joints, _ in drawn]), np.array([found for _, found in drawn])


def test_no_amount_leaves_everything():
    placed, found = many(amount=0.0, count=3, hidden=~ALL)
    assert np.array_equal(placed, np.broadcast_to(FRONT, placed.shape))
    assert found.all()


def test_joints_are_off_by_cocos_sigmas():
    still = {"swapped_legs": 0.0, "swapped_sides": 0.0, "misses": 0.0}
    off = many(**still, tail=0.0)[0] - FRONT
    size = (28 * 102) ** 0.5 * 0.45**0.5
    assert np.allclose(off.std((0, 2)), 0.5 * SIGMAS * size, rtol=0.1)
    tails = [np.abs(many(**still, tail=tail)[0] - FRONT)[:, 8].max() for tail in (0.0, 0.3)]
    assert tails[1] > 1.8 * tails[0]


def test_errors_grow_with_the_person():
    still = {"swapped_legs": 0.0, "swapped_sides": 0.0}
    small, large = (np.std(many(FRONT * k, **still)[0] - FRONT * k) for k in (1, 3))
    assert large == pytest.approx(3 * small, rel=0.05)


def test_hidden_small_and_rear_joints_are_missed_more_often():
    seen, covered = many()[1].mean(0), many(visible=NONE, hidden=ALL)[1].mean(0)
    assert (covered <= seen + 0.01).all()
    assert covered[4] < 0.5 < 0.8 < seen[4]
    assert many(FRONT * 3)[1].mean() > seen.mean() + 0.03
    assert many(BACK)[1][:, [4, 7]].mean() < seen[[4, 7]].mean() - 0.15


def test_what_is_outside_the_picture_is_never_found():
    visible = ALL.copy()
    visible[[10, 13]] = False
    assert not many(visible=visible, swapped_sides=0.0)[1][:, [10, 13]].any()
    assert not many(visible=NONE)[1].any()


def test_sides_are_swapped_and_more_from_behind():
    def swapped(joints):
        placed = many(joints, count=2000)[0]
        return (np.abs(placed[:, 9] - joints[12]).sum(1) < np.abs(placed[:, 9] - joints[9]).sum(1)).mean()

    front, back = swapped(FRONT), swapped(BACK)
    assert 0.01 < front < 0.06
    assert back > 2 * front


def test_hidden_wrists_and_ankles_are_found_on_the_other_limb():
    hidden = NONE.copy()
    hidden[10] = True
    placed = many(visible=~hidden, hidden=hidden, swapped_legs=0.0, swapped_sides=0.0)[0][:, 10]
    onto = np.hypot(*(placed - FRONT[13]).T) < 6
    assert 0.1 < onto.mean() < 0.25


def test_exact_keypoints_stay_as_they_were():
    before = FRONT.copy()
    many(count=5)
    assert np.array_equal(before, FRONT)


@pytest.mark.parametrize("setting", [{"amount": -1.0}, {"tail": 2.0}, {"false": float("nan")}])
def test_settings_out_of_bounds_are_refused(setting):
    with pytest.raises(InputError):
        EstimatorNoise(**setting)
