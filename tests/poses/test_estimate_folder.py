"""``reposer poses estimate``: a folder of images becomes a CSV, at one go or in several, and loudly where it cannot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tests.poses.onnx_models import people_network, person_in, picture, pose_network
from torch import Tensor

from reposer.checks import InputError, RunError
from reposer.cli import main
from reposer.data import open_pairs
from reposer.images import read_image, to_pil, write_image
from reposer.poses import OPENPOSE_18, read_annotations
from reposer.poses.estimators import (
    ESTIMATORS,
    EstimateOptions,
    Person,
    RTMPose,
    estimate_folder,
    estimate_poses,
)
from reposer.poses.keypoints import pose_sheet

PLACES = [(30, 20, 110, 190), (10, 10, 120, 150), (40, 60, 130, 195), (5, 5, 135, 190)]
NOSE, NECK = OPENPOSE_18.joints.index("nose"), OPENPOSE_18.joints.index("neck")


class Counting:
    """An estimator that counts the images it is given, and may be stopped before one of its calls."""

    def __init__(self, inner: Any, stop_at: int = 0) -> None:
        self.inner, self.stop_at = inner, stop_at
        self.images = self.calls = 0
        for name in ("identity", "skeleton", "score_threshold", "joint_threshold"):
            setattr(self, name, getattr(inner, name))

    def __call__(self, images: Sequence[Tensor]) -> list[list[Person]]:
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.images += len(images)
        return self.inner(images)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    pose, detector = ESTIMATORS["rtmpose"].files
    pose_network(folder / pose.names[1])
    people_network(folder / detector.names[1])
    return folder


@pytest.fixture(scope="module")
def rtmpose(weights: Path) -> RTMPose:
    pose, detector = ESTIMATORS["rtmpose"].files
    return RTMPose(weights / pose.names[1], weights / detector.names[1])


def photos(folder: Path, count: int = 4) -> Path:
    """Photos of one person each, in sub-folders."""
    for i in range(count):
        (folder / f"p{i % 2}").mkdir(parents=True, exist_ok=True)
        write_image(folder / f"p{i % 2}" / f"{i}.png", picture((200, 140), [person_in(i % 4, PLACES[i % 4])]))
    return folder


def nose(i: int) -> tuple[float, float]:
    return person_in(i % 4, PLACES[i % 4])[2][0]


def test_a_folder_becomes_a_csv(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out, sheet = photos(tmp_path / "photos"), tmp_path / "poses.csv", tmp_path / "sheet.png"
    (folder / "notes.txt").write_text("no image")
    (folder / ".hidden.png").write_bytes(b"none either")
    words = ["--estimator", "rtmpose", "--weights", str(weights), "--batch-size", "3", "--picture", str(sheet)]
    main(["poses", "estimate", str(folder), "--out", str(out), *words])
    poses = read_annotations(out)
    assert list(poses) == ["p0/0.png", "p0/2.png", "p1/1.png", "p1/3.png"]
    for name, pose in poses.items():
        assert pose.visible.all()
        assert pose.joints[NOSE].tolist() == pytest.approx(nose(int(Path(name).stem)), abs=1)
    printed, told = capsys.readouterr()
    assert "4 images: a person in 4, nobody in 0, fewer than 9 of 18 joints in 0, 0 unreadable" in printed
    assert "estimator: rtmpose-" in printed
    assert "estimate: 4/4" in told
    assert read_image(sheet).shape == (3, 256, 4 * 179 + 6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "poses.csv", "sheet.png"]


def test_a_folder_of_photos_becomes_a_data_set(rtmpose: RTMPose, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for split in ("train", "test"):
        for path in photos(folder / split, 8).iterdir():
            path.rename(path.with_name(f"{split}-{path.name}"))  # nobody is in both
    estimate_folder(folder, folder / "keypoints.csv", lambda: rtmpose)
    for split in ("train", "test"):
        pairs = open_pairs(folder, split)
        assert len(pairs.pairs) == 2 * 4 * 3  # of two people with four photos each
        assert all(pose.visible.all() for pose in pairs.poses.values())


def test_photos_as_they_come_are_read_upright(rtmpose: RTMPose, tmp_path: Path) -> None:
    """A camera's rotation, and a palette; grey and transparency lose the colours by which these networks see."""
    folder = tmp_path / "photos"
    folder.mkdir()
    image = to_pil(picture((200, 140), [person_in(0, PLACES[0])]))
    exif = Image.Exif()
    exif[0x0112] = 6  # shown, it is turned to the right
    image.transpose(Image.Transpose.ROTATE_90).save(folder / "turned.png", exif=exif)
    image.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(folder / "palette.png")
    image.convert("RGBA").save(folder / "alpha.png")
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.from_pillow(image).save(folder / "phone.HEIC", quality=95)
    found = estimate_folder(folder, tmp_path / "out.csv", lambda: rtmpose)
    assert [each.image.size for each in found.poses] == [(200, 140)] * 4
    assert pose_sheet(found.poses).shape[0] == 3
    for each in found.poses:
        assert each.pose.joints[NOSE].tolist() == pytest.approx(nose(0), abs=1.5), each.image.name


