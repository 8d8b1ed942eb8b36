"""Time that dressing somebody takes on one core: python -m benchmarks.garments

Twelve people as they come, each dressed three times in all that they wear, the first time not counted; in processor
time, so other programs disturb it less. Run it with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

from time import process_time

import cv2
import numpy as np

from reposer.data.people.garments.garment import Density, dress
from reposer.data.people.garments.wardrobe import sample_outfit
from reposer.data.people.sampling import sample_shape
from reposer.data.people.shape import Shape, make_body

PEOPLE, TIMES = 12, 3
HEIGHTS = 128, 256


def measure(height: int) -> tuple[float, float]:
    """Milliseconds a person: median and most."""
    density, spent = Density.of(height), []
    for seed in range(PEOPLE):
        rng = np.random.default_rng(seed)
        shape: Shape = sample_shape(rng)
        outfit = sample_outfit(rng, shape)
        times = []
        for _ in range(TIMES):
            body = make_body(shape)
            start = process_time()
            dress(outfit, body, density, [])
            times.append(process_time() - start)
        spent.append(min(times[1:]))
    return 1000 * float(np.median(spent)), 1000 * max(spent)


def main() -> None:
    cv2.setNumThreads(1)
    for height in HEIGHTS:
        median, most = measure(height)
        print(f"{height} rows: garments {median:.1f} ms a person, {most:.1f} at most")


if __name__ == "__main__":
    main()
