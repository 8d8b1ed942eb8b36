"""A run: what it writes, that it repeats itself, that it resumes exactly, and what it refuses."""

import json
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
import torch
from tests.training.at_step import AtStep
from torch import Tensor

from reposer.checks import InputError, RunError
from reposer.config import RunConfig, config_from_json
from reposer.losses import objective_of
from reposer.models import read_network
from reposer.progress import Progress
from reposer.training import train
from reposer.training.run_folder import read_log


def weights(path: Path) -> dict[str, Tensor]:
    return read_network(path)[0]


def assert_same(a: Path, b: Path) -> None:
    """Two generators of one configuration are one file, byte for byte."""
    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        assert tensor.equal(second[name]), name
    if read_network(a)[1] == read_network(b)[1]:
        assert a.read_bytes() == b.read_bytes()


def test_run_folder(small: RunConfig, market: Path, whole: Path) -> None:
    run, generator = whole, whole / "checkpoints" / "generator-0000012.safetensors"
    named = replace(small, data=small.data.of_folder(market))
    assert named.data.name.startswith("Market-1501")
    assert config_from_json((run / "config.json").read_text()) == named
    rows = read_log(run)
    assert [row["step"] for row in rows] == list(range(1, 13))
    for name in ("loss/l1", "loss/part_ssim", "loss/adversarial", "weight/l1", "gradient_norm/generator",
                 "gradient_norm/shape", "discriminator/appearance", "images_per_second", "learning_rate"):  # fmt: skip
        assert all(isinstance(row[name], float) for row in rows), name
    assert rows[0]["learning_rate"] == pytest.approx(2e-4 * 1 / 2 * 2 / 3)  # warm-up and decay
    assert [p.name for p in sorted((run / "samples").iterdir())] == [f"step-{step:07d}.png" for step in (5, 10, 12)]
    assert [p.name for p in sorted((run / "checkpoints").iterdir())] == [
        "generator-0000009.safetensors",
        "generator-0000012.safetensors",
        "generator-best.safetensors",
        "state-0000009.pt",
        "state-0000012.pt",
    ]
    assert any((run / "tensorboard").iterdir())
    _, about = read_network(generator)
    assert about["step"] == 12
    assert config_from_json(json.dumps(about["config"])) == named


@pytest.mark.slow
def test_same_seed_same_weights_whatever_the_workers(
    small: RunConfig, market: Path, whole: Path, tmp_path: Path
) -> None:
    first = whole / "checkpoints" / "generator-0000012.safetensors"
    read_again = replace(small.data, workers=2, cache="none")  # the first one keeps the images in memory
    second = train(replace(small, data=read_again), data=market, out=tmp_path / "b")
    assert_same(first, second)
    other = train(replace(small, seed=1), data=market, out=tmp_path / "c")
    assert not all(tensor.equal(weights(other)[name]) for name, tensor in weights(first).items())


@pytest.mark.parametrize("stop", [pytest.param(1, marks=pytest.mark.slow), 4, pytest.param(7, marks=pytest.mark.slow)])
def test_resumed_run_equals_whole_run(small: RunConfig, market: Path, whole: Path, tmp_path: Path, stop: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(small, data=market, out=tmp_path / "halves", progress=AtStep(stop))
    assert [row["step"] for row in read_log(tmp_path / "halves")][-1] <= stop + 1
    resumed = train(small, data=market, out=tmp_path / "halves", resume=True)
    assert_same(whole / "checkpoints" / resumed.name, resumed)
    logs = [
        [{k: v for k, v in row.items() if k != "images_per_second"} for row in read_log(run)]
        for run in (whole, tmp_path / "halves")
    ]
    assert logs[0] == logs[1]


@pytest.mark.slow
def test_damaged_checkpoint_is_named_and_skipped(
    small: RunConfig, market: Path, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(small, data=market, out=run, progress=AtStep(7))
    newest = sorted((run / "checkpoints").glob("state-*"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    with (run / "metrics.jsonl").open("a") as log:
        log.write('{"step": 9, "lo')  # the row that was being written
    resumed = train(small, data=market, out=run, resume=True, progress=Progress("test"))
    assert f"{newest.name}: damaged checkpoint skipped" in capsys.readouterr().err
    assert_same(whole / "checkpoints" / resumed.name, resumed)


def test_resume_of_a_finished_run_changes_nothing(small: RunConfig, market: Path, whole: Path, tmp_path: Path) -> None:
    run = copytree(whole, tmp_path / "run")
    generator = train(small, data=market, out=run, resume=True)
    assert generator == run / "checkpoints" / "generator-0000012.safetensors"
    assert generator.read_bytes() == (whole / "checkpoints" / generator.name).read_bytes()
    assert read_log(run) == read_log(whole)


def test_folder_with_a_run_is_not_overwritten(small: RunConfig, market: Path, whole: Path, tmp_path: Path) -> None:
    tmp_path = copytree(whole, tmp_path / "run")
    with pytest.raises(InputError, match="already holds a run; add --resume"):
        train(small, data=market, out=tmp_path)
    with pytest.raises(InputError, match=r"other settings: objective.l1.weight 5 -> 7"):
        train(replace(small, objective=objective_of(small.objective, l1=7)), data=market, out=tmp_path, resume=True)
    faster = replace(small, logging=replace(small.logging, log_every=5))
    train(faster, data=market, out=tmp_path, resume=True)


def test_folder_with_other_things_is_left_alone(small: RunConfig, market: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("important")
    with pytest.raises(InputError, match="not empty and not a run folder"):
        train(small, data=market, out=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_wrong_image_size_is_named(small: RunConfig, market: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="images are 128x64, recipe small is for 256x176"):
        train(replace(small, size=(256, 176)), data=market, out=tmp_path)


def test_loss_that_is_not_finite_stops_the_run(
    small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reposer.losses.pixel.l1_loss", lambda x, y, **_: (x - y).mean() * torch.nan)
    with pytest.raises(RunError, match=r"step 1: the loss term 'l1' is nan; pairs: 000\d_c"):
        train(small, data=market, out=tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_config_json_is_readable_and_checked(whole: Path) -> None:
    saved = json.loads((whole / "config.json").read_text())
    saved["objective"]["l3"] = 1.0
    with pytest.raises(InputError, match=r"objective.l3.*did you mean 'objective.l[12]'"):
        config_from_json(json.dumps(saved))
