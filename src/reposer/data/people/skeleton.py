"""Where the bones of a posed body are."""

from dataclasses import dataclass

import numpy as np

from reposer.data.people.arrays import Floats, eulers, product, turn

_FINE = 2.0**-22  # to which rotations are rounded, so that sines may differ in the last bit


@dataclass(frozen=True)
class Skeleton:
    """Where bones are: rest point p of bone b is at rotations[b] @ p + translations[b]."""

    rotations: Floats  # (B, 3, 3) float64
    translations: Floats  # (B, 3)
    heads: Floats  # (B, 3) where bones begin

    def turned(self, heading: float) -> "Skeleton":
        """The whole person turned about the vertical, positive towards their left."""
        about_y = fine(eulers(np.array([[0.0, heading, 0.0]]))[0])
        return Skeleton(
            product(about_y, self.rotations), turn(about_y, self.translations), turn(about_y, self.heads)
        )  # fmt: skip

    def raised(self, metres: float) -> "Skeleton":
        """The whole person lifted."""
        up = np.array([0.0, metres, 0.0])
        return Skeleton(self.rotations, self.translations + up, self.heads + up)


def fine(rotations: Floats) -> Floats:
    """Rotations rounded so far that all machines have the same."""
    return np.round(rotations * (1 / _FINE)) * _FINE
