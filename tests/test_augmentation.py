"""Augmentation: whose images, in whose poses, under what names; stopped, shared, and refused."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from reposer.augmentation import AugmentConfig, augment
from reposer.augmentation.naming import new_names, stems
from reposer.checks import InputError
from reposer.cli import main
from reposer.config import config_to_json
from reposer.data import DataConfig, has_split, open_pairs
from reposer.data.market1501 import identity_of
from reposer.diagnosis import diagnose_data
from reposer.generation import Shard
from reposer.generator import Generator
from reposer.images import read_image, write_image
from reposer.models import build_generator, save_network
from reposer.poses import (
    NAMED_POSES,
    Pose,
    named_pose,
    read_annotations,
    retarget,
    write_annotations,
)
from reposer.poses.keypoints import write_keypoints
from tests.own_photos import photo_data
from tests.small_run import SMALL

READ_BY_OTHERS = re.compile(r"([-\d]+)_c(\d)")
"""How torchreid, FastReID and others read identity and camera."""
POSES = list(NAMED_POSES)
CROPPED = "0003_c2s1_000000_00.jpg"
"""A picture that shows no hips."""


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    return Generator(build_generator(SMALL.generator), SMALL)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 people before 2 cameras, and a distractor."""
    root = tmp_path_factory.mktemp("people")
    names = [f"000{who}_c{camera}s1_000000_00.jpg" for who in range(5) for camera in (1, 2)]
    (root / "train").mkdir()
    poses = {}
    for i, name in enumerate(names):
        write_image(root / "train" / name, torch.full((3, 128, 64), 20 * i, dtype=torch.uint8))
        poses[name] = named_pose(POSES[i], (110 + i, 64))
    shown = poses[CROPPED].visible.clone()
    shown[[8, 11]] = False
    poses[CROPPED] = Pose(poses[CROPPED].joints, shown)
    write_annotations(root / "market-annotation-train.csv", poses)
    return root


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def manifest(out: Path) -> dict[str, Any]:
    return json.loads((out / "manifest.json").read_text())


def test_the_new_images_are_a_data_set(generator: Generator, people: Path, tmp_path: Path) -> None:
    before = files(people)
    made = augment(generator, people, tmp_path / "new", AugmentConfig(poses_per_person=3))
    assert files(people) == before
    assert (made.people, made.images, made.present, made.missing) == (4, 12, 12, 0)
    index = open_pairs(tmp_path / "new", "train")
    assert len(index.poses) == 12
    assert len(index.pairs) == 4 * 3 * 2
    assert index.poses.keys() == {path.name for path in index.images.iterdir()}
    assert diagnose_data(tmp_path / "new", out=tmp_path / "x.png", workers=1).errors == 0
    told = json.loads((tmp_path / "new" / "dataset.json").read_text())
    assert told["generated"] is True
    assert told["generator"]["recipe"] == "small"
    assert DataConfig().of_folder(tmp_path / "new").name.endswith(", generated in other poses")


def test_names_tell_identity_and_camera_and_are_new(generator: Generator, people: Path, tmp_path: Path) -> None:
    augment(generator, people, tmp_path, AugmentConfig(poses_per_person=5))
    for name, entry in manifest(tmp_path)["images"].items():
        for read in (READ_BY_OTHERS.match, lambda text: re.match(identity_of(text), text)):
            found, of_source = read(name), read(entry["source"])
            assert found is not None
            assert of_source is not None
            assert found.groups() == of_source.groups()
        assert "_gen" in name
        assert not (people / "train" / name).exists()
    per_source = [entry["source"] for entry in manifest(tmp_path)["images"].values()]
    assert {per_source.count(name) for name in per_source if not name.startswith("0003")} == {2, 3}  # in turn


def test_poses_are_those_of_others_fitted_to_the_person(generator: Generator, people: Path, tmp_path: Path) -> None:
    augment(generator, people, tmp_path, AugmentConfig(poses_per_person=4))
    old = read_annotations(people / "market-annotation-train.csv")
    new = read_annotations(tmp_path / "market-annotation-train.csv")
    for name, entry in manifest(tmp_path)["images"].items():
        assert identity_of(entry["pose"]) != identity_of(name)
        assert CROPPED not in (entry["pose"], entry["source"])
        assert new[name].visible[[2, 5, 8, 11]].all()
        fitted = retarget(old[entry["pose"]], old[entry["source"]], size=(128, 64))
        assert torch.equal(new[name].visible, fitted.visible)
        torch.testing.assert_close(new[name].joints, fitted.joints, atol=0.51, rtol=0)  # those at the edge move in
        assert (new[name].joints - fitted.joints).abs().mean() < 0.01


def test_poses_as_they_are(generator: Generator, people: Path, tmp_path: Path) -> None:
    augment(generator, people, tmp_path, AugmentConfig(poses_per_person=4, retarget=False))
    old = read_annotations(people / "market-annotation-train.csv")
    new = read_annotations(tmp_path / "market-annotation-train.csv")
    for name, entry in manifest(tmp_path)["images"].items():
        torch.testing.assert_close(new[name].joints, old[entry["pose"]].joints, atol=0.01, rtol=0)


