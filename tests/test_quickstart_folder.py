"""The quickstart works in a folder of its own: it makes nothing in one that holds other things."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reposer.checks import InputError
from reposer.config import Precision, config_to_json
from reposer.data.config import MANNEQUINS
from reposer.quickstart import _check_folder, _recipe, quickstart
from reposer.recipes import recipe


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


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("began", [None, "32-true", "bf16-mixed"])
def test_goes_on_in_the_precision_it_began_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fast: bool, began: Precision | None
) -> None:
    """Also on another processor: a run may not change it."""
    monkeypatch.setattr(sys.modules["reposer.quickstart"], "multiplies_bfloat16", lambda: fast)
    if began is not None:
        config = recipe("mannequin-tiny")
        config = replace(config, hardware=replace(config.hardware, precision=began))
        _write(tmp_path / "run" / "config.json", config_to_json(config))
    by_machine = "bf16-mixed" if fast and not torch.cuda.is_available() else "32-true"
    assert _recipe(tmp_path / "run").hardware.precision == (began or by_machine)
