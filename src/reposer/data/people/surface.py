"""What a person is made of: surfaces that follow bones, with what is painted on them."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Bools, Floats, Integers
from reposer.data.people.parts import face_parts
from reposer.data.people.skinning import Rest, vertex_normals
from reposer.data.people.template import Sheet, load_template
from reposer.data.people.texture import MARGIN, Atlas, Texture, crop, pack


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
    two_sided: bool | Bools = False
    """Whether its back is seen too, where the front of nothing hides it; (F,) or the same for all faces."""
    shade: Floats | None = None
    """(V,) how much ambient light reaches a vertex, 0 to 1; None: all."""

    def only(self, faces: Bools) -> "Layer":
        """The same with some of its faces; vertices that none of them needs go when layers are assembled."""
        both = self.two_sided if isinstance(self.two_sided, bool) else self.two_sided[faces]
        return replace(self, faces=np.compress(faces, self.faces, axis=1), parts=self.parts[faces], two_sided=both)


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
    two_sided: bool | Bools = False,
    shade: Floats | None = None,
) -> Layer:
    """A layer on a sheet of the template, whose vertices lie at `points` with `normals` (3, V of the template).

    `uv` and `shade` are of the sheet's vertices, `parts` and `two_sided` of its faces; vertices without faces are left
    out of the layer.
    """
    template, (used, faces) = load_template(), sheet.packed
    own = sheet.vertices[used]
    return Layer(
        name=name,
        points=np.take(points, own, axis=1),
        normals=np.take(normals, own, axis=1),
        bones=np.take(template.weight_bones, own, axis=1),
        weights=np.take(template.weights, own, axis=1),
        faces=faces,
        uv=np.take(uv, used, axis=1),
        site=np.take(template.points, own, axis=1),
        parts=face_parts(own[faces]) if parts is None else parts,
        texture=texture,
        density=density,
        material=material,
        two_sided=two_sided,
        shade=None if shade is None else shade[used],
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
    counts = [layer.faces.shape[1] for layer in layers]
    starts = np.cumsum([0] + [layer.points.shape[1] for layer in layers[:-1]])
    textures, shifts = zip(*(_cropped(layer) for layer in layers), strict=True)
    atlas, corners = pack(list(textures), ATLAS_WIDTH)
    moved = [np.array(corner, np.float32) - shift for corner, shift in zip(corners, shifts, strict=True)]
    names = tuple(dict.fromkeys(layer.name for layer in layers))
    materials = tuple(dict.fromkeys(layer.material for layer in layers))
    faces = np.concatenate([layer.faces + start for layer, start in zip(layers, starts, strict=True)], axis=1)
    used = np.zeros(int(starts[-1]) + layers[-1].points.shape[1], bool)
    used[faces.ravel()] = True
    new, kept = np.cumsum(used) - 1, np.flatnonzero(used)

    def per_vertex(values: list[NDArray[Any]]) -> NDArray[Any]:
        return np.take(np.concatenate(values, axis=-1), kept, axis=-1)

    def per_face(values: list[Any], kind: type) -> NDArray[Any]:
        return np.repeat(np.array(values, kind), counts)

    return Mesh(
        rest=Rest(
            per_vertex([layer.points for layer in layers]), per_vertex([layer.normals for layer in layers]),
            per_vertex([layer.bones for layer in layers]), per_vertex([layer.weights for layer in layers]),
        ),
        faces=np.take(new, faces),
        uv=per_vertex([layer.uv + move[:, None] for layer, move in zip(layers, moved, strict=True)]),
        site=per_vertex([layer.site for layer in layers]),
        shade=per_vertex(
            [np.ones(layer.points.shape[1], np.float32) if layer.shade is None else layer.shade for layer in layers]
        ),
        parts=np.concatenate([layer.parts for layer in layers]),
        layers=per_face([names.index(layer.name) for layer in layers], np.uint8),
        layer_names=names,
        materials=materials,
        material=per_face([materials.index(layer.material) for layer in layers], np.intp),
        density=per_face([layer.density for layer in layers], np.float32),
        two_sided=np.concatenate([np.broadcast_to(layer.two_sided, layer.faces.shape[1]) for layer in layers]),
        cut=np.concatenate([_cut(layer) for layer in layers]),
        atlas=atlas,
    )  # fmt: skip


def _cropped(layer: Layer) -> tuple[Texture, Floats]:
    """What of a layer's texture its faces show, and the texels (x, y) left of and above it."""
    uv = np.take(layer.uv, layer.faces.ravel(), axis=1)
    left, top = np.maximum(np.floor(uv.min(1)).astype(int) - MARGIN, 0).tolist()
    right, bottom = (np.ceil(uv.max(1)).astype(int) + MARGIN).tolist()
    return crop(layer.texture, slice(top, bottom), slice(left, right)), np.array([left, top], np.float32)


def _cut(layer: Layer) -> Bools:
    """(F,) faces near which the alpha of the texture changes."""
    alpha = layer.texture.alpha
    if alpha is None:
        return np.zeros(layer.faces.shape[1], bool)
    (height, width), gaps = alpha.shape, (alpha < 128).view(np.uint8)
    u, v = (np.take(row, layer.faces) for row in layer.uv)  # (3, F)
    x0, y0 = (np.maximum(np.floor(row.min(0)).astype(np.intp) - 1, 0) for row in (u, v))
    x1, y1 = (
        np.minimum(np.ceil(row.max(0)).astype(np.intp) + 2, side) for row, side in ((u, width), (v, height))
    )  # fmt: skip
    total, row = cv2.integral(gaps).ravel(), width + 1
    count = total[y1 * row + x1] - total[y0 * row + x1] - total[y1 * row + x0] + total[y0 * row + x0]
    return count > 0


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
