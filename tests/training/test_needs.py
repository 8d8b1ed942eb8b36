"""What a training needs is looked for before it starts, and all that is missing is told at once."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from reposer.checks import InputError
from reposer.cli import main
from reposer.config import HardwareConfig, RunConfig
from reposer.data import cache
from reposer.losses import objective_of
from reposer.progress import Progress
from reposer.training import needs, plan, train
from reposer.training.needs import check_needs, checkpoint_bytes
from reposer.training.state import build_state
from reposer.training.world import World


class Told(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__("told", shown=False)
        self.steps: list[tuple[int, int]] = []
        self.said: list[str] = []

    def __call__(self, done: int, total: int, **_: Any) -> None:
        self.steps.append((done, total))

    def say(self, line: str) -> None:
        self.said.append(line)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache of weights, and no way to fill it."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: pytest.fail("a download"))


@pytest.mark.usefixtures("offline")
def test_everything_that_is_missing_is_told_at_once(
    small: RunConfig, market: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = shutil.copytree(market, tmp_path / "data")
    shutil.rmtree(data / "test")
    wanting = replace(
        small,
        objective=objective_of(adversarial=1, perceptual=1, lpips=1),
        hardware=HardwareConfig(accelerator="cpu", devices=-1),
        logging=replace(small.logging, loggers=("wandb",)),
    )
    monkeypatch.setattr(needs, "find_spec", lambda name: None)
    monkeypatch.setattr("reposer.training.run_folder.find_spec", lambda name: None)
    usage = namedtuple("usage", ("total", "used", "free"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 10, 2**10))
    with pytest.raises(InputError) as caught:
        plan(wanting, data=data, out=tmp_path / "run")
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("7 things are missing: (1) ")
    for part in (
        "no images of the test split",
        "hardware.accelerator cpu with hardware.devices -1: not on this machine",
        "--logging.loggers wandb needs the package wandb",
        "weights vgg19-dcbb9e9d.pth (548 MB) are not here",
        "weights alexnet-owt-7be5be79.pth (233 MB) are not here",
        "the package lpips",
        "0 MB free, the checkpoints take up to ",
    ):
        assert part in line, part
    assert not (tmp_path / "run").exists()


def test_one_thing_that_is_missing_is_told_alone(small: RunConfig, market: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^.*absent: no such folder|absent"):
        check_needs(small, data=tmp_path / "absent", out=None)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "other.txt").write_text("something else")
    with pytest.raises(InputError, match=r"run: not empty and not a run folder"):
        check_needs(small, data=market, out=tmp_path / "run")
    check_needs(small, data=market, out=tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_dry_run_shows_its_progress_and_stops_where_steps_are_slow(
    small: RunConfig, market: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Told()
    assert "disk: up to " in plan(small, data=market, progress=told)
    assert told.steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    monkeypatch.setattr(sys.modules["reposer.training.plan"], "_ENOUGH_SECONDS", 0)
    told = Told()
    assert " s per step, " in plan(small, data=market, progress=told)
    assert told.steps == [(1, 4)]


@pytest.mark.parametrize(("setting", "where"), [("auto", "kept in memory"), ("none", "read when it is drawn")])
def test_a_dry_run_compares_the_loader_with_memory(small: RunConfig, market: Path, setting: Any, where: str) -> None:
    told = plan(replace(small, data=replace(small.data, cache=setting)), data=market)
    (line,) = (line for line in told.splitlines() if line.startswith("data: "))
    assert re.fullmatch(
        r"data: \d+ images, \d MB decoded; the training process would read [\d,]+ pairs/s, from memory come [\d,]+; "
        rf".*{where}.* \(--data.cache {setting}\)",
        line,
    )


def test_memory_that_is_not_there(small: RunConfig, market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "free_bytes", lambda: 1000)
    with pytest.raises(InputError, match=r"^--data.cache memory: the images take \d+ MB, 0 MB are free there"):
        check_needs(replace(small, data=replace(small.data, cache="memory")), data=market, out=None)
    check_needs(small, data=market, out=None)  # auto: read again


def test_a_damaged_image_is_told_before_the_first_step(small: RunConfig, market: Path, tmp_path: Path) -> None:
    """Whenever it would be drawn; and no run folder is left."""
    data = shutil.copytree(market, tmp_path / "data")
    image = max((data / "train").iterdir())
    image.write_bytes(b"")
    told = Told()
    with pytest.raises(InputError, match=rf"^{image}: not a readable image"):
        train(replace(small, data=replace(small.data, workers=1)), data=data, out=tmp_path / "run", progress=told)
    assert not told.steps
    assert not (tmp_path / "run" / "config.json").exists()


def test_a_dry_run_says_what_a_run_does_without(small: RunConfig, market: Path, tmp_path: Path) -> None:
    data = shutil.copytree(market, tmp_path / "data")
    (data / "market-annotation-test.csv").unlink()
    told = Told()
    plan(small, data=data, progress=told)
    assert told.said[0] == f"{data}: no test split: no validation and no contact sheets"


def test_the_checkpoints_fit_what_was_promised(small: RunConfig, whole: Path) -> None:
    """As values; the tiny files of this run are mostly names."""
    files = [path.stat().st_size for path in (whole / "checkpoints").iterdir()]
    tensors = sum(1 for _, each in build_state(small, World()).networks() for _ in each.network.state_dict())
    assert 0 < sum(files) < checkpoint_bytes(small) + 3 * 4 * tensors * 2000


@pytest.mark.parametrize(
    ("objective", "message"),
    [
        (
            objective_of(ssim={"weight": 1, "window_size": 201}),
            "window_size 201 does not fit an image of 128x64 pixels",
        ),
        (objective_of(multi_scale_ssim={"weight": 1, "scales": 4}), "scales must be between 1 and 3"),
    ],
)
def test_an_objective_that_does_not_fit_is_refused_before_anything_is_written(
    small: RunConfig, market: Path, tmp_path: Path, objective: Any, message: str
) -> None:
    for start in (train, plan):
        with pytest.raises(InputError, match=rf"^objective\.\w+: {message}"):
            start(replace(small, objective=objective), data=market, out=tmp_path / "run")  # type: ignore[operator]
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="has a GPU")
def test_a_device_that_is_not_there_is_one_line(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", str(market), "--out", str(tmp_path / "run"), "--hardware.accelerator", "cuda"]
    for dry in ([], ["--dry-run"]):
        with pytest.raises(SystemExit) as ended:
            main(["train", "mannequin-tiny", *options, *dry])
        assert ended.value.code == 2
        error = capsys.readouterr().err
        assert "hardware.accelerator cuda" in error
        assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("group", "name"), [("data", "workers"), ("hardware", "devices")])
def test_more_processes_than_help_are_never_started(
    group: str, name: str, small: RunConfig, market: Path, tmp_path: Path
) -> None:
    config = replace(small, **{group: replace(getattr(small, group), **{name: 1000})})
    for start in (train, plan):
        with pytest.raises(InputError, match=rf"{group}\.{name} must be at most \d+, four per core of this machine"):
            start(config, data=market, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_recipe_without_options_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "mannequin-tiny"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == "reposer: missing: --data (see 'reposer train mannequin-tiny --help')\n"


@pytest.mark.slow(10)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_saves(market: Path, tmp_path: Path, number: int) -> None:
    """As service managers, SLURM and terminals send it: to the trainer and to its workers."""
    options = f"--data {market} --out {tmp_path} --data.workers 2 --generator.channels 4 --generator.blocks 2"
    options += " --data.cache none"
    options += " --optimization.batch-size 2 --optimization.pairs-per-epoch 4000 --logging.log-every 1"
    command = [sys.executable, "-m", "reposer", "train", "mannequin-tiny", *options.split()]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        while not (tmp_path / "metrics.jsonl").exists():
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.02)
        os.killpg(process.pid, number)
        error = process.communicate()[1].strip().splitlines()
    assert process.returncode == 130
    assert error[-1] == "reposer: stopped"
    assert "saved, --resume continues" in error[-2]
    (saved,) = (tmp_path / "checkpoints").glob("state-*.pt")
    assert int(saved.stem.removeprefix("state-")) > 0
