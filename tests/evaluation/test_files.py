"""What an evaluation writes, and reads back."""

import csv
import json
from pathlib import Path

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
