"""The cache: what was measured is not measured again, what changed is."""

from pathlib import Path

import pytest
from tests.evaluation.golden_strips import ONLY_L1, market_strips, on_golden

from reposer.checks import InputError
from reposer.evaluation import Evaluation, evaluate, rows
from reposer.images import read_image, write_image


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of pairs in each group that was really measured."""
    groups: list[int] = []
    real = rows._rows
    monkeypatch.setattr(
        rows, "_rows", lambda work, networks, group: groups.append(len(group)) or real(work, networks, group)
    )
    return groups


def test_goes_on_from_the_cache(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_golden(golden, "market", results, cache=cache, batch_size=1, progress=interrupt)
    (file,) = cache.iterdir()
    assert len([line for line in file.read_text().splitlines() if line]) == 3
    file.write_text(file.read_text()[:-20])  # killed while it wrote
    counted.clear()
    assert on_golden(golden, "market", results, cache=cache).per_image == strips["market"].per_image
    assert counted == [6]
    again = on_golden(golden, "market", results, cache=cache)
    assert counted == [6]
    assert again.per_image == strips["market"].per_image
    assert again.scores == strips["market"].scores


def test_changed_files_and_protocols_are_measured_again(tmp_path: Path, golden: Path, counted: list[int]) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"
    before = on_golden(golden, "market", results, cache=cache)
    first = min(results.iterdir())
    write_image(first, read_image(first).flip(-2))
    after = on_golden(golden, "market", results, cache=cache)
    assert counted == [8, 1]
    changed = [pair for pair, row in after.per_image.items() if row != before.per_image[pair]]
    assert len(changed) == 1
    evaluate(results, protocol=ONLY_L1, cache=cache)
    assert counted == [8, 1, 8]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot keep rows here .*; give another --cache"):
        evaluate(results, protocol=ONLY_L1, cache=tmp_path / "file")
