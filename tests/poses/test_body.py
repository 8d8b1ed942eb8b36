"""The body mask equals what scikit-image draws, pixel by pixel."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from skimage.draw import disk, polygon

from reposer.poses import body_mask
from reposer.poses.body import BODY_MASK_LIMBS


def drawn(joints: np.ndarray, visible: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """One mask, limb by limb."""
    mask = np.zeros(size, np.uint8)
    for a, b in BODY_MASK_LIMBS:
        along = joints[b] - joints[a]
        if visible[a] and visible[b] and along.any():
            across = 4 * np.array([along[1], -along[0]]) / np.linalg.norm(along)
            corners = np.array([joints[a] + across, joints[a] - across, joints[b] - across, joints[b] + across])
            mask[polygon(corners[:, 1], corners[:, 0], size)] = 1
    for x, y in joints[visible]:
        mask[disk((y, x), 4, shape=size)] = 1
    return cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)).astype(bool)


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.sampled_from([(128, 64), (40, 30), (60, 90)]),
    spread=st.sampled_from([6, 12, 40, 100]),  # near joints make the slanted limbs of whole length, such as (3, 4)
    fraction=st.sampled_from([0.0, 0.0, 0.25, 0.1, 0.01, 1e-4]),
    between=st.sampled_from([0, 0, 1, 2, 20]),
)
def test_equals_scikit_image(seed: int, size: tuple[int, int], spread: int, fraction: float, between: int) -> None:
    rng = np.random.default_rng(seed)
    joints = rng.integers(-3, spread, (2, 18, 2)) + fraction * rng.integers(0, 2, (2, 18, 1))
    if between:  # so many digits after the point, as estimators write them
        joints = np.round(joints + rng.random((2, 18, 2)), between)
    visible = rng.random((2, 18)) < 0.7
    found = body_mask(torch.from_numpy(joints), torch.from_numpy(visible), size).numpy()
    for i in range(2):
        assert np.array_equal(found[i], drawn(joints[i], visible[i], size))


@pytest.mark.parametrize("visible", [True, False])
def test_nobody_and_one_point(visible: bool) -> None:
    mask = body_mask(torch.full((1, 18, 2), 20.0), torch.full((1, 18), visible), (40, 40))
    assert mask.sum() == (45 if visible else 0)
