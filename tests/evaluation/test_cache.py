"""The cache: what was measured is not measured again, what changed is."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evaluation.golden_strips import ONLY_L1, market_strips, on_golden

from reposer.checks import InputError
from reposer.evaluation import Evaluation, evaluate, rows
from reposer.evaluation.cache import RowCache, versions
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


@pytest.mark.parametrize(
    "edit",
    [
        lambda line: line.replace('"l1": 0.', '"l1": 99.'),
        lambda line: re.sub(r'"l1": [0-9.]+, ', "", line),
        lambda line: re.sub(r'"l1": [0-9.]+', '"l1": NaN', line),
        lambda line: re.sub(r'"l1": [0-9.]+', '"l1": "high"', line),
        lambda line: re.sub(r'"l1": [0-9.]+', '"l1": [[1]]', line),
        lambda line: "[" * 100_000,
        lambda line: json.dumps(json.loads(line)[:2]),
        lambda line: json.dumps({"rows": 3}),
        lambda line: json.dumps("row"),
    ],
    ids=["another number", "a metric less", "NaN", "text", "a list", "nested", "no digest", "no row", "a text"],
)
def test_rows_that_were_changed_are_measured_again(
    tmp_path: Path, golden: Path, counted: list[int], edit: Callable[[str], str]
) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"
    options = {"protocol": replace(ONLY_L1, metrics=("l1", "ssim")), "cache": cache}
    before = evaluate(results, **options)
    (file,) = cache.iterdir()
    first, *others = [line for line in file.read_text().splitlines() if line]
    assert edit(first) != first
    file.write_text("\n".join([edit(first), *others]))
    assert evaluate(results, **options).scores == before.scores
    assert counted == [8, 1]


def test_rows_of_another_key_do_not_fit(tmp_path: Path, golden: Path, counted: list[int]) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"
    evaluate(results, protocol=ONLY_L1, cache=cache)
    (file,) = cache.iterdir()
    evaluate(results, protocol=replace(ONLY_L1, metrics=("l1", "ssim")), cache=cache)
    (other,) = set(cache.iterdir()) - {file}
    other.write_text(file.read_text())
    found = evaluate(results, protocol=replace(ONLY_L1, metrics=("l1", "ssim")), cache=cache)
    assert found.score("ssim").n == 8
    assert counted == [8, 8, 8]


@pytest.mark.parametrize("name", ["pillow", "numpy", "opencv-python-headless", "torch", "torchvision"])
def test_another_version_of_what_computes_measures_again(
    tmp_path: Path, golden: Path, counted: list[int], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"
    evaluate(results, protocol=ONLY_L1, cache=cache)
    real = versions()
    assert real[name]
    monkeypatch.setattr(rows, "versions", lambda: real | {name: "0"})
    evaluate(results, protocol=ONLY_L1, cache=cache)
    assert counted == [8, 8]


def test_a_pipe_in_the_cache_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key.0.jsonl")
    with pytest.raises(InputError, match=r"cannot keep rows here .*no regular file.*; give another --cache"):
        RowCache(tmp_path, "key", 0)