@pytest.mark.parametrize("torn", [False, True])
def test_stopped_it_goes_on_where_it_was(rtmpose: RTMPose, tmp_path: Path, torn: bool) -> None:
    folder, out = photos(tmp_path / "photos", 7), tmp_path / "poses.csv"
    estimate_folder(folder, tmp_path / "whole.csv", lambda: rtmpose)
    options = EstimateOptions(batch_size=2)
    with pytest.raises(KeyboardInterrupt):
        estimate_folder(folder, out, lambda: Counting(rtmpose, stop_at=3), options)
    state = tmp_path / ".poses.csv.state" / "poses.jsonl"
    assert not out.exists()
    if torn:  # as by a power failure in the middle of a line
        text = state.read_text()
        state.write_text(text[: text.rstrip().rfind("\n") + 50])
    (folder / "p0" / "0.png").touch()  # changed meanwhile: found anew
    told: list[tuple[int, int]] = []
    counting = Counting(rtmpose)
    estimate_folder(folder, out, lambda: counting, options, lambda done, total: told.append((done, total)))
    assert counting.images == (5 if torn else 4)
    assert told[0] == ((2 if torn else 3), 7)
    assert told[-1] == (7, 7)
    assert out.read_text() == (tmp_path / "whole.csv").read_text()
    assert not state.parent.exists()


def test_nobody_in_many_images_is_an_error_and_other_thresholds_need_no_new_estimates(
    rtmpose: RTMPose, tmp_path: Path
) -> None:
    folder, out = photos(tmp_path / "photos", 5), tmp_path / "poses.csv"
    counting = Counting(rtmpose)
    strict = EstimateOptions(score_threshold=0.75)
    message = r"nobody was found in 2 of 5 images, e\.g\. p0/2\.png, p1/3\.png: more than 20%.* --score-threshold or"
    with pytest.raises(RunError, match=message):
        estimate_folder(folder, out, lambda: counting, strict)
    assert counting.images == 5
    assert not out.exists()
    found = estimate_folder(folder, out, lambda: counting, EstimateOptions(score_threshold=0.75, most_missed=0.4))
    assert counting.images == 5
    assert found.lines()[0].startswith("5 images: a person in 3, nobody in 2, fewer than 9 of 18 joints in 0")
    poses = read_annotations(out)
    assert [int(pose.visible.sum()) for pose in poses.values()] == [18, 0, 18, 18, 0]


def test_an_image_that_was_found_and_is_damaged_since_has_no_pose(rtmpose: RTMPose, tmp_path: Path) -> None:
    folder, out = photos(tmp_path / "photos", 3), tmp_path / "poses.csv"
    with pytest.raises(RunError):
        estimate_folder(folder, out, lambda: rtmpose, EstimateOptions(score_threshold=1.0))
    (folder / "p0" / "2.png").write_bytes(b"no image")
    found = estimate_folder(folder, out, lambda: rtmpose)
    assert list(read_annotations(out)) == ["p0/0.png", "p1/1.png"]
    assert len(found.unreadable) == 1


