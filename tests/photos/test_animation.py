"""Animations: the right number of pictures of the right person in the right poses, from a photo to a file."""

from __future__ import annotations

from dataclasses import replace
from math import radians
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.photos.test_video import decoded

from reposer import cli, load_generator
from reposer.checks import InputError
from reposer.data.mannequin import make_mannequin, photograph
from reposer.data.mannequin.figure import sample_stance
from reposer.data.mannequin.scene import View
from reposer.generator import Generator
from reposer.images import write_image
from reposer.photos.animation import Animation, AnimationOptions, Motion, animate, wanted_motion
from reposer.photos.subject import Subject, frame_subject
from reposer.poses import Pose, named_motion, named_pose, write_annotations
from reposer.poses.keypoints import KeypointOptions

FRAMES = KeypointOptions(nobody="keep", stack="frames")
SIZE = (128, 64)
FRONT = View(yaw=radians(20), elevation=0, zoom=1, shift=(0, 0), pan=(0, 0), gain=(1, 1, 1), camera=1)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return load_generator("mannequin")


@pytest.fixture(scope="module")
def photo() -> tuple[torch.Tensor, Pose]:
    """A photo of 200x160 pixels, with the pose of the person in it."""
    taken = photograph(make_mannequin(0, 3, (200, 160)), sample_stance(np.random.default_rng(0)), FRONT)
    pose = Pose(torch.from_numpy(taken.joints), torch.from_numpy(taken.visible))
    return torch.from_numpy(taken.image).permute(2, 0, 1).contiguous(), pose


@pytest.fixture(scope="module")
def subject(photo: tuple[torch.Tensor, Pose], generator: Generator) -> Subject:
    return frame_subject(*photo, generator)


def walking(folder: Path, count: int = 12, *, missing: tuple[int, ...] = ()) -> Path:
    """A file of the poses of a walk, some of them without anybody."""
    joints, visible = named_motion("walk", count, (256, 176))
    visible[list(missing)] = False
    poses = {f"f{k}.jpg": Pose(*pose) for k, pose in enumerate(zip(joints, visible, strict=True))}
    write_annotations(folder / "walk.csv", poses)
    return folder / "walk.csv"


@pytest.mark.parametrize(
    ("name", "given", "poses", "rounds"),
    [
        ("walk", {}, 28, 4),
        ("walk", {"fps": 10.0, "seconds": 2.3}, 12, 2),
        ("walk", {"fps": 5.0, "seconds": 0.1}, 2, 1),
        ("turn", {}, 100, 1),
        ("turn", {"seconds": 7.9, "fps": 12.0}, 47, 2),
    ],
)
def test_a_named_motion_comes_in_whole_rounds(name: str, given: dict[str, float], poses: int, rounds: int) -> None:
    motion = wanted_motion(name, SIZE, AnimationOptions(**given), FRAMES)  # type: ignore[arg-type]
    assert (len(motion.joints), motion.rounds, motion.named) == (poses, rounds, True)


def test_a_pose_is_a_picture_unless_the_time_is_given(tmp_path: Path) -> None:
    path = walking(tmp_path, missing=(4, 5))
    plain = wanted_motion(path, SIZE, AnimationOptions(), FRAMES)
    assert plain.visible.shape == (12, 18)
    assert plain.visible[:, 1:14].all(), "gaps are filled"
    raw = wanted_motion(path, SIZE, AnimationOptions(smooth=False), FRAMES)
    assert not raw.visible[4:6].any()
    timed = wanted_motion(path, SIZE, AnimationOptions(seconds=2.0, fps=15), FRAMES)
    assert len(timed.joints) == 30
    torch.testing.assert_close(timed.joints[[0, -1], 1:14], raw.joints[[0, -1], 1:14])


