"""Heatmaps and masks equal those of the released reference code."""

from typing import Any

import numpy as np
import pytest
import torch

from reposer.poses import background_mask, body_mask, joint_heatmaps, limb_masks

SIZES = {"market": (128, 64), "fashion": (256, 176)}


def joints_of(keypoints_yx: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    keypoints = torch.from_numpy(keypoints_yx)
    return keypoints.flip(-1).float(), (keypoints >= 0).all(-1)


@pytest.fixture(params=list(SIZES))
def tag(request: pytest.FixtureRequest) -> str:
    return request.param


def test_heatmaps(tag: str, golden_poses: dict[str, Any]) -> None:
    expected = golden_poses[f"{tag}_heatmaps"]
    joints, visible = joints_of(golden_poses[f"{tag}_keypoints_yx"][: len(expected)])
    maps = joint_heatmaps(joints, visible, SIZES[tag])
    np.testing.assert_allclose(maps, expected, atol=1e-5)


def test_pixel_heatmaps(tag: str, golden_poses: dict[str, Any]) -> None:
    expected = golden_poses[f"{tag}_heatmaps_uint8"]
    joints, visible = joints_of(golden_poses[f"{tag}_keypoints_yx"][: len(expected)])
    maps = joint_heatmaps(joints, visible, SIZES[tag], kind="pixel")
    np.testing.assert_array_equal(maps, expected)


def test_limb_masks(tag: str, golden_poses: dict[str, Any]) -> None:
    expected = golden_poses[f"{tag}_limb_masks"]
    joints, visible = joints_of(golden_poses[f"{tag}_keypoints_yx"][: len(expected)])
    masks = limb_masks(joints, visible, SIZES[tag])
    np.testing.assert_allclose(masks, expected[:, 1:], atol=1e-5)
    np.testing.assert_allclose(background_mask(masks)[:, 0], expected[:, 0], atol=1e-5)


def test_body_mask(tag: str, golden_poses: dict[str, Any]) -> None:
    expected = golden_poses[f"{tag}_body_mask"]
    joints, visible = joints_of(golden_poses[f"{tag}_keypoints_yx"])
    np.testing.assert_array_equal(body_mask(joints, visible, SIZES[tag]), expected)
