"""Scenes: what is in front hides, cameras stay in place, shadows fall away from lamps, framing is as in reality."""

from dataclasses import replace
from functools import lru_cache
from math import cos, sin

import numpy as np
import pytest
from tests.data.people.people import MARKET, somebody

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera
from reposer.data.people.keypoints import place_keypoints
from reposer.data.people.light import ShadowMap
from reposer.data.people.picture import Frame, photograph
from reposer.data.people.posing import pose
from reposer.data.people.scenes.backdrop import InFront, Street, Thing
from reposer.data.people.scenes.cameras import KINDS, street_cameras
from reposer.data.people.scenes.framing import Framing, frame, sample_framing
from reposer.data.people.scenes.place import StreetCamera
from reposer.data.people.scenes.scene import Scene
from reposer.data.people.scenes.sensor import Sensor, develop, smear
from reposer.data.people.scenes.shadows import Shadows, brightness, floor_and_wall
from reposer.data.people.scenes.street import sample_street
from reposer.data.people.scenes.studio import sample_studio
from reposer.data.people.skinning import skin
from reposer.data.people.stances import sample_stance, stand

FASHION = (256, 176)


def take(scene: Scene, framing: Framing | Camera = "full", size: tuple[int, int] = MARKET) -> Frame:
    return photograph(somebody(0), stand(), heading=0.1, framing=framing, scene=scene, size=size, seed=3)


