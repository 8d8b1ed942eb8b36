"""Milliseconds that scenes take of a picture, on one core: python -m benchmarks.scenes

Backdrop, what stands in front, shadows, sensor and JPEG, without the person, whose own drawing `benchmarks.people`
measures. Medians of processor time over pictures of six street cameras and of studios; the painting of a camera's plate
and of the crowd, which happens once, is told apart. Run it on an idle machine with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import cv2
import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.camera import Camera
from reposer.data.people.light import ShadowMap
from reposer.data.people.scenes.backdrop import plate
from reposer.data.people.scenes.cameras import street_cameras
from reposer.data.people.scenes.passers import crowd
from reposer.data.people.scenes.scene import Scene, compose
from reposer.data.people.scenes.sensor import develop
from reposer.data.people.scenes.street import sample_street
from reposer.data.people.scenes.studio import sample_studio

PICTURES = 120
SIZES = ((128, 64), (256, 176), (512, 352))
NOBODY = ShadowMap(np.full((96, 96), np.inf, np.float32), np.eye(3, dtype=np.float32), np.zeros(3, np.float32))
FEET = np.array([[-0.1, 0.1], [0.0, 0.0], [0.0, 0.0]])


def milliseconds(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return 1000 * (process_time() - start)


def camera_for(scene: Scene, size: tuple[int, int]) -> Camera:
    """A camera that shows all of somebody."""
    rise = scene.viewpoint.height - 0.85
    return Camera(
        target=(0.0, 0.85, 0.0), elevation=float(np.arctan(rise / scene.viewpoint.distance)),
        distance=float(np.hypot(rise, scene.viewpoint.distance)), scale=size[0] / 1.95, roll=scene.viewpoint.roll,
        principal=(size[1] / 2, size[0] / 2), stretch=scene.viewpoint.stretch,
    )  # fmt: skip


def nobody(size: tuple[int, int]) -> Floats:
    return np.zeros((4, *size), np.float32)


def measure(kind: str, size: tuple[int, int]) -> tuple[float, float]:
    """Medians: composing and developing."""
    composing, developing, cameras = [], [], street_cameras()
    for number in range(PICTURES):
        rng = np.random.default_rng(number)
        scene = sample_street(rng, cameras[number % 6]) if kind == "street" else sample_studio(rng)
        camera, person = camera_for(scene, size), nobody(size)
        start = process_time()
        light, _ = compose(scene, person, camera, NOBODY, FEET)
        middle = process_time()
        develop(light, scene.sensor, number)
        composing.append(1000 * (middle - start))
        developing.append(1000 * (process_time() - middle))
    return float(np.median(composing[6:])), float(np.median(developing[6:]))


def main() -> None:
    cv2.setNumThreads(1)
    print(f"once: the crowd {milliseconds(lambda: crowd(0)):.0f} ms", end="")
    plates = [milliseconds(lambda camera=camera: plate(camera, 540)) for camera in street_cameras()]  # type: ignore[misc]
    print(f", a street camera's plate {np.median(plates):.0f} ms")
    for size in SIZES:
        for kind in ("street", "studio"):
            composing, developing = measure(kind, size)
            print(
                f"{kind} {size[0]}x{size[1]}: backdrop, foreground and shadows {composing:.2f} ms, sensor and JPEG "
                f"{developing:.2f} ms, together {composing + developing:.2f} ms"
            )


if __name__ == "__main__":
    main()
