"""Hair: what a hairstyle is, and the plainest one."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.complexion import skin_chart, to_bytes
from reposer.data.people.parts import PARTS
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites, vertex_sites
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.surface import Layer, Material, layer_on
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture

HAIR = Material(wrap=0.4, gloss=0.06, sharpness=3)
_ANGLES = (0, 20, 40, 55, 65, 75, 86, 92, 98, 112, 122, 134, 146, 180)
_HAIRLINE = (0.805, 0.807, 0.810, 0.800, 0.777, 0.752, 0.732, 0.732, 0.758, 0.765, 0.735, 0.690, 0.666, 0.658)


def above_hairline(sites: Sites) -> Floats:
    """Metres above the line where hair begins, on the average body; negative on the face and off the head."""
    around = np.degrees(np.arctan2(sites.x.astype(np.float64), sites.z.astype(np.float64) - 0.045))
    above = sites.y - np.interp(around, _ANGLES, _HAIRLINE)
    ear = (sites.x > 0.0735) & (sites.y < 0.765) & (sites.y > 0.68) & (np.abs(sites.z - 0.0075) < 0.0375)
    head = (sites.y > 0.62) & (sites.x < 0.12)
    return np.where(head & ~ear, above, -0.1).astype(np.float32)


class Hairstyle(ABC):
    """How somebody wears their hair, chosen in every detail but for the head that it grows on."""

    @abstractmethod
    def layers(self, body: Body, colour: tuple[int, int, int], density: float, level: int) -> list[Layer]:
        """Layers named 'hair' on a body, with `density` texels per metre of skin, on the skin's level of detail."""


@dataclass(frozen=True)
class Short(Hairstyle):
    """A cap of short hair."""

    thickness: float = 0.014

    def layers(self, body: Body, colour: tuple[int, int, int], density: float, level: int) -> list[Layer]:
        template, sites = load_template(), vertex_sites()
        skin, laid = template.skin[level], skin_chart(density, level)
        normals = vertex_normals(body.points, skin.vertices[skin.faces])
        line = above_hairline(sites)
        grown = self.thickness * smoothstep(line, -0.012, 0.035) * (0.4 + 0.6 * smoothstep(sites.y, 0.74, 0.84))
        points = body.points + normals * (grown + np.float32(0.001)).astype(np.float32)
        cover = above_hairline(laid.sites)
        alpha = np.clip(128 + np.rint(cover * (density * 50)), 0, 255).astype(np.uint8)
        texture = Texture(to_bytes(np.broadcast_to(np.array(colour, np.float32), (*laid.size, 3))), alpha)
        near = line[skin.vertices][skin.faces].max(0) > -0.015
        layer = layer_on(
            skin, points, normals, name="hair", uv=laid.uv, texture=texture, density=density, material=HAIR,
            parts=np.full(skin.faces.shape[1], PARTS["hair"], np.uint8),
        )  # fmt: skip
        return [layer.only(near)]
