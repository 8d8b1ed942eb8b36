"""Where on the average body something is: what cuts, paint and shells of garments depend on."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from reposer.data.people.arrays import Bools, Floats, Integers
from reposer.data.people.raster import rasterize
from reposer.data.people.template import Sheet, load_template
from reposer.data.people.texture import MARGIN

CROTCH = -0.045  # height where the legs part, on the average body


@dataclass(frozen=True)
class Sites:
    """Places on the average body at rest, of any shape S: vertices or texels. Metres; x to the person's left, y up."""

    points: Floats  # (3, *S)
    arm: Floats  # (*S) 1 on an arm, 0 on the trunk, between at the armpit

    @property
    def x(self) -> Floats:
        """Distance from the middle."""
        return np.abs(self.points[0])

    @property
    def y(self) -> Floats:
        return self.points[1]

    @property
    def z(self) -> Floats:
        return self.points[2]

    @cached_property
    def along_arm(self) -> Floats:
        """0 at the shoulder, 1 at the elbow, 2 at the wrist."""
        shoulder, elbow, wrist = _left_arm()
        place = np.stack([self.x, self.y, self.z])

        def share(start: Floats, end: Floats) -> Floats:
            step = (end - start).astype(np.float32)
            return sum((place[k] - np.float32(start[k])) * step[k] for k in range(3)) / np.float32((step * step).sum())

        upper, fore = share(shoulder, elbow), share(elbow, wrist)
        return np.where(fore > 0, 1 + fore, np.minimum(upper, 1))

    def at(self, chosen: Integers | Bools | slice) -> "Sites":
        return Sites(self.points[:, chosen], self.arm[chosen])


@lru_cache(maxsize=1)
def _left_arm() -> tuple[Floats, Floats, Floats]:
    template = load_template()
    shoulder, elbow, wrist = (
        template.heads[template.bone(f"{name}.L")] for name in ("upperarm01", "lowerarm01", "wrist")
    )
    return shoulder, elbow, wrist


@lru_cache(maxsize=1)
def vertex_sites() -> Sites:
    """Of all vertices of the template."""
    template = load_template()
    return sites_of(template.points, template.weight_bones, template.weights)


def sites_of(points: Floats, bones: Integers, weights: Floats) -> Sites:
    """Sites (V) of vertices at `points` (3, V) of the average body that follow bones (4, V) with weights (4, V)."""
    arms = [bone.startswith(("upperarm", "lowerarm", "wrist", "finger")) for bone in load_template().bones]
    share = np.where(np.array(arms)[bones], weights, np.float32(0))
    return Sites(points, share[0] + share[1] + share[2] + share[3])


@dataclass(frozen=True)
class Chart:
    """A sheet laid out in texels."""

    uv: Floats  # (2, V) texels
    sites: Sites  # (h, w)
    u: Floats  # (h, w) metres across, from the sheet's left edge
    v: Floats  # (h, w) metres down
    inside: Bools  # (h, w) texels that belong to a triangle
    density: float
    """Texels per metre."""
    corner: tuple[int, int] = (0, 0)
    """Row and column of the whole sheet's chart at which this part of it begins."""

    def window(self, rows: slice, columns: slice) -> "Chart":
        """A part of the chart, as views."""
        sites = Sites(self.sites.points[:, rows, columns], self.sites.arm[rows, columns])
        return Chart(
            self.uv - np.array([[columns.start], [rows.start]], np.float32), sites, self.u[rows, columns],
            self.v[rows, columns], self.inside[rows, columns], self.density, (rows.start, columns.start),
        )  # fmt: skip

    @property
    def size(self) -> tuple[int, int]:
        return self.inside.shape[0], self.inside.shape[1]


@lru_cache(maxsize=64)
def panel_chart(name: str, density: float) -> Chart:
    """A panel of cloth at `density` texels per metre; shared by all people, so never write into it."""
    sheet = load_template().panels[name]
    return chart(sheet, sheet.uv, density)


def chart(sheet: Sheet, metres: Floats, density: float) -> Chart:
    """Lay out a sheet whose vertices are at `metres` (2, V), none below 0."""
    uv = (metres * density + MARGIN).astype(np.float32)
    size = int(np.ceil(uv[1].max())) + MARGIN, int(np.ceil(uv[0].max())) + MARGIN
    sites = vertex_sites()
    values = np.concatenate([sites.points[:, sheet.vertices], sites.arm[None, sheet.vertices]])
    image, inside = spread(uv, sheet.faces, values, size)
    y, x = np.mgrid[0 : size[0], 0 : size[1]].astype(np.float32)
    step = np.float32(1 / density)
    return Chart(
        uv, Sites(image[:3], image[3]), (x - MARGIN + np.float32(0.5)) * step, (y - MARGIN + np.float32(0.5)) * step,
        inside, density,
    )  # fmt: skip


def spread(uv: Floats, faces: Integers, values: Floats, size: tuple[int, int]) -> tuple[Floats, Bools]:
    """Values (K, h, w) of values (K, V) at vertices that lie at texels `uv`, and where there are triangles.

    Outside the triangles the nearest texel's value stands.
    """
    flat = np.concatenate([uv, np.zeros_like(uv[:1])])
    found = rasterize(flat, faces, size, two_sided=np.ones(faces.shape[1], bool))
    inside = np.zeros(size, bool)
    inside.ravel()[found.pixels] = True
    image = np.zeros((len(values), *size), np.float32)
    image.reshape(len(values), -1)[:, found.pixels] = found.interpolate(values)
    _, labels = cv2.distanceTransformWithLabels(
        (~inside).astype(np.uint8), cv2.DIST_L1, 3, labelType=cv2.DIST_LABEL_PIXEL
    )
    source = np.zeros(labels.max() + 1, np.intp)
    source[labels[inside]] = np.flatnonzero(inside)
    return image.reshape(len(values), -1)[:, source[labels]], inside
