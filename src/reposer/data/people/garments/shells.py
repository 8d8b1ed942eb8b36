"""Shells of common cuts: where the body suit's vertices go."""

from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, Integers, smoothstep
from reposer.data.people.garments.drape import Tube, blend
from reposer.data.people.shape import Body
from reposer.data.people.sites import CROTCH, vertex_sites
from reposer.data.people.skinning import vertex_normals
from reposer.data.people.template import load_template


@lru_cache(maxsize=1)
def suit_vertices() -> Integers:
    return np.unique(load_template().suit)


def pushed_out(body: Body, ease: float) -> Floats:
    """(3, V) the body suit moved along its normals, metres."""
    return body.points + vertex_normals(body.points, load_template().suit) * np.float32(ease)


def top_shell(
    body: Body, *, ease: float = 0.006, hem_ease: float = 0.02, slope: float = 0.5, sleeve_ease: float = 0.012
) -> Floats:
    """A top: follows shoulders and chest, falls from them; sleeves are even tubes.

    Args:
        ease: metres between skin and cloth at the chest.
        hem_ease: the same at the hips.
        slope: how quickly cloth returns to the body below what sticks out, 0 hangs straight.
        sleeve_ease: of the sleeves below the shoulder.
    """
    own, sites = suit_vertices(), vertex_sites().at(suit_vertices())
    shell = pushed_out(body, ease)
    points, y = body.points[:, own].astype(np.float64), sites.y.astype(np.float64)
    trunk = (sites.arm < 0.5) & (y > CROTCH - 0.06)
    levels = np.arange(0.47, CROTCH - 0.07, -0.02)
    tube = Tube(points[:, trunk], y[trunk], levels, slope)
    hanging = tube.place(points, y, ease + (hem_ease - ease) * smoothstep(y, 0.42, 0.0))
    share = smoothstep(y, 0.47, 0.38) * (1 - smoothstep(sites.arm.astype(np.float64), 0.2, 0.6))
    shell[:, own] = blend(shell[:, own], hanging, share)
    _even_sleeves(shell, body, ease, sleeve_ease)
    return shell


def _even_sleeves(shell: Floats, body: Body, ease: float, sleeve_ease: float) -> None:
    """Make sleeves rounder than arms, in place."""
    own, template = suit_vertices(), load_template()
    sites = vertex_sites().at(own)
    along = sites.along_arm
    for side, sign in (("L", 1), ("R", -1)):
        mine = np.flatnonzero((sites.arm > 0.5) & (np.sign(sites.points[0]) == sign))
        joints = np.array(
            [body.heads[template.bone(f"{bone}.{side}")] for bone in ("upperarm01", "lowerarm01", "wrist")]
        )
        place = along[mine].astype(np.float64)
        axis = np.stack([np.interp(place, [0, 1, 2], joints[:, k]) for k in range(3)])
        axis += (
            np.minimum(place, 0) * (joints[1] - joints[0])[:, None]
            + np.maximum(place - 2, 0) * (joints[2] - joints[1])[:, None]
        )
        out = body.points[:, own[mine]].astype(np.float64) - axis
        radius = np.sqrt((out * out).sum(0))
        near = np.exp(-(((place[:, None] - place) / 0.08) ** 2))
        mean = (near * radius).sum(1) / near.sum(1)
        wanted = np.maximum(radius, 0.4 * radius + 0.6 * mean) + 0.7 * ease
        wanted += sleeve_ease * smoothstep(place, 0.1, 0.6) * (1 - 0.6 * smoothstep(place, 0.9, 1.85))
        tube = axis + out / radius * wanted
        target = own[mine]
        shell[:, target] = blend(shell[:, target], tube, smoothstep(place, 0.12, 0.45))


def bottom_shell(
    body: Body, *, ease: float = 0.004, knee_ease: float = 0.01, ankle_ease: float = 0.02, bridge: float = 1.0
) -> Floats:
    """Trousers: bridge the seat's cleft, legs are tubes with ease at knee and ankle (metres)."""
    own, sites = suit_vertices(), vertex_sites().at(suit_vertices())
    shell = pushed_out(body, ease)
    points, y = body.points[:, own].astype(np.float64), sites.y.astype(np.float64)
    seat = (sites.arm < 0.5) & (y > CROTCH - 0.06) & (y < 0.3)
    tube = Tube(points[:, seat], y[seat], np.arange(0.25, CROTCH - 0.07, -0.02), 0.9)
    share = bridge * 0.75 * smoothstep(y, CROTCH - 0.02, CROTCH + 0.07) * seat
    placed = blend(shell[:, own], tube.place(points, y, ease), share)
    for sign in (1, -1):
        leg = (sites.arm < 0.5) & (np.sign(sites.points[0]) == sign) & (y < CROTCH + 0.06)
        tube = Tube(points[:, leg], y[leg], np.arange(CROTCH, -0.76, -0.025), 1.2)
        if knee_ease > 0.012:
            tube.radii = 0.5 * tube.radii + 0.5 * tube.radii.mean(1, keepdims=True)
        loose = np.interp(
            -y, [-CROTCH, 0.10, 0.37, 0.72], [ease, ease + 0.3 * knee_ease, ease + knee_ease, ease + ankle_ease]
        )
        placed = blend(placed, tube.place(points, y, loose), smoothstep(y, CROTCH, CROTCH - 0.10) * leg)
    shell[:, own] = placed
    return shell


def shoe_shell(body: Body, *, ease: float = 0.007, sole: float = 0.012, toe: float = 0.012) -> Floats:
    """A shoe: a little longer than the foot, with a sole below it (metres)."""
    shell = pushed_out(body, ease)
    sites = vertex_sites()
    shell[1] -= smoothstep(sites.y, -0.795, -0.812) * np.float32(sole)
    shell[2] += smoothstep(sites.z, 0.10, 0.20) * smoothstep(sites.y, -0.70, -0.78) * np.float32(toe)
    return shell


def skirt_shell(
    body: Body, *, ease: float = 0.004, flare: float = 0.0, taper: float = 0.0, pleats: int = 0, depth: float = 0.0
) -> Floats:
    """A skirt on the template's long skirt: wider towards the hem by `flare` metres, waved by pleats of a depth."""
    own = np.unique(load_template().skirt)
    sites = vertex_sites().at(own)
    shell = body.points.copy()
    points = shell[:, own].astype(np.float64)
    fall = np.clip((0.15 - sites.y.astype(np.float64)) / 0.85, 0, 1)
    x, z = points[0], points[2] - 0.01
    radius = np.sqrt(np.maximum(x * x + z * z, 1e-12))
    angle = np.arctan2(x, z)
    scale = (radius + ease + flare * fall - 0.5 * taper * fall + depth * fall * np.cos(pleats * angle)) / radius
    shell[0, own], shell[2, own] = x * scale, 0.01 + z * scale
    return shell
