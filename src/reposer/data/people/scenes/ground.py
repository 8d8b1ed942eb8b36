"""What one walks on, and what stands behind it: albedos of places on floors and walls, in linear RGB."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.scenes.noise import at, clouds, grain

GroundKind = Literal["paving", "bricks", "asphalt", "grass", "track", "steps", "kerb"]
BackKind = Literal["slabs", "windows", "doors", "hedge", "plaster", "trees"]
Colour = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Zone:
    """Ground of one kind up to a distance from the camera."""

    kind: GroundKind
    until: float
    """Metres from the camera's foot along its street."""
    colour: Colour
    period: float = 0.4
    """Of tiles or steps, metres."""
    band: int = 0
    """Every how many rows of tiles are of another colour; 0: none."""


@dataclass(frozen=True, kw_only=True)
class Back:
    """What closes the view."""

    kind: BackKind
    distance: float
    height: float
    colour: Colour


def joint(place: Floats, period: float, width: float, pitch: Floats) -> Floats:
    """How much, 0 to 1, of joints `width` wide every `period` metres pixels of `pitch` metres show."""
    share = place * np.float32(1 / period)
    distance = (np.float32(0.5) - np.abs(share - np.floor(share) - np.float32(0.5))) * np.float32(period)
    wide = np.minimum(np.float32(width) / pitch, 1)
    return np.minimum(np.maximum((np.float32(width / 2) + pitch / 2 - distance) / pitch, 0), 1) * wide


def ground_albedo(zone: Zone, x: Floats, z: Floats, pitch_x: Floats, pitch_z: Floats, seed: int) -> Floats:
    """(3, N) albedo of places on the ground; pitches: metres that a pixel covers there."""
    f = np.float32
    stains = f(0.07) * at(clouds(seed % 8), x, z, 9.0) + f(0.03) * at(clouds(seed % 8), z, x, 2.3)
    near = np.minimum(f(0.02) / pitch_z, 1)
    bright = 1 + stains + f(0.16) * near * at(grain(0), x, z, 2.56)
    colour = np.array(zone.colour, f)[:, None]
    if zone.kind in ("paving", "bricks"):
        long = zone.period * (2.0 if zone.kind == "bricks" else 1.0)
        row = np.floor(z * f(1 / zone.period))
        shift = f(0.5) * (row - 2 * np.floor(row / 2)) if zone.kind == "bricks" else f(0)
        column = np.floor(x * f(1 / long) + shift)
        lines = np.maximum(
            joint(z, zone.period, 0.012, pitch_z), joint(x + shift * f(long), long, 0.012, pitch_x)
        )  # fmt: skip
        tile = at(grain(0), column * f(0.37), row * f(0.73), 2.56) * np.minimum(f(zone.period) / pitch_z, 1)
        bright = bright * (1 + f(0.10) * tile) * (1 - f(0.45) * lines)
        if zone.band:
            striped = row - zone.band * np.floor(row / zone.band) < 1
            warm = np.array([1.25, 1.0, 0.8], f)[:, None]
            return colour * np.where(striped, warm, 1) * bright
        return colour * bright
    if zone.kind == "grass":
        blades = at(clouds(5, 1.0), x * 2, z * 2, 1.1) * np.minimum(f(0.08) / pitch_z, 1)
        return colour * (bright + f(0.30) * blades + f(0.18) * at(clouds(6), x, z, 4.0))
    if zone.kind == "steps":
        share = z * f(1 / zone.period) - np.floor(z * f(1 / zone.period))
        edge = np.minimum(np.maximum((share - f(0.55)) * f(20), 0), 1)
        return colour * bright * (1 - f(0.5) * edge)
    if zone.kind == "kerb":
        share = (z - f(zone.until)) * f(1 / 0.3) + 1
        riser = np.minimum(np.maximum((f(0.45) - share) * 12, 0), 1)
        return colour * bright * (1 - f(0.45) * riser) * (1 - f(0.3) * joint(x, 0.8, 0.015, pitch_x))
    return colour * bright


def wall_albedo(back: Back, x: Floats, y: Floats, pitch: Floats, seed: int) -> Floats:
    """(3, N) albedo of places on what stands behind: x along it, y up, metres."""
    f = np.float32
    colour = np.array(back.colour, f)[:, None]
    stains = 1 + f(0.06) * at(clouds(seed % 8), x, y, 5.0) + f(0.05) * at(clouds(seed % 8, 0.9), y, x, 1.7)
    if back.kind == "slabs":
        column, row = np.floor(x * f(1 / 1.2)), np.floor(y * f(1 / 0.6))
        tint = at(grain(1), column * f(0.37), row * f(0.73), 2.56)
        lines = np.maximum(joint(x, 1.2, 0.02, pitch), joint(y, 0.6, 0.02, pitch))
        return colour * stains * (1 + f(0.07) * tint) * (1 - f(0.5) * lines)
    if back.kind in ("windows", "doors"):
        glass = np.array([0.018, 0.021, 0.024], f)[:, None]
        mirrored = 1 + f(1.4) * np.maximum(at(clouds(seed % 8), x, f(0.4) * y, 6.0), 0)
        wide, low, high = (2.4, 0.95, 2.5) if back.kind == "windows" else (1.3, 0.02, 2.6)
        inside = (y > low) & (y < high)
        share = x * f(1 / wide) - np.floor(x * f(1 / wide))
        margin = 0.2 if back.kind == "windows" else 0.05
        pane = inside & (np.abs(share - f(0.5)) < f(0.5 - margin))
        frames = joint(x, wide / 2, 0.06, pitch) * inside
        deep = (1 - f(0.75) * (f(1) - frames)) if back.kind == "doors" else f(0.5)
        return np.where(pane, glass * mirrored * (1 + f(4) * frames), colour * stains * np.where(inside, deep, 1))
    if back.kind in ("hedge", "trees"):
        clumps, fine = at(clouds(seed % 8, 0.9), x, y, 2.2), at(clouds(3, 1.0), x, y, 0.7)
        above = at(clouds(seed % 8, 0.9), x, y + f(0.04), 2.2)
        fade = np.minimum(f(0.03) / pitch, 1)
        bright = f(0.75) + f(0.35) * clumps + f(0.35) * fine * fade + f(0.5) * (clumps - above)
        return colour * np.minimum(np.maximum(bright, f(0.08)), f(2.2))
    return colour * stains
