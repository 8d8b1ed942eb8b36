"""The example of re-identification: its scores are those of Market-1501, its verdict is careful, and it runs."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

EXAMPLE = Path(__file__).parents[1] / "examples" / "reid.py"
_SPEC = importlib.util.spec_from_file_location("reid", EXAMPLE)
assert _SPEC is not None
reid = importlib.util.module_from_spec(_SPEC)
assert _SPEC.loader is not None
_SPEC.loader.exec_module(reid)


def plain_scores(
    distances: list[float], person: int, camera: int, gallery: list[tuple[int, int]]
) -> tuple[float, float]:
    """Rank-1 and average precision of one query, word for word."""
    ranked = [gallery[i] for _, i in sorted((distance, i) for i, distance in enumerate(distances))]
    counting = [other for other in ranked if other != (person, camera)]
    precisions, right = [], 0
    for place, (who, _) in enumerate(counting, start=1):
        if who == person:
            right += 1
            precisions.append(right / place)
    return float(counting[0][0] == person), sum(precisions) / right


@pytest.mark.parametrize("seed", range(20))
def test_scores_equal_those_counted_one_by_one(seed: int) -> None:
    random = torch.Generator().manual_seed(seed)

    def draw(high: int, count: int) -> torch.Tensor:
        return torch.randint(high, (count,), generator=random)

    queries, gallery = 7, 40
    people = draw(5, queries), torch.cat([torch.arange(5).repeat(2), draw(7, gallery - 10)])
    cameras = draw(2, queries), torch.cat([torch.arange(2).repeat_interleave(5), draw(3, gallery - 10)])
    distances = torch.randint(30, (queries, gallery), generator=random) / 7  # with ties
    rank_1, average = reid.market_scores(distances, people, cameras)
    shown = list(zip(people[1].tolist(), cameras[1].tolist(), strict=True))
    for query in range(queries):
        expected = plain_scores(distances[query].tolist(), int(people[0][query]), int(cameras[0][query]), shown)
        assert (float(rank_1[query]), float(average[query])) == pytest.approx(expected, abs=1e-6)


def test_pictures_of_the_same_person_by_the_same_camera_do_not_count() -> None:
    people, cameras = (torch.tensor([1]), torch.tensor([1, 2, 1])), (torch.tensor([1]), torch.tensor([1, 1, 2]))
    rank_1, average = reid.market_scores(torch.tensor([[0.0, 0.1, 0.2]]), people, cameras)
    assert (rank_1.item(), average.item()) == (0.0, 0.5)
    rank_1, average = reid.market_scores(torch.tensor([[0.0, 0.3, 0.2]]), people, cameras)
    assert (rank_1.item(), average.item()) == (1.0, 1.0)
    with pytest.raises(ValueError, match="no picture by another camera"):
        reid.market_scores(torch.zeros(1, 2), (people[0], people[1][:2]), (cameras[0], cameras[1][:2]))


def test_the_verdict_needs_the_interval_and_every_seed() -> None:
    random = torch.Generator().manual_seed(0)
    alone = torch.rand(3, 200, generator=random, dtype=torch.float64)
    better = alone + 0.05 + 0.01 * torch.rand(3, 200, generator=random, dtype=torch.float64)
    assert reid.verdict(better, alone).endswith("they help")
    assert reid.verdict(alone, better).endswith("they harm")
    assert reid.verdict(alone.flip(1), alone).endswith("no difference is shown")
    better[1] = alone[1] - 0.001
    assert reid.verdict(better, alone).endswith("no difference is shown")


def test_the_interval_is_of_people() -> None:
    values = torch.rand(3, 500, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    middle, low, high = reid.interval(values)
    error = 1.96 * float(values.mean(dim=0).std()) / 500**0.5
    assert middle == pytest.approx(float(values.mean()))
    assert (middle - low, high - middle) == pytest.approx((error, error), rel=0.2)


def test_every_set_has_its_share_of_a_batch() -> None:
    def pictures(shade: int, each: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        who = torch.arange(1, 6).repeat_interleave(each)
        return torch.full((len(who), 3, 128, 64), shade, dtype=torch.uint8), who, torch.ones_like(who)

    sets = [pictures(0, 2), pictures(255, 5)]
    for images, who in reid.batches(sets, 5, 3, torch.Generator().manual_seed(0)):
        assert len(images) == len(who) == 20
        bright = images[:, 0, 0, 0].view(-1, 4) > 0
        assert bright[:, 2:].float().mean() > 0.9  # but where a patch is erased in the corner
        assert (bright[:, :2] == 0).all()


@pytest.mark.slow(8)
def test_the_example_runs(tmp_path: Path) -> None:
    words = "--people 3 --test-people 3 --poses-per-person 2 --steps 2 --seeds 1 --width 2"
    command = [sys.executable, EXAMPLE, tmp_path / "reid", *words.split()]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    kept = json.loads((tmp_path / "reid" / "scores.json").read_text())
    assert kept["by_seed"].keys() == {"alone", "generated", "drawn"}
    for verdict in kept["verdicts"].values():
        assert verdict in run.stdout
    assert len(list((tmp_path / "reid" / "generated-0" / "train").iterdir())) == 3 * 2
    assert len(list((tmp_path / "reid" / "people-0" / "train").iterdir())) == 3 * 2
