"""Body parts: what a pixel belongs to."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from reposer.correspondence import PART_NAMES
from reposer.data.people.arrays import Integers
from reposer.data.people.template import load_template

PARTS = {name: value for value, name in enumerate(PART_NAMES)}
_BEGINNINGS = {
    "upperarm": "upper arm", "lowerarm": "lower arm", "wrist": "hand", "finger": "hand", "upperleg": "upper leg",
    "lowerleg": "lower leg", "foot": "foot", "toe": "foot",
}  # fmt: skip


def _part(bone: str) -> int:
    stem, _, side = bone.partition(".")
    if stem in ("head", "neck02", "neck03", "eye"):
        return PARTS["head"]
    for beginning, limb in _BEGINNINGS.items():
        if stem.startswith(beginning):
            return PARTS[f"{'right' if side == 'R' else 'left'} {limb}"]
    return PARTS["torso"]


@lru_cache(maxsize=1)
def vertex_parts() -> Integers:
    """(V,) the part that each vertex of the template belongs to: that of its heaviest bone."""
    template = load_template()
    parts = np.array([_part(bone) for bone in template.bones])
    return parts[template.weight_bones[0]]


def face_parts(vertices: Integers) -> NDArray[np.uint8]:
    """(F,) parts of faces whose corners are the template's `vertices` (3, F): what most corners say."""
    first, second, third = vertex_parts()[vertices]
    return np.where(second == third, second, first).astype(np.uint8)
