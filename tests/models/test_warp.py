"""The warping generator: before it has learned anything it moves the person; it copes with empty pictures."""

import pytest
import torch
from tests.poses.test_frames import STANDING, VISIBLE

from reposer.models import WarpGenerator
from reposer.poses import HeatmapConfig, pose_maps


@torch.no_grad()
def test_untrained_it_moves_the_person() -> None:
    """A picture that is the same wherever one looks up and down, of somebody who moved 6 pixels to the right."""
    size, step = (96, 64), 6
    torch.manual_seed(0)
    columns = torch.rand(1, 3, 1, size[1] + step) * 2 - 1
    columns = torch.nn.functional.avg_pool1d(columns[0], 5, 1, 2)[None].expand(1, 3, size[0], -1)
    source, moved = columns[..., step:], columns[..., :-step]
    shift = torch.tensor([float(step), 0.0])
    before, after = (pose_maps(joints, VISIBLE, size, HeatmapConfig()) for joints in (STANDING, STANDING + shift))
    generated = WarpGenerator(channels=4, blocks=1).eval()(source, before, after)
    body = slice(26, 44), slice(34, 42)  # rows and columns of the moved torso
    stays, moves = ((generated - image)[0, :, *body].abs().mean() for image in (source, moved))
    assert moves < 0.5 * stays


@torch.no_grad()
def test_nobody_in_the_picture() -> None:
    empty = torch.zeros(1, 18, 32, 24)
    generator = WarpGenerator(channels=4, blocks=1).eval()
    assert generator(torch.rand(1, 3, 32, 24) * 2 - 1, empty, empty).isfinite().all()


def test_it_knows_one_skeleton() -> None:
    with pytest.raises(ValueError, match="WarpGenerator needs the 18 joints of openpose-18, got 17"):
        WarpGenerator(joints=17)
