"""The built-in data set: clothed, articulated 3-D figures with exact keypoints and part masks."""

from reposer.data.mannequin.dataset import MannequinConfig, MannequinSummary, make_mannequins
from reposer.data.mannequin.mesh import PART_NAMES
from reposer.data.mannequin.render import Mannequin, Picture, make_mannequin, photograph, surface_flow, take_picture

__all__ = [
    "PART_NAMES",
    "Mannequin",
    "MannequinConfig",
    "MannequinSummary",
    "Picture",
    "make_mannequin",
    "make_mannequins",
    "photograph",
    "surface_flow",
    "take_picture",
]
