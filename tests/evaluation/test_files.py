"""What an evaluation writes, and reads back."""

import copy
import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest

from reposer.checks import InputError
from reposer.evaluation import Evaluation


def test_json(tmp_path: Path, evaluated: tuple[str, Evaluation]) -> None:
    tag, found = evaluated
    found.save(tmp_path / "scores.json")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]
    content = json.loads((tmp_path / "scores.json").read_text())
    assert content["protocol"] == f"patn-{tag}"
    assert [row["name"] for row in content["scores"]] == [score.name for score in found.scores]
    assert all(row.keys() == {"name", "value", "interval", "n", "signature"} for row in content["scores"])
    assert content["per_image"] == found.per_image
    assert list(content["per_image"]) == sorted(content["per_image"])
    assert content["protocol_fields"]["size"] == list(found.protocol.size)


def test_reads_back_what_it_wrote(tmp_path: Path, evaluated: tuple[str, Evaluation]) -> None:
    evaluated[1].save(tmp_path / "scores.json")
    assert Evaluation.load(tmp_path / "scores.json") == evaluated[1]
    for text, message in (("{", "JSONDecodeError"), ("{}", "KeyError"), ("[]", "TypeError")):
        (tmp_path / "scores.json").write_text(text)
        with pytest.raises(InputError, match=f"not a file of 'reposer evaluate --json' .{message}"):
            Evaluation.load(tmp_path / "scores.json")
    with pytest.raises(InputError, match=r"nowhere.json: no such file"):
        Evaluation.load(tmp_path / "nowhere.json")


def test_tables(tmp_path: Path, strips: dict[str, Evaluation]) -> None:
    found = strips["fashion"]
    found.save_per_image(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open() as file:
        rows = {row.pop("pair"): row for row in csv.DictReader(file)}
    read = {pair: {name: float(value) for name, value in row.items() if value} for pair, row in rows.items()}
    assert read == found.per_image  # digits enough to give the same bits
    with pytest.raises(InputError, match=r"rows.txt: a table is written as .csv or .parquet"):
        found.save_per_image(tmp_path / "rows.txt")


def test_parquet(tmp_path: Path, strips: dict[str, Evaluation]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = strips["fashion"]
    found.save_per_image(tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.schema.metadata[b"signature"].decode().splitlines() == found.signature_lines()
    rows = {row.pop("pair"): row for row in table.to_pylist()}
    assert {pair: {k: v for k, v in row.items() if v is not None} for pair, row in rows.items()} == found.per_image


def damaged(content: dict[str, Any], *keys: Any, value: Any) -> str:
    """The text of a saved evaluation with one entry replaced; "..." takes it out."""
    content = copy.deepcopy(content)
    inner: Any = content
    for key in keys[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return json.dumps(content)


def test_a_saved_evaluation_of_any_wrong_shape_is_one_line(tmp_path: Path, strips: dict[str, Evaluation]) -> None:
    content = strips["market"].to_json()
    pair = next(iter(content["per_image"]))
    for keys, value, message in (
        (("per_image", pair, "ssim"), "high", rf"per_image.{pair}.ssim: expected a number, got 'high'"),
        (("per_image", pair, "ssim"), float("nan"), "NaN is no JSON number"),
        (("per_image", pair, "ssim"), None, "expected a number, got None"),
        (("per_image", pair, "ssim"), 10**400, ""),
        (("per_image", pair, "pckh_all"), 0, "expected pckh_correct of at most pckh_all, got"),
        (("per_image", pair), 5, "expected fields with values, got 5"),
        (("per_image",), [], "per_image: expected fields with values"),
        (("scores", 0, "name"), "ssmi", "unknown metric 'ssmi'; did you mean 'ssim'"),
        (("scores", 0, "value"), True, "expected a number, got True"),
        (("scores", 0, "n"), 0, "scores.n must be at least 1, got 0"),
        (("scores", 0, "n"), 2.5, "expected a whole number"),
        (("scores", 0, "signature"), None, "signature: expected a text, got None"),
        (("scores", 0, "signature"), "patn|n:1|n:2", "no key comes twice"),
        (("scores", 0, "interval"), [1], "interval: expected a list of 2"),
        (("scores", 0), "ssim", "scores: expected fields with values"),
        (("scores",), {}, "scores: expected a list"),
        (("scores",), ..., "KeyError: 'scores'"),
        (("format",), "strip", "unknown format 'strip'; did you mean 'strips'"),
        (("codec",), ["png"], "codec: expected a text"),
        (("results",), 5, "results: expected a text"),
        (("baseline",), "mean", "unknown baseline 'mean'; did you mean 'mean-image'"),
        (("skipped",), {"a": 1}, "skipped.a: expected a text"),
        (("protocol_fields",), None, "protocol_fields: expected fields with values"),
        (("protocol_fields", "size"), [128, "64"], "size: expected a whole number"),
        (("protocol_fields", "wide_width"), 9, "go together"),
    ):
        (tmp_path / "scores.json").write_text(damaged(content, *keys, value=value))
        with pytest.raises(InputError, match=r"scores.json: not a file of 'reposer evaluate --json' \(.*") as caught:
            Evaluation.load(tmp_path / "scores.json")
        assert re.search(message, str(caught.value)), (keys, value, str(caught.value))
        assert "\n" not in str(caught.value)
    for raw in (b"\xff\xfe", b"[" * 100_000):
        (tmp_path / "scores.json").write_bytes(raw)
        with pytest.raises(InputError, match=r"not a file of 'reposer evaluate --json'"):
            Evaluation.load(tmp_path / "scores.json")
    with pytest.raises(InputError, match=r"expected a file, this is a folder"):
        Evaluation.load(tmp_path)
