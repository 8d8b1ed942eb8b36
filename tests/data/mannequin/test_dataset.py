"""Data sets of mannequins on disk: layouts, lists, determinism, safety."""

import errno
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pytest

from reposer import processes
from reposer.checks import InputError, RunError
from reposer.data import MANNEQUINS, DataConfig
from reposer.data.mannequin import PART_NAMES, MannequinConfig, dataset, make_mannequins
from reposer.locks import lock
from reposer.poses import read_annotations, read_pairs

SMALL = {"identities": 5, "images_per_identity": 4, "test_identities": 2, "seed": 7, "workers": 1}


def hashes(folder: Path, *, only: str = "**/*") -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob(only))
        if path.is_file() and path.name != "dataset.json"
    }


@pytest.fixture(scope="module")
def market(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("mannequins") / "market"
    make_mannequins(out, MannequinConfig(**SMALL))
    return out


def test_market_layout(market):
    for split, count in (("train", 12), ("test", 8)):
        images = sorted(path.name for path in (market / split).iterdir())
        assert len(images) == count
        assert all(re.fullmatch(r"\d{4}_c[1-6]s1_\d{6}_\d\d\.jpg", name) for name in images)
        poses = read_annotations(market / f"market-annotation-{split}.csv")
        assert sorted(poses) == images
        masks = sorted(path.name for path in (market / "part-masks" / split).iterdir())
        assert masks == [name.replace(".jpg", ".png") for name in images]
        image = cv2.imread(str(market / split / images[0]))
        mask = cv2.imread(str(market / "part-masks" / split / masks[0]), cv2.IMREAD_UNCHANGED)
        assert image.shape == (128, 64, 3)
        assert mask.shape == (128, 64)
        assert mask.dtype == np.uint8
        assert 1 < len(np.unique(mask)) <= len(PART_NAMES)
        for pose in poses.values():
            joints = pose.joints[pose.visible]
            assert (joints >= 0).all()
            assert (joints[:, 0] < 64).all()
            assert (joints[:, 1] < 128).all()


def test_pairs(market):
    people = {}
    for split in ("train", "test"):
        poses = read_annotations(market / f"market-annotation-{split}.csv")
        pairs = read_pairs(market / f"market-pairs-{split}.csv")
        usable = [name for name, pose in poses.items() if pose.visible[[2, 5, 8, 11]].all()]
        expected = {(a, b) for a in usable for b in usable if a != b and a[:4] == b[:4]}
        assert set(pairs) == expected
        assert len(pairs) == len(expected)
        people[split] = {name[:4] for name in poses}
    assert not people["train"] & people["test"]


def test_fewer_test_pairs(tmp_path):
    summary = make_mannequins(tmp_path / "out", MannequinConfig(**SMALL, test_pairs=5))
    assert summary.test_pairs == len(read_pairs(tmp_path / "out" / "market-pairs-test.csv")) == 5


def test_bit_identical_on_any_number_of_workers(tmp_path):
    config = {**SMALL, "images_per_identity": 32}
    for workers in (1, 2):
        make_mannequins(tmp_path / str(workers), MannequinConfig(**{**config, "workers": workers}))
    assert hashes(tmp_path / "1") == hashes(tmp_path / "2")


def test_images_do_not_depend_on_how_many_are_made(market, tmp_path):
    make_mannequins(tmp_path / "more", MannequinConfig(**{**SMALL, "identities": 6, "images_per_identity": 5}))
    few, many = hashes(market, only="*/*.jpg"), hashes(tmp_path / "more", only="*/*.jpg")
    assert few.items() <= many.items()


def test_seed_changes_everything(market, tmp_path):
    make_mannequins(tmp_path / "other", MannequinConfig(**{**SMALL, "seed": 8}))
    assert not set(hashes(market, only="*/*.jpg").values()) & set(hashes(tmp_path / "other", only="*/*.jpg").values())


def test_deepfashion_layout(tmp_path):
    out = tmp_path / "fashion"
    make_mannequins(out, MannequinConfig(**SMALL, layout="deepfashion", part_masks=False))
    pattern = r"fashion(WOMEN|MEN)[A-Z][A-Za-z_]+id\d{8}01_\d+(front|side|back)\.jpg"
    for split in ("train", "test"):
        images = sorted(path.name for path in (out / split).iterdir())
        assert all(re.fullmatch(pattern, name) for name in images)
        assert sorted((out / f"{split}.lst").read_text().split()) == images
        poses = read_annotations(out / f"fasion-resize-annotation-{split}.csv")
        assert sorted(poses) == images
        pairs = read_pairs(out / f"fasion-resize-pairs-{split}.csv")
        assert pairs
        assert all(a.rsplit("_", 1)[0] == b.rsplit("_", 1)[0] and a != b for a, b in pairs)
        assert cv2.imread(str(out / split / images[0])).shape == (256, 176, 3)
    assert not (out / "part-masks").exists()


def test_dropping_occluded_joints_only_removes(market, tmp_path):
    make_mannequins(tmp_path / "drop", MannequinConfig(**SMALL, occluded_joints="drop"))
    reported = read_annotations(market / "market-annotation-train.csv")
    dropped = read_annotations(tmp_path / "drop" / "market-annotation-train.csv")
    assert all((dropped[name].visible <= pose.visible).all() for name, pose in reported.items())
    assert sum(int(pose.visible.sum()) for pose in dropped.values()) < sum(
        int(pose.visible.sum()) for pose in reported.values()
    )


def test_facts_and_progress(tmp_path):
    calls = []
    summary = make_mannequins(
        tmp_path / "out", MannequinConfig(**SMALL), lambda done, total: calls.append((done, total))
    )
    assert calls == [(4 * k, 20) for k in range(1, 6)]
    facts = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert DataConfig().of_folder(tmp_path / "out") == DataConfig(**MANNEQUINS)
    assert (facts["name"], facts["license"]) == ("Reposer mannequins", "apache-2.0")
    assert facts["part_names"] == list(PART_NAMES)
    assert facts["config"]["seed"] == 7
    assert facts["counts"]["train_images"] == summary.train_images == 12
    assert "3 + 2 people" in str(summary)


def test_a_full_folder_is_refused_and_an_empty_one_used(tmp_path):
    (tmp_path / "out").mkdir()
    make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    before = hashes(tmp_path / "out")
    with pytest.raises(ValueError, match="empty folder"):
        make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    assert hashes(tmp_path / "out") == before


def test_nothing_is_left_after_ctrl_c(tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_mannequins(tmp_path / "out", MannequinConfig(**SMALL), stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"identities": 1}, "identities must be at least 2, got 1"),
        ({"identities": 10_000}, "identities must be at most 9999 for layout 'market', got 10000"),
        ({"images_per_identity": 1}, "images_per_identity must be at least 2, got 1"),
        ({"images_per_identity": 10**400}, "images_per_identity must be at most 9,999"),
        ({"identities": 2.5}, "identities: expected a whole number, got 2.5"),
        ({"test_identities": 200}, "test_identities must be from 1 to identities - 1 = 199, got 200"),
        ({"test_identities": 0}, "test_identities must be from 1"),
        ({"test_pairs": 0}, "test_pairs must be at least 1"),
        ({"workers": -1}, "workers must be at least 0"),
        ({"seed": -1}, "seed must be at least 0"),
        ({"layout": "coco"}, "unknown layout 'coco' (known: market, deepfashion)"),
        ({"clothing": "none"}, "unknown clothing 'none' (known: easy, full)"),
        ({"occluded_joints": "guess"}, "unknown occluded_joints 'guess' (known: report, drop)"),
    ],
)
def test_config_errors(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        MannequinConfig(**changes)


def test_an_eighth_is_for_testing():
    assert {split: len(people) for split, people in MannequinConfig().people.items()} == {"train": 175, "test": 25}
    assert len(MannequinConfig(identities=3).people["test"]) == 1


def test_threads_of_opencv_are_given_back(tmp_path):
    before = cv2.getNumThreads()
    make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    assert cv2.getNumThreads() == before


def test_what_a_killed_process_left_is_cleared(tmp_path):
    left = tmp_path / ".out.part"
    (left / "part-masks" / "train").mkdir(parents=True)
    (left / "train").mkdir()
    (left / "train" / "0099_c1s1_000001_01.jpg").write_bytes(b"half a pictu")
    (left / "market-pairs-train.csv").write_text("from,to\n")
    (left / ".lock").write_text("")
    make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dataset.json",
        *(f"market-{what}-{split}.csv" for what in ("annotation", "pairs") for split in ("test", "train")),
        *("part-masks", "test", "train"),
    ]
    assert len(list((tmp_path / "out" / "train").iterdir())) == 12


