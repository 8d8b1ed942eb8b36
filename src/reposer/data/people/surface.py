"""What a person is made of: surfaces that follow bones, with what is painted on them."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.parts import face_parts
from reposer.data.people.skinning import Rest, vertex_normals
from reposer.data.people.template import Sheet, load_template
from reposer.data.people.texture import Atlas, Texture, pack


@dataclass(frozen=True, kw_only=True)
class Material:
    """How a surface takes light."""

    wrap: float = 0.25
    """How far light reaches round to the shaded side, 0 to 1."""
    gloss: float = 0.05
    """Strength of highlights."""
    sharpness: int = 3
    """Of highlights: their cosine is squared this many times."""
    blood: float = 0.0
    """How red the edge of shadow is; skin 1."""
    detail: str | None = None
    """A fine pattern of DETAILS laid over the texture; None: smooth."""
    detail_strength: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One piece of a person: a sheet in its place on the body, with its texture."""

    name: str
    """Kind of surface, as 'skin', 'hair', 'top': the truth's `layers` tell them apart."""
    points: Floats  # (3, V) at rest
    normals: Floats  # (3, V)
    bones: Integers  # (4, V)
    weights: Floats  # (4, V)
    faces: Integers  # (3, F)
    uv: Floats  # (2, V) texels of the texture
    site: Floats  # (3, V) where on the average body at rest each vertex belongs
    parts: NDArray[np.uint8]  # (F,)
    texture: Texture
    density: float
    """Texels per metre."""
    material: Material
    two_sided: bool = False
    shade: Floats | None = None
    """(V,) how much ambient light reaches a vertex, 0 to 1; None: all."""

    def only(self, faces: NDArray[np.bool_]) -> "Layer":
        """The same with some of its faces and the vertices that they need."""
        kept = self.faces[:, faces]
        used = np.zeros(self.points.shape[1], bool)
        used[kept.ravel()] = True
        new = np.cumsum(used) - 1
        return replace(
            self, points=self.points[:, used], normals=self.normals[:, used], bones=self.bones[:, used],
            weights=self.weights[:, used], faces=new[kept], uv=self.uv[:, used], site=self.site[:, used],
            parts=self.parts[faces], shade=None if self.shade is None else self.shade[used],
        )  # fmt: skip


def layer_on(
    sheet: Sheet,
    points: Floats,
    normals: Floats,
    *,
    name: str,
    uv: Floats,
    texture: Texture,
    density: float,
    material: Material,
    parts: NDArray[np.uint8] | None = None,
    two_sided: bool = False,
    shade: Floats | None = None,
) -> Layer:
    """A layer on a sheet of the template, whose vertices lie at `points` with `normals` (3, V of the template)."""
    template, own = load_template(), sheet.vertices
    return Layer(
        name=name,
        points=points[:, own],
        normals=normals[:, own],
        bones=template.weight_bones[:, own],
        weights=template.weights[:, own],
        faces=sheet.faces,
        uv=uv,
        site=template.points[:, own],
        parts=face_parts(own[sheet.faces]) if parts is None else parts,
        texture=texture,
        density=density,
        material=material,
        two_sided=two_sided,
        shade=shade,
    )


@dataclass(frozen=True)
class Mesh:
    """All layers of a person in one; what the renderer draws."""

    rest: Rest
    faces: Integers  # (3, F)
    uv: Floats  # (2, V) texels of the atlas
    site: Floats  # (3, V)
    shade: Floats  # (V,)
    parts: NDArray[np.uint8]  # (F,)
    layers: NDArray[np.uint8]  # (F,) which of layer_names
    layer_names: tuple[str, ...]
    materials: tuple[Material, ...]
    material: Integers  # (F,)
    density: Floats  # (F,) texels per metre
    two_sided: NDArray[np.bool_]  # (F,)
    cut: NDArray[np.bool_]  # (F,) where alpha decides
    atlas: Atlas


ATLAS_WIDTH = 1024


