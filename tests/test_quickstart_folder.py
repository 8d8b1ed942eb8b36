"""The quickstart works in a folder of its own: it makes nothing in one that holds other things."""

import json
from pathlib import Path

import pytest

from reposer.checks import InputError
from reposer.data.config import MANNEQUINS
from reposer.quickstart import _check_folder, quickstart


def _write(path: Path, text: str = "important") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("thesis.tex", "important", r"holds other things \(thesis.tex\); choose a new or an empty folder"),
        ("runs/thesis.tex", "important", r"holds other things \(runs\)"),
        (".git/HEAD", "important", r"holds other things \(.git\)"),
        ("run/thesis.tex", "important", "run: not empty and not a run folder"),
        ("data/dataset.json", '{"name": "Market-1501"}', "data: not the data set that a quickstart makes"),
        ("data/dataset.json", "[]", "data: not the data set that a quickstart makes"),
        ("data/dataset.json", "{", "dataset.json: not readable as JSON"),
    ],
)
def test_foreign_folder_is_refused(tmp_path: Path, name: str, text: str, error: str) -> None:
    _write(tmp_path / "out" / name, text)
    with pytest.raises(InputError, match=error):
        quickstart(tmp_path / "out", shown=False)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "out" / name]
    with pytest.raises(InputError, match="expected a folder, this is a file"):
        quickstart(tmp_path / "out" / name, shown=False)


def test_folder_of_a_quickstart_is_taken(tmp_path: Path) -> None:
    """New, empty, killed while it drew people, killed as training began, or done and kept with notes."""
    _check_folder(tmp_path / "new")
    _check_folder(tmp_path)
    _write(tmp_path / ".lock")
    _write(tmp_path / ".data.123.part" / "train" / "a.jpg")
    _check_folder(tmp_path)
    _write(tmp_path / "data" / "dataset.json", json.dumps(MANNEQUINS))
    _write(tmp_path / "run" / "run.json")
    _check_folder(tmp_path)
    _write(tmp_path / "run" / "config.json")
    _write(tmp_path / "notes.txt")
    _check_folder(tmp_path)
    assert not (tmp_path / "new").exists()
