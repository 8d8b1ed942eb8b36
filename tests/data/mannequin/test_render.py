"""Pictures of mannequins: geometry, appearance, keypoints, part masks."""

from dataclasses import replace

import numpy as np
import pytest
from tests.limbs import LIMBS

from reposer.data.mannequin import PART_NAMES, make_mannequin, photograph, take_picture
from reposer.data.mannequin.figure import pose_body, sample_body, sample_stance
from reposer.data.mannequin.raster import rasterize
from reposer.data.mannequin.scene import View

MARKET = (128, 64)
PART = {name: value for value, name in enumerate(PART_NAMES)}


def view(yaw: float) -> View:
    return View(yaw=yaw, elevation=0.0, zoom=1.0, shift=(0.0, 0.0), pan=(0.0, 0.0), gain=(1.0, 1.0, 1.0), camera=1)


def stance(seed: int = 0):
    return sample_stance(np.random.default_rng(seed))


def mean_colour(picture, part: str) -> np.ndarray:
    return picture.image[picture.parts == PART[part]].mean(axis=0)


def test_same_seed_same_bits_and_other_seed_other_picture():
    first, again = (take_picture(make_mannequin(3, 5, MARKET), 3, 5, 2) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.parts, again.parts)
    assert np.array_equal(first.joints, again.joints)
    other = take_picture(make_mannequin(4, 5, MARKET), 4, 5, 2)
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("size", [(128, 64), (256, 176), (256, 256), (97, 51)])
def test_any_size(size):
    picture = take_picture(make_mannequin(0, 1, size), 0, 1, 0)
    assert picture.image.shape == (*size, 3)
    assert picture.image.dtype == np.uint8
    assert picture.parts.shape == size
    assert picture.parts.max() < len(PART_NAMES)


def test_people_fill_the_frame_and_rarely_leave_it():
    heights, cut = [], 0
    for identity in range(1, 41):
        picture = take_picture(make_mannequin(0, identity, MARKET), 0, identity, 0)
        rows = np.flatnonzero((picture.parts > 0).any(axis=1))
        heights.append((rows[-1] - rows[0] + 1) / MARKET[0])
        edge = picture.parts.copy()
        edge[1:-1, 1:-1] = 0
        cut += bool(edge.any())
    assert 0.7 < np.mean(heights) < 0.9
    assert cut <= 4


