"""Clothes: what they cover, how often they come in which colour, that all of them can be drawn."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from reposer.data.people.garments.accessories import Accessory
from reposer.data.people.garments.bottoms import Bottom
from reposer.data.people.garments.colours import DYES, pick_dye
from reposer.data.people.garments.fabrics import MATERIALS, Fabric, bytes_of, cloth, origin
from reposer.data.people.garments.garment import Density, Garment, dress
from reposer.data.people.garments.patterns import PATTERNS
from reposer.data.people.garments.relief import creases, folds
from reposer.data.people.garments.shoes import TOPS, Shoes
from reposer.data.people.garments.skirts import Skirt
from reposer.data.people.garments.tops import Top
from reposer.data.people.garments.wardrobe import EXTRAS, sample_outfit
from reposer.data.people.person import make_person
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import Shape, make_body
from reposer.data.people.sites import panel_chart, vertex_sites
from reposer.data.people.template import load_template

OUTFITS = 150
MANY = 2000
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


@lru_cache(maxsize=1)
def many() -> list[tuple[Garment, ...]]:
    rng = np.random.default_rng(11)
    shapes = Shape(gender=0.95, age=0.66), Shape(gender=0.05, age=0.66)
    return [sample_outfit(rng, shapes[k % 2]) for k in range(MANY)]


def dye(garment: Garment) -> str:
    """The dye that a garment's cloth is nearest to."""
    return min(
        DYES, key=lambda name: sum((a - b) ** 2 for a, b in zip(DYES[name].colour, garment.fabric.base, strict=True))
    )


def share(found: Sequence[bool]) -> float:
    return sum(found) / len(found)


def test_outfits_are_dyed_as_in_the_street() -> None:
    worn = {name: [g for outfit in many() for g in outfit if g.name == name] for name in ("top", "bottom", "outer")}
    dyes = {name: [dye(garment) for garment in garments] for name, garments in worn.items()}
    for name, least, most in (("top", 0.60, 0.80), ("bottom", 0.80, 0.98), ("outer", 0.70, 0.95)):
        assert least < share([DYES[own].neutral for own in dyes[name]]) < most, name
    bright = {"white", "black", "grey", "pale grey", "charcoal", "black jean", "grey jean"}
    assert 0.42 < share([own in bright for own in dyes["top"]]) < 0.62
    denim = [g.fabric.kind == "denim" for outfit in many() for g in outfit if isinstance(g, Bottom)]
    assert 0.35 < share(denim) < 0.60
    strong = [
        max(g.fabric.base) - min(g.fabric.base) > 90 for outfit in many() for g in outfit if g.name in ("top", "dress")
    ]
    assert 0.12 < share(strong) < 0.35
    dense = {"floral", "abstract", "plaid", "dots", "gingham"}
    assert 0.08 < share([g.fabric.pattern in dense for g in worn["top"]]) < 0.25


def test_some_outfits_are_of_one_colour() -> None:
    def one(outfit: tuple[Garment, ...]) -> bool:
        large = [dye(garment) for garment in outfit if garment.name in ("top", "bottom", "dress", "outer")]
        return len(set(large)) == 1 and large[0] in ("black", "white", "navy", "charcoal", "grey", "beige")

    assert 0.08 < share([one(outfit) for outfit in many()]) < 0.30


def test_outfits_are_composed_as_stated() -> None:
    women, men = many()[::2], many()[1::2]

    def wears(outfit: tuple[Garment, ...], *names: str) -> bool:
        return any(garment.name in names for garment in outfit)

    assert 0.13 < share([wears(outfit, "dress") for outfit in women]) < 0.22
    assert not any(
        wears(outfit, "dress") or any(isinstance(g, Skirt) and g.layer == "bottom" for g in outfit) for outfit in men
    )
    assert 0.14 < share([wears(outfit, "outer") for outfit in many()]) < 0.28
    for style, often in EXTRAS.items():
        found = share([any(getattr(g, "style", None) == style for g in outfit) for outfit in many()])
        assert 0.4 * often < found < 1.5 * often, style
    for outfit in many():
        names = [garment.name for garment in outfit]
        assert names.count("shoes") == 1
        assert ("top" in names and "bottom" in names) != ("dress" in names)


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


def test_no_more_is_painted_than_is_worn() -> None:
    body, density = make_body(Shape(gender=0.5, age=0.66)), Density.of(128)
    cloth = Fabric((90, 90, 90))
    tee, coat = Top(fabric=cloth), Top(fabric=cloth, layer="outer", neckline="high", sleeve=1.9, hem=-0.1, ease=0.02)
    alone = dress([tee], body, density, [])
    below = dress([tee, coat], body, density, [])
    left = sum(layer.faces.shape[1] for layer in below if layer.name == "top")
    assert left < 0.4 * sum(layer.faces.shape[1] for layer in alone)
    cropped = dress([replace(tee, hem=0.2)], body, density, [])
    assert sum(layer.texture.colour.size for layer in cropped) < 0.8 * sum(layer.texture.colour.size for layer in alone)


def test_cloth_is_the_same_in_front_and_behind() -> None:
    body, density = make_body(Shape(gender=0.5, age=0.66)), Density.of(128)
    tops = [
        replace(garment, logo=None, collar=None, closure=None, pockets=None)
        for outfit in outfits()
        for garment in outfit
        if isinstance(garment, Top) and garment.gap == 0 and garment.neckline != "lapel"
    ]
    for top in tops[:30]:
        front, back = (layer.texture for layer in dress([top], body, density, [])[:2])
        means = [texture.colour[texture.alpha == 255].mean(0) for texture in (front, back)]
        assert np.abs(means[0] - means[1]).max() < 9, top


def test_hems_are_level() -> None:
    """Behind too, where the body has a cleft."""
    body = make_body(sample_shape(np.random.default_rng(4)))
    shell = Top(fabric=Fabric((30, 30, 30))).shell(body)
    sites = vertex_sites()
    ring = np.unique(load_template().suit)
    ring = ring[(sites.arm[ring] < 0.2) & (np.abs(sites.y[ring] - 0.02) < 0.012)]
    assert len(ring) > 15
    assert np.ptp(shell[1, ring] - sites.y[ring]) < 0.004
    assert np.ptp(body.points[1, ring] - sites.y[ring]) > 0.006


def test_straps_lie_on_what_is_worn() -> None:
    body = make_body(Shape(gender=0.5, age=0.66))
    jacket = Top(fabric=Fabric((30, 30, 30)), layer="outer", neckline="high", ease=0.03, hem_ease=0.05, hem=-0.1)
    bag = Accessory(fabric=Fabric((90, 60, 40)), style="shoulder bag")
    thin, thick = (dress([top, bag], body, Density.of(128), [])[-1] for top in (replace(jacket, ease=0.005), jacket))
    assert thin.name == thick.name == "bag"
    front = thin.points[2] > 0.1
    assert front.any()
    assert (thick.points[2, front] - thin.points[2, front]).mean() > 0.010


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
