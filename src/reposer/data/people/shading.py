"""Shading: the colour of every sample that shows a surface."""

from functools import lru_cache

import cv2
import numpy as np

from reposer.data.people import details
from reposer.data.people.arrays import Floats, Integers, turn, unit_columns
from reposer.data.people.light import Light
from reposer.data.people.raster import Fragments
from reposer.data.people.surface import Material, Mesh
from reposer.data.people.texture import SLOPE_UNIT

_RED_EDGE = np.array([0.20, 0.0, -0.06], np.float32)[:, None]
"""How much further than green each colour of light wraps around skin."""
_INSIDE = np.float32(0.55)
"""How bright the inside of cloth is."""


@lru_cache(maxsize=1)
def linear_table() -> Floats:
    """(256,) light of the sRGB bytes, by a power of 2.2."""
    return ((np.arange(256) / 255) ** 2.2).astype(np.float32)


def paint(mesh: Mesh, found: Fragments, level: int) -> Floats:
    """Linear RGB (N, 3) of what is painted where fragments are; `level` of the atlas."""
    u, v = found.interpolate(mesh.uv)
    texels = mesh.atlas.colour(u, v, level)
    looked_up: Floats = cv2.LUT(texels[None], linear_table())[0, :, :3].astype(np.float32, copy=False)
    return looked_up


def illuminate(
    mesh: Mesh, found: Fragments, viewed: Floats, normals: Floats, *, light: Light, rotation: Floats,
    lit: Floats, ambient: Floats, level: int, pitch: float,
) -> tuple[Floats, Floats]:  # fmt: skip
    """By how much fragments return the light that their paint does not swallow, and what shines on top (3, N).

    Args:
        viewed, normals: (3, V) of the mesh's vertices in camera coordinates.
        rotation: (3, 3) from the world to the camera.
        lit: (N,) how much of the lamp's light arrives.
        ambient: (N,) how much of the light from around arrives.
        level: of the atlas.
        pitch: metres between fragments.
    """
    x, y, z = normals
    bent = 1 - (x * x + y * y + z * z)  # bones that pull apart shorten what they blend
    values = found.interpolate(np.concatenate([normals, mesh.uv, mesh.shade[None], bent[None]]))
    normal, (u, v), exposed, bent = values[:3], values[3:5], values[5], values[6]
    normal = unit_columns(normal * np.where(found.behind, np.float32(-1), np.float32(1)))
    kinds = mesh.material[found.faces]
    factor, relief = _fine(mesh, found, kinds, u, v, pitch)
    slopes = mesh.atlas.slope(u, v, level)
    if (slopes != 128).any():
        along = (slopes.T.astype(np.float32) - 128) * SLOPE_UNIT
        relief = relief + along[:2] + along[2:] * np.minimum(np.float32(2) * bent, 1)
    if relief.any():
        tangent, bitangent = _tangents(mesh, found, viewed)
        normal = unit_columns(normal - relief[0] * tangent - relief[1] * bitangent)

    towards = turn(rotation, light.axes()[2]).astype(np.float32)
    up = rotation[:, 1].astype(np.float32)
    facing = normal[0] * towards[0] + normal[1] * towards[1] + normal[2] * towards[2]
    upward = np.float32(0.5) + np.float32(0.5) * (normal[0] * up[0] + normal[1] * up[1] + normal[2] * up[2])
    wrap, gloss, blood = (np.take(row, kinds) for row in _materials(mesh)[:3])
    reach = wrap + blood * _RED_EDGE
    diffuse = np.maximum(facing + reach, 0) / (1 + reach)
    key, sky, ground = (np.array(values, np.float32)[:, None] for values in (light.key, light.sky, light.ground))
    around = (ground + (sky - ground) * upward) * (ambient * exposed)
    lamp = key * lit
    seen = np.where(found.behind, _INSIDE, np.float32(1))
    shine = _highlight(mesh, normal, towards, kinds) * lamp + np.float32(0.15) * around
    return (lamp * diffuse + around) * (factor * seen), shine * (gloss * seen)


@lru_cache(maxsize=64)
def _table(materials: tuple[Material, ...]) -> Floats:
    rows = [(m.wrap, m.gloss, m.blood, m.detail_strength) for m in materials]
    return np.array(rows, np.float32).T


def _materials(mesh: Mesh) -> Floats:
    """(4, materials) wrap, gloss, blood and strength of detail."""
    return _table(mesh.materials)


def _fine(mesh: Mesh, found: Fragments, kinds: Integers, u: Floats, v: Floats, pitch: float) -> tuple[Floats, Floats]:
    """Factor (N,) or (1,) and slopes (2, N) or (2, 1) of the materials' fine patterns."""
    level = details.level_for(pitch)
    used = [m.detail is not None and details.visible(m.detail, level) for m in mesh.materials]
    own = np.flatnonzero(np.array(used)[kinds])
    if not len(own):
        return np.ones(1, np.float32), np.zeros((2, 1), np.float32)
    metres = 1 / mesh.density[found.faces[own]]
    which = np.array([0 if m.detail is None else details.NAMES.index(m.detail) for m in mesh.materials])
    strength = _materials(mesh)[3][kinds[own]]
    looked = details.look_up(which[kinds[own]], u[own] * metres, v[own] * metres, pitch)
    factor, slopes = np.ones(len(kinds), np.float32), np.zeros((2, len(kinds)), np.float32)
    factor[own] = 1 + (looked[0] - 1) * strength
    for row, values in zip(slopes, looked[1:], strict=True):
        row[own] = values * strength
    return factor, slopes


def _tangents(mesh: Mesh, found: Fragments, viewed: Floats) -> tuple[Floats, Floats]:
    """Unit vectors (3, N) along which u and v grow on the faces of fragments."""
    first, second, third = found.triangles.corners
    start, (u0, v0) = np.take(viewed, first, axis=1), np.take(mesh.uv, first, axis=1)
    one, two = np.take(viewed, second, axis=1) - start, np.take(viewed, third, axis=1) - start
    (u1, v1), (u2, v2) = np.take(mesh.uv, second, axis=1), np.take(mesh.uv, third, axis=1)
    u1, v1, u2, v2 = u1 - u0, v1 - v0, u2 - u0, v2 - v0
    turn = np.where(u1 * v2 - u2 * v1 < 0, np.float32(-1), np.float32(1))
    tangent = unit_columns((one * v2 - two * v1) * turn)
    bitangent = unit_columns((two * u1 - one * u2) * turn)
    return np.take(tangent, found.own, axis=1), np.take(bitangent, found.own, axis=1)


def _highlight(mesh: Mesh, normal: Floats, towards: Floats, kinds: Integers) -> Floats:
    """(N,) cosine of the half-way vector, raised to the power of two that each material says."""
    half = towards + np.array([0, 0, 1], np.float32)
    half /= np.sqrt((half * half).sum())
    shine = np.maximum(normal[0] * half[0] + normal[1] * half[1] + normal[2] * half[2], 0)
    times = np.array([m.sharpness for m in mesh.materials])[kinds]
    for k in range(max(m.sharpness for m in mesh.materials)):
        shine = np.where(times > k, shine * shine, shine)
    return shine
