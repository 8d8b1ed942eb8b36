"""Stances: natural on every body, hands on it, feet on one ground, nothing through anything."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
from tests.data.people.capsules import gaps

from reposer.data.people.build import measured, vertices_near
from reposer.data.people.footwork import FOOTWORK
from reposer.data.people.gestures import CONTACTS, GESTURES, HANDS
from reposer.data.people.keypoints import place_keypoints
from reposer.data.people.posing import Skeleton, pose
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import Body, Shape, make_body
from reposer.data.people.stances import BOTH, ONE, Stance, pose_with, sample_heading, sample_stance, stand
from reposer.data.people.template import load_template

BUILDS = 12


@lru_cache(maxsize=1)
def bodies() -> tuple[Body, ...]:
    """Thin and heavy, short and tall, and whoever is drawn."""
    rng = np.random.default_rng(5)
    unlike = [
        Shape(gender=gender, age=0.7, weight=weight, height=height)
        for gender, weight, height in ((0.95, 0.1, 0.25), (0.95, 0.95, 0.3), (0.05, 0.1, 0.6), (0.05, 0.95, 0.55))
    ]
    return tuple(make_body(shape) for shape in unlike + [sample_shape(rng) for _ in range(BUILDS - len(unlike))])


def head(skeleton: Skeleton, bone: str) -> np.ndarray:
    return skeleton.heads[load_template().bone(bone)]


def followed(body: Body, skeleton: Skeleton, vertex: int, bone: str) -> np.ndarray:
    """Where a vertex is if it follows one bone."""
    row = load_template().bone(bone)
    return skeleton.rotations[row] @ body.points[:, vertex] + skeleton.translations[row]


def soles(body: Body, skeleton: Skeleton) -> list[float]:
    """Heights of the lower of heel and ball of each foot."""
    build, lows = measured(body), []
    for k, side in enumerate("RL"):
        row = load_template().bone(f"foot.{side}")
        flip = np.array([-1 if side == "R" else 1, 1, 1])
        points = np.stack([build.heels[k], build.balls[k]]) * flip
        lows.append(float((points @ skeleton.rotations[row].T)[:, 1].min() + skeleton.heads[row, 1]))
    return lows


def test_nothing_goes_through_anything():
    rng, found = np.random.default_rng(0), []
    for number in range(500):
        body = bodies()[number % BUILDS]
        found.append(list(gaps(body, pose(body, sample_stance(rng))).values()))
    touching = np.array(found)
    assert (touching < -0.05).sum() <= 2
    assert (touching < 0).any(1).mean() < 0.06


@pytest.mark.parametrize("name", sorted(CONTACTS))
def test_hands_lie_where_they_should_on_every_body(name: str):
    contact = CONTACTS[name]
    gesture = next(gesture for gesture, value in GESTURES.items() if value.contact == name)
    bone = {"pelvis": "spine05", "waist": "spine03", "chest": "spine01", "head": "head", "thigh": "upperleg02.L"}
    seated = FOOTWORK["sit"](np.random.default_rng(1))
    legs = {"thighs": seated.thighs, "knees": seated.knees, "seat": seated.seat} if contact.carrier == "thigh" else {}
    near = []
    for body in bodies():
        skeleton = pose(body, stand("down", gesture, **legs))
        wrist, knuckle = head(skeleton, "wrist.L"), head(skeleton, "finger3-1.L")
        place = followed(body, skeleton, vertices_near(*contact.site)[1], bone[contact.carrier])
        near.append(np.linalg.norm(wrist + contact.grip * (knuckle - wrist) - place) - abs(contact.clearance))
    assert np.median(np.abs(near)) < 0.012, near
    assert max(near) < 0.06, near


@pytest.mark.parametrize("feet", sorted(FOOTWORK))
def test_feet_that_stand_are_on_one_ground(feet: str):
    rng = np.random.default_rng(2)
    for number in range(24):
        body = bodies()[number % BUILDS]
        stance = pose_with(rng, feet, ("down", "down"))
        low = soles(body, pose(body, stance))
        standing = [low[k] for k in (0, 1) if stance.planted[k]]
        assert np.ptp(standing) < 1e-3
        if feet != "sit":
            assert min(low) > min(standing) - 0.06  # the other one may swing through, never under the ground


def test_who_sits_is_at_the_height_of_the_seat():
    rng = np.random.default_rng(3)
    for number in range(24):
        body = bodies()[number % BUILDS]
        stance = pose_with(rng, "sit", ("thigh", "thigh"))
        skeleton = pose(body, stance)
        ground = min(low for low, planted in zip(soles(body, skeleton), stance.planted, strict=True) if planted)
        hips = (head(skeleton, "upperleg01.R")[1] + head(skeleton, "upperleg01.L")[1]) / 2
        assert hips - measured(body).seat - ground == pytest.approx(stance.seat, abs=0.06)


def test_knees_bend_forwards_and_elbows_within_their_range():
    rng = np.random.default_rng(4)
    for number in range(200):
        body = bodies()[number % BUILDS]
        skeleton = pose(body, sample_stance(rng))
        for side in "RL":
            hip, knee, ankle = (head(skeleton, f"{bone}.{side}") for bone in ("upperleg01", "lowerleg01", "foot"))
            along = (ankle - hip) / np.linalg.norm(ankle - hip)
            ahead = knee - hip - (knee - hip) @ along * along
            toes = head(skeleton, f"toe1-1.{side}") - ankle
            assert ahead @ np.array([0, 0, 1]) > -0.01 or ahead @ toes > -0.01
            shoulder, elbow, wrist = (
                head(skeleton, f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist")
            )
            upper, fore = elbow - shoulder, wrist - elbow
            cosine = upper @ fore / np.linalg.norm(upper) / np.linalg.norm(fore)
            assert np.degrees(np.arccos(cosine)) < 152


def test_shoulders_rise_with_arms():
    body = bodies()[0]
    heights = [head(pose(body, stand("down", gesture)), "upperarm01.L")[1] for gesture in ("down", "forward", "up")]
    assert heights[0] < heights[1] < heights[2]
    assert heights[2] > heights[0] + 0.03


def test_a_pose_fits_bodies_of_other_builds():
    """Feet stand, hands lie on hips and pockets, nothing is crossed: the same stance on two unlike people."""
    rng = np.random.default_rng(6)
    for _ in range(50):
        first, second = (bodies()[k] for k in rng.choice(BUILDS, 2, replace=False))
        names = [str(rng.choice(["hip", "pocket", "down", "hanging", "strap"])) for _ in range(2)]
        stance = pose_with(rng, str(rng.choice(["ease", "contrapposto", "walk"])), (names[0], names[1]))
        posed = [pose(body, stance) for body in (first, second)]
        for body, skeleton in zip((first, second), posed, strict=True):
            assert min(gaps(body, skeleton).values()) > -0.03
            low = [height for height, planted in zip(soles(body, skeleton), stance.planted, strict=True) if planted]
            assert np.ptp(low) < 1e-3
        joints = [place_keypoints(body, skeleton) for body, skeleton in zip((first, second), posed, strict=True)]
        for k, name in enumerate(names):
            if name in ("hip", "pocket"):
                off = [abs(place[4 + 3 * k, 1] - place[[8, 11], 1].mean()) for place in joints]
                assert max(off) < 0.24
                assert abs(off[0] - off[1]) < 0.15


def test_fists_are_closed_and_open_hands_are_not():
    body = bodies()[0]

    def reach(shape: str) -> float:
        stance = replace(stand(), fingers=np.array([HANDS[shape]] * 2))
        skeleton = pose(body, stance)
        return float(np.linalg.norm(head(skeleton, "finger3-3.L") - head(skeleton, "wrist.L")))

    def apart(shape: str) -> float:
        skeleton = pose(body, replace(stand(), fingers=np.array([HANDS[shape]] * 2)))
        return float(np.linalg.norm(head(skeleton, "finger2-3.L") - head(skeleton, "finger5-3.L")))

    assert reach("fist") < reach("relaxed") < reach("open")
    assert apart("flat") < 0.9 * apart("open")


def test_eyes_look_where_the_gaze_says():
    row, template = load_template().bone("eye.L"), load_template()
    ahead, aside = (pose(bodies()[0], stand(gaze=gaze)).rotations for gaze in ((0.0, 0.0), (0.3, 0.0)))
    turned = ahead[row].T @ aside[row]
    assert np.arctan2(turned[0, 2], turned[2, 2]) == pytest.approx(0.3, abs=1e-3)
    assert np.array_equal(ahead[template.bone("head")], aside[template.bone("head")])


def test_worlds_differ_as_they_do_in_reality():
    """Bounds around the real sets' figures, which tools/measure_poses.py prints."""
    rng, body = np.random.default_rng(7), bodies()[-1]
    walking, over, out = {}, {}, {}
    for world in ("street", "studio"):
        stances = [sample_stance(rng, world=world) for _ in range(400)]
        walking[world] = np.mean([not all(s.planted) or abs(s.thighs[0, 0] - s.thighs[1, 0]) > 0.3 for s in stances])
        joints = np.array([place_keypoints(body, pose(body, s)) for s in stances[:200]])
        over[world] = (joints[:, [4, 7], 1] > joints[:, [2, 5], 1]).mean()
        out[world] = np.median(np.abs(joints[:, [3, 6], 0] - joints[:, [2, 5], 0]))
    assert walking["street"] > walking["studio"] + 0.15
    assert out["street"] > out["studio"]
    assert 0.0 < over["studio"] < 0.05
    assert 0.0 < over["street"] < 0.06


