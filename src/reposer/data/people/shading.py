"""Shading: the colour of every sample that shows a surface."""

from functools import lru_cache

import numpy as np

from reposer.data.people import details
from reposer.data.people.arrays import Floats, Integers, turn, unit_columns
from reposer.data.people.light import Light
from reposer.data.people.raster import Fragments
from reposer.data.people.surface import Material, Mesh
from reposer.data.people.texture import SLOPE_UNIT

_RED_EDGE = np.array([0.20, 0.0, -0.06], np.float32)[:, None]
"""How much further than green each colour of light wraps around skin."""


@lru_cache(maxsize=1)
def linear_table() -> Floats:
    """(256,) light of the sRGB bytes, by a power of 2.2."""
    return ((np.arange(256) / 255) ** 2.2).astype(np.float32)


def shade(
    mesh: Mesh, found: Fragments, viewed: Floats, normals: Floats, *, light: Light, rotation: Floats,
    lit: Floats, ambient: Floats, level: int, pitch: float,
) -> Floats:  # fmt: skip
    """Linear RGB (3, N) of fragments.

    Args:
        viewed, normals: (3, V) of the mesh's vertices in camera coordinates.
        rotation: (3, 3) from the world to the camera.
        lit: (N,) how much of the lamp's light arrives.
        ambient: (N,) how much of the light from around arrives.
        level: of the atlas.
        pitch: metres between samples.
    """
    x, y, z = normals
    bent = 1 - (x * x + y * y + z * z)  # bones that pull apart shorten what they blend
    values = found.interpolate(np.concatenate([normals, mesh.uv, mesh.shade[None], bent[None]]))
    normal, (u, v), exposed, bent = values[:3], values[3:5], values[5], values[6]
    normal = unit_columns(np.where(found.behind, -normal, normal))
    texels, slopes = mesh.atlas.look_up(u, v, level)
    albedo = linear_table()[texels[:, :3].T]
    relief: Floats = np.zeros((2, 1), np.float32)
    if (slopes != 128).any():
        relief = (slopes.T.astype(np.float32) - 128) * SLOPE_UNIT
        relief = relief[:2] + relief[2:] * np.minimum(np.float32(2) * bent, 1)
    table = _materials(mesh)
    kinds = mesh.material[found.faces]
    fine = _fine(mesh, found, kinds, u, v, pitch)
    if fine is not None:
        albedo *= fine[0]
        relief = relief + fine[1:]
    if relief.any():
        tangent, bitangent = _tangents(mesh, found, viewed)
        normal = unit_columns(normal - relief[0] * tangent - relief[1] * bitangent)

    towards = turn(rotation, light.axes()[2]).astype(np.float32)
    up = rotation[:, 1].astype(np.float32)
    facing = normal[0] * towards[0] + normal[1] * towards[1] + normal[2] * towards[2]
    upward = np.float32(0.5) + np.float32(0.5) * (normal[0] * up[0] + normal[1] * up[1] + normal[2] * up[2])
    wrap, gloss, blood = (row[kinds] for row in table[:3])
    reach = wrap + blood * _RED_EDGE
    diffuse = np.maximum(facing + reach, 0) / (1 + reach)
    key, sky, ground = (np.array(values, np.float32)[:, None] for values in (light.key, light.sky, light.ground))
    around = (sky * upward + ground * (1 - upward)) * (ambient * exposed)
    lamp = key * lit
    shaded: Floats = albedo * (lamp * diffuse + around)
    shaded += gloss * (_highlight(mesh, normal, towards, kinds) * lamp + np.float32(0.15) * around)
    return shaded * np.where(found.behind, np.float32(0.55), np.float32(1))


@lru_cache(maxsize=64)
def _table(materials: tuple[Material, ...]) -> Floats:
    rows = [(m.wrap, m.gloss, m.blood, m.detail_strength) for m in materials]
    return np.array(rows, np.float32).T


def _materials(mesh: Mesh) -> Floats:
    """(4, materials) wrap, gloss, blood and strength of detail."""
    return _table(mesh.materials)


def _fine(mesh: Mesh, found: Fragments, kinds: Integers, u: Floats, v: Floats, pitch: float) -> Floats | None:
    """Factor and slopes (3, N) of the materials' fine patterns, or None where none is to be seen."""
    level = details.level_for(pitch)
    used = [m.detail is not None and details.visible(m.detail, level) for m in mesh.materials]
    own = np.flatnonzero(np.array(used)[kinds])
    if not len(own):
        return None
    metres = 1 / mesh.density[found.faces[own]]
    which = np.array([0 if m.detail is None else details.NAMES.index(m.detail) for m in mesh.materials])
    strength = _materials(mesh)[3][kinds[own]]
    values = np.zeros((3, len(kinds)), np.float32)
    values[0] = 1
    looked = details.look_up(which[kinds[own]], u[own] * metres, v[own] * metres, pitch)
    values[0, own] = 1 + (looked[0] - 1) * strength
    values[1:, own] = looked[1:] * strength
    return values


def _tangents(mesh: Mesh, found: Fragments, viewed: Floats) -> tuple[Floats, Floats]:
    """Unit vectors (3, N) along which u and v grow on the faces of fragments."""
    seen = np.zeros(mesh.faces.shape[1], bool)
    seen[found.faces] = True
    faces = np.flatnonzero(seen)
    place = np.cumsum(seen) - 1
    first, second, third = mesh.faces[:, faces]
    one, two = viewed[:, second] - viewed[:, first], viewed[:, third] - viewed[:, first]
    (u1, v1), (u2, v2) = mesh.uv[:, second] - mesh.uv[:, first], mesh.uv[:, third] - mesh.uv[:, first]
    turn = np.where(u1 * v2 - u2 * v1 < 0, np.float32(-1), np.float32(1))
    tangent = unit_columns((one * v2 - two * v1) * turn)
    bitangent = unit_columns((two * u1 - one * u2) * turn)
    own = place[found.faces]
    return tangent[:, own], bitangent[:, own]


def _highlight(mesh: Mesh, normal: Floats, towards: Floats, kinds: Integers) -> Floats:
    """(N,) cosine of the half-way vector, raised to the power of two that each material says."""
    half = towards + np.array([0, 0, 1], np.float32)
    half /= np.sqrt((half * half).sum())
    cosine = np.maximum(normal[0] * half[0] + normal[1] * half[1] + normal[2] * half[2], 0)
    times = np.array([m.sharpness for m in mesh.materials])[kinds]
    shine = cosine
    for k in range(int(times.max())):
        shine = np.where(times > k, shine * shine, shine)
    return shine