def test_joints_lie_on_their_parts():
    """Where a joint is in sight, its own limb is within a pixel; the nearest surface may be another limb."""
    right = total = 0
    for identity in range(1, 21):
        mannequin = make_mannequin(1, identity, MARKET)
        for index in range(3):
            picture = take_picture(mannequin, 1, identity, index)
            assert picture.visible[[2, 5, 8, 11]].sum() >= 3
            for joint, names in LIMBS.items():
                if picture.visible[joint] and not picture.hidden[joint]:
                    x, y = np.rint(picture.joints[joint]).astype(int)
                    near = picture.parts[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
                    right += bool(np.isin(near, [PART[name] for name in names]).any())
                    total += 1
    assert total > 300
    assert right / total > 0.93


def test_the_face_is_missing_from_behind():
    mannequin = make_mannequin(0, 2, MARKET)
    front, back = (photograph(mannequin, stance(), view(yaw)) for yaw in (0.0, np.pi))
    face = [0, 14, 15]
    assert front.visible[face].all()
    assert not back.visible[face].any()
    assert back.visible[[1, 2, 5, 8, 11, 16, 17]].all()


def test_left_and_right_are_the_persons_own():
    mannequin = make_mannequin(0, 2, MARKET)
    front, back = (photograph(mannequin, stance(), view(yaw)) for yaw in (0.0, np.pi))
    for right, left in ((2, 5), (8, 11), (16, 17)):
        assert front.joints[right, 0] < front.joints[left, 0]
        assert back.joints[right, 0] > back.joints[left, 0]


def test_only_the_near_ear_is_seen_in_profile():
    mannequin = make_mannequin(0, 2, MARKET)
    profile = photograph(mannequin, stance(), view(np.pi / 2))  # shows the right side
    assert profile.visible[16]
    assert not profile.visible[17]
    assert profile.hidden[[5, 6, 7]].any()


@pytest.mark.parametrize("clothing", ["easy", "full"])
def test_garments_keep_their_colours_and_the_back_is_another(clothing):
    kept, different = [], []
    for identity in range(1, 13):
        mannequin = make_mannequin(0, identity, MARKET, clothing=clothing)
        front, posed = (photograph(mannequin, stance(seed), view(0.1)) for seed in (0, 1))
        kept.append(np.abs(mean_colour(front, "torso") - mean_colour(posed, "torso")).mean())
        _, vertices = mannequin.mesh.charts[0]  # the torso's chart: back, front, back
        (left, top), (right, bottom) = (
            extreme(mannequin.texels[:, :vertices], axis=1).astype(int) for extreme in (np.min, np.max)
        )
        texture = mannequin.atlas[:, top:bottom, left:right] * 255
        quarter = texture.shape[2] // 4
        middle = texture[:, :, quarter : 3 * quarter]
        outside = np.roll(texture, 2 * quarter, axis=2)[:, :, quarter : 3 * quarter]
        different.append(np.abs(middle - outside).mean())
    assert np.median(kept) < 12
    assert min(different) > 3


def test_joints_out_of_the_frame_are_missing():
    mannequin = make_mannequin(0, 1, MARKET)
    picture = photograph(mannequin, stance(), replace(view(0.0), shift=(0.0, -0.5)))
    outside = (picture.joints < -0.5).any(axis=1)
    assert outside.any()
    assert not picture.visible[outside].any()


def test_bones_keep_their_lengths_and_a_foot_stands_on_the_floor():
    rng = np.random.default_rng(0)
    for _ in range(10):
        body = sample_body(rng)
        first, second = (pose_body(body, sample_stance(rng)) for _ in range(2))
        for a, b in ((3, 4), (6, 7), (9, 10), (12, 13)):
            lengths = [np.linalg.norm(one.joints[a] - one.joints[b]) for one in (first, second)]
            assert lengths[0] == pytest.approx(lengths[1], rel=1e-4)
        assert np.allclose(first.rotations @ first.rotations.transpose(0, 2, 1), np.eye(3), atol=1e-5)
        assert 0 < min(first.joints[10, 1], first.joints[13, 1]) < 0.2


def test_rasterizer_fills_exactly_the_pixels_whose_centres_are_inside():
    x, y = np.array([0.2, 7.7, 1.1], np.float32), np.array([0.3, 2.2, 7.9], np.float32)
    surface = rasterize(x, y, np.ones(3, np.float32), np.array([[0], [1], [2]]), (8, 8))
    columns, rows = np.meshgrid(np.arange(8) + 0.5, np.arange(8) + 0.5)
    inside = np.ones((8, 8), bool)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        inside &= (x[b] - x[a]) * (rows - y[a]) - (y[b] - y[a]) * (columns - x[a]) >= 0
    assert np.array_equal(np.flatnonzero(inside), surface.pixels)
    assert surface.interpolate(x) == pytest.approx(columns[inside], abs=1e-4)
    assert surface.interpolate(y) == pytest.approx(rows[inside], abs=1e-4)


def test_rasterizer_shows_the_nearer_triangle_and_culls_back_faces():
    x = np.array([0, 8, 0, 0, 8, 0], np.float32)
    y = np.array([0, 0, 8, 0, 0, 8], np.float32)
    depth = np.array([2, 2, 2, 1, 1, 1], np.float32)
    surface = rasterize(x, y, depth, np.array([[0, 3], [1, 4], [2, 5]]), (8, 8))
    assert set(surface.triangles) == {1}
    away = rasterize(x, y, depth, np.array([[0], [2], [1]]), (8, 8))
    assert len(away.pixels) == 0
    assert np.isinf(away.depth).all()
