"""The layers of a person that are neither hair nor cloth: skin, eyes and teeth."""

from collections.abc import Callable

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.face.complexion import Complexion
from reposer.data.people.face.eyes import EYE, TEETH, paint_eye
from reposer.data.people.face.regions import skin_chart
from reposer.data.people.face.skin import SKIN, paint_skin
from reposer.data.people.garments.garment import Density
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.surface import Layer, layer_on
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture


def skin_layers(
    complexion: Complexion, growth: Callable[[Sites], Floats] | None, body: Body, density: Density
) -> list[Layer]:
    """Skin, eyes and teeth of a body; `growth`: how densely hair grows at places."""
    template, level = load_template(), density.level
    skin, laid = template.skin[level], skin_chart(density.skin, level)
    layers = [
        layer_on(
            skin, body.points, vertex_normals(body.points, skin.vertices[skin.faces]), name="skin", uv=laid.uv,
            texture=paint_skin(complexion, growth, density.skin, level), density=density.skin, material=SKIN,
            shade=template.exposure[skin.vertices],
        )
    ]  # fmt: skip
    fine = density.skin * 4
    for sheet in template.eyes:
        texture, chart = paint_eye(sheet, complexion, fine)
        normals = vertex_normals(body.points, sheet.vertices[sheet.faces])
        layers.append(
            layer_on(
                sheet, body.points, normals, name="eyes", uv=chart.uv, texture=texture, density=fine, material=EYE,
                shade=np.minimum(template.exposure[sheet.vertices] + np.float32(0.35), 1),
            )
        )  # fmt: skip
    return [*layers, _teeth(body)]


def _teeth(body: Body) -> Layer:
    sheet = load_template().teeth
    normals = vertex_normals(body.points, sheet.vertices[sheet.faces])
    colour = np.empty((8, 8, 3), np.uint8)
    colour[:] = (214, 206, 190)
    return layer_on(
        sheet, body.points, normals, name="teeth", uv=np.full(sheet.uv.shape, 4, np.float32), texture=Texture(colour),
        density=100.0, material=TEETH, shade=np.full(len(sheet.vertices), 0.6, np.float32),
    )  # fmt: skip
