"""Exact masks from the part labels of rendered people."""

import pytest
import torch

from reposer.correspondence import PART_NAMES
from reposer.poses import LABELLED_PARTS, OPENPOSE_18, labelled_masks


def test_the_parts_are_those_of_the_skeleton_and_what_is_worn_and_carried() -> None:
    skeleton = {part.name for part in OPENPOSE_18.parts}
    assert set(LABELLED_PARTS) == skeleton | {"skirt", "accessory"}


def test_each_label_is_in_the_mask_of_its_part_alone() -> None:
    labels = torch.arange(len(PART_NAMES), dtype=torch.uint8).reshape(1, 3, 6)
    masks = labelled_masks(labels)
    assert masks.shape == (1, 12, 3, 6)
    assert masks.dtype == torch.float32
    assert masks.sum(dim=1).equal((labels > 0).float())
    found = {
        name: LABELLED_PARTS[masks[0, :, value // 6, value % 6].argmax()]
        for value, name in enumerate(PART_NAMES)
        if value
    }
    assert found["hair"] == found["head"] == "head"
    assert found["left hand"] == found["left lower arm"] == "left lower arm"
    assert found["right foot"] == found["right lower leg"] == "right lower leg"
    ends = [name for name in found if name.split()[-1] in ("hair", "hand", "foot")]
    assert len(ends) == 5
    assert all(name == part for name, part in found.items() if name not in ends)


def test_bad_labels_are_named() -> None:
    with pytest.raises(TypeError, match=r"labels must be whole numbers, got torch.float32"):
        labelled_masks(torch.zeros(1, 4, 4))
    with pytest.raises(ValueError, match=r"labels must have shape \(B, H, W\), got \(4, 4\)"):
        labelled_masks(torch.zeros(4, 4, dtype=torch.uint8))