def assemble(layers: list[Layer]) -> Mesh:
    """Join layers; the order plays no part in what hides what."""
    atlas, corners = pack([layer.texture for layer in layers], ATLAS_WIDTH)
    starts = np.cumsum([0] + [layer.points.shape[1] for layer in layers[:-1]])
    counts = [layer.faces.shape[1] for layer in layers]
    points = np.concatenate([layer.points for layer in layers], axis=1)
    normals = np.concatenate([layer.normals for layer in layers], axis=1)
    names = tuple(dict.fromkeys(layer.name for layer in layers))
    materials = tuple(dict.fromkeys(layer.material for layer in layers))

    def per_face(values: list[Any], kind: type) -> NDArray[Any]:
        return np.repeat(np.array(values, kind), counts)

    return Mesh(
        rest=Rest(
            points, normals, np.concatenate([layer.bones for layer in layers], axis=1),
            np.concatenate([layer.weights for layer in layers], axis=1),
        ),
        faces=np.concatenate([layer.faces + start for layer, start in zip(layers, starts, strict=True)], axis=1),
        uv=np.concatenate(
            [layer.uv + np.array(corner, np.float32)[:, None] for layer, corner in zip(layers, corners, strict=True)],
            axis=1,
        ),
        site=np.concatenate([layer.site for layer in layers], axis=1),
        shade=np.concatenate(
            [np.ones(layer.points.shape[1], np.float32) if layer.shade is None else layer.shade for layer in layers]
        ),
        parts=np.concatenate([layer.parts for layer in layers]),
        layers=per_face([names.index(layer.name) for layer in layers], np.uint8),
        layer_names=names,
        materials=materials,
        material=per_face([materials.index(layer.material) for layer in layers], np.intp),
        density=per_face([layer.density for layer in layers], np.float32),
        two_sided=per_face([layer.two_sided for layer in layers], bool),
        cut=np.concatenate([_cut(layer) for layer in layers]),
        atlas=atlas,
    )  # fmt: skip


def _cut(layer: Layer) -> NDArray[np.bool_]:
    """(F,) faces near which the alpha of the texture changes."""
    if layer.texture.alpha is None:
        return np.zeros(layer.faces.shape[1], bool)
    alpha = layer.texture.alpha
    corners = layer.uv[:, layer.faces]  # (2, 3, F)
    low = np.maximum(np.floor(corners.min(1)).astype(int) - 1, 0)
    high = np.ceil(corners.max(1)).astype(int) + 2
    total = cv2.integral((alpha < 128).astype(np.uint8))
    (x0, y0), (x1, y1) = low, np.minimum(high, np.array(alpha.shape[::-1])[:, None])
    return total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] > 0


def follow(points: Floats, among: Integers) -> tuple[Integers, Floats]:
    """Bones and weights (4, N) of points (3, N) on the average body: those of the nearest vertex of `among`."""
    template = load_template()
    near = template.points[:, among]
    nearest = np.empty(points.shape[1], np.intp)
    for k, (x, y, z) in enumerate(points.T):
        dx, dy, dz = near[0] - x, near[1] - y, near[2] - z
        nearest[k] = among[np.argmin(dx * dx + dy * dy + dz * dz)]
    return template.weight_bones[:, nearest], template.weights[:, nearest]


def grid_faces(rows: int, columns: int) -> Integers:
    """(3, F) triangles of a grid of vertices; its outside is where rows go down and columns to the right."""
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1].ravel(), index[:-1, 1:].ravel(), index[1:, :-1].ravel(), index[1:, 1:].ravel()
    return np.concatenate([np.stack([a, c, b]), np.stack([b, c, d])], axis=1)


def grid_layer(
    points: Floats, site: Floats, *, name: str, texture: Texture, density: float, material: Material, part: int,
    bones: Integers, weights: Floats, two_sided: bool = True,
) -> Layer:  # fmt: skip
    """A free piece: a grid (3, rows, columns) of points at rest, over the whole texture.

    Args:
        site: (3, rows, columns) where each point belongs on the average body.
        bones, weights: (4, rows * columns), as from `follow`.
        part: of PARTS.
    """
    _, rows, columns = points.shape
    flat = np.ascontiguousarray(points.reshape(3, -1), np.float32)
    faces = grid_faces(rows, columns)
    height, width = texture.colour.shape[:2]
    v, u = np.meshgrid(np.linspace(0.5, height - 0.5, rows), np.linspace(0.5, width - 0.5, columns), indexing="ij")
    return Layer(
        name=name, points=flat, normals=vertex_normals(flat, faces), bones=bones, weights=weights, faces=faces,
        uv=np.stack([u.ravel(), v.ravel()]).astype(np.float32), site=site.reshape(3, -1).astype(np.float32),
        parts=np.full(faces.shape[1], part, np.uint8), texture=texture, density=density, material=material,
        two_sided=two_sided,
    )  # fmt: skip