def test_who_is_taken_of_several(rtmpose: RTMPose, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    small, large = person_in(0, (20, 20, 100, 120)), person_in(1, (120, 10, 300, 230))
    write_image(folder / "two.png", picture((240, 320), [small, large]))
    noses = []
    for options in (EstimateOptions(), EstimateOptions(person=1), EstimateOptions(person=2)):
        (found,) = estimate_folder(folder, tmp_path / f"{len(noses)}.csv", lambda: rtmpose, options).poses
        noses.append(found.pose.joints[NOSE].tolist())
    for place, person in zip(noses, (large, small, large), strict=True):
        assert place == pytest.approx(person[2][0], abs=1)


def test_few_joints_are_counted(rtmpose: RTMPose, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    body, box, joints = person_in(0, PLACES[0])
    write_image(folder / "few.png", picture((200, 140), [(body, box, {i: joints[i] for i in range(5)})]))
    found = estimate_folder(folder, tmp_path / "out.csv", lambda: rtmpose)
    assert found.lines() == [
        "1 images: a person in 1, nobody in 0, fewer than 9 of 18 joints in 1, 0 unreadable",
        "few joints: few.png",
    ]


def test_unreadable_images_are_named_and_tried_again(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = photos(tmp_path / "photos", 5), tmp_path / "poses.csv"
    (folder / "p0" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    words = ["poses", "estimate", str(folder), "--estimator", "rtmpose", "--weights", str(weights), "--out"]
    with pytest.raises(SystemExit) as stopped:
        main([*words, str(out)])
    printed, error = capsys.readouterr()
    assert stopped.value.code == 1
    assert "1 unreadable" in printed
    assert f"1 images of {folder} are unreadable and have no pose, e.g. {folder / 'p0' / '2.png'}" in error
    assert len(read_annotations(out)) == 4
    for path in folder.rglob("*.png"):
        path.write_bytes(b"no image")
    with pytest.raises(SystemExit) as stopped:
        main([*words, str(tmp_path / "none.csv")])
    assert stopped.value.code == 2
    assert "none of 5 images can be read" in capsys.readouterr().err


def test_mistakes_are_told_before_the_estimator_is_loaded(rtmpose: RTMPose, tmp_path: Path) -> None:
    def never() -> RTMPose:
        raise AssertionError("loaded")

    folder = photos(tmp_path / "photos", 2)
    (tmp_path / "empty").mkdir()
    (tmp_path / "there.csv").write_text("")
    for given, out, message in (
        (tmp_path / "nowhere", tmp_path / "a.csv", "nowhere: expected a folder of images"),
        (tmp_path / "empty", tmp_path / "a.csv", r"empty: no image in it \(\.jpg"),
        (folder, tmp_path / "there.csv", "there.csv: exists already"),
        (folder, tmp_path / "nowhere" / "a.csv", "--out needs the name of a file in a folder that exists"),
    ):
        with pytest.raises(InputError, match=message):
            estimate_folder(given, out, never)
    write_image(folder / "a:b.png", picture((20, 20), []))
    with pytest.raises(InputError, match=r"'a:b\.png' cannot name an image here"):
        estimate_folder(folder, tmp_path / "a.csv", never)
    for wrong in ({"person": 0}, {"person": 11}, {"score_threshold": 1.5}, {"most_missed": -1.0}, {"batch_size": 0}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            EstimateOptions(**wrong)


def test_the_state_of_other_estimates_is_refused(rtmpose: RTMPose, tmp_path: Path) -> None:
    folder, out = photos(tmp_path / "photos", 5), tmp_path / "poses.csv"
    with pytest.raises(RunError):
        estimate_folder(folder, out, lambda: rtmpose, EstimateOptions(score_threshold=1.0))
    other = Counting(rtmpose)
    other.identity = "other"  # type: ignore[attr-defined]
    with pytest.raises(InputError, match=r"the beginning of other estimates .* delete .*\.poses\.csv\.state"):
        estimate_folder(folder, out, lambda: other)
    estimate_folder(folder, out, lambda: rtmpose)


def test_a_whole_folder_gives_what_images_in_memory_give(rtmpose: RTMPose, tmp_path: Path) -> None:
    folder = photos(tmp_path / "photos", 3)
    found = estimate_folder(folder, tmp_path / "out.csv", lambda: rtmpose)
    images = [(each.image.name, read_image(folder / each.image.name)) for each in found.poses]
    for name, pose in estimate_poses(images, estimator=rtmpose).items():
        (same,) = (each.pose for each in found.poses if each.image.name == name)
        assert same.visible.equal(pose.visible)
        assert torch.allclose(same.joints, pose.joints, atol=1e-4)
