"""The baked body: what is in it, and whom it can be."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from reposer.data.people.posing import pose
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import Shape, change_names, make_body
from reposer.data.people.skinning import Rest, skin, vertex_normals
from reposer.data.people.stances import stand
from reposer.data.people.template import BAKED, LEVELS, load_template

ROOT = Path(__file__).parents[3]


def stature(shape: Shape) -> float:
    skin_points = make_body(shape).points[1, load_template().skin[0].vertices]
    return float(skin_points.max() - skin_points.min())


def test_notice_names_the_file_that_is_there():
    found = re.search(r"(\w{64})  src/reposer/data/people/body.npz", (ROOT / "NOTICE").read_text())
    assert found is not None
    assert found[1] == hashlib.sha256(BAKED.read_bytes()).hexdigest()


def test_it_is_small():
    assert BAKED.stat().st_size < 10_000_000


def test_what_is_never_shown_is_not_in_it():
    template = load_template()
    for sheet in template.skin:
        x, y, z = template.points[:, sheet.vertices][:, sheet.faces].mean(1)
        assert not ((np.abs(x) < 0.1) & (y > -0.04) & (y < 0.10)).any()
        assert not ((np.abs(x) < 0.12) & (y > 0.31) & (y < 0.41) & (z > 0.07)).any()


def test_levels_have_fewer_and_fewer_triangles_between_the_same_vertices():
    counts = [sheet.faces.shape[1] for sheet in load_template().skin]
    assert len(counts) == LEVELS
    assert counts[1] < 0.4 * counts[0]
    assert counts[2] < 0.5 * counts[1]
    vertices = [sheet.vertices for sheet in load_template().skin]
    assert all(np.array_equal(vertices[0], other) for other in vertices[1:])


def test_panels_lie_flat_with_little_stretch():
    template = load_template()
    for name, sheet in template.panels.items():
        corners, flat = template.points[:, sheet.vertices][:, sheet.faces], sheet.uv[:, sheet.faces]
        long = np.linalg.norm(corners[:, 1] - corners[:, 0], axis=0)
        ratio = np.linalg.norm(flat[:, 1] - flat[:, 0], axis=0) / long
        assert np.median(np.abs(np.log(ratio))) < (0.2 if name.startswith("foot") else 0.04), name


def test_shapes_do_what_their_names_say():
    assert stature(Shape(gender=0.5, age=0.7, height=0.8)) > stature(Shape(gender=0.5, age=0.7, height=0.2)) + 0.15
    heavy, light = (make_body(Shape(gender=0.5, age=0.7, weight=weight)).points for weight in (0.9, 0.1))
    suit = np.unique(load_template().suit)
    belly = suit[np.abs(load_template().points[1, suit] - 0.15) < 0.03]
    assert np.ptp(heavy[2, belly]) > np.ptp(light[2, belly]) + 0.02


def test_adults_of_all_builds():
    rng = np.random.default_rng(0)
    shapes = [sample_shape(rng) for _ in range(60)]
    heights = [stature(shape) for shape in shapes]
    assert 1.4 < min(heights) < 1.6
    assert 1.64 < np.mean(heights) < 1.74
    assert 1.8 < max(heights) < 2.05
    suit, template = np.unique(load_template().suit), load_template()
    waist = suit[np.abs(template.points[1, suit] - 0.15) < 0.03]
    depths = [float(np.ptp(make_body(shape).points[2, waist])) for shape in shapes]
    assert min(depths) < 0.22
    assert max(depths) > 0.30
    assert min(shape.age for shape in shapes) >= 0.58
    assert all(set(shape.changes) <= set(change_names()) for shape in shapes)


def test_an_unknown_change_is_an_error():
    with pytest.raises(KeyError):
        make_body(Shape(gender=0.5, age=0.7, changes={"tail": 1.0}))


def test_the_rest_pose_moves_nothing():
    template, body = load_template(), make_body(Shape(gender=0.3, age=0.7))
    rest = Rest(
        body.points, vertex_normals(body.points, template.suit), template.weight_bones, template.weights
    )  # fmt: skip
    skeleton = pose(body, stand())
    still = type(skeleton)(np.broadcast_to(np.eye(3), skeleton.rotations.shape), 0 * skeleton.heads, skeleton.heads)
    points, normals = skin(rest, still)
    assert np.allclose(points, body.points, atol=1e-6)
    assert np.allclose(normals, rest.normals, atol=1e-5)


def test_wrists_go_where_a_stance_says():
    template, body = load_template(), make_body(Shape(gender=0.3, age=0.7))
    wrists = np.array([[0.3, -0.6, 0.4], [0.1, 0.2, 0.6]])
    skeleton = pose(body, stand(lean=0.0, twist=0.0, bend=0.0, wrists=wrists))
    for side, sign, wanted in zip("RL", (-1, 1), wrists, strict=True):
        shoulder, elbow, wrist = (template.bone(f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist"))
        rest, placed = body.heads, skeleton.heads
        reach = np.linalg.norm(rest[elbow] - rest[shoulder]) + np.linalg.norm(rest[wrist] - rest[elbow])
        assert np.allclose((placed[wrist] - placed[shoulder]) / reach, wanted * [sign, 1, 1], atol=0.02)


def test_bones_keep_their_lengths():
    template, body = load_template(), make_body(Shape(gender=0.3, age=0.7))
    skeleton = pose(body, stand("hip", "wave"))
    child = np.flatnonzero(template.parents >= 0)
    parent = template.parents[child]
    before = np.linalg.norm(body.heads[child] - body.heads[parent], axis=1)
    after = np.linalg.norm(skeleton.heads[child] - skeleton.heads[parent], axis=1)
    assert np.allclose(before, after, atol=1e-5)
