"""Frames of the body parts: maps and warped pictures follow the joints, and missing joints harm nothing."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from reposer.poses import HeatmapConfig, heatmap_peaks, part_frames, part_maps, pose_maps, warp_parts
from reposer.poses.frames import PARTS, RADII

SIZE = (96, 64)
VISIBLE = torch.ones(1, 18, dtype=torch.bool)
STANDING = torch.tensor(
    [
        [32, 14], [32, 22],
        [24, 23], [20, 34], [19, 44],
        [40, 23], [44, 34], [46, 44],
        [27, 46], [26, 62], [26, 78],
        [37, 46], [38, 62], [39, 78],
        [30, 12], [34, 12], [28, 13], [36, 13],
    ],
    dtype=torch.float32,
)[None]  # fmt: skip


def coordinates() -> Tensor:
    """An image (1, 3, H, W) whose values are its pixels' x, y and 1: bilinear sampling is exact."""
    height, width = SIZE
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack((x, y, torch.ones(SIZE)))[None].float()


def warped(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """The image of coordinates, warped (K, 3, H, W), and the parts' maps (K, H, W)."""
    here, there = part_frames(source, VISIBLE), part_frames(target, VISIBLE)
    return warp_parts(coordinates(), here, there)[0][0], part_maps(there, SIZE)[0]


@pytest.mark.parametrize("kind", ["gaussian", "pixel"])
def test_joints_are_the_peaks_of_heatmaps(kind: str) -> None:
    visible = VISIBLE.clone()
    visible[0, [0, 7]] = False
    maps = pose_maps(STANDING, visible, SIZE, HeatmapConfig(kind=kind))  # type: ignore[arg-type]
    joints, found = heatmap_peaks(maps)
    assert torch.equal(found, visible)
    assert torch.equal(joints[found], STANDING[visible])


@given(x=st.floats(1.5, 61.5), y=st.floats(1.5, 93.5), sigma=st.floats(3, 10))
def test_peaks_between_pixels(x: float, y: float, sigma: float) -> None:
    joints = torch.tensor([[[x, y]]])
    maps = pose_maps(joints, torch.ones(1, 1, dtype=torch.bool), SIZE, HeatmapConfig(sigma=sigma))
    torch.testing.assert_close(heatmap_peaks(maps)[0], joints, atol=1e-3, rtol=0)


@settings(max_examples=30, deadline=None)
@given(
    angle=st.floats(-0.4, 0.4),
    zoom=st.floats(0.8, 1.25),
    shift=st.tuples(st.floats(-4, 4), st.floats(-4, 4)),
    turned=st.booleans(),
)
def test_a_moved_person_is_moved_as_a_whole(
    angle: float, zoom: float, shift: tuple[float, float], turned: bool
) -> None:
    """Rotated, scaled, shifted and mirrored joints: every part moves by that very map."""
    cos, sin = zoom * math.cos(angle), zoom * math.sin(angle)
    matrix = torch.tensor([[cos, -sin], [sin, cos]]) @ torch.diag(torch.tensor([-1.0 if turned else 1.0, 1.0]))
    centre = torch.tensor([32.0, 45.0])
    target = (STANDING - centre) @ matrix.T + centre + torch.tensor(shift)
    pictures, maps = warped(STANDING, target)
    pixels = coordinates()[0, :2].flatten(1).T
    came_from = (pixels - centre - torch.tensor(shift)) @ torch.linalg.inv(matrix).T + centre
    inside = ((came_from >= 0) & (came_from <= torch.tensor([SIZE[1] - 1, SIZE[0] - 1]))).all(dim=1)
    for picture in pictures:
        torch.testing.assert_close(picture[:2].flatten(1).T[inside], came_from[inside], atol=2e-2, rtol=0)
    assert (maps.amax(dim=(1, 2)) > 0.9).all()


def test_one_limb_moves_alone() -> None:
    """A right forearm that turns takes its hand along; the other parts stay."""
    target = STANDING.clone()
    target[0, 4] = torch.tensor([10.0, 35.0])
    pictures, _ = warped(STANDING, target)
    names = [part.name for part in PARTS]
    forearm = pictures[names.index("right lower arm")]
    scale_ratio = part_frames(target, VISIBLE).scale / part_frames(STANDING, VISIBLE).scale
    assert abs(scale_ratio - 1) < 0.01
    torch.testing.assert_close(forearm[:2, 35, 10], STANDING[0, 4], atol=1e-3, rtol=0)  # wrist
    torch.testing.assert_close(forearm[:2, 34, 20], STANDING[0, 3], atol=1e-3, rtol=0)  # elbow
    leg = pictures[names.index("left upper leg")]
    torch.testing.assert_close(leg[:2, 54, 38], torch.tensor([38.0, 54.0]), atol=0.05, rtol=0)


def test_a_person_who_turns() -> None:
    """From the front to a profile: what was in the middle goes to the rim, and what was at the rim to the middle."""
    seen = part_frames(STANDING, VISIBLE)
    profile = replace(seen, facing=torch.tensor([0.0, 1.0]).expand(1, 10, 2))  # looks to the right of the picture
    pictures, facing = warp_parts(coordinates(), seen, profile)
    torso = [part.name for part in PARTS].index("torso")
    broad, deep = (float(seen.scale) * radius for radius in RADII[torso])
    for row in (28, 40):
        middle = float(seen.start[0, torso, 0])
        near, far = (round(middle + side * 0.6 * deep) for side in (1, -1))
        for column in (near, far):
            d = (column - middle) / deep
            expected = middle - broad * math.sqrt(1 - d**2)  # the right side of the body, the left of the picture
            assert pictures[0, torso, 0, row, column] == pytest.approx(expected, abs=0.01)
            assert facing[0, torso, row, column] == pytest.approx(d, abs=1e-4)  # the front is to the right


@pytest.mark.parametrize(("nose", "width", "expected"), [(0, 13, (1, 0)), (6, 0, (0, 1)), (-6, 0, (0, -1))])
def test_where_a_person_faces(nose: float, width: float, expected: tuple[float, float]) -> None:
    joints = STANDING.clone()
    joints[0, 0, 0] += nose
    for left, right in ((5, 2), (11, 8)):
        joints[0, (left, right), 0] = torch.tensor([32 + width / 2, 32 - width / 2])
    torch.testing.assert_close(part_frames(joints, VISIBLE).facing[0, 0], torch.tensor(expected).float())
    behind = joints.clone()
    behind[0, :, 0] = 64 - behind[0, :, 0]
    mirrored = part_frames(behind, VISIBLE).facing[0, 0]
    torch.testing.assert_close(mirrored, torch.tensor([-expected[0], -expected[1]]).float())


def test_maps_lie_on_their_parts_alone() -> None:
    _, maps = warped(STANDING, STANDING)
    for part, one in zip(PARTS, maps, strict=True):
        ends = [STANDING[0, list(end)].mean(dim=0) for end in (part.start, part.end)]
        x, y = ((ends[0] + ends[1]) / 2).round().int().tolist()
        assert one[y, x] > 0.8
        assert one[5, 5] < 1e-3


def test_a_limb_that_points_at_the_camera() -> None:
    """Its map is a blot, and what it shows is not torn."""
    target = STANDING.clone()
    target[0, 4] = target[0, 3] + torch.tensor([0.0, 1.0])
    pictures, maps = warped(STANDING, target)
    forearm = [part.name for part in PARTS].index("right lower arm")
    assert maps[forearm][52, 20] < 0.01
    assert maps[forearm][35, 20] > 0.9
    assert (pictures[forearm][:, 36, 20] - pictures[forearm][:, 35, 20]).abs().max() < 5  # of a forearm of 10


def test_missing_joints() -> None:
    visible = VISIBLE.clone()
    visible[0, [0, 14, 15, 16, 17, 3]] = False  # no face, no right elbow
    here, there = part_frames(STANDING * visible[..., None], visible), part_frames(STANDING, VISIBLE)
    for frames in ((here, there), (there, here)):
        assert all(part.isfinite().all() for part in warp_parts(coordinates(), *frames))
    empty = [part.name for part, one in zip(PARTS, part_maps(here, SIZE)[0], strict=True) if one.max() == 0]
    assert empty == ["head", "right upper arm", "right lower arm"]
    one_eye = torch.zeros_like(VISIBLE)
    one_eye[0, [1, 15]] = True
    assert part_frames(STANDING, one_eye).found[0].tolist() == [True] + 9 * [False]
