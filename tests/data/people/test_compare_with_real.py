"""How pictures look together: what the comparison with real ones measures."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tools.compare_with_real import keypoints, look, measure, octaves, summary

from reposer.checks import InputError
from reposer.images import write_image


def test_grey_has_no_chroma_and_blur_takes_the_highest_octave() -> None:
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 255, (64, 48))
    soft = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))) / 4
    sharp, blurred = octaves(noise), octaves(soft)
    assert sharp.max() < 2 * sharp.min(), "noise has the same power everywhere"
    assert blurred[0] < 0.2 * sharp[0]
    assert blurred[3] > 0.7 * sharp[3]
    grey = torch.from_numpy(soft).to(torch.uint8).expand(3, -1, -1)
    assert look(grey)["chroma"] == 0
    red = torch.stack([grey[0], grey[0] // 2, grey[0] // 2])
    assert look(red)["chroma"] > 0.2


def test_spread_of_brightness_is_that_between_pictures() -> None:
    flat = [look(torch.full((3, 16, 8), value, dtype=torch.uint8)) for value in (51, 153)]
    told = summary(flat)
    assert told["spread of brightness"] == pytest.approx(0.2)
    assert told["contrast"] == told["Laplacian rms"] == pytest.approx(0, abs=1e-9)


def test_keypoints_are_shares_of_the_picture() -> None:
    joints, visible = torch.zeros(4, 18, 2), torch.ones(4, 18, dtype=torch.bool)
    joints[:, 1], joints[:, [8, 11]] = torch.tensor([32.0, 20.0]), torch.tensor([32.0, 84.0])
    joints[:, 2, 0], joints[:3, 5, 0] = 20, 40
    visible[:, [10, 13]] = False
    told = keypoints(joints, visible, (128, 64))
    assert told["neck to hips"] == 0.5
    assert (told["ankles shown"], told["hips shown"]) == (0, 1)
    assert told["hips across"] == 0.5
    assert told["facing"] == 0.75


def test_a_folder_of_pictures_needs_no_keypoints(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a data set, or a folder of pictures"):
        measure(tmp_path, 10)
    for i in range(6):
        write_image(tmp_path / f"{i}.png", torch.full((3, 16, 8), 40 * i, dtype=torch.uint8))
    told = measure(tmp_path, 4)
    assert told["pictures"] == 4
    assert "facing" not in told
