"""Painting of panels: seams, stitches and folds that every piece of cloth has."""

from functools import lru_cache

import cv2
import numpy as np

from reposer.data.people.arrays import Bools, Floats
from reposer.data.people.garments.colours import Colour, stitching, towards
from reposer.data.people.garments.fabrics import Fabric, mix, rounded, weave
from reposer.data.people.garments.relief import VARIANTS, creases, folds, scaled
from reposer.data.people.sites import Chart, panel_chart
from reposer.data.people.texture import Texture


class Canvas:
    """A panel that is being painted."""

    def __init__(self, fabric: Fabric, panel: str, chart: Chart) -> None:
        self.fabric, self.panel, self.chart = fabric, panel, chart
        self.window = tuple(slice(start, start + side) for start, side in zip(chart.corner, chart.size, strict=True))
        self.texel = 1 / chart.density
        self.image = weave(fabric, panel, chart)
        self.thread = stitching(fabric.base)

    def lay(self, share: Floats | Bools, colour: Colour, strength: float = 1.0) -> None:
        """Lay a colour where a share (h, w) says so."""
        mix(self.image, share * np.float32(strength), colour)

    def line(
        self, distance: Floats, colour: Colour | None = None, *, width: float = 0.002, strength: float = 0.6,
        where: Bools | None = None,
    ) -> None:  # fmt: skip
        """Draw a line of a width in metres where a distance (h, w) is 0; thin ones grow paler, never wider than a
        texel.
        """
        reach = np.float32(max(width, self.texel) / 2)
        share = np.clip((reach - np.abs(distance)) * np.float32(1 / self.texel) + np.float32(0.5), 0, 1)
        if where is not None:
            share = share * where
        self.lay(share, self.thread if colour is None else colour, strength * min(1.0, 1.3 * width / self.texel))

    def seams(self, strength: float = 0.22) -> None:
        """Darken where the panel is sewn to its neighbours."""
        self.lay(
            seam(self.panel, self.chart.density)[self.window], towards(self.fabric.base, (0, 0, 0), 0.45), strength
        )

    def finished(self, *, hang: float = 1.0, bend: float = 1.0) -> Texture:
        """The texture, with folds of a strength."""
        density, variant = self.chart.density, self.fabric.seed % VARIANTS
        return Texture(
            rounded(self.image),
            slopes=scaled(folds(self.panel, density, variant)[:, *self.window], hang),
            creases=scaled(creases(self.panel, density, variant)[:, *self.window], bend),
        )


@lru_cache(maxsize=64)
def seam(panel: str, density: float) -> Floats:
    """(h, w) 1 within 3 mm of a panel's border, 0 further in."""
    inside = panel_chart(panel, density).inside
    padded = np.pad(inside, 1).astype(np.uint8)
    away = cv2.distanceTransform(padded, cv2.DIST_L1, 3)[1:-1, 1:-1].astype(np.float32)
    return np.clip(np.float32(0.003 * density + 1) - away, 0, 1) * inside
