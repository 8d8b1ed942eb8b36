"""Clothes: what they cover, how often they come in which colour, that all of them can be drawn."""

from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from reposer.data.people.garments.accessories import STYLES, Accessory
from reposer.data.people.garments.colours import DYES, pick_dye
from reposer.data.people.garments.fabrics import MATERIALS, Fabric, bytes_of, cloth, origin
from reposer.data.people.garments.garment import Density, Garment, dress
from reposer.data.people.garments.patterns import PATTERNS
from reposer.data.people.garments.relief import creases, folds
from reposer.data.people.garments.shoes import TOPS, Shoes
from reposer.data.people.garments.skirts import Skirt
from reposer.data.people.garments.tops import Top
from reposer.data.people.garments.wardrobe import sample_outfit
from reposer.data.people.person import make_person
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import Shape, make_body
from reposer.data.people.sites import panel_chart, vertex_sites
from reposer.data.people.template import load_template

OUTFITS = 150
PAINTED = 200.0


@lru_cache(maxsize=1)
def outfits() -> list[tuple[Garment, ...]]:
    rngs = [np.random.default_rng(seed) for seed in range(OUTFITS)]
    return [sample_outfit(rng, sample_shape(rng)) for rng in rngs]


def test_the_unclothed_body_is_never_drawn() -> None:
    skin, sites = load_template().skin[0], vertex_sites()
    trunk = (sites.arm < 0.3) & (sites.y < 0.42) & (sites.y > -0.12) & (sites.x < 0.13)
    own = np.unique(skin.vertices[skin.faces])
    own = own[trunk[own]]
    assert len(own) > 50
    for seed, outfit in enumerate(outfits()):
        covered = np.max([garment.cover(sites.at(own)) for garment in outfit], axis=0)
        assert (covered > 0).all(), (seed, [garment.name for garment in outfit], own[covered <= 0][:5])


def test_heads_and_hands_stay_bare() -> None:
    sites = vertex_sites()
    bare = (sites.y > 0.63) | ((sites.arm > 0.5) & (sites.along_arm > 2.05))
    for outfit in outfits():
        for garment in outfit:
            if garment.name == "hat":
                continue
            assert (garment.cover(sites.at(bare)) < garment.hides).all(), garment


def test_outfits_belong_to_their_seed() -> None:
    again = [np.random.default_rng(seed) for seed in range(20)]
    assert [sample_outfit(rng, sample_shape(rng)) for rng in again] == outfits()[:20]
    assert len(set(outfits())) == OUTFITS


def test_everyday_colours_are_most() -> None:
    rng = np.random.default_rng(0)
    tops = Counter(pick_dye(rng, "top") for _ in range(4000))
    neutral = sum(count for name, count in tops.items() if DYES[name].neutral) / 4000
    assert 0.65 < neutral < 0.85
    assert 0.45 < sum(tops[name] for name in ("white", "black", "grey", "pale grey", "charcoal")) / 4000 < 0.65
    assert 0.02 < sum(tops[name] for name in ("red", "fuchsia", "orange", "green", "blue", "purple")) / 4000 < 0.25


def test_every_kind_of_garment_is_worn() -> None:
    worn = Counter(type(garment).__name__ + ":" + garment.name for outfit in outfits() for garment in outfit)
    expected = {"Shoes:shoes", "Bottom:bottom", "Skirt:bottom", "Skirt:dress", "Top:dress", "Top:outer", "Top:top"}
    assert expected <= set(worn)
    assert {garment.style for outfit in outfits() for garment in outfit if isinstance(garment, Shoes)} == set(TOPS)
    patterns = {garment.fabric.pattern for outfit in outfits() for garment in outfit if isinstance(garment, Top)}
    assert len(patterns) >= 8


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_patterns_show_their_colours(pattern: str) -> None:
    fabric = Fabric((200, 30, 30), pattern=pattern, others=((20, 20, 200), (20, 200, 20)), period=0.03, seed=3)
    image = bytes_of(cloth(fabric, (200, 200), 500.0))
    assert np.ptp(image.reshape(-1, 3), axis=0).max() > 60
    assert image.min() >= 0
    assert image.max() <= 255


def test_stripes_meet_at_the_side_seams() -> None:
    heights = {}
    for panel in ("torso.front", "torso.back"):
        chart = panel_chart(panel, PAINTED)
        sites = chart.sites
        side = chart.inside & (np.abs(sites.y - 0.2) < 0.006)
        side &= sites.x > np.quantile(sites.x[side], 0.9)
        heights[panel] = float(np.median(chart.v[side])) - origin(panel, PAINTED)[1]
    assert abs(heights["torso.front"] - heights["torso.back"]) < 0.006


def test_folds_come_where_limbs_bend() -> None:
    chart = panel_chart("arm.L", PAINTED)
    steep = np.abs(creases("arm.L", PAINTED, 0).astype(int)).sum(0)
    elbow = chart.inside & (np.abs(chart.sites.along_arm - 1) < 0.2)
    wrist = chart.inside & (chart.sites.along_arm > 1.75)
    assert steep[elbow].mean() > 10 * steep[wrist].mean() + 3
    assert folds("torso.front", PAINTED, 0).any()


def test_a_skirt_is_wider_than_the_legs_in_it() -> None:
    body = make_body(Shape(gender=0.9, age=0.66))
    shell = Skirt(fabric=Fabric((30, 30, 30)), flare=0.1).shell(body)
    rim = np.unique(load_template().skirt)
    low = rim[vertex_sites().y[rim] < -0.3]
    assert np.ptp(shell[0, low]) > np.ptp(body.points[0, low]) + 0.05


def test_every_garment_can_be_sewn() -> None:
    body, density, seen = make_body(Shape(gender=0.5, age=0.66)), Density.of(128), set()
    for outfit in outfits():
        for garment in outfit:
            kind = (
                type(garment),
                garment.name,
                *(getattr(garment, field, None) for field in ("collar", "closure", "style", "pockets")),
            )
            if kind in seen:
                continue
            seen.add(kind)
            layers = dress([garment], body, density, [])
            assert layers
            for layer in layers:
                assert np.isfinite(layer.points).all()
                assert layer.material in MATERIALS.values()
    assert len(seen) > 20


def test_clothes_are_the_same_every_time() -> None:
    from reposer.data.people.person import sample_looks

    looks = sample_looks(np.random.default_rng(5))
    one, two = make_person(looks, 128), make_person(looks, 128)
    assert np.array_equal(one.mesh.atlas.colours[0], two.mesh.atlas.colours[0])
    assert np.array_equal(one.mesh.rest.points, two.mesh.rest.points)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_accessory_is_seen(style: str) -> None:
    from dataclasses import replace

    from reposer.data.people.person import sample_looks
    from reposer.data.people.picture import photograph
    from reposer.data.people.scenes.studio import sample_studio
    from reposer.data.people.stances import stand

    rng = np.random.default_rng(1)
    looks = sample_looks(rng)
    worn = tuple(garment for garment in looks.garments if not isinstance(garment, Accessory))
    piece = Accessory(fabric=Fabric((250, 0, 250)), style=style)
    person = make_person(replace(looks, garments=(*worn, piece)), 128)
    shot = photograph(
        person, stand(), heading=3.0 if style == "backpack" else 0.0, framing="full", scene=sample_studio(rng),
        size=(256, 128), seed=1,
    )  # fmt: skip
    names = np.array(person.mesh.layer_names)[person.mesh.layers[shot.faces[shot.faces >= 0]]]
    assert (names == STYLES[style]).sum() >= 8
