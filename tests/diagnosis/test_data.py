"""What is wrong with a data set is said, and what comes next."""

from pathlib import Path

import pytest
import torch
from tests.downloads import MARKET, fashion_download, fashion_lists, market_download, market_lists, picture, write

from reposer.checks import InputError
from reposer.cli import main
from reposer.diagnosis import Diagnosis, diagnose_data
from reposer.images import read_image
from reposer.poses import Pose, read_annotations, write_annotations, write_pairs
from reposer.preparing import PrepareConfig, prepare

TRAIN, TEST = MARKET["train"], MARKET["test"]


@pytest.fixture
def market(tmp_path: Path) -> Path:
    market_lists(tmp_path / "data")
    market_download(tmp_path / "data")
    return tmp_path / "data"


def look(root: Path) -> Diagnosis:
    return diagnose_data(root, workers=1)


def told(root: Path, level: str) -> list[str]:
    return [finding.text for finding in look(root).findings if finding.level == level]


def missing(root: Path, count: int, split: str = "train") -> None:
    """Take joints from every image."""
    path = root / f"market-annotation-{split}.csv"
    poses = read_annotations(path)
    visible = torch.ones(18, dtype=torch.bool)
    visible[[16, 17, 14, 15, 0, 4, 7, 3, 6][:count]] = False
    write_annotations(path, {name: Pose(pose.joints, visible) for name, pose in poses.items()})


def test_a_sound_data_set_gets_its_next_command(market: Path) -> None:
    diagnosis = look(market)
    assert diagnosis.errors == 0
    assert told(market, "warning") == []
    assert diagnosis.next == f"reposer train market-pssim --data {market} --out run"
    notes = "\n".join(told(market, "note"))
    assert "market, train: 4 annotated images, 4 of them there, 128x64; 4 pairs of 2 people" in notes
    assert "can be trained with: market-pssim, market-patn" in notes
    assert "can be scored under: patn-market, gfla-market, reposer-1-market" in notes
    assert "train: 4 pairs; in the papers 263,632" in notes


def test_the_picture_shows_skeletons_on_photos(market: Path, tmp_path: Path) -> None:
    look(market)
    sheet = read_image(tmp_path / "data-doctor.png")
    assert sheet.shape == (3, 2 * 256 + 2, 4 * 128 + 6)
    green = sheet[1, :256, :128]
    assert green[:200, 60].max() > 200  # the joints are on column 30 of 64
    assert green[:, :50].max() < 60  # the photo has no green


@pytest.mark.parametrize(("count", "level"), [(0, None), (1, "warning"), (5, "warning"), (6, "error")])
def test_missing_keypoints(market: Path, count: int, level: str | None) -> None:
    missing(market, count)
    findings = [each for each in look(market).findings if "of the keypoints" in each.text]
    assert [each.level for each in findings] == ([level] if level else [])
    if level == "error":
        assert (
            f"train: {count / 18:.1%} of the keypoints of the 4 images in pairs are missing; the worst: {TRAIN[0]} "
            in (findings[0].text)
        )


def test_images_without_any_keypoint(market: Path) -> None:
    path = market / "market-annotation-train.csv"
    nobody = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))
    names = [f"0009_c1s1_{i:06d}_01.jpg" for i in range(3)]
    write_annotations(path, read_annotations(path) | dict.fromkeys(names, nobody))
    (error,) = told(market, "error")
    assert error.startswith("train: 42.9% of the 7 annotated images have no keypoint at all")


def test_keypoints_outside_the_image(market: Path) -> None:
    path = market / "market-annotation-train.csv"
    poses = read_annotations(path)
    joints = poses[TRAIN[2]].joints.clone()
    joints[4] = torch.tensor([80.0, 20.0])
    write_annotations(path, poses | {TRAIN[2]: Pose(joints, poses[TRAIN[2]].visible)})
    (error,) = told(market, "error")
    assert error == (
        "train: 1 keypoints lie outside the 128x64 images (height x width), in 1 images: 0007_c1s6_028546_01.jpg"
    )


def test_unreadable_and_missing_images_and_other_sizes(market: Path) -> None:
    folder = market / "bounding_box_train"
    write(folder / TRAIN[0], b"no picture")
    write(folder / TRAIN[1], picture((100, 50)))
    (folder / TRAIN[2]).unlink()
    errors = "\n".join(told(market, "error"))
    assert f"train: 1 of 3 images cannot be read: {folder / TRAIN[0]}: not a readable image" in errors
    assert f"train: 1 images are not 128x64 (height x width): {TRAIN[1]} (100x50)" in errors
    assert f"{TRAIN[2]} is not in {folder}; add the image or remove the row" in errors
    assert look(market).next == f"mend the errors, then: reposer doctor {market}"


def test_people_in_both_splits_and_pairs_of_two_people(market: Path) -> None:
    names = [TRAIN[0], TRAIN[1]]
    poses = read_annotations(market / "market-annotation-train.csv")
    for name in names:
        write(market / "bounding_box_test" / name, picture((128, 64)))
    write_annotations(
        market / "market-annotation-test.csv",
        read_annotations(market / "market-annotation-test.csv") | {name: poses[name] for name in names},
    )
    write_pairs(market / "market-pairs-test.csv", [(names[0], names[1]), (TEST[1], names[0])])
    errors = told(market, "error")
    assert f"test: 1 pairs are of two people, such as {TEST[1]} and {names[0]}" in errors
    assert any(error.startswith("1 people are in both splits") and "0002" in error for error in errors)


def test_lists_without_images_are_looked_at_all_the_same(tmp_path: Path) -> None:
    market_lists(tmp_path / "data")
    fashion_lists(tmp_path / "data")
    diagnosis = look(tmp_path / "data")
    assert diagnosis.errors == 4
    text = "\n".join(diagnosis.lines())
    assert "holds lists of market and deepfashion" in text
    assert "no images of the train split of market: looked for a folder train or bounding_box_train" in text
    assert "deepfashion, test: 2 annotated images, 0 of them there, 256x176; 1 pairs of 1 people" in text
    assert not (tmp_path / "data-doctor.png").exists()


def test_large_images_name_their_size_in_the_next_command(tmp_path: Path) -> None:
    fashion_lists(tmp_path / "lists")
    fashion_download(tmp_path / "download", "img_highres", (550, 375))
    config = PrepareConfig(size=(512, 352), workers=1)
    prepare("deepfashion", tmp_path / "download", tmp_path / "lists", tmp_path / "out", config)
    diagnosis = look(tmp_path / "out")
    assert [finding.text for finding in diagnosis.findings if finding.level == "error"] == []
    assert diagnosis.next == f"reposer train fashion-pssim --data {tmp_path}/out --size 512 352 --out run"


def test_a_folder_of_other_things(tmp_path: Path) -> None:
    write(tmp_path / "holiday.jpg", picture((20, 20)))
    with pytest.raises(InputError, match=r"no data set: looked for market-annotation-train\.csv"):
        look(tmp_path)


def test_the_command_fails_if_there_is_an_error(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", str(market), "--workers", "1", "--out", str(market.parent / "sheet.png")])
    assert capsys.readouterr().out.splitlines()[-1].startswith("next: reposer train market-pssim")
    assert (market.parent / "sheet.png").exists()
    missing(market, 6)
    with pytest.raises(SystemExit) as stop:
        main(["doctor", str(market), "--workers", "1"])
    assert stop.value.code == 1
    assert "1 error, see above" in capsys.readouterr().err
