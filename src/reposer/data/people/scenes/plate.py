"""All that a street camera sees, painted once."""

import numpy as np
from numpy.typing import NDArray

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.camera import Camera
from reposer.data.people.light import Light
from reposer.data.people.scenes.canvas import paste
from reposer.data.people.scenes.ground import ground_albedo, wall_albedo
from reposer.data.people.scenes.noise import at, clouds
from reposer.data.people.scenes.place import ASPECT, Fixture, StreetCamera
from reposer.data.people.scenes.shadows import floor_and_wall
from reposer.data.people.scenes.studio import triple
from reposer.data.people.scenes.things import thing
from reposer.data.people.scenes.tones import bytes_of_light


def shine(light: Light) -> tuple[float, float, float]:
    """What upright things get of a light, all sides together."""
    return triple(0.5 * (np.array(light.sky) + np.array(light.ground)) + 0.35 * np.array(light.key))


def paint_plate(camera: StreetCamera, rows: int) -> NDArray[np.uint8]:
    """(rows, rows * 16 / 9, 3) sRGB bytes: ground, what closes the view, and what stands in between."""
    optics, size = camera.optics(rows), (rows, round(rows * ASPECT))
    picture = _empty(camera, optics, size)
    bright = shine(camera.light)
    for fixture in camera.fixtures:
        _stand(picture, optics, fixture, bright)
    return np.ascontiguousarray(np.moveaxis(bytes_of_light(picture), 0, -1))


def _empty(camera: StreetCamera, optics: Camera, size: tuple[int, int]) -> Floats:
    f = np.float32
    places, behind = floor_and_wall(optics, size, camera.back.distance)
    rotation = optics.rotation.T.astype(f)
    x, y, z = (
        axis[0] * places[0] + axis[1] * places[1] + axis[2] * places[2] + f(origin)
        for axis, origin in zip(rotation, optics.target, strict=True)
    )
    depth = f(optics.distance) - places[2]
    pitch = depth / f(optics.scale * optics.distance)
    slanted = pitch * np.maximum(depth / f(camera.height), 1)
    picture = np.zeros((3, *size), np.float32)
    light = camera.light
    above = np.array(light.sky, f) + np.array(light.key, f) * f(light.towards[1])
    upright = np.array(shine(light), f) + np.array(light.key, f) * f(max(light.towards[2], 0) - 0.35)
    floor, start = behind == 0, -1e6
    for number, zone in enumerate(camera.zones):
        last = number == len(camera.zones) - 1
        own = floor & (-z >= start) & ((-z < zone.until) | last)
        start = zone.until
        if own.any():
            tint = ground_albedo(zone, x[own], -z[own], pitch[own], slanted[own], camera.seed)
            picture[:, own] = tint * above[:, None]
    near_wall = smoothstep(z + f(camera.back.distance), 0.9, 0.0)
    picture *= 1 - f(0.35) * np.where(floor, near_wall, 0)
    wall = (behind > 0) & (y < camera.back.height)
    if wall.any():
        albedo = wall_albedo(camera.back, x[wall], y[wall], pitch[wall], camera.seed)
        low = 1 - f(0.3) * smoothstep(y[wall], 0.6, 0.0)
        picture[:, wall] = albedo * upright[:, None] * low
    sky = (behind > 0) & (y >= camera.back.height)
    picture[:, sky] = (np.array(light.sky, f) * f(1.1))[:, None]
    patches = f(1) + f(0.06) * at(clouds(camera.seed % 8), x, z, 14.0)  # what trees and houses keep off
    return picture * np.where(floor, patches, 1)


def _stand(picture: Floats, optics: Camera, fixture: Fixture, bright: tuple[float, float, float]) -> None:
    """Draw something that stays, with the dark below it."""
    sprite = thing(fixture.kind, fixture.variant)
    spot = np.array([[fixture.x, fixture.x], [0.0, sprite.metres], [fixture.z, fixture.z]])
    (x, _), (ground, top), (depth, _) = optics.project(spot).tolist()
    pixels = ground - top
    if depth < 1 or pixels < 2:
        return
    half = 0.5 * pixels * sprite.aspect * fixture.squeeze
    darken(picture, x, ground, half * 1.05, max(1.5, 0.12 * pixels), 0.5)
    paste(picture, sprite, x, ground, pixels, light=bright, mirrored=fixture.mirrored, squeeze=fixture.squeeze)


def darken(layer: Floats, x: float, y: float, half: float, flat: float, strength: float) -> None:
    """Darken an ellipse of a layer (3, h, w), most in its middle."""
    height, width = layer.shape[1:]
    upper, lower = max(int(y - flat), 0), min(int(y + flat) + 1, height)
    left, right = max(int(x - half), 0), min(int(x + half) + 1, width)
    if upper >= lower or left >= right:
        return
    across = (np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x)) / np.float32(half)
    down = (np.arange(upper, lower, dtype=np.float32)[:, None] + np.float32(0.5 - y)) / np.float32(flat)
    inside = np.maximum(1 - across * across * across * across - down * down, 0)
    layer[:3, upper:lower, left:right] *= 1 - np.float32(strength) * inside
