"""What to try next: each rule speaks where it should, and a run in which nothing stands out gets one sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.reporting.test_comparison import evaluated
from tests.small_run import SMALL

from reposer.evaluation import Evaluation
from reposer.reporting.advice import Facts, advice

STEPS = range(10, 410, 10)


def rows(**curves: Sequence[float]) -> list[dict[str, Any]]:
    """A log: each number at as many of the last rows as it has values."""
    log: list[dict[str, Any]] = [{"step": step} for step in STEPS]
    for name, values in curves.items():
        for row, value in zip(log[len(log) - len(values) :], values, strict=True):
            row[name] = value
    return log


def flat(value: float = 1.0) -> list[float]:
    return [value] * len(STEPS)


def told(
    log: list[dict[str, Any]], *, sharpness: float | None = 0.9, baseline: float | None = None, config: Any = SMALL
) -> list[str]:
    evaluations: Mapping[str, Evaluation] = {"generated": evaluated({"part_ssim": [0.7, 0.8]})}
    if baseline is not None:
        evaluations |= {"copy-source": evaluated({"part_ssim": [baseline] * 2})}
    return advice(Facts(config, log, evaluations, sharpness))


@pytest.mark.parametrize("log", [[], rows(), rows(total=flat())], ids=["no row", "no curve", "flat"])
def test_where_nothing_stands_out_the_worst_pairs_are_named(log: list[dict[str, Any]]) -> None:
    (sentence,) = told(log, baseline=0.5)
    assert sentence.startswith("Nothing stands out in the curves and scores. Look at the worst pairs")


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ({"skipped": [*flat(0)[1:], 3]}, "3 steps were skipped because a loss or gradient was not finite"),
        (
            {"total": [1 - 0.01 * i for i in range(40)]},
            "The total loss still fell in the last quarter of the run",
        ),
        (
            {"total": [*[1 - 0.02 * i for i in range(20)], *[0.6 + 0.02 * i for i in range(20)]]},
            "has risen again",
        ),
        (
            {"validation/part_ssim": [0.6 + 0.005 * i for i in range(40)]},
            "PSSIM of unseen pairs still improved in the last quarter of the run: train longer (--",
        ),
        (
            {"validation/part_ssim": [*[0.6 + 0.01 * i for i in range(20)], *[0.8 - 0.005 * i for i in range(20)]]},
            "On unseen pairs PSSIM was best at step 210 (0.8000; 0.7050 at the end)",
        ),
        (
            {"gradient_norm/image/l1": flat(0.1), "gradient_norm/image/part_ssim": flat(0.002)},
            "The term part_ssim pulls at the pictures with 2.0% of the strength of l1: raise --objective.part-ssim",
        ),
        (
            {"accuracy/shape/real": flat(1.0), "accuracy/shape/generated": flat(1.0)},
            "From step 200 on the discriminator 'shape' has always won",
        ),
    ],
    ids=["skipped", "loss falls", "loss rises", "improves", "overfits", "weak term", "discriminator"],
)
def test_a_curve_that_stands_out_is_told(curves: dict[str, list[float]], expected: str) -> None:
    (sentence,) = told(rows(**curves))
    assert expected in sentence


def test_a_loss_that_jumps_when_the_discriminators_join_has_not_risen() -> None:
    config = replace(SMALL, optimization=replace(SMALL.optimization, adversarial_start_step=200))
    (sentence,) = told(rows(total=[*flat(1.0)[:20], *flat(5.0)[:20]]), config=config)
    assert "risen" not in sentence


def test_blurred_pictures_are_told() -> None:
    (sentence,) = told(rows(), sharpness=0.55)
    assert sentence.startswith("The pictures are blurred: 0.55 of the sharpness of the targets.")
    assert "raise the weight of adversarial" in sentence
    (sentence,) = told(rows(), sharpness=None)
    assert "blurred" not in sentence


def test_a_generator_that_does_not_beat_copying_is_told() -> None:
    (sentence,) = told(rows(), baseline=0.8)
    assert sentence.startswith("In PSSIM it does not beat copy-source (0.7500 against 0.8000)")


def test_several_things_are_told_the_worst_first() -> None:
    found = told(rows(skipped=[1], total=[1 - 0.01 * i for i in range(40)]), sharpness=0.3, baseline=0.9)
    assert [next(word for word in ("skipped", "fell", "beat", "blurred") if word in each) for each in found] == [
        "skipped", "fell", "beat", "blurred",
    ]  # fmt: skip
