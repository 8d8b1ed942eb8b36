"""Faces: landmarks are where keypoints say, and what is on a face goes with whose it is."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from reposer.data.people.face.beards import beard_growth
from reposer.data.people.face.complexion import BEARDS, TONES, sample_complexion, years
from reposer.data.people.face.expressions import EXPRESSIONS
from reposer.data.people.face.regions import head_region
from reposer.data.people.face.skin import paint_skin
from reposer.data.people.face.wrinkles import wrinkles
from reposer.data.people.person import Person, make_person, sample_looks
from reposer.data.people.picture import Frame, photograph
from reposer.data.people.sampling import sample_shape
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.stances import stand

SIZE = (256, 176)
RIGHT_EYE, LEFT_EYE = 14, 15


@lru_cache(maxsize=8)
def barefaced(seed: int, expression: str = "neutral") -> Person:
    """Somebody bald without glasses, with pale eyes that are easily told from their irises."""
    looks = sample_looks(np.random.default_rng(seed))
    garments = tuple(worn for worn in looks.garments if worn.name not in ("hat", "glasses", "scarf"))
    actions = {name for own in EXPRESSIONS.values() for name in own}
    changes = {name: value for name, value in looks.shape.changes.items() if name not in actions}
    shape = replace(looks.shape, changes=changes | EXPRESSIONS[expression])
    return make_person(replace(looks, garments=garments, hairstyle=None, shape=shape), SIZE[0])


def portrait(person: Person, *, heading: float = 0.0, gaze: tuple[float, float] = (0.0, 0.0)) -> Frame:
    stance = stand(gaze=gaze, head_nod=0.0, lean=0.0)
    scene = sample_studio(np.random.default_rng(3))
    scene = replace(scene, sensor=replace(scene.sensor, noise=0.0, blur=0.0, quality=None))
    return photograph(person, stance, heading=heading, framing="upper", scene=scene, size=SIZE, seed=0)


def iris(person: Person, frame: Frame, joint: int) -> tuple[float, float]:
    """X and y of the middle of what is darker than the white of an eye."""
    mesh = person.mesh
    eyes = (frame.faces >= 0) & (mesh.layers[np.maximum(frame.faces, 0)] == mesh.layer_names.index("eyes"))
    y, x = np.nonzero(eyes)
    near = np.abs(x - frame.joints[joint, 0]) < 9
    y, x = y[near], x[near]
    assert len(x) > 8
    dark = 255 - frame.image[y, x].astype(float).mean(1)
    weight = np.maximum(dark - np.median(dark), 0) ** 2
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


@pytest.mark.parametrize("seed", [1, 5, 11])
def test_irises_are_where_the_eyes_keypoints_are(seed: int):
    person = barefaced(seed)
    frame = portrait(person)
    for joint in (RIGHT_EYE, LEFT_EYE):
        x, y = iris(person, frame, joint)
        assert abs(x - frame.joints[joint, 0]) < 1.5
        assert abs(y - frame.joints[joint, 1]) < 2.0


def test_gaze_moves_the_irises():
    person = barefaced(5)
    places = {
        side: [iris(person, portrait(person, gaze=(side, 0.0)), eye)[0] for eye in (14, 15)] for side in (-0.4, 0.4)
    }
    moved = np.array(places[0.4]) - np.array(places[-0.4])
    assert (moved > 1.2).all()  # towards the person's left is to the right in the picture


def test_noses_and_ears_are_where_their_keypoints_are():
    person = barefaced(1)
    mesh = person.mesh
    for heading, joint, places in (
        (0.0, 0, (0.0, 0.03)),
        (np.pi / 2, 16, (0.065, 0.10)),
        (-np.pi / 2, 17, (0.065, 0.10)),
    ):
        frame = portrait(person, heading=heading)
        x, y = np.round(frame.joints[joint]).astype(int)
        face = frame.faces[y, x]
        assert mesh.layer_names[mesh.layers[face]] == "skin"
        site = mesh.site[:, mesh.faces[:, face]].mean(1)
        assert places[0] <= abs(site[0]) <= places[1]
        assert 0.66 < site[1] < 0.76


def test_teeth_show_in_a_laugh_only():
    shown = {}
    for expression in ("neutral", "laugh"):
        person = barefaced(5, expression)
        frame = portrait(person)
        teeth = person.mesh.layer_names.index("teeth")
        shown[expression] = int((person.mesh.layers[frame.faces[frame.faces >= 0]] == teeth).sum())
    assert shown["neutral"] == 0
    assert shown["laugh"] > 3


def test_beards_grow_where_they_can():
    sites = head_region(250.0, 1).sites
    for style in BEARDS:
        grown = beard_growth(style, sites)
        assert grown.min() >= 0
        assert grown.max() <= 1
        assert (grown.max() > 0.9) == (style != "none")
        assert not grown[(sites.y > 0.76) | (sites.y < 0.57)].any()
        assert not grown[(sites.z > 0.10) & (sites.y > 0.69) & (sites.x < 0.05)].any()  # nose, cheeks, eyes
    full, goatee, moustache = (beard_growth(style, sites).sum() for style in ("full", "goatee", "moustache"))
    assert full > 2 * goatee > 2 * moustache > 0


def test_who_has_what():
    rng = np.random.default_rng(0)
    shapes = [sample_shape(rng) for _ in range(1200)]
    people = [(shape, sample_complexion(rng, shape)) for shape in shapes]
    women = [own for shape, own in people if shape.gender > 0.5]
    men = [own for shape, own in people if shape.gender < 0.5]
    assert all(own.beard == "none" and (own.liner == 0 or own.seed >= 0) for own in women)
    assert all(own.liner == own.shadow == 0 for own in men)
    assert 0.4 < np.mean([own.beard != "none" for own in men]) < 0.65
    assert {own.beard for own in men} == set(BEARDS)
    assert 0.45 < np.mean([own.liner > 0 for own in women]) < 0.65
    for shape, own in people:
        if int(np.argmax(shape.descent)) != 2:
            assert max(own.iris) < 110
            assert max(own.hair) < 120 or years(shape) > 30 or own.hair[0] > own.hair[1]
    tones = np.array([own.tone for _, own in people]).mean(1)
    assert tones.min() < TONES[-1].mean() + 25
    assert tones.max() > TONES[0].mean() - 15
    ages = np.array([years(shape) for shape, _ in people])
    assert 17 < ages.min() < 24
    assert 70 < ages.max() < 90
    lined = np.array([own.lined for _, own in people])
    assert lined[ages < 25].mean() < 0.1 < 0.4 < lined[ages > 60].mean()


def test_wrinkles_deepen_with_age():
    region = head_region(250.0, 1)
    depths = [float(np.abs(wrinkles(region, lined)[0]).sum()) for lined in (0.0, 0.5, 1.0)]
    assert 0 < 2 * depths[0] < depths[1] < depths[2]


def test_same_looks_same_bits_and_what_is_asked_for_is_painted():
    looks = sample_looks(np.random.default_rng(2))
    own = looks.complexion
    region = head_region(100.0, 2)
    first, again = (paint_skin(own, None, 100.0, 2) for _ in range(2))
    assert np.array_equal(first.colour, again.colour)

    def face(**changes: object) -> np.ndarray:
        return paint_skin(replace(own, **changes), None, 100.0, 2).colour[region.rows, region.columns].astype(int)  # type: ignore[arg-type]

    plain = face(beard="none", liner=0.0, freckles=0.0)
    for changes in ({"beard": "full"}, {"liner": 1.0}, {"freckles": 1.0}, {"lips": (160, 20, 30)}, {"brow": 1.6}):
        assert not np.array_equal(plain, face(**({"beard": "none", "liner": 0.0, "freckles": 0.0} | changes)))
    chin = (region.sites.y < 0.635) & (region.sites.y > 0.62) & (region.sites.x < 0.02) & (region.sites.z > 0.12)
    assert face(beard="full", beard_colour=(10, 10, 10))[chin].mean() < 0.5 * plain[chin].mean()


def test_eyes_are_darker_than_cheeks_from_far_away():
    looks = sample_looks(np.random.default_rng(5))
    person = make_person(replace(looks, garments=looks.garments[:3], hairstyle=None), 128)
    scene = replace(sample_studio(np.random.default_rng(3)), shadow_on_ground=0.0)
    frame = photograph(person, stand(), heading=0.0, framing="full", scene=scene, size=(128, 64), seed=0)
    light = frame.image.astype(float).mean(2)
    nose = np.round(frame.joints[0]).astype(int)
    for joint in (RIGHT_EYE, LEFT_EYE):
        x, y = np.round(frame.joints[joint]).astype(int)
        assert light[y - 1 : y + 2, x].min() < light[nose[1], x] - 4
