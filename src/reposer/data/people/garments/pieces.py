"""Free pieces of clothing: sheets laid out on the average body that go along with whoever wears them."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.garments.fabrics import Fabric, bytes_of, cloth
from reposer.data.people.garments.garment import FINE
from reposer.data.people.surface import Layer, Material, grid_layer
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture


@dataclass(frozen=True)
class Hold:
    """How points hang on vertices of the template: the four nearest, by weight."""

    vertices: Integers  # (4, N)
    shares: Floats  # (4, N)

    @classmethod
    def of(cls, points: Floats, places: Floats, among: Integers) -> "Hold":
        """Of points (3, N) among vertices that count as lying at `places` (3, M)."""
        off = sum((points[k][:, None] - places[k]) ** 2 for k in range(3))
        row, order, near = np.arange(points.shape[1]), [], []
        for _ in range(4):
            nearest = off.argmin(1)
            order.append(among[nearest])
            near.append(1 / (np.sqrt(off[row, nearest]) + 0.004) ** 2)
            off[row, nearest] = np.inf
        total = near[0] + near[1] + near[2] + near[3]
        return cls(np.stack(order), np.stack(near) / total)

    def mean(self, values: Floats) -> Floats:
        """(3, N) of values (3, V of the template)."""
        return sum(values[:, self.vertices[k]] * self.shares[k] for k in range(4))

    def bones(self) -> tuple[Integers, Floats]:
        """Bones and weights (4, N) of the nearest vertex."""
        template, nearest = load_template(), self.vertices[0]
        return template.weight_bones[:, nearest], template.weights[:, nearest]


def sheet(
    points: Floats, hold: Hold, fabric: Fabric, *, name: str, metres: tuple[float, float], density: float, part: int,
    material: Material | None = None,
) -> Layer:  # fmt: skip
    """A piece (3, rows, columns) in its place on the body, cut from a cloth of (height, width) metres."""
    size = max(4, round(metres[0] * density)), max(4, round(metres[1] * density))
    points = np.round(points * FINE) / FINE
    bones, weights = hold.bones()
    site = load_template().points[:, hold.vertices[0]].reshape(points.shape)
    return grid_layer(
        points, site, name=name, texture=Texture(bytes_of(cloth(fabric, size, density))), density=density,
        material=fabric.material if material is None else material, part=part, bones=bones, weights=weights,
    )  # fmt: skip