def test_what_is_no_motion_is_refused(tmp_path: Path) -> None:
    def refused(poses: str | Path, match: str) -> None:
        with pytest.raises(InputError, match=match):
            wanted_motion(poses, SIZE, AnimationOptions(), FRAMES)

    refused("wakl", r"no motion with a name \(walk, turn\); did you mean 'walk'")
    refused("standing", "no motion with a name .*; reposer transfer shows single poses")
    refused("x\0y", "no such file")
    refused(walking(tmp_path, 1), "one pose, expected at least two")
    refused(walking(tmp_path, 3, missing=(0, 1, 2)), "nobody with a joint")


def test_pictures_are_those_of_the_generator_whatever_the_batches(subject: Subject, generator: Generator) -> None:
    joints, visible = named_motion("walk", 5, SIZE)
    motion = Motion(joints, visible, rounds=2, named=True)
    done: list[tuple[int, int]] = []
    made, other = (
        animate(subject, motion, generator, AnimationOptions(batch_size=batch), progress=lambda *at: done.append(at))
        for batch in (2, 5)
    )
    assert done == [(2, 5), (4, 5), (5, 5), (5, 5)]
    assert made.generated.shape == (5, 3, *SIZE)
    assert (made.generated.int() - other.generated.int()).abs().max() <= 1
    pose = [part[3:4] for part in (made.motion.joints, made.motion.visible)]
    seen = [part[None] for part in (subject.seen.joints, subject.seen.visible)]
    alone = generator.repose(subject.framed[None] / 127.5 - 1, *seen, *pose)
    assert ((alone[0] + 1) * 127.5 - made.generated[3]).abs().max() < 1.1
    pictures = list(made.pictures())
    assert len(pictures) == len(made) == 10
    assert all(torch.equal(pictures[k], pictures[k + 5]) for k in range(5))
    assert 0 < made.flicker.person < 50
    pasted = next(made.pictures(paste=True))
    assert pasted.shape == subject.photo.shape
    assert torch.equal(pasted[:, :, 0], subject.photo[:, :, 0])
    assert not torch.equal(pasted, subject.photo)


def test_the_person_stands_where_they_stood(subject: Subject, generator: Generator) -> None:
    joints, visible = named_motion("turn", 8, (300, 200))
    fitted = animate(subject, Motion(joints, visible), generator).motion
    ground = subject.pose.joints[[10, 13], 1].max()
    assert abs(float(fitted.joints[:, [10, 13], 1].amax(1).median() - ground)) < 1


def test_without_fitting_poses_are_those_of_the_photo(subject: Subject, generator: Generator) -> None:
    photo = subject.frame.pose_in_photo(subject.pose)
    far = photo.joints + torch.tensor([1000.0, 0.0])
    motion = Motion(torch.stack([photo.joints, far]), photo.visible[None].repeat(2, 1))
    found = animate(subject, motion, generator, AnimationOptions(retarget=False)).motion
    torch.testing.assert_close(found.joints[0], subject.seen.joints, atol=1e-3, rtol=0)
    assert not found.visible[1].any()
    with pytest.raises(InputError, match="no pose has a joint in the frame"):
        animate(subject, replace(motion, joints=far.expand(2, -1, -1)), generator, AnimationOptions(retarget=False))


def test_a_motion_that_tells_no_size_is_not_fitted(subject: Subject, generator: Generator) -> None:
    joints, visible = named_motion("walk", 3, SIZE)
    nose = visible & (torch.arange(18) == 2)
    with pytest.raises(InputError, match="no pose of the motion has a limb with both ends"):
        animate(subject, Motion(joints, nose, named=True), generator)


def test_more_than_memory_holds_is_refused(subject: Subject, generator: Generator) -> None:
    joints, visible = (part.expand(40_000, *part.shape[1:]) for part in named_motion("walk", 1, SIZE))
    with pytest.raises(InputError, match="40,000 pictures of 128x64 pixels, expected at most 32,768"):
        animate(subject, Motion(joints, visible), generator)


