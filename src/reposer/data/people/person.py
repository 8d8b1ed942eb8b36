"""One person: body, looks and clothes, ready to be photographed."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.complexion import SKIN, Complexion, paint_eye, paint_skin, sample_complexion, skin_chart
from reposer.data.people.garments.garment import Density, Garment, dress
from reposer.data.people.hair import Hairstyle, Short
from reposer.data.people.shape import Body, Shape, make_body
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.surface import Layer, Material, Mesh, assemble, layer_on
from reposer.data.people.template import load_template

EYE = Material(wrap=0.3, gloss=0.5, sharpness=6)


@dataclass(frozen=True, kw_only=True)
class Looks:
    """Everything that makes one person, before anything is computed."""

    shape: Shape
    complexion: Complexion
    hairstyle: Hairstyle | None
    garments: tuple[Garment, ...]
    """From the inside out; together they cover the trunk from the chest to the hips."""


@dataclass(frozen=True)
class Person:
    """One person, with everything that stays the same from picture to picture."""

    looks: Looks
    body: Body
    mesh: Mesh


def sample_looks(rng: np.random.Generator) -> Looks:
    """Draw a person."""
    from reposer.data.people.garments.wardrobe import sample_outfit
    from reposer.data.people.sampling import sample_shape

    shape = sample_shape(rng)

    return Looks(
        shape=shape, complexion=sample_complexion(rng, shape.descent), hairstyle=Short(),
        garments=sample_outfit(rng, shape),
    )  # fmt: skip


def make_person(looks: Looks, height: int) -> Person:
    """Dress a body for pictures of `height` pixels."""
    body = make_body(looks.shape)
    density = Density.of(height)
    layers = _skin_layers(looks, body, density)
    if looks.hairstyle is not None:
        layers += looks.hairstyle.layers(body, looks.complexion.hair, density.skin, density.level)
    return Person(looks, body, assemble(dress(looks.garments, body, density, layers)))


def _skin_layers(looks: Looks, body: Body, density: Density) -> list[Layer]:
    template, level = load_template(), density.level
    skin, laid = template.skin[level], skin_chart(density.skin, level)
    normals = vertex_normals(body.points, skin.vertices[skin.faces])
    layers = [
        layer_on(
            skin, body.points, normals, name="skin", uv=laid.uv,
            texture=paint_skin(looks.complexion, density.skin, level), density=density.skin, material=SKIN,
            shade=template.exposure[skin.vertices],
        )
    ]  # fmt: skip
    for sheet in template.eyes:
        texture, chart = paint_eye(sheet, looks.complexion, density.skin * 4)
        eyes = vertex_normals(body.points, sheet.vertices[sheet.faces])
        layers.append(
            layer_on(
                sheet, body.points, eyes, name="eyes", uv=chart.uv, texture=texture, density=density.skin * 4,
                material=EYE, shade=template.exposure[sheet.vertices],
            )
        )  # fmt: skip
    return layers
