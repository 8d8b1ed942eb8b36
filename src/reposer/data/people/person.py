"""One person: body, looks and clothes, ready to be photographed."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.face.complexion import Complexion, sample_complexion
from reposer.data.people.face.layers import skin_layers
from reposer.data.people.garments.garment import Density, Garment, dress
from reposer.data.people.hair.choices import sample_hairstyle
from reposer.data.people.hair.hairstyle import Hairstyle
from reposer.data.people.shape import Body, Shape, make_body
from reposer.data.people.surface import Mesh, assemble


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
    complexion = sample_complexion(rng, shape)
    return Looks(
        shape=shape, complexion=complexion, hairstyle=sample_hairstyle(rng, shape, complexion),
        garments=sample_outfit(rng, shape),
    )  # fmt: skip


def make_person(looks: Looks, height: int) -> Person:
    """Dress a body for pictures of `height` pixels."""
    body = make_body(looks.shape)
    density = Density.of(height)
    hairstyle = looks.hairstyle
    if hairstyle is not None and any(garment.name == "hat" for garment in looks.garments):
        hairstyle = hairstyle.under_hat()
    if hairstyle is not None and any(garment.high for garment in looks.garments):
        hairstyle = hairstyle.behind()
    growth = None if hairstyle is None else hairstyle.growth
    layers = skin_layers(looks.complexion, growth, body, density)
    if hairstyle is not None:
        layers += hairstyle.layers(body, looks.complexion.hair, 2 * density.skin, density.level)
    return Person(looks, body, assemble(dress(looks.garments, body, density, layers)))