def left_half(camera: Camera, size: tuple[int, int]) -> Floats:
    layer = np.zeros((4, *size), np.float32)
    layer[:, :, : size[1] // 2] = 1
    return layer


def test_what_is_in_front_hides_the_truth() -> None:
    scene = sample_studio(np.random.default_rng(0))
    free, covered = take(scene), take(replace(scene, foreground=left_half))
    half = MARKET[1] // 2
    assert (covered.faces[:, :half] == -1).all()
    assert (covered.parts[:, :half] == 0).all()
    assert np.array_equal(covered.faces[:, half:], free.faces[:, half:])
    assert np.array_equal(covered.joints, free.joints)
    left = np.round(free.joints[:, 0]) < half
    seen = free.visible & left
    assert seen.sum() >= 4
    assert not covered.visible[left].any()
    assert covered.hidden[seen].all()
    assert np.array_equal(covered.visible[~left], free.visible[~left])


def test_what_is_behind_hides_nothing() -> None:
    street = Street(camera=street_cameras()[0], distance=4.0, angle=0.0)
    scene = sample_street(np.random.default_rng(0), street_cameras()[0])
    plain = replace(scene, foreground=None, backdrop=street)
    crowded = replace(street, things=(Thing(kind="car", variant=0, x=0.0, z=-1.5),))
    alone, before = take(plain, "street"), take(replace(plain, backdrop=crowded), "street")
    assert np.array_equal(alone.faces, before.faces)
    assert np.array_equal(alone.visible, before.visible)
    assert not np.array_equal(alone.image, before.image)


@pytest.mark.parametrize("kind", ["bicycle", "person", "pole"])
def test_things_in_front_are_drawn_and_cover(kind: str) -> None:
    camera = street_cameras()[0]
    bare = replace(camera, fixtures=())
    thing = Thing(kind=kind, variant=1, x=0.0, z=0.4)
    street = Street(camera=bare, distance=4.0, angle=0.0, things=(thing,))
    scene = replace(sample_street(np.random.default_rng(0), bare), backdrop=street, foreground=InFront(street))
    free, covered = take(replace(scene, foreground=None), "street"), take(scene, "street")
    lost = (free.faces >= 0) & (covered.faces < 0)
    assert lost.sum() > 15
    assert (covered.faces[~lost] == free.faces[~lost]).all()
    assert np.abs(free.image.astype(int) - covered.image)[lost].mean() > 8


def test_same_seed_same_bits() -> None:
    for draw in (sample_studio, sample_street):
        first, again, other = (draw(np.random.default_rng(seed)) for seed in (5, 5, 6))
        assert first == again
        assert first != other
        assert np.array_equal(take(first).image, take(again).image)


def test_six_cameras_look_at_six_kinds_of_places() -> None:
    cameras = street_cameras(3)
    assert len(set(cameras)) == len(KINDS) == 6
    assert cameras == street_cameras.__wrapped__(3)
    assert cameras != street_cameras(4)


def viewed(camera: StreetCamera, distance: float, angle: float) -> tuple[Street, Camera]:
    scene = sample_street(np.random.default_rng(0), camera)
    street = Street(camera=camera, distance=distance, angle=angle)
    view = frame(
        "street", *placed(0), MARKET, np.random.default_rng(0), replace(scene.viewpoint, distance=distance, roll=0.0)
    )  # fmt: skip
    return street, view


def test_pictures_of_one_camera_show_the_same_place() -> None:
    """Places on the ground have the same colour in pictures of people who stand elsewhere."""
    for camera in street_cameras()[:3]:
        empty = replace(camera, fixtures=())
        ground, shades = np.random.default_rng(1).uniform(-0.5, 0.5, (2, 600)), []
        middle = np.array([-4.4 * sin(camera.yaw), -4.4 * cos(camera.yaw)])
        for distance, angle in ((4.2, camera.yaw - 0.03), (4.6, camera.yaw + 0.03)):
            street, view = viewed(empty, distance, angle)
            foot = street.standing()
            dx, dz = ground[0] + middle[0] - foot[0], ground[1] + middle[1] - foot[2]
            own = np.array([dx * cos(angle) - dz * sin(angle), 0 * dx, dx * sin(angle) + dz * cos(angle)])
            x, y, _ = view.project(own)
            column, row = (np.clip(np.round(v - 0.5).astype(int), 0, n - 1) for v, n in ((x, 64), (y, 128)))
            inside = (x > 1) & (x < 63) & (y > 1) & (y < 127)
            shades.append(np.where(inside, street(view, MARKET).mean(0)[row, column], np.nan))
        both = np.isfinite(shades[0]) & np.isfinite(shades[1])
        assert both.sum() > 60
        assert np.corrcoef(shades[0][both], shades[1][both])[0, 1] > 0.35, camera.back


@pytest.mark.parametrize("size", [(97, 51), (64, 96), FASHION])
def test_any_size(size: tuple[int, int]) -> None:
    for scene in (sample_street(np.random.default_rng(2)), sample_studio(np.random.default_rng(2))):
        assert take(scene, "street", size).image.shape == (*size, 3)


@lru_cache(maxsize=64)
def placed(seed: int) -> tuple[Floats, Floats]:
    """Keypoints and vertices of somebody who stands on the ground."""
    rng = np.random.default_rng([4, seed])
    person = somebody(seed % 4)
    skeleton = pose(person.body, sample_stance(rng)).turned(float(rng.uniform(-3, 3)))
    points, _ = skin(person.mesh.rest, skeleton)
    ground = float(points[1].min())
    points[1] -= ground
    return place_keypoints(person.body, skeleton.raised(-ground)), points


def heights(street: bool, count: int = 240) -> dict[str, Floats]:
    """Where landmarks are, of the picture's height; not a number where they are outside."""
    rows = []
    size = MARKET if street else FASHION
    for number in range(count):
        rng = np.random.default_rng([8, number])
        scene = sample_street(rng) if street else sample_studio(rng)
        joints, points = placed(number % 60)
        framing: Framing = "street" if street else sample_framing(rng)
        x, y, _ = frame(framing, joints, points, size, rng, scene.viewpoint).project(joints.T)
        inside = (x >= 0) & (x < size[1]) & (y >= 0) & (y < size[0])
        rows.append(np.where(inside, y / size[0], np.nan))
    y = np.array(rows)
    return {
        "nose": y[:, 0], "neck": y[:, 1], "hip": y[:, 8], "knee": np.fmax(y[:, 9], y[:, 12]),
        "ankle": np.fmax(y[:, 10], y[:, 13]),
    }  # fmt: skip


def missing(values: Floats) -> float:
    return float(np.isnan(values).mean())


def test_streets_are_framed_as_in_market() -> None:
    """Market-1501: medians .10, .20, .49, .70, .90; of one ankle at least, .12 are missing."""
    seen = heights(street=True)
    for name, real in (("nose", 0.10), ("neck", 0.20), ("hip", 0.49), ("knee", 0.70), ("ankle", 0.90)):
        assert abs(float(np.nanmedian(seen[name])) - real) < 0.035, name
    assert 0.05 < missing(seen["ankle"]) < 0.2
    assert missing(seen["knee"]) < 0.06
    assert missing(seen["neck"]) < 0.02


def test_studios_are_framed_as_in_deepfashion() -> None:
    """DeepFashion: .58 show no knee, .72 no ankle, .03 no hip; hips at .46 in full figures and at .78 in halves."""
    seen = heights(street=False)
    assert abs(missing(seen["ankle"]) - 0.72) < 0.1
    assert abs(missing(seen["knee"]) - 0.58) < 0.1
    assert missing(seen["hip"]) < 0.08
    full, half = np.isfinite(seen["ankle"]), np.isnan(seen["knee"])
    assert abs(float(np.nanmedian(seen["hip"][full])) - 0.46) < 0.03
    assert abs(float(np.nanmedian(seen["hip"][half])) - 0.78) < 0.04
    assert abs(float(np.nanmedian(seen["ankle"])) - 0.89) < 0.02


def level_camera() -> Camera:
    return Camera(target=(0.0, 0.9, 0.0), elevation=0.1, distance=4.0, scale=60.0, principal=(32.0, 64.0), stretch=1.1)


def test_floor_and_wall_are_where_they_are() -> None:
    camera = level_camera()
    places, wall = floor_and_wall(camera, MARKET, 1.5)
    pixels = camera.screen(places.reshape(3, -1)).reshape(3, *MARKET)
    grid = np.stack(np.meshgrid(np.arange(64) + 0.5, np.arange(128) + 0.5))
    assert np.abs(pixels[:2] - grid).max() < 0.01
    world = np.tensordot(camera.rotation.T, places, 1) + np.array(camera.target)[:, None, None]
    assert np.abs(world[1][wall == 0]).max() < 0.001
    assert np.abs(world[2][wall == 1] + 1.5).max() < 0.001
    assert 0.1 < wall.mean() < 0.9


def test_shadows_fall_away_from_the_lamp() -> None:
    camera = level_camera()
    depth = np.full((96, 96), np.inf, np.float32)
    depth[:, 44:52] = -0.05  # a post
    middle = {}
    for side in (-1.0, 1.0):
        ahead = np.array([0.5 * side, 0.1, 0.86])
        axes = np.array([[0.86, 0, -0.5 * side], [-0.05 * side, 1, -0.086], ahead]) @ camera.rotation.T
        cast = ShadowMap(depth, axes.astype(np.float32), camera.view(np.array([[0.0], [0.9], [0.0]]))[:, 0])
        shadows = Shadows(wall=1.0, back=0.6, floor=0.6, contact=0.0)
        bright = brightness(shadows, camera, MARKET, cast, np.zeros((3, 1)))
        assert bright.min() < 0.6
        assert bright.max() > 0.98
        middle[side] = float(((1 - bright[30]) * np.arange(64)).sum() / (1 - bright[30]).sum())
    assert middle[1.0] < 30 < 34 < middle[-1.0]


def test_movement_blurs_along_its_line_and_keeps_light() -> None:
    image = np.zeros((4, 33, 33), np.float32)
    image[:, 16, 16] = 1
    across = smear(image, 6.0, 0.0)
    assert np.allclose(across.sum((1, 2)), 1, atol=1e-5)
    assert (across[0].sum(0) > 0).sum() == 7
    assert (across[0].sum(1) > 0).sum() == 1
    assert smear(image, 0.3, 0.2) is image


def test_noise_is_stronger_in_the_dark() -> None:
    spread = {}
    for light in (0.03, 0.8):
        picture = develop(np.full((3, 96, 96), light, np.float32), Sensor(noise=5.0), 1)
        spread[light] = float(picture.astype(float).std())
    assert spread[0.03] > 1.25 * spread[0.8] > 1


def test_sensors_blur_sharpen_and_compress() -> None:
    light = np.full((3, 96, 64), 0.1, np.float32)
    light[:, :, 31:] = 0.5
    light[0] *= 0.3

    def edge(sensor: Sensor) -> Floats:
        return np.abs(np.diff(develop(light, sensor, 0).astype(int)[48, :, 1]))

    plain = edge(Sensor())
    assert (plain > 0).sum() == 1
    assert (edge(Sensor(blur=1.5)) > 0).sum() > 3
    assert edge(Sensor(detail=0.5)).max() < plain.max()
    assert edge(Sensor(blur=1.0, halo=1.5)).max() > edge(Sensor(blur=1.0)).max()
    rough = develop(light, Sensor(quality=30), 0).astype(int) - develop(light, Sensor(), 0)
    assert rough.any()
    corners = develop(light, Sensor(vignette=0.5), 0)
    assert corners[0, -1, 1] < corners[48, 40, 1]
