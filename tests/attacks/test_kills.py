"""Killed before any change of its folder, work leaves what is refused or whole, and starting again ends well."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from tests.attacks.kills import contents, killed, moments
from tests.attacks.run_readers import TINY
from tests.downloads import fashion_download, fashion_lists
from tests.poses.onnx_models import people_network, person_in, picture, pose_network

from reposer.augmentation import AugmentConfig, augment
from reposer.checks import InputError
from reposer.config import RunConfig, config_to_json
from reposer.data import open_pairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.data.people import PeopleConfig, make_people
from reposer.evaluation import evaluate
from reposer.generation import generate
from reposer.generator import load_generator
from reposer.images import write_image
from reposer.models import build_generator, generator_files, save_network
from reposer.poses.estimators import EstimateOptions, RTMPose, estimate_folder
from reposer.preparing import PrepareConfig, prepare
from reposer.training import train
from reposer.training.run_folder import read_log

SHORT: RunConfig = replace(
    TINY,
    optimization=replace(TINY.optimization, pairs_per_epoch=4, constant_epochs=1, decay_epochs=1, warmup_steps=0),
    logging=replace(TINY.logging, checkpoint_every=1, sample_every=2, validate_every=2, sample_pairs=1, loggers=()),
)
"""4 steps that save a checkpoint each."""
FEW, ALL = 2, None
some = pytest.mark.parametrize("some", [FEW, pytest.param(ALL, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])])


def train_short(data: Path, out: Path) -> None:
    """Start the short run, or go on with it."""
    train(SHORT, data=data, out=out, resume="auto")


def without_times(run: Path) -> list[dict[str, Any]]:
    """The log, but for how fast it was."""
    return [{name: v for name, v in row.items() if name != "images_per_second"} for row in read_log(run)]


@pytest.mark.slow(15)
@some
def test_a_killed_training_ends_as_if_nothing_had_happened(market: Path, tmp_path: Path, some: int | None) -> None:
    whole = tmp_path / "whole"
    count = killed(train_short, whole, 0, market, whole)
    assert count > 20
    for moment in moments(count, some):
        run = tmp_path / f"killed-{moment}"
        assert killed(train_short, run, moment, market, run) == 0, f"moment {moment}"
        assert killed(train_short, run, 0, market, run), f"moment {moment}"
        _assert_ended_alike(run, whole, f"moment {moment}")


@pytest.mark.nightly
@pytest.mark.timeout(3600)
def test_a_training_killed_ten_times_ends_as_if_nothing_had_happened(market: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    count = killed(train_short, whole, 0, market, whole)
    seed = int(time.time() // 86_400)
    random = Random(seed)
    for attempt in range(20):
        run, tried = tmp_path / f"killed-{attempt}", [random.randrange(1, count) for _ in range(10)]
        for moment in tried:
            killed(train_short, run, moment, market, run)
        killed(train_short, run, 0, market, run)
        _assert_ended_alike(run, whole, f"seed {seed}: killed at {tried}")


def _assert_ended_alike(run: Path, whole: Path, when: str) -> None:
    found, expected = (generator_files(path / "checkpoints")[-1] for path in (run, whole))
    assert found.name == expected.name, when
    assert found.read_bytes() == expected.read_bytes(), when
    assert without_times(run) == without_times(whole), when
    assert contents(run).keys() == contents(whole).keys(), when


def make_few(out: Path) -> None:
    """A data set of a few pictures."""
    make_mannequins(out, MannequinConfig(identities=2, images_per_identity=2, test_identities=1, workers=1))


@pytest.mark.slow(10)
@some
def test_killed_mannequins_are_made_anew(tmp_path: Path, some: int | None) -> None:
    whole, out = tmp_path / "whole", tmp_path / "people"
    killed(make_few, whole, 0, whole)
    count = killed(make_few, out, 0, out)
    for moment in moments(count, some):
        shutil.rmtree(out)
        assert killed(make_few, out, moment, out) == 0, f"moment {moment}"
        assert not out.exists() or not any(out.iterdir()) or contents(out) == contents(whole), f"moment {moment}"
        if not out.exists() or not any(out.iterdir()):
            assert killed(make_few, out, 0, out), f"moment {moment}"
        assert contents(out) == contents(whole), f"moment {moment}"
        assert {path.name for path in tmp_path.iterdir()} == {"whole", "people"}, f"moment {moment}"


def draw_few(out: Path) -> None:
    """A data set of two people, two small pictures of each."""
    make_people(out, PeopleConfig(identities=2, images_per_identity=2, test_identities=1, size=(64, 32), workers=1))


@pytest.mark.slow(20)
@pytest.mark.parametrize("some", [1, pytest.param(ALL, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])])
def test_killed_people_go_on_where_they_were(tmp_path: Path, some: int | None) -> None:
    whole, out = tmp_path / "whole", tmp_path / "people"
    killed(draw_few, whole, 0, whole)
    count = killed(draw_few, out, 0, out)
    assert contents(out) == contents(whole)
    for moment in moments(count, some):
        shutil.rmtree(out)
        assert killed(draw_few, out, moment, out) == 0, f"moment {moment}"
        assert not out.exists() or contents(out) == contents(whole), f"moment {moment}"
        if not out.exists():
            assert killed(draw_few, out, 0, out), f"moment {moment}"
        assert contents(out) == contents(whole), f"moment {moment}"
        assert {path.name for path in tmp_path.iterdir()} == {"whole", "people"}, f"moment {moment}"


def prepare_all(root: Path, out: Path) -> None:
    """A data set of a small download."""
    prepare("deepfashion", root / "download", root / "lists", out, PrepareConfig(workers=1))


@pytest.mark.slow(5)
@some
def test_a_killed_preparation_goes_on_where_it_was(tmp_path: Path, some: int | None) -> None:
    fashion_download(tmp_path / "download")
    fashion_lists(tmp_path / "lists")
    originals = contents(tmp_path / "download")
    whole, out = tmp_path / "whole", tmp_path / "out"
    killed(prepare_all, whole, 0, tmp_path, whole)
    count = killed(prepare_all, out, 0, tmp_path, out)
    for moment in moments(count, some):
        shutil.rmtree(out)
        assert killed(prepare_all, out, moment, tmp_path, out) == 0, f"moment {moment}"
        if "dataset.json" in contents(out):
            assert contents(out).items() >= contents(whole).items(), f"moment {moment}"
        assert killed(prepare_all, out, 0, tmp_path, out), f"moment {moment}"
        assert contents(out) == contents(whole), f"moment {moment}"
    assert contents(tmp_path / "download") == originals


def estimate_all(root: Path, out: Path) -> None:
    """The poses of a few photos, two at a time."""
    network = RTMPose(root / "pose.onnx", root / "people.onnx")
    options = EstimateOptions(batch_size=2, most_missed=1.0)
    estimate_folder(root / "photos", out / "poses.csv", lambda: network, options)


@pytest.mark.slow(8)
@pytest.mark.parametrize("some", [2, pytest.param(ALL, marks=pytest.mark.nightly)])
def test_killed_estimates_go_on_where_they_were(tmp_path: Path, some: int | None) -> None:
    pose_network(tmp_path / "pose.onnx", (64, 48))
    people_network(tmp_path / "people.onnx", (64, 64))
    (tmp_path / "photos").mkdir()
    for i in range(5):
        write_image(tmp_path / "photos" / f"{i}.png", picture((96, 80), [person_in(i % 4, (15, 10 + i, 60, 90))]))
    whole, out = tmp_path / "whole", tmp_path / "out"
    whole.mkdir()
    out.mkdir()
    count = killed(estimate_all, whole, 0, tmp_path, whole)
    assert list(contents(whole)) == ["poses.csv"]
    assert count > 6
    for moment in moments(count, some):
        shutil.rmtree(out)
        out.mkdir()
        assert killed(estimate_all, out, moment, tmp_path, out) == 0, f"moment {moment}"
        if "poses.csv" not in contents(out):
            assert killed(estimate_all, out, 0, tmp_path, out), f"moment {moment}"
        else:
            with pytest.raises(InputError, match="exists already"):  # and what was left is removed
                estimate_all(tmp_path, out)
        assert contents(out) == contents(whole), f"moment {moment}"


def generate_all(checkpoint: Path, data: Path, out: Path) -> None:
    """Generate the test pairs."""
    generate(load_generator(checkpoint), open_pairs(data, "test"), out, batch_size=2)


@pytest.mark.slow(15)
@some
def test_results_of_a_killed_generation_are_never_scored(market: Path, tmp_path: Path, some: int | None) -> None:
    """Nor are those of two generators together."""
    checkpoints = [tmp_path / f"generator-000000{i}.safetensors" for i in (1, 2)]
    for i, checkpoint in enumerate(checkpoints):
        torch.manual_seed(i)
        save_network(
            checkpoint, build_generator(TINY.generator), config=config_to_json(TINY), recipe="small", step=i + 1
        )
    first, second, out = tmp_path / "first", tmp_path / "second", tmp_path / "results"
    killed(generate_all, first, 0, checkpoints[0], market, first)
    count = killed(generate_all, second, 0, checkpoints[1], market, second)
    whole = contents(second)
    scored = {name: score_of(folder) for name, folder in (("first", first), ("second", second))}
    assert scored["first"] != scored["second"]
    for before in (first,) if some else (first, None):
        for moment in moments(count, some):
            shutil.rmtree(out, ignore_errors=True)
            if before is not None:
                shutil.copytree(before, out)
            killed(generate_all, out, moment, checkpoints[1], market, out)
            # What is whole may be scored: the results from before, untouched, or all of the new ones.
            assert score_of(out) in (None, scored["second"], scored["first"] if before else None), f"moment {moment}"
            killed(generate_all, out, 0, checkpoints[1], market, out)
            assert contents(out) == whole, f"moment {moment}"


def augment_all(checkpoint: Path, data: Path, out: Path) -> None:
    """Make two new images of each person."""
    augment(load_generator(checkpoint), data, out, AugmentConfig(poses_per_person=2, retarget=False), batch_size=2)


@pytest.mark.slow(7)
@pytest.mark.parametrize("some", [1, pytest.param(ALL, marks=[pytest.mark.nightly, pytest.mark.timeout(3600)])])
def test_a_killed_augmentation_goes_on_where_it_was(market: Path, tmp_path: Path, some: int | None) -> None:
    checkpoint = tmp_path / "generator-0000001.safetensors"
    save_network(checkpoint, build_generator(TINY.generator), config=config_to_json(TINY), recipe="small", step=1)
    whole, out = tmp_path / "whole", tmp_path / "out"
    killed(augment_all, whole, 0, checkpoint, market, whole)
    count = killed(augment_all, out, 0, checkpoint, market, out)
    assert contents(out) == contents(whole)
    for moment in moments(count, some):
        shutil.rmtree(out)
        assert killed(augment_all, out, moment, checkpoint, market, out) == 0, f"moment {moment}"
        assert "market-annotation-train.csv" not in contents(out) or len(list((out / "train").iterdir())) == 4
        assert killed(augment_all, out, 0, checkpoint, market, out), f"moment {moment}"
        assert contents(out) == contents(whole), f"moment {moment}"
        assert {path.name for path in out.iterdir()} == {path.name for path in whole.iterdir()}, f"moment {moment}"


def score_of(folder: Path) -> float | None:
    """The mean difference of results from their targets; None if they are refused."""
    try:
        return evaluate(folder, metrics="l1").score("l1").value
    except InputError:
        return None


@pytest.mark.slow(20)
def test_sigterm_to_all_processes_saves_and_stops(market: Path, tmp_path: Path) -> None:
    """As a service manager and SLURM stop a job: the processes that read images get the signal, too."""
    run = tmp_path / "run"
    words = (
        f"train mannequin-tiny --data {market} --out {run} --data.workers 2 --generator.channels 1 "
        "--generator.blocks 1 --logging.loggers --logging.log-every 1 --optimization.batch-size 2"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "reposer", *words.split()],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    give_up = time.monotonic() + 120
    while not (run / "metrics.jsonl").exists() and process.poll() is None and time.monotonic() < give_up:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGTERM)
    _, error = process.communicate(timeout=60)
    assert "Traceback" not in error
    assert "--resume continues" in error, error
    assert process.returncode == 130, error
    assert list((run / "checkpoints").glob("state-*.pt"))