def test_headings_are_front_and_back_and_seldom_the_side():
    rng = np.random.default_rng(8)
    for world, back in (("street", (0.3, 0.5)), ("studio", (0.15, 0.35))):
        across = np.cos([sample_heading(rng, world) for _ in range(2000)])
        assert back[0] < (across < -0.4).mean() < back[1]
        assert 0.4 < (across > 0.4).mean() < 0.6


def test_models_look_at_the_camera():
    rng = np.random.default_rng(9)
    for heading in (1.0, -1.0):
        turns = [sample_stance(rng, world="studio", heading=heading).head_turn for _ in range(200)]
        assert np.sign(np.median(turns)) == -np.sign(heading)


def test_every_gesture_that_is_named_exists_and_is_used():
    named = {name for odds in BOTH.values() for pair in odds for name in pair.split("/")}
    named |= {name for odds in ONE.values() for name in odds} | {"run", "thigh", "knee", "lap"}
    assert named == set(GESTURES)
    assert {gesture.contact for gesture in GESTURES.values()} - {""} == set(CONTACTS)
    assert {gesture.shape for gesture in GESTURES.values()} <= set(HANDS)


def test_the_same_seed_gives_the_same_pose():
    body = bodies()[0]
    first, second = (pose(body, sample_stance(np.random.default_rng(11))) for _ in range(2))
    assert np.array_equal(first.rotations, second.rotations)
    assert isinstance(stand(), Stance)