def test_files_of_others_are_not_cleared(tmp_path):
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=r"\.out\.part: expected what a killed .* left, found 'thesis\.tex'"):
        make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    assert (tmp_path / ".out.part" / "thesis.tex").read_text() == "mine"
    (tmp_path / "home" / "train").mkdir(parents=True)
    (tmp_path / ".linked.part").symlink_to(tmp_path / "home")
    with pytest.raises(InputError, match=r"\.linked\.part: .* this is a link"):
        make_mannequins(tmp_path / "linked", MannequinConfig(**SMALL))
    assert (tmp_path / "home" / "train").exists()


def test_two_at_once_in_one_folder_are_refused(tmp_path):
    with (
        lock(tmp_path / ".out.part", "reposer mannequin"),
        pytest.raises(InputError, match=r"in use by reposer mannequin"),
    ):
        make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    assert list(tmp_path.iterdir()) == []


def _end(*_args, **_options):
    os._exit(1)


def test_a_worker_that_dies_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(dataset, "make_mannequin", _end)
    monkeypatch.setattr(processes, "ProcessPoolExecutor", partial(ProcessPoolExecutor, mp_context=get_context("fork")))
    with pytest.raises(RunError, match=r"^a process that draws people died, .*; use fewer --workers$"):
        make_mannequins(tmp_path / "out", MannequinConfig(**{**SMALL, "images_per_identity": 32, "workers": 2}))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_names_the_file(tmp_path, monkeypatch):
    def full(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*\.jpg'"):
        make_mannequins(tmp_path / "out", MannequinConfig(**SMALL))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at /proc")
def test_killed_it_leaves_no_process_and_can_start_again(tmp_path):
    command = [sys.executable, "-m", "reposer", "mannequin", str(tmp_path / "out"), "--seed", "7"]
    parent = subprocess.Popen([*command, "--identities", "2000", "--workers", "2"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob(".out.part/*/*.jpg"))) < 8 and time.monotonic() < deadline:
        time.sleep(0.05)
    workers = [int(word) for word in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()]
    assert len(workers) == 2
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]
    assert [path.name for path in tmp_path.iterdir()] == [".out.part"]
    subprocess.run([*command, "--identities", "3", "--images-per-identity", "4"], check=True, capture_output=True)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_current_folder_and_a_link_to_an_empty_one(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    make_mannequins(Path(), MannequinConfig(**SMALL))
    assert (tmp_path / "here" / "dataset.json").exists()
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    make_mannequins(tmp_path / "link", MannequinConfig(**SMALL))
    assert (tmp_path / "empty" / "dataset.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "here", "link"]
