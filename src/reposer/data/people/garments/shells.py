"""Shells of common cuts: where the body suit's vertices go."""

from functools import lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, Integers, smoothstep
from reposer.data.people.garments.drape import Piece, Tube, blend, hang
from reposer.data.people.shape import Body
from reposer.data.people.sites import CROTCH, Sites, vertex_sites
from reposer.data.people.template import load_template

OFF_SKIN = 0.004
"""Metres that the body suit itself lies off shoulders and arms (the median is 4.3 mm), taken off the ease of tops."""
_BINS = 24  # rings along an arm in which its girth is measured


@lru_cache(maxsize=1)
def suit_vertices() -> Integers:
    return np.unique(load_template().suit)


@lru_cache(maxsize=1)
def suit_sites() -> Sites:
    return vertex_sites().at(suit_vertices())


def pushed_out(body: Body, ease: float) -> Floats:
    """(3, V) the body suit moved along its normals, metres."""
    return body.points + body.suit_normals * np.float32(ease)


@lru_cache(maxsize=1)
def _trunk() -> Piece:
    sites, y = suit_sites(), suit_sites().y.astype(np.float64)
    wrapped = (sites.arm < 0.5) & (y > CROTCH - 0.06)
    share = smoothstep(y, 0.47, 0.38) * (1 - smoothstep(sites.arm.astype(np.float64), 0.2, 0.6))
    return Piece.of(suit_vertices(), y, wrapped, share, np.arange(0.47, CROTCH - 0.07, -0.02))


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
    shell, trunk = pushed_out(body, ease - OFF_SKIN), _trunk()
    hang(
        shell, body.points, trunk, Tube(body.points, trunk, slope),
        ease + (hem_ease - ease) * smoothstep(trunk.places, 0.42, 0.0),
    )  # fmt: skip
    for side in "LR":
        _even_sleeve(shell, body, side, ease, sleeve_ease)
    return shell


@lru_cache(maxsize=2)
def _arm(side: str) -> tuple[Integers, Floats, Integers]:
    """Vertices of an arm, where they are along it (0 shoulder, 1 elbow, 2 wrist), in which ring."""
    sites = suit_sites()
    mine = np.flatnonzero((sites.arm > 0.5) & ((sites.points[0] > 0) == (side == "L")))
    along = sites.along_arm[mine].astype(np.float64)
    ring = np.clip((along - along.min()) / np.ptp(along) * _BINS, 0, _BINS - 1).astype(int)
    return suit_vertices()[mine], along, ring


def _even_sleeve(shell: Floats, body: Body, side: str, ease: float, sleeve_ease: float) -> None:
    """Make a sleeve rounder than the arm, in place."""
    template = load_template()
    own, place, ring = _arm(side)
    joints = np.array([body.heads[template.bone(f"{bone}.{side}")] for bone in ("upperarm01", "lowerarm01", "wrist")])
    axis = np.stack([np.interp(place, [0, 1, 2], joints[:, k]) for k in range(3)])
    axis += (
        np.minimum(place, 0) * (joints[1] - joints[0])[:, None]
        + np.maximum(place - 2, 0) * (joints[2] - joints[1])[:, None]
    )
    out = body.points[:, own].astype(np.float64) - axis
    radius = np.sqrt((out * out).sum(0))
    girth = np.bincount(ring, radius, _BINS) / np.maximum(np.bincount(ring, minlength=_BINS), 1)
    girth[1:-1] = (girth[:-2] + 2 * girth[1:-1] + girth[2:]) / 4
    middles = place.min() + (np.arange(_BINS) + 0.5) * (np.ptp(place) / _BINS)
    rounder = 0.6 * smoothstep(place, 0.25, 0.9) * (np.interp(place, middles, girth) - radius)  # not the shoulder
    wanted = radius + np.maximum(rounder, 0) + 0.7 * (ease - OFF_SKIN)
    wanted += sleeve_ease * smoothstep(place, 0.1, 0.6) * (1 - 0.6 * smoothstep(place, 0.9, 1.85))
    shell[:, own] = blend(shell[:, own], axis + out / radius * wanted, smoothstep(place, 0.15, 0.6))


