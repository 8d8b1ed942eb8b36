"""Hair: every hairstyle is drawn, lies on the head and goes with who wears it."""

from collections import Counter
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from reposer.data.people.face.complexion import years
from reposer.data.people.garments.accessories import Accessory
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.hair.choices import HAIRSTYLES, make_hairstyle, sample_hairstyle
from reposer.data.people.hair.hairline import above_hairline
from reposer.data.people.hair.mould import load_mould
from reposer.data.people.person import Looks, Person, make_person, sample_looks
from reposer.data.people.picture import Frame, photograph
from reposer.data.people.sampling import sample_shape
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.shape import Shape
from reposer.data.people.sites import vertex_sites
from reposer.data.people.stances import stand
from reposer.data.people.template import load_template

RED = (190, 30, 30)
SIZE = (128, 64)


def somebody(name: str) -> Looks:
    """A bare-headed person with bright red hair."""
    looks = sample_looks(np.random.default_rng(4))
    garments = tuple(worn for worn in looks.garments if worn.name not in ("hat", "glasses", "scarf", "outer"))
    hairstyle = make_hairstyle(np.random.default_rng(1), name, woman=True)
    return replace(looks, hairstyle=hairstyle, garments=garments, complexion=replace(looks.complexion, hair=RED))


@lru_cache(maxsize=32)
def person(name: str) -> Person:
    return make_person(somebody(name), SIZE[0])


def seen(name: str, heading: float = np.pi) -> Frame:
    scene = sample_studio(np.random.default_rng(0))
    return photograph(
        person(name), stand(), heading=heading, framing="upper", scene=scene, size=SIZE, seed=0
    )  # fmt: skip


@pytest.mark.parametrize("name", [name for name in HAIRSTYLES if name != "bald"])
def test_every_hairstyle_covers_the_crown(name: str):
    frame = seen(name)
    mesh = person(name).mesh
    shown = frame.faces >= 0
    site = mesh.site[:, mesh.faces[:, np.where(shown, frame.faces, 0)]].mean(1)
    crown = shown & (site[1] > 0.80)
    assert crown.sum() > 20
    red, green = (frame.image[crown][:, k].astype(int) for k in (0, 1))
    assert (red > 1.5 * green).mean() > 0.9


@pytest.mark.parametrize("name", HAIRSTYLES)
def test_hair_belongs_to_the_head_wherever_it_hangs(name: str):
    """So that no garment but a hat takes it away."""
    mesh = person(name).mesh
    if "hair" not in mesh.layer_names:
        assert somebody(name).hairstyle.shaved  # type: ignore[union-attr]
        return
    own = mesh.faces[:, mesh.layers == mesh.layer_names.index("hair")]
    assert mesh.site[1, own].min() > 0.62
    assert np.abs(mesh.site[0, own]).max() < 0.12
    assert np.isfinite(mesh.rest.points[:, own]).all()


def test_the_face_stays_free():
    for name in HAIRSTYLES:
        frame = seen(name, heading=0.0)
        x, y = np.round(frame.joints[0]).astype(int)
        mesh = person(name).mesh
        assert mesh.layer_names[mesh.layers[frame.faces[y, x]]] == "skin", name


def test_long_hair_hangs_lower_than_a_bob_than_short_hair():
    lowest = []
    for name in ("short", "bob", "long"):
        mesh = person(name).mesh
        own = mesh.faces[:, mesh.layers == mesh.layer_names.index("hair")]
        lowest.append(float(mesh.rest.points[1, own].min()))
    assert lowest[0] > lowest[1] + 0.02 > lowest[2] + 0.08


def test_hats_fit():
    for name in ("afro", "long", "bun"):
        looks = somebody(name)
        cap = Accessory(fabric=Fabric((20, 60, 200), "twill"), style="cap")
        worn = make_person(replace(looks, garments=(*looks.garments, cap)), SIZE[0])
        frame = photograph(
            worn,
            stand(),
            heading=0.5,
            framing="upper",
            scene=sample_studio(np.random.default_rng(0)),
            size=SIZE,
            seed=0,
        )
        top = np.flatnonzero((frame.faces >= 0).any(1))[0]
        own = frame.faces[top : top + 4][frame.faces[top : top + 4] >= 0]
        hats = worn.mesh.layers[own] == worn.mesh.layer_names.index("hat")
        assert hats.mean() > 0.9, name


def test_hairlines_recede_in_front_only():
    sites = vertex_sites().at(load_template().skin[0].vertices)
    front = (sites.z > 0.13) & (np.abs(sites.y - 0.805) < 0.01) & (sites.x < 0.03)
    back = (sites.z < -0.02) & (np.abs(sites.y - 0.70) < 0.03)
    assert front.any()
    assert back.any()
    moved = above_hairline(sites, 0.0) - above_hairline(sites, 0.03)
    assert moved[front].min() > 0.010
    assert np.abs(moved[back]).max() < 0.002


def test_the_mould_is_the_skull():
    """Points on it lie on the scalp to within a few millimetres."""
    sites = vertex_sites().at(load_template().skin[0].vertices)
    scalp = sites.points[:, (above_hairline(sites) > 0.01) & (sites.x < 0.11)].astype(np.float64)
    towards = scalp - np.array([[0.0], [0.745], [0.045]])
    far = np.sqrt((towards**2).sum(0))
    nearest = load_mould().on(towards / far, np.zeros(len(far)))
    off = np.sqrt(((nearest - scalp) ** 2).sum(0))
    assert np.median(off) < 0.002
    assert np.percentile(off, 95) < 0.008


def test_who_wears_what():
    rng = np.random.default_rng(0)
    shapes = [sample_shape(rng) for _ in range(1500)]
    worn: dict[str, list[Shape]] = {}
    complexion = somebody("short").complexion
    for shape in shapes:
        worn.setdefault(sample_hairstyle(rng, shape, complexion).name, []).append(shape)
    assert len([name for name, who in worn.items() if len(who) >= 10]) >= 10
    assert set(worn) <= set(HAIRSTYLES)
    for name in ("receding", "bald"):
        assert all(shape.gender < 0.5 and years(shape) > 28 for shape in worn[name])
    for name in ("long", "ponytail", "bob"):
        assert np.mean([shape.gender > 0.5 for shape in worn[name]]) > 0.9
    african = Counter(int(np.argmax(shape.descent)) for shape in worn["afro"])
    assert set(african) == {0}


def test_same_looks_same_bits():
    one, two = (make_person(somebody("wavy"), SIZE[0]).mesh for _ in range(2))
    assert np.array_equal(one.rest.points, two.rest.points)
    assert all(np.array_equal(a, b) for a, b in zip(one.atlas.colours, two.atlas.colours, strict=True))
    other = replace(somebody("wavy"), hairstyle=replace(somebody("wavy").hairstyle, seed=7))  # type: ignore[type-var]
    assert not np.array_equal(one.atlas.colours[0], make_person(other, SIZE[0]).mesh.atlas.colours[0])
