"""Clothes in pictures: each kind is seen where it must be, and the unclothed body nowhere."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pytest

from reposer.data.people.arrays import Bools, Floats, Integers
from reposer.data.people.garments.accessories import STYLES, Accessory
from reposer.data.people.garments.bottoms import Bottom
from reposer.data.people.garments.fabrics import Fabric
from reposer.data.people.garments.garment import Density, Garment, dress
from reposer.data.people.garments.shoes import TOPS as SHOES
from reposer.data.people.garments.shoes import Shoes
from reposer.data.people.garments.skirts import Skirt
from reposer.data.people.garments.tops import Top
from reposer.data.people.posing import pose
from reposer.data.people.raster import rasterize
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import Body, make_body
from reposer.data.people.sites import sites_of
from reposer.data.people.skinning import skin as pose_points
from reposer.data.people.stances import Stance, sample_stance, stand
from reposer.data.people.surface import Material, Mesh, assemble, layer_on
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture

SIZE = 64, 32
LEAST = {"top": 40, "bottom": 25, "dress": 80, "outer": 40, "shoes": 5, "hat": 3, "glasses": 1, "bag": 4, "scarf": 2}
"""Pixels at least, in the better of two views, of each kind of layer."""
RED = Fabric((180, 40, 40))
TEE = Top(fabric=RED, hem=-0.03, hem_ease=0.028)
JEANS = Bottom(fabric=Fabric((60, 96, 154), "denim"), style="jeans")
SNEAKERS = Shoes(fabric=Fabric((230, 230, 230), "leather"))
SKIRT = Skirt(fabric=RED)
INNER = replace(TEE, ease=0.005, hem_ease=0.018, sleeve_ease=0.004, hem=0.0)
TUCKED = replace(TEE, hem=0.11, hem_ease=0.003, slope=0.9)
SHIRT = replace(
    TEE, neckline="shirt", sleeve=1.9, collar="shirt", closure="buttons", curve=0.03, pockets="chest"
)  # fmt: skip
HOODIE = replace(TEE, neckline="high", sleeve=1.9, collar="hood", pockets="pouch", closure="zip")
JACKET = Top(
    fabric=RED, layer="outer", neckline="shirt", deep=0.04, sleeve=1.95, hem=-0.06, ease=0.013, hem_ease=0.036,
    sleeve_ease=0.014, slope=0.35, closure="zip", collar="stand", pockets="sides",
)  # fmt: skip
BLAZER = replace(JACKET, neckline="lapel", deep=0.3, collar="lapel", closure="buttons")
TAILS = Skirt(fabric=RED, layer="outer", hem=-0.4, ease=0.042, flare=0.07, band=False)
BODICE = replace(TUCKED, layer="dress", hem=0.12, ease=0.005, hem_ease=0.008)
GOWN = Skirt(fabric=RED, layer="dress", hem=-0.3, ease=0.008)

WORN: dict[str, tuple[Garment, ...]] = {
    "tee": (SNEAKERS, JEANS, TEE),
    "long sleeve": (SNEAKERS, JEANS, replace(TEE, sleeve=1.9)),
    "shirt": (SNEAKERS, JEANS, SHIRT),
    "polo": (SNEAKERS, JEANS, replace(TEE, neckline="shirt", deep=0.045, collar="shirt", closure="half")),
    "blouse": (SNEAKERS, JEANS, replace(TEE, neckline="v", deep=0.12, sleeve=1.6, slope=0.3)),
    "sweater": (SNEAKERS, JEANS, replace(TEE, sleeve=1.9, cuffs=True)),
    "roll neck": (SNEAKERS, JEANS, replace(TEE, neckline="high", sleeve=1.9, collar="roll")),
    "hoodie": (SNEAKERS, JEANS, HOODIE),
    "tank": (SNEAKERS, JEANS, replace(TEE, neckline="tank", sleeve=0.0)),
    "scoop tank": (SNEAKERS, JEANS, replace(TEE, neckline="scoop", sleeve=0.0)),
    "open jacket": (SNEAKERS, JEANS, INNER, replace(JACKET, gap=0.07)),
    "closed jacket": (SNEAKERS, JEANS, INNER, JACKET),
    "open blazer": (SNEAKERS, JEANS, INNER, replace(BLAZER, gap=0.06)),
    "closed blazer": (SNEAKERS, JEANS, INNER, BLAZER),
    "open coat": (SNEAKERS, JEANS, INNER, replace(BLAZER, gap=0.07, hem=0.0), replace(TAILS, gap=0.07)),
    "closed coat": (SNEAKERS, JEANS, INNER, replace(BLAZER, hem=0.0), TAILS),
    "trousers": (SNEAKERS, TUCKED, replace(JEANS, style="trousers", belt=(30, 30, 30))),
    "joggers": (SNEAKERS, replace(JEANS, style="joggers", stripe=(240, 240, 240)), TEE),
    "leggings": (SNEAKERS, replace(JEANS, style="leggings", hem=-0.7, ease=0.003, knee_ease=0.003), TEE),
    "shorts": (SNEAKERS, replace(JEANS, hem=-0.19, knee_ease=0.05), replace(TEE, hem=0.05)),
    "a-line skirt": (SNEAKERS, TUCKED, replace(SKIRT, flare=0.1)),
    "pencil skirt": (SNEAKERS, TUCKED, replace(SKIRT, flare=0.0, taper=0.02)),
    "pleated skirt": (SNEAKERS, TUCKED, replace(SKIRT, pleats=24, depth=0.012)),
    "long skirt": (SNEAKERS, TUCKED, replace(SKIRT, hem=-0.62)),
    "sleeveless dress": (SNEAKERS, replace(BODICE, sleeve=0.0, neckline="v", deep=0.12), GOWN),
    "long dress": (SNEAKERS, replace(BODICE, sleeve=1.9, neckline="scoop"), replace(GOWN, hem=-0.6)),
} | {style: (replace(SNEAKERS, style=style), JEANS, TEE) for style in SHOES} | {
    style: (SNEAKERS, JEANS, TEE, Accessory(fabric=Fabric((250, 0, 250)), style=style)) for style in STYLES
}  # fmt: skip


WOMEN = ("blouse", "tank", "skirt", "dress", "flat", "leggings")


@lru_cache(maxsize=1)
def stances() -> tuple[Stance, ...]:
    rng = np.random.default_rng(2)
    return (stand(), stand("hip", "down"), *(sample_stance(rng) for _ in range(6)))


@lru_cache(maxsize=12)
def body(seed: int, woman: bool) -> Body:
    rng = np.random.default_rng(seed)
    while True:
        shape = sample_shape(rng)
        if (shape.gender > 0.5) == woman:
            return make_body(shape)


@dataclass(frozen=True)
class Dressed:
    """Somebody in plain skin."""

    body: Body
    mesh: Mesh

    @classmethod
    def of(cls, garments: tuple[Garment, ...], body: Body) -> "Dressed":
        density = Density.of(SIZE[0])
        sheet = load_template().skin[density.level]
        skin = layer_on(
            sheet, body.points, body.points, name="skin", uv=sheet.uv * 8 + 2,
            texture=Texture(np.zeros((16, 16, 3), np.uint8)), density=8.0, material=Material(),
        )  # fmt: skip
        return cls(body, assemble(dress(garments, body, density, [skin])))

    def shot(self, stance: Stance, heading: float, finer: int = 1) -> Integers:
        """(N,) faces seen from far away, one for each sample that shows the person."""
        mesh, size = self.mesh, (SIZE[0] * finer, SIZE[1] * finer)
        points = pose_points(mesh.rest, pose(self.body, stance).turned(heading))[0]
        x, y, z = points * np.float32(size[0] / 1.9)
        screen = np.stack([x + size[1] / 2, y.max() + 2 - y, 200 * finer - z]).astype(np.float32)

        def keep(faces: Integers, weights: Floats) -> Bools:
            u, v = ((row[mesh.faces[:, faces]] * weights).sum(0) for row in mesh.uv)
            return mesh.atlas.alpha(u, v, 0) >= 128

        return rasterize(screen, mesh.faces, size, two_sided=mesh.two_sided, cut=mesh.cut, keep=keep).faces

    def names(self, faces: Integers) -> np.ndarray:
        return np.array(self.mesh.layer_names)[self.mesh.layers[faces]]

    def bare(self, faces: Integers) -> int:
        """Samples of skin between chest and hips."""
        mesh = self.mesh
        corners = mesh.faces[:, faces[self.names(faces) == "skin"]]
        sites = sites_of(mesh.site, mesh.rest.bones, mesh.rest.weights)
        x, y, arm = (values[corners].mean(0) for values in (sites.x, sites.y, sites.arm))
        return int(((arm < 0.3) & (x < 0.13) & (y > -0.1) & (y < 0.40)).sum())


@pytest.mark.parametrize("kind", WORN)
def test_what_is_worn_is_seen_and_covers(kind: str) -> None:
    woman = any(word in kind for word in WOMEN)
    for seed in (1, 2):
        person = Dressed.of(WORN[kind], body(seed, woman))
        finer = 4 if kind == "glasses" else 1  # wires of 3 mm
        views = [person.names(person.shot(stand(), heading, finer)) for heading in (0.0, 3.0)]
        for name in {garment.name for garment in WORN[kind]}:
            least = 0 if name == "top" and kind.startswith("closed") else LEAST[name]
            assert max(int((own == name).sum()) for own in views) >= least, name
        for number, stance in enumerate(stances()):
            assert person.bare(person.shot(stance, 0.8 * number)) == 0, (seed, number)


def test_bare_skin_would_be_noticed() -> None:
    person = Dressed.of((SNEAKERS, JEANS, replace(TEE, hem=0.3)), body(1, False))
    assert person.bare(person.shot(stand(), 0.0)) > 3