@lru_cache(maxsize=1)
def _seat() -> Piece:
    sites, y = suit_sites(), suit_sites().y.astype(np.float64)
    wrapped = (sites.arm < 0.5) & (y > CROTCH - 0.06) & (y < 0.3)
    share = 0.75 * smoothstep(y, CROTCH - 0.02, CROTCH + 0.07) * wrapped
    return Piece.of(suit_vertices(), y, wrapped, share, np.arange(0.25, CROTCH - 0.07, -0.02))


@lru_cache(maxsize=2)
def _leg(side: str) -> Piece:
    sites, y = suit_sites(), suit_sites().y.astype(np.float64)
    wrapped = (sites.arm < 0.5) & (y < CROTCH + 0.06) & ((sites.points[0] > 0) == (side == "L"))
    share = smoothstep(y, CROTCH, CROTCH - 0.10) * wrapped
    return Piece.of(suit_vertices(), y, wrapped, share, np.arange(CROTCH, -0.76, -0.025))


def bottom_shell(body: Body, *, ease: float = 0.004, knee_ease: float = 0.01, ankle_ease: float = 0.02) -> Floats:
    """Trousers: bridge the seat's cleft, legs are tubes with ease at knee and ankle (metres)."""
    shell, seat = pushed_out(body, ease), _seat()
    hang(shell, body.points, seat, Tube(body.points, seat, 0.9), ease)
    for side in "LR":
        leg = _leg(side)
        tube = Tube(body.points, leg, 1.2)
        if knee_ease > 0.012:
            tube.radii = 0.5 * tube.radii + 0.5 * tube.radii.mean(1, keepdims=True)
        loose = np.interp(
            -leg.places,
            [-CROTCH, 0.10, 0.37, 0.72],
            [ease, ease + 0.3 * knee_ease, ease + knee_ease, ease + ankle_ease],
        )
        hang(shell, body.points, leg, tube, loose)
    return shell


def shoe_shell(body: Body, *, ease: float = 0.007, sole: float = 0.012, toe: float = 0.012) -> Floats:
    """A shoe: a little longer than the foot, with a sole below it (metres)."""
    shell = pushed_out(body, ease)
    sites = vertex_sites()
    shell[1] -= smoothstep(sites.y, -0.795, -0.812) * np.float32(sole)
    shell[2] += smoothstep(sites.z, 0.10, 0.20) * smoothstep(sites.y, -0.70, -0.78) * np.float32(toe)
    return shell


@lru_cache(maxsize=1)
def skirt_vertices() -> Integers:
    return np.unique(load_template().skirt)


def skirt_shell(
    body: Body, *, ease: float = 0.004, flare: float = 0.0, taper: float = 0.0, pleats: int = 0, depth: float = 0.0
) -> Floats:
    """A skirt on the template's long skirt: wider towards the hem by `flare` metres, waved by pleats of a depth.

    At the hips it is nowhere closer to the body than trousers are.
    """
    own = skirt_vertices()
    sites = vertex_sites().at(own)
    shell = body.points.copy()
    points, y = shell[:, own].astype(np.float64), sites.y.astype(np.float64)
    fall = np.clip((0.15 - y) / 0.85, 0, 1)
    x, z = points[0], points[2] - 0.01
    radius = np.sqrt(np.maximum(x * x + z * z, 1e-12))
    angle = np.arctan2(x, z)
    scale = (radius + ease + flare * fall - 0.5 * taper * fall + depth * fall * np.cos(pleats * angle)) / radius
    points[0], points[2] = x * scale, 0.01 + z * scale
    hips = np.flatnonzero(y > CROTCH)
    tube = Tube(body.points, _seat(), 0.9)
    (cx, cz), least = tube.reach(points[:, hips], y[hips])
    x, z = points[0, hips] - cx, points[2, hips] - cz
    wider = np.maximum((least + ease) / np.sqrt(np.maximum(x * x + z * z, 1e-12)), 1)
    points[0, hips], points[2, hips] = cx + x * wider, cz + z * wider
    shell[:, own] = points
    return shell
