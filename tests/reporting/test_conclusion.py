"""The conclusion of a comparison: one, and the blur first."""

from pathlib import Path

import cv2
import numpy as np
import torch
from tests.evaluation.golden_strips import market_strips
from tests.reporting.test_comparison import evaluated, signed_anew, two

from reposer.evaluation import Evaluation, evaluate
from reposer.images import read_image, write_image
from reposer.metrics import Score
from reposer.reporting.comparison import compare


def concluded(a: Evaluation, b: Evaluation, **options: bool) -> str:
    return compare(a, b, names=("mine", "theirs"), **options).conclusion


def numbers(seed: int, n: int, **means: float) -> dict[str, list[float]]:
    """Numbers of n images around a mean for each metric."""
    generator = np.random.default_rng(seed)
    return {name: (mean + generator.normal(0, 0.005, n)).tolist() for name, mean in means.items()}


def blurred(folder: Path) -> None:
    """Blur the generated panels of strips."""
    for path in folder.iterdir():
        *others, generated = read_image(path).split(64, dim=-1)
        pixels = cv2.GaussianBlur(generated.permute(1, 2, 0).numpy(), (0, 0), 2)
        write_image(path, torch.cat([*others, torch.from_numpy(pixels).permute(2, 0, 1)], dim=-1))


def noisy(folder: Path) -> None:
    """Make the generated panels of strips the targets with noise: sharp guesses that are wrong in the details."""
    for path in folder.iterdir():
        panels = list(read_image(path).split(64, dim=-1))
        noise = 12 * torch.randn(panels[2].shape, generator=torch.Generator().manual_seed(0))
        panels[4] = (panels[2].roll(2, -1) + noise).clamp(0, 255).to(torch.uint8)
        write_image(path, torch.cat(panels, dim=-1))


def test_a_blurred_copy_is_not_called_better(golden: Path, tmp_path: Path) -> None:
    options = {
        "protocol": "reposer-1",
        "annotations": golden / "market-annotation-test.csv",
        "metrics": ("ssim", "l1", "sharpness"),
    }
    results = market_strips(golden, tmp_path)
    noisy(results)
    sharp = evaluate(results, **options)
    blurred(results)
    found = compare(sharp, evaluate(results, **options), names=("mine", "blur"))
    assert [row.winner for row in found.differences] == ["second", "second", "first"]
    assert found.conclusion.startswith("blur is blurred, not better: its sharpness is 0.")
    assert found.conclusion.endswith("blur alone improves SSIM and L1, in which it is ahead.")
    other_way = compare(evaluate(results, **options), sharp, names=("blur", "mine"))
    assert other_way.conclusion == found.conclusion


def test_blur_comes_first_even_over_too_few_images_for_a_test() -> None:
    a, b = (evaluated({"ssim": [s] * 3, "sharpness": [f] * 3}) for s, f in ((0.5, 0.9), (0.6, 0.3)))
    assert concluded(a, b).startswith("theirs is blurred, not better: its sharpness is 0.30, that of mine 0.90 (1 is")


def test_a_blurred_result_that_is_closer_in_other_ways_is_not_called_worse() -> None:
    sharp = evaluated(numbers(0, 30, ssim=0.4, lpips=0.4, sharpness=0.9))
    closer = evaluated(numbers(1, 30, ssim=0.6, lpips=0.2, sharpness=0.5))
    said = concluded(sharp, closer)
    assert said.startswith("theirs is blurred: its sharpness")
    assert said.endswith("it is also ahead in LPIPS, which blur does not improve.")


def test_a_result_that_is_sharper_than_the_target_blurs_no_other() -> None:
    said = concluded(
        evaluated(numbers(0, 30, ssim=0.4, sharpness=1.9)), evaluated(numbers(1, 30, ssim=0.6, sharpness=0.95))
    )
    assert said == "neither is better in everything: mine in sharpness, theirs in SSIM."


def test_equal_results_are_called_equal() -> None:
    a, _ = two()
    assert concluded(a, a) == "the two are equal in every metric on all 40 images."


def test_a_clearly_better_result_is_called_better() -> None:
    better = evaluated(numbers(0, 30, ssim=0.6, l1=0.1, sharpness=0.95))
    worse = evaluated(numbers(1, 30, ssim=0.4, l1=0.2, sharpness=0.80))
    assert concluded(better, worse) == "mine is better in all 3 metrics."
    assert concluded(worse, better) == "theirs is better in all 3 metrics."


def test_what_was_not_shown_and_not_measured_is_said() -> None:
    assert concluded(*two()) == (
        "mine is better in SSIM; no difference shown in L1. Blur improves such metrics too, and sharpness was not "
        "measured: '--protocol reposer-1' measures it."
    )
    generator = np.random.default_rng(0)
    a, b = (evaluated({"ssim": generator.uniform(size=30).tolist()}) for _ in range(2))
    assert concluded(a, b) == "no difference is shown in the only metric on 30 images."


def test_too_few_images_are_said_to_be_too_few() -> None:
    a, b = (evaluated({"ssim": [value] * 4, "l1": [value] * 4}) for value in (0.4, 0.3))
    assert concluded(a, b) == (
        "no difference is shown in any of 2 metrics on 4 images: too few, p cannot fall below 0.25."
    )
    # Two of 2**7 patterns of signs are as far out, times the number of metrics.
    metrics = ("ssim", "l1", "psnr", "ms_ssim", "mask_ssim")
    a, b = (evaluated({name: [value] * 7 for name in metrics}) for value in (0.4, 0.3))
    assert concluded(a, b).endswith("on 7 images: too few, p cannot fall below 0.078.")
    assert concluded(*(evaluated({name: [v] * 8 for name in metrics}) for v in (0.4, 0.3))).startswith("neither")


def test_results_that_are_not_comparable_have_no_conclusion() -> None:
    a, b = two()
    said = concluded(a, signed_anew(b, "png", "jpeg"), force=True)
    assert said.startswith("none, as the two are not comparable: their signatures differ in codec (png and jpeg). By")
    of_set = Score("fid", 9.0, (float("nan"), float("nan")), 40, a.signature)
    empty = evaluated({"ssim": [0.5]}, scores=(of_set,))
    assert concluded(empty, empty) == "nothing could be tested, so nothing is known about which one is better."


def test_the_conclusion_is_in_the_json() -> None:
    found = compare(*two())
    assert found.to_json()["conclusion"] == found.conclusion
