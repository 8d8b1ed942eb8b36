"""Where hair grows on the average head."""

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.sites import Sites

CENTRE = (0.0, 0.745, 0.045)
"""Of the skull, metres on the average body."""
_ANGLES = (0, 20, 38, 50, 58, 65, 70, 75, 80, 95, 102, 110, 122, 140, 180)
_HEIGHTS = (0.803, 0.805, 0.808, 0.800, 0.780, 0.748, 0.727, 0.728, 0.745, 0.747, 0.728, 0.700, 0.680, 0.665, 0.655)


def hairline(azimuth: Floats, recede: float = 0.0) -> Floats:
    """Height of the hairline by the angle from the front, degrees of either side; `recede` metres higher in front."""
    off = np.abs(azimuth)
    temples = np.exp(-(((off - 38.0) / 20.0) ** 2))
    forehead = np.exp(-((off / 45.0) ** 2))
    return np.interp(off, _ANGLES, _HEIGHTS) + recede * (0.55 * forehead + 0.75 * temples)


def above_hairline(sites: Sites, recede: float = 0.0) -> Floats:
    """Metres above the line where hair begins, on the average body; negative on the face and off the head."""
    azimuth = np.degrees(np.arctan2(sites.x.astype(np.float64), sites.z.astype(np.float64) - CENTRE[2]))
    above = sites.y - hairline(azimuth, recede)
    head = (sites.y > 0.62) & (sites.x < 0.12)
    return np.where(head, above, -0.1).astype(np.float32)