def test_poses_of_a_file(generator: Generator, people: Path, tmp_path: Path) -> None:
    write_keypoints(tmp_path / "poses", {f"{name}.jpg": named_pose(name, (500, 300)) for name in POSES[10:14]})
    config = AugmentConfig(poses_per_person=4, poses=tmp_path / "poses")
    augment(generator, people, tmp_path / "new", config)
    used = {entry["pose"] for entry in manifest(tmp_path / "new")["images"].values()}
    assert used == {f"{name}.jpg" for name in POSES[10:14]}
    with pytest.raises(InputError, match="poses_per_person is 5, but only 4 images"):
        augment(generator, people, tmp_path / "other", replace(config, poses_per_person=5))


class StopError(Exception):
    """Stands for a kill."""


def stop_at_once(done: int, total: int) -> None:
    raise StopError


def test_a_stopped_one_goes_on_and_repeats_nothing(
    generator: Generator, people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, out = AugmentConfig(poses_per_person=4), tmp_path / "stopped"
    augment(generator, people, tmp_path / "whole", config, batch_size=6)
    with pytest.raises(StopError):
        augment(generator, people, out, config, batch_size=6, progress=stop_at_once)  # type: ignore[arg-type]
    assert not has_split(out, "train")
    first = {path: path.stat().st_mtime_ns for path in (out / "train").iterdir()}
    assert len(first) == 6
    lost = sorted(first)[1]
    lost.unlink()  # as if it had been killed inside the batch
    with pytest.raises(StopError):
        augment(generator, people, out, config, batch_size=6, progress=stop_at_once)  # type: ignore[arg-type]
    first = {path: path.stat().st_mtime_ns for path in (out / "train").iterdir()}
    assert len(first) == 6
    generated: list[int] = []
    repose = generator.repose

    def count(source: torch.Tensor, *poses: torch.Tensor) -> torch.Tensor:
        generated.append(len(source))
        return repose(source, *poses)

    monkeypatch.setattr(generator, "repose", count)
    augment(generator, people, out, config, batch_size=6)
    assert generated == [6, 4]
    assert {path: path.stat().st_mtime_ns for path in first} == first
    assert files(out) == files(tmp_path / "whole")
    generated.clear()
    augment(generator, people, out, config, batch_size=6)
    assert not generated
    assert files(out) == files(tmp_path / "whole")


def test_shards_make_the_same_in_any_order(generator: Generator, people: Path, tmp_path: Path) -> None:
    config, out = AugmentConfig(poses_per_person=4), tmp_path / "shared"
    augment(generator, people, tmp_path / "whole", config, batch_size=2)
    counts = []
    for number in (3, 1, 2):
        assert not has_split(out, "train")
        made = augment(generator, people, out, config, batch_size=2, shard=Shard(number, 3))
        counts.append(made.present)
    assert counts == [4, 10, 16]
    assert files(out) == files(tmp_path / "whole")
    assert {path.name for path in out.iterdir()} == {path.name for path in (tmp_path / "whole").iterdir()}


@pytest.mark.nightly  # tests/test_generation.py tests the same processes
def test_processes_decide_nothing(generator: Generator, people: Path, tmp_path: Path) -> None:
    config = AugmentConfig(poses_per_person=4)
    for name, options in (("whole", {}), ("shared", {"devices": 2})):
        augment(generator, people, tmp_path / name, config, batch_size=4, **options)  # type: ignore[arg-type]
    assert files(tmp_path / "shared") == files(tmp_path / "whole")


def test_images_of_something_else_are_not_mixed(generator: Generator, people: Path, tmp_path: Path) -> None:
    config, given = AugmentConfig(poses_per_person=2), {"checkpoint": {"file": "a", "sha256": "0"}}
    out = tmp_path / "new"
    augment(generator, people, out, config, provenance=given)
    before = files(out)
    moved = shutil.copytree(people, tmp_path / "moved")
    augment(generator, moved, tmp_path / "new", config, provenance={"checkpoint": {"file": "b", "sha256": "0"}})
    assert {name for name, content in files(out).items() if content != before[name]} == {
        "manifest.json",
        "dataset.json",
    }
    before = files(out)
    for other, provenance, what in (
        (replace(config, seed=1), given, "options"),
        (replace(config, poses_per_person=3), given, "options"),
        (config, {"checkpoint": {"sha256": "1"}}, "checkpoint"),
    ):
        with pytest.raises(InputError, match=rf"new: holds .* of other .*{what}.*; choose another folder"):
            augment(generator, people, out, other, provenance=provenance)
    with pytest.raises(InputError, match=r"train: holds images that no manifest.json describes"):
        augment(generator, people, people, config)
    assert files(out) == before


def test_what_cannot_be_is_one_line(generator: Generator, people: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="poses_per_person is 8, but only 7 images of others"):
        augment(generator, people, tmp_path / "new", AugmentConfig(poses_per_person=8))
    other = Generator(generator.network, replace(SMALL, size=(64, 32)))
    with pytest.raises(InputError, match="images are 128x64, the generator was trained for 64x32"):
        augment(other, people, tmp_path / "new")
    for text in ("0/2", "3/2", "1/0", "x", "1", "1/2/3", "-1/2"):
        with pytest.raises(InputError, match="shard must be I/N with I from 1 to N"):
            Shard.parse(text)
    assert not (tmp_path / "new").exists()


def test_other_names_are_numbered() -> None:
    sources = {"anna": ["anna/2.png", "anna/1.png"], "0002": ["0002_c3s1_000001_00.jpg"]}
    assert stems(sources) == {
        "anna/1.png": "0001_c1s1_000001_00_gen",
        "anna/2.png": "0001_c1s1_000002_00_gen",
        "0002_c3s1_000001_00.jpg": "0002_c1s1_000001_00_gen",
    }
    del sources["anna"]
    assert stems(sources) == {"0002_c3s1_000001_00.jpg": "0002_c3s1_000001_00_gen"}


def test_own_photos_become_numbered_pictures_of_the_size_of_the_generator(generator: Generator, tmp_path: Path) -> None:
    made = augment(generator, photo_data(tmp_path / "photos"), tmp_path / "new", AugmentConfig(poses_per_person=2))
    index = open_pairs(tmp_path / "new", "train")
    assert made.present == made.images == len(index.poses) > 0
    for name, entry in manifest(tmp_path / "new")["images"].items():
        assert re.fullmatch(r"\d{4}_c1s1_\d{6}_00_gen\d\d\.jpg", name)
        assert (tmp_path / "photos" / entry["source"].replace("-", "/")).is_file()
        assert entry["source"].partition("-")[0] != entry["pose"].partition("-")[0]
        assert read_image(tmp_path / "new" / "train" / name).shape == (3, 128, 64)
    images = manifest(tmp_path / "new")["images"].items()
    per_person = {(name[:4], entry["source"].partition("-")[0]) for name, entry in images}
    assert len(per_person) == len({number for number, _ in per_person}) == len({who for _, who in per_person})


def test_a_number_that_is_not_the_persons_is_no_identity() -> None:
    sources = {"anna": ["0001_c1.jpg", "0002_c1.jpg"], "ben": ["0001_c2.jpg"]}
    assert list(stems(sources).values()) == [f"000{who}_c1s1_00000{n}_00_gen" for who, n in ((1, 1), (1, 2), (2, 1))]
    assert stems({"anna": ["0001_c1.jpg"], "ben": ["0001_c2.jpg"]})["0001_c2.jpg"].startswith("0002_")


def test_another_data_set_is_not_written_into(generator: Generator, people: Path, tmp_path: Path) -> None:
    data = shutil.copytree(people, tmp_path / "data")
    (data / "train").rename(data / "bounding_box_train")
    photos = photo_data(tmp_path / "photos")
    other = tmp_path / "other"
    other.mkdir()
    write_annotations(other / "market-annotation-test.csv", {"a.jpg": named_pose("standing", (128, 64))})
    before = files(tmp_path)
    for of, out, told in (
        (data, data, "in the data set"),
        (data, data / "new", "in the data set"),
        (photos, photos, "in the data set"),
        (people, other, r"holds another data set \(market-annotation-test.csv\)"),
    ):
        with pytest.raises(InputError, match=told):
            augment(generator, of, out, AugmentConfig(poses_per_person=1))
    assert files(tmp_path) == before


def test_no_name_leads_out_of_the_folder() -> None:
    names = stems({"0002": ["0002_c1s1_000001_00.jpg", "0002_c1/../../x.jpg"]})
    assert list(names.values()) == ["0001_c1s1_000001_00_gen", "0001_c1s1_000002_00_gen"]


def test_a_name_that_is_taken_is_not_given_again() -> None:
    names = new_names("0001_c1_gen", frozenset({"0001_c1_gen01", "0001_c1_gen03"}))
    assert [next(names) for _ in range(3)] == ["0001_c1_gen02.jpg", "0001_c1_gen04.jpg", "0001_c1_gen05.jpg"]


def test_the_command_says_what_there_is(
    generator: Generator, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = tmp_path / "generator.safetensors"
    save_network(checkpoint, generator.network, config=config_to_json(SMALL), recipe="small", step=1)
    words = ["augment", str(people), "--out", str(tmp_path / "new"), "--generator", str(checkpoint)]
    for shard, said in (("1/2", "share 1/2 is done: 8 of 12 images in "), ("2/2", "12 images of 4 people in ")):
        main([*words, "--poses-per-person", "3", "--shard", shard])
        assert capsys.readouterr().out.startswith(said)
    assert read_image(next((tmp_path / "new" / "train").iterdir())).shape == (3, 128, 64)
