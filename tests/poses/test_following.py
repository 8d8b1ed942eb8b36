"""The person of a motion: frames in order, and the same person in all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.poses.keypoint_files import SIZE

from reposer.checks import InputError
from reposer.poses import Pose, named_pose
from reposer.poses.keypoints import KeypointOptions, read_image_poses, read_motion, write_keypoints
from reposer.poses.keypoints.following import follow

HERE = np.array([[10.0, 10.0], [20.0, 60.0], [30.0, 110.0]])
RIGHT = np.array([1.0, 0.0])
SEEN = np.ones(3, bool)
OPTIONS = KeypointOptions(nobody="keep", stack="frames")


def test_frames_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    pose = named_pose("standing", (256, 176))
    names = ["f_10.jpg", "f_9.jpg", "f_100.jpg", "f_1.jpg"]
    poses = {name: Pose(pose.joints + int(name[2:-4]) / 10, pose.visible) for name in names}
    write_keypoints(tmp_path / "frames", poses)
    found = read_motion(tmp_path / "frames", OPTIONS)
    assert [each.image.name for each in found] == ["f_1.jpg", "f_9.jpg", "f_10.jpg", "f_100.jpg"]
    shifts = [float(each.pose.joints[1, 0] - pose.joints[1, 0]) for each in found]
    assert shifts == pytest.approx([0.1, 0.9, 1, 10], abs=1e-3)


def test_an_array_is_of_frames_and_nobody_is_kept(tmp_path: Path) -> None:
    joints = np.zeros((4, 18, 3))
    joints[:, :, :2] = named_pose("standing", (256, 176)).joints.numpy() + np.arange(4)[:, None, None]
    joints[..., 2] = 1
    joints[2, :, 2] = 0
    np.save(tmp_path / "x.npy", joints)
    found = read_motion(tmp_path / "x.npy", OPTIONS)
    assert [bool(each.pose.visible.any()) for each in found] == [True, True, False, True]
    joints[..., 2] = 0
    np.save(tmp_path / "x.npy", joints)
    with pytest.raises(InputError, match="nobody with a joint"):
        read_motion(tmp_path / "x.npy", OPTIONS)


def test_the_person_who_was_first_is_followed_past_a_larger_one() -> None:
    large = HERE * 2 + RIGHT * 300
    pictures = [[(HERE + RIGHT * 5 * t, SEEN)] + ([(large, SEEN)] if t else []) for t in range(8)]
    pictures[3].reverse()
    pictures[5] = [(large, SEEN)]
    assert follow([(people, None) for people in pictures]) == [0, 0, 0, 1, 0, None, 0, 0]


def test_who_is_gone_for_long_is_no_longer_waited_for() -> None:
    other = (HERE + RIGHT * 500, SEEN)
    found = follow([([(HERE, SEEN)], SIZE), *[([other], SIZE)] * 14])
    assert found == [0] + [None] * 10 + [0] * 4
    assert follow([([], SIZE), ([(HERE, ~SEEN)], SIZE), ([other], SIZE)]) == [None, None, 0]


def test_a_person_who_is_named_is_taken(tmp_path: Path) -> None:
    write_keypoints(tmp_path / "frames", {f"{k}.jpg": named_pose("standing", (256, 176)) for k in range(3)})
    by_number, followed = (
        read_motion(tmp_path / "frames", KeypointOptions(person=person, nobody="keep")) for person in (1, None)
    )
    plain = read_image_poses(tmp_path / "frames", KeypointOptions())
    for a, b, c in zip(by_number, followed, plain, strict=True):
        assert torch.equal(a.pose.joints, b.pose.joints)
        assert torch.equal(a.pose.joints, c.pose.joints)
