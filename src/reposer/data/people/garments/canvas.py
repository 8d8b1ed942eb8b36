"""Painting of panels: seams, stitches and folds that every piece of cloth has."""

from functools import cached_property, lru_cache

import cv2
import numpy as np

from reposer.data.people.arrays import Bools, Floats, Integers
from reposer.data.people.garments.colours import Colour, stitching, towards
from reposer.data.people.garments.fabrics import VARIANTS, Fabric, Image, bytes_of, mix, weave
from reposer.data.people.garments.relief import creases, folds, scaled
from reposer.data.people.raster import rasterize
from reposer.data.people.sites import Chart, Sites, panel_chart
from reposer.data.people.template import load_template
from reposer.data.people.texture import Texture

_F = np.float32


class Patch:
    """Some texels of a panel that is being painted, as a list of N."""

    def __init__(self, canvas: "Canvas", place: Integers) -> None:
        self.canvas, self.place = canvas, place

    @cached_property
    def _whole(self) -> Integers:
        """(N,) where the texels are in the whole panel's chart."""
        chart, width = self.canvas.chart, self.canvas.panel_width
        return self.place + (self.place // chart.size[1]) * (width - chart.size[1]) + self.canvas.first

    @cached_property
    def sites(self) -> Sites:
        whole = panel_chart(self.canvas.panel, self.canvas.chart.density).sites
        return Sites(np.stack([np.take(row, self._whole) for row in whole.points]), np.take(whole.arm, self._whole))

    @cached_property
    def u(self) -> Floats:
        """(N,) metres across the panel."""
        return np.take(panel_chart(self.canvas.panel, self.canvas.chart.density).u, self._whole)

    def where(self, chosen: Bools) -> "Patch":
        """Of these texels the chosen ones (N,)."""
        return Patch(self.canvas, self.place[chosen])

    def lay(self, colour: Colour, share: Floats | float = 1.0) -> None:
        """Lay on a colour, by shares (N,) or one for all."""
        mix(self.canvas.texels, self.place, share, colour)

    def line(
        self, distance: Floats, colour: Colour | None = None, *, width: float = 0.002, strength: float = 0.6,
        where: Bools | None = None,
    ) -> None:  # fmt: skip
        """Draw a line of a width in metres where a distance (N,) is 0; thin ones grow paler, never narrower than a
        texel.
        """
        texel = self.canvas.texel
        reach = max(width, texel) / 2
        near = np.abs(distance) < _F(reach + texel / 2)
        own = np.flatnonzero(near if where is None else near & where)
        share = np.minimum((_F(reach) - np.abs(distance[own])) * _F(1 / texel) + _F(0.5), 1)
        strong = _F(strength * min(1.0, 1.3 * width / texel))
        mix(self.canvas.texels, self.place[own], share * strong, self.canvas.thread if colour is None else colour)

    def disc(self, distance: Floats, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Fill a disc: texels whose distance (N,) from its middle is less than its radius; at least a texel wide."""
        share = (_F(max(radius, 0.5 * self.canvas.texel)) - distance) * _F(1 / self.canvas.texel) + _F(0.5)
        own = np.flatnonzero(share > 0)
        mix(self.canvas.texels, self.place[own], np.minimum(share[own], 1) * _F(strength), colour)


class Canvas:
    """A panel that is being painted."""

    def __init__(self, fabric: Fabric, panel: str, chart: Chart) -> None:
        self.fabric, self.panel, self.chart = fabric, panel, chart
        self.panel_width = panel_chart(panel, chart.density).size[1]
        self.first = chart.corner[0] * self.panel_width + chart.corner[1]
        self.window = tuple(slice(start, start + side) for start, side in zip(chart.corner, chart.size, strict=True))
        self.texel = 1 / chart.density
        self.image: Image = np.ascontiguousarray(weave(fabric, panel, chart))
        self.texels = self.image.ravel()
        self.thread = stitching(fabric.base)

    def where(self, chosen: Bools) -> Patch:
        """The texels chosen (h, w)."""
        return Patch(self, np.flatnonzero(chosen))

    def seams(self, strength: float = 0.3) -> None:
        """Darken where the panel is sewn to its neighbours."""
        self.where(seam(self.panel, self.chart.density)[self.window]).lay(
            towards(self.fabric.base, (0, 0, 0), 0.45), strength
        )

    def finished(self, *, hang: float = 1.0, bend: float = 1.0) -> Texture:
        """The texture, with folds of a strength."""
        density, variant = self.chart.density, self.fabric.seed % VARIANTS
        return Texture(
            bytes_of(self.image),
            slopes=scaled(folds(self.panel, density, variant)[:, *self.window], hang),
            creases=scaled(creases(self.panel, density, variant)[:, *self.window], bend),
        )


@lru_cache(maxsize=64)
def texel_faces(panel: str, density: float, level: int) -> Integers:
    """(h, w) the face of a panel, at a level of detail, that each texel belongs to or is nearest to."""
    chart, faces = panel_chart(panel, density), load_template().panel(panel, level).faces
    flat = np.concatenate([chart.uv, np.zeros_like(chart.uv[:1])])
    found = rasterize(flat, faces, chart.size, two_sided=np.ones(faces.shape[1], bool))
    image = found.image(found.faces, -1)
    _, labels = cv2.distanceTransformWithLabels(
        (image < 0).astype(np.uint8), cv2.DIST_L1, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(labels.max() + 1, np.intp)
    source[labels[image >= 0]] = image[image >= 0]
    return source[labels]


@lru_cache(maxsize=64)
def seam(panel: str, density: float) -> Bools:
    """(h, w) texels within 3 mm of a panel's border, but for the rough arm-hole."""
    inside, sites = panel_chart(panel, density).inside, panel_chart(panel, density).sites
    padded = np.pad(inside, 1).astype(np.uint8)
    away = cv2.distanceTransform(padded, cv2.DIST_L1, 3)[1:-1, 1:-1]
    unsewn = (sites.y > 0.37) & (sites.x > 0.1) & (sites.arm > 0.05)
    return (away < max(0.003 * density, 1.5)) & inside & ~unsewn
