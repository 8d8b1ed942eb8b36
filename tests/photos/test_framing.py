"""People of photos framed for a network, and pictures put back into photos."""

import math

import pytest
import torch
from PIL import Image

from reposer.checks import InputError
from reposer.images import from_pil, to_pil
from reposer.photos import Frame, Framing, frame_person
from reposer.photos.framing import seen_in
from reposer.photos.resampling import resample
from reposer.poses import NAMED_POSES, Pose, named_pose
from reposer.poses.proportions import statures

SIZE = (128, 64)


def noise(*size: int, seed: int = 0) -> torch.Tensor:
    """A photo whose colours change smoothly over some ten pixels."""
    coarse = torch.rand(1, 3, *(side // 10 + 2 for side in size), generator=torch.Generator().manual_seed(seed))
    return (torch.nn.functional.interpolate(coarse, size, mode="bicubic")[0] * 255).round().clamp(0, 255).byte()


def moved(pose: Pose, scale: float, x: float, y: float) -> Pose:
    return Pose(pose.joints * scale + torch.tensor([x, y]), pose.visible)


@pytest.mark.parametrize("name", NAMED_POSES)
def test_size_and_place_of_a_person_in_the_photo_do_not_matter(name: str) -> None:
    pose = named_pose(name, SIZE)
    here, there = frame_person(pose, SIZE), frame_person(moved(pose, 7.3, 411.0, -52.5), SIZE)
    assert there.scale == pytest.approx(here.scale / 7.3, rel=1e-4)
    assert torch.allclose(here.pose(pose).joints, there.pose(moved(pose, 7.3, 411.0, -52.5)).joints, atol=0.01)


@pytest.mark.parametrize("name", NAMED_POSES)
def test_the_person_is_as_large_as_the_people_of_the_data_set_with_hips_where_theirs_are(name: str) -> None:
    pose = named_pose(name, (900, 700))
    placed = frame_person(pose, (256, 176), Framing(stature=0.9, hips=(0.45, 0.55))).pose(pose)
    assert statures(placed.joints[None], placed.visible[None]).item() == pytest.approx(0.9 * 256, rel=0.01)
    hips = placed.joints[[8, 11]][placed.visible[[8, 11]]].mean(dim=0)
    assert hips.tolist() == pytest.approx([0.45 * 176 - 0.5, 0.55 * 256 - 0.5], abs=0.1)


def test_half_a_person_is_framed_as_the_whole_one() -> None:
    pose = named_pose("standing", (400, 300))
    upper = Pose(pose.joints, pose.visible & (torch.arange(18) < 8))
    whole, half = frame_person(pose, SIZE), frame_person(upper, SIZE)
    assert half.scale == pytest.approx(whole.scale, rel=0.06)
    assert half.shift == pytest.approx(whole.shift, abs=5)


def test_a_pose_without_limbs_is_refused() -> None:
    visible = torch.zeros(18, dtype=torch.bool)
    with pytest.raises(InputError, match=r"0 of 18 joints and no limb .*; give another pose"):
        frame_person(Pose(torch.rand(18, 2), visible), SIZE)
    visible[4] = True
    with pytest.raises(InputError, match="1 of 18 joints and no limb"):
        frame_person(Pose(torch.rand(18, 2), visible), SIZE)


def test_poses_come_back_to_the_photo() -> None:
    pose = named_pose("waving", (1000, 800))
    frame = frame_person(pose, SIZE)
    back = frame.pose_in_photo(frame.pose(pose))
    assert torch.allclose(back.joints[pose.visible], pose.joints[pose.visible], atol=1e-2)
    assert back.visible.equal(pose.visible)


def test_joints_outside_of_the_frame_are_missing() -> None:
    pose = Pose(torch.tensor([[0.0, 0.0], [63.4, 127.4], [63.6, 3.0], [-1.0, 3.0]]), torch.ones(4, dtype=torch.bool))
    assert seen_in(pose, SIZE).visible.tolist() == [True, True, False, False]
    assert seen_in(pose, SIZE).joints[2:].eq(0).all()


def test_a_frame_that_is_the_photo_copies_every_pixel() -> None:
    photo = noise(128, 64)
    assert Frame(SIZE).cut(photo).equal(photo)
    assert Frame(SIZE).paste(photo.flip(2), photo).equal(photo.flip(2))


def test_a_whole_shift_copies_pixels_and_goes_on_beyond_the_edge() -> None:
    photo = noise(40, 30)
    cut = Frame((50, 30), 1.0, (4.0, 7.0)).cut(photo)
    assert cut[:, 7:47, 4:].equal(photo[:, :, :26])
    assert cut[:, :7, 4:].equal(photo[:, :1, :26].expand(-1, 7, -1))
    assert cut[:, 7:47, :4].equal(photo[:, :, :1].expand(-1, -1, 4))


@pytest.mark.parametrize(("size", "to"), [((256, 192), (64, 48)), ((60, 44), (150, 110))])
def test_pixels_are_those_of_pillow(size: tuple[int, int], to: tuple[int, int]) -> None:
    photo, scale = noise(*size), to[0] / size[0]
    place = (scale - 1) / 2  # corners on corners
    ours = resample(photo, scale, (place, place), to)
    theirs = from_pil(to_pil(photo).resize(to[::-1], Image.Resampling.BICUBIC))
    off = (ours.int() - theirs.int()).abs()[:, 3:-3, 3:-3]  # Pillow leaves out what lies beyond the edge
    assert off.max() <= 2  # Pillow rounds twice


def test_fine_stripes_become_grey_not_coarse_stripes() -> None:
    stripes = (torch.arange(1000) % 2 * 255).byte().expand(3, 600, -1)
    cut = Frame(SIZE, 0.1, (0.0, 0.0)).cut(stripes)
    assert (cut[:, :50, 3:].int() - 127).abs().max() <= 3


def test_a_point_of_the_photo_is_shown_where_its_joint_is() -> None:
    photo = torch.zeros(3, 300, 400, dtype=torch.uint8)
    photo[:, 146:155, 196:205] = 255
    for scale in (0.3, 1.7):
        frame = Frame((120, 110), scale, (-scale * 200 + 41.3, -scale * 150 + 60.8))
        cut = frame.cut(photo)[0].double()
        y, x = (torch.arange(n, dtype=torch.float64) for n in cut.shape)
        middle = [float((cut.sum(0) * x).sum() / cut.sum()), float((cut.sum(1) * y).sum() / cut.sum())]
        (joint,) = frame.pose(Pose(torch.tensor([[200.0, 150.0]]), torch.ones(1, dtype=torch.bool))).joints.tolist()
        assert middle == pytest.approx(joint, abs=0.05)


@pytest.mark.parametrize("scale", [0.2, 0.9, 2.5])
def test_what_was_cut_comes_back_to_its_place(scale: float) -> None:
    photo = noise(900, 500)
    frame = Frame(SIZE, scale, (-scale * 150, -scale * 120))
    pasted = frame.paste(frame.cut(photo), photo)
    left, top, right, bottom = frame.box((900, 500))
    off = (pasted.int() - photo.int()).abs()
    assert off[:, top:bottom, left:right].float().mean() < (6 if scale < 0.5 else 1)
    outside = torch.ones(900, 500, dtype=torch.bool)
    outside[top:bottom, left:right] = False
    assert outside.any()
    assert off[:, outside].eq(0).all()
    assert (right - left, bottom - top) == pytest.approx((64 / scale, 128 / scale), abs=1)


def test_a_pasted_picture_has_no_seam() -> None:
    photo = torch.full((3, 300, 300), 100, dtype=torch.uint8)
    frame = Frame(SIZE, 0.5, (-40.0, -10.0))
    pasted = frame.paste(torch.full((3, *SIZE), 200, dtype=torch.uint8), photo).int()
    left, top, right, bottom = frame.box((300, 300))
    assert pasted[:, (top + bottom) // 2, (left + right) // 2].eq(200).all()
    assert max(pasted.diff(dim=1).abs().max(), pasted.diff(dim=2).abs().max()) <= 20
    assert pasted[:, top - 1 if top else 0, left + 40].max() <= 102


def test_where_the_photo_ends_nothing_of_it_is_left_at_its_edge() -> None:
    photo, picture = torch.zeros(3, 128, 200, dtype=torch.uint8), torch.full((3, *SIZE), 200, dtype=torch.uint8)
    pasted = Frame(SIZE, 1.0, (0.0, 0.0)).paste(picture, photo)
    assert pasted[:, [0, 64, 127], 0].eq(200).all()
    assert pasted[:, :, 63].max() < 20
    assert pasted[:, :, 64:].eq(0).all()


def test_only_the_share_is_taken() -> None:
    photo, picture = noise(128, 64), noise(128, 64, seed=1)
    share = torch.zeros(SIZE)
    share[40:80, 10:50] = 1
    pasted = Frame(SIZE).paste(picture, photo, share)
    assert pasted[:, 40:80, 10:50].equal(picture[:, 40:80, 10:50])
    assert pasted[:, :40].equal(photo[:, :40])


def test_a_frame_beside_the_photo_changes_nothing() -> None:
    photo = noise(60, 50)
    frame = Frame(SIZE, 1.0, (-500.0, 0.0))
    assert frame.paste(noise(*SIZE), photo).equal(photo)
    assert math.prod(frame.cut(photo).shape) == 3 * math.prod(SIZE)