def files(folder: Path, photo: tuple[torch.Tensor, Pose]) -> list[str]:
    """Photo and pose as files: what stands before the options of every command below."""
    write_image(folder / "photo.png", photo[0])
    write_annotations(folder / "photo.csv", {"photo.png": photo[1]})
    return ["animate", str(folder / "photo.png"), "--source-pose", str(folder / "photo.csv")]


def test_from_a_photo_to_an_mp4(
    tmp_path: Path, photo: tuple[torch.Tensor, Pose], capsys: pytest.CaptureFixture[str]
) -> None:
    command = files(tmp_path, photo)
    cli.main(
        [
            *command,
            "--poses",
            "walk",
            "--fps",
            "5",
            "--seconds",
            "2.2",
            "--batch-size",
            "2",
            "-o",
            str(tmp_path / "x.mp4"),
        ]
    )
    found, rate, _ = decoded(tmp_path / "x.mp4")
    assert (len(found), found[0].shape, rate) == (12, (256, 128, 3), 5)
    told = capsys.readouterr()
    assert "12 pictures of 256x128 pixels (height x width), 5 a second, in" in told.out
    assert "6 were generated" in told.out
    assert "flicker, estimated by the poses: " in told.out
    assert "6/6" in told.err


def test_from_a_photo_and_poses_to_a_gif_of_the_whole_photo(tmp_path: Path, photo: tuple[torch.Tensor, Pose]) -> None:
    command = [*files(tmp_path, photo), "--poses", str(walking(tmp_path, 4)), "--paste", "--scale", "1"]
    cli.main([*command, "--fps", "10", "-o", str(tmp_path / "x.gif")])
    with Image.open(tmp_path / "x.gif") as image:
        assert (image.n_frames, image.size) == (4, (160, 200))  # type: ignore[attr-defined]


def test_too_large_a_picture_is_refused_before_the_work(
    tmp_path: Path,
    photo: tuple[torch.Tensor, Pose],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [*files(tmp_path, photo), "--poses", "walk", "--out", str(tmp_path / "x.gif")]
    monkeypatch.setattr("reposer.photos.video.MOST_SIDE", 511)
    monkeypatch.setattr("reposer.commands.animate.animate", None)
    with pytest.raises(SystemExit):
        cli.main([*command, "--scale", "4"])
    assert "pictures of 512x256 pixels (height x width) are too large for a video" in capsys.readouterr().err
    monkeypatch.setattr("reposer.commands.animate.MOST_SIDE", 127)
    monkeypatch.setattr("reposer.photos.video.MOST_SIDE", 127)
    with pytest.raises(SystemExit):
        cli.main(command)
    assert "pictures of 128x64 pixels" in capsys.readouterr().err, "not enlarged where that makes it too large"


def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path,
    photo: tuple[torch.Tensor, Pose],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = files(tmp_path, photo)
    monkeypatch.setattr("reposer.commands.animate.load_generator", None)
    for out, told in (("x.avi", ".mp4 or .gif"), ("photo.png", ".mp4 or .gif"), ("no/x.gif", "a folder that exists")):
        with pytest.raises(SystemExit) as stopped:
            cli.main([*command, "--poses", "walk", "--out", str(tmp_path / out)])
        assert stopped.value.code == 2
        assert told in capsys.readouterr().err


def test_stopped_it_leaves_nothing(
    tmp_path: Path, photo: tuple[torch.Tensor, Pose], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = files(tmp_path, photo)
    before = sorted(tmp_path.iterdir())

    def stop(self: Animation, *, paste: bool) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Animation, "pictures", stop)
    with pytest.raises(SystemExit) as stopped:
        cli.main([*command, "--poses", "walk", "--fps", "2", "--seconds", "1", "-o", str(tmp_path / "x.mp4")])
    assert stopped.value.code == 130
    assert sorted(tmp_path.iterdir()) == before


def test_named_poses_and_motions_share_no_name() -> None:
    with pytest.raises(InputError):
        named_pose("walk", SIZE)
