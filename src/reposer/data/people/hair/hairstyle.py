"""Hairstyles: how somebody wears their hair."""

from dataclasses import dataclass, replace

import numpy as np

from reposer.data.people.arrays import Floats, smoothstep
from reposer.data.people.hair.hairline import above_hairline
from reposer.data.people.hair.loose import loose_sheets
from reposer.data.people.hair.tied import tied_sheets
from reposer.data.people.shape import Body
from reposer.data.people.sites import Sites
from reposer.data.people.surface import Layer


@dataclass(frozen=True, kw_only=True)
class Hairstyle:
    """How somebody wears their hair, chosen in every detail but for the head that it grows on. Metres."""

    name: str
    """Of HAIRSTYLES."""
    tie: str | None = None
    """Combed back into a 'tail', a 'bun', a 'braid' or to the 'nape'; None: loose."""
    length: float = 0.0
    """Of what hangs below the skull (of a tail or braid: from the knot)."""
    volume: float = 0.012
    """How far hair stands off the skull."""
    shaved: bool = False
    """Too short to stand off."""
    part: float | None = None
    """Where it is parted: angle from the front, degrees towards the left; None: it falls from the crown all around."""
    fringe: float = 0.0
    """How far hair falls over the forehead."""
    taper: float = 0.0
    """How short it is at the sides and the nape, 0 to 1."""
    tucked: bool = False
    """Behind the ears."""
    ahead: tuple[bool, bool] = (False, False)
    """Whether long hair hangs in front of the right and the left shoulder."""
    wave: float = 0.0
    curl: float = 0.0
    """0 to 1."""
    recede: float = 0.0
    """How much higher the hairline is."""
    crown: float = 0.0
    """How bare the crown is, 0 to 1."""
    knot: float = 0.80
    """Height of the knot."""
    seed: int = 0

    def under_hat(self) -> "Hairstyle":
        """The same, pressed flat."""
        return replace(self, volume=min(self.volume, 0.008), fringe=0.0)

    def behind(self) -> "Hairstyle":
        """The same, all of it behind the shoulders."""
        return replace(self, ahead=(False, False))

    def growth(self, sites: Sites) -> Floats:
        """How densely hair covers the skin at places, 0 to 1."""
        line = smoothstep(above_hairline(sites, self.recede), -0.003, 0.014)
        sides = smoothstep(sites.y, 0.80, 0.74)
        line *= 1 - np.float32(0.45 * self.taper) * sides
        if self.crown:
            bald = smoothstep(sites.z, 0.125, 0.02) * smoothstep(sites.y, 0.795, 0.825)
            line *= 1 - np.float32(self.crown) * bald
        return line * np.float32(0.82 if self.shaved else 1.0)

    def layers(self, body: Body, colour: tuple[int, int, int], density: float, level: int) -> list[Layer]:
        """Layers named 'hair' on a body, with `density` texels per metre, on the skin's level of detail."""
        if self.shaved:
            return []
        sheets = loose_sheets if self.tie is None else tied_sheets
        return sheets(self, body, colour, density, level)
