"""The baked body: its meshes, bones and weights (see tools/bake_body.py and NOTICE)."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from reposer.data.people.arrays import Floats, Integers

BAKED = Path(__file__).with_name("body.npz")
LEVELS = 3
"""Levels of detail; 0 has all triangles, the last is for the smallest pictures."""


@dataclass(frozen=True)
class Sheet:
    """A piece of a surface that lies flat in a texture."""

    vertices: Integers  # (V,) rows of the template; one may stand here twice, where the texture tears
    uv: Floats  # (2, V) garments: metres, v down; skin: 0 to 1, v up
    faces: Integers  # (3, F) of this sheet's vertices, counter-clockwise from outside

    @cached_property
    def packed(self) -> tuple[Integers, Integers]:
        """Vertices of the sheet that its faces use, and faces that count these alone."""
        used = np.unique(self.faces)
        new = np.zeros(len(self.vertices), np.intp)
        new[used] = np.arange(len(used))
        return used, new[self.faces]


@dataclass(frozen=True)
class Template:
    """The average body at rest: y up, facing +z, metres, arms half lowered; about 1.67 m, the origin at the hips."""

    points: Floats  # (3, V)
    heads: Floats  # (B, 3) where bones begin
    bones: tuple[str, ...]
    parents: Integers  # (B,) -1 for the root
    weight_bones: Integers  # (4, V)
    weights: Floats  # (4, V)
    skin: tuple[Sheet, ...]  # the skin that is ever shown, by level of detail
    eyes: tuple[Sheet, Sheet]  # left, right
    teeth: Sheet
    panels: dict[str, Sheet]  # pieces of cloth
    coarse: dict[str, Sheet]  # the same with fewer triangles between their vertices
    suit: Integers  # (3, F) triangles of the body suit, all around
    skirt: Integers  # (3, F)
    masks: dict[str, Floats]  # name -> (V of the skin,) 0 to 1
    exposure: Floats  # (V,) how much of the sky a vertex sees, 0 to 1

    def bone(self, name: str) -> int:
        return self.bones.index(name)

    def panel(self, name: str, level: int) -> Sheet:
        """A piece of cloth at a level of detail."""
        return self.coarse[name] if level == LEVELS - 1 else self.panels[name]


@lru_cache(maxsize=1)
def load_baked() -> dict[str, np.ndarray]:
    with np.load(BAKED) as file:
        return {name: file[name] for name in file.files}


@lru_cache(maxsize=1)
def load_template() -> Template:
    """Read the baked body; once in a process."""
    baked = load_baked()

    def faces(name: str) -> Integers:
        return np.ascontiguousarray(baked[name].T.astype(np.intp))

    def sheet(name: str, level: str = "") -> Sheet:
        uv = np.ascontiguousarray(baked[f"{name}_uv"].T)
        return Sheet(baked[f"{name}_vertices"].astype(np.intp), uv, faces(f"{name}_faces{level}"))

    vertices = len(baked["weights"])
    points = np.ascontiguousarray(baked["template"][:vertices].T)
    return Template(
        points=points,
        heads=baked["template"][vertices:].astype(np.float64),
        bones=tuple(baked["bones"].tolist()),
        parents=baked["parents"].astype(np.intp),
        weight_bones=np.ascontiguousarray(baked["weight_bones"].T.astype(np.intp)),
        weights=np.ascontiguousarray(baked["weights"].T.astype(np.float32) / np.float32(65535)),
        skin=tuple(sheet("body", f"_{level}") for level in range(LEVELS)),
        eyes=(sheet("eye.L"), sheet("eye.R")),
        teeth=sheet("teeth"),
        panels=_panels(baked, points[1], 0),
        coarse=_panels(baked, points[1], 1),
        suit=faces("suit_faces"),
        skirt=faces("skirt_faces"),
        masks=dict(zip(baked["mask_names"].tolist(), baked["masks"].astype(np.float32) / 255, strict=True)),
        exposure=baked["exposure"].astype(np.float32) / np.float32(255),
    )


_ANKLE = -0.7105  # height above which the flat panels of feet lie on top of themselves


def _panels(baked: dict[str, np.ndarray], heights: Floats, coarse: int) -> dict[str, Sheet]:
    """Pieces of cloth; `heights` are of the template's vertices."""
    faces, sizes = baked["panel_faces_coarse" if coarse else "panel_faces"], baked["panel_sizes"]
    ends = np.cumsum(sizes, axis=0)
    panels = {}
    for name, size, end in zip(baked["panel_names"].tolist(), sizes.tolist(), ends.tolist(), strict=True):
        own, triangles = (slice(end[k] - size[k], end[k]) for k in (0, 1 + coarse))
        vertices = baked["panel_vertices"][own].astype(np.intp)
        corners = np.ascontiguousarray(faces[triangles].T.astype(np.intp))
        if name.startswith("foot"):
            corners = np.compress(heights[vertices][corners].min(0) < _ANKLE, corners, axis=1)
        panels[name] = Sheet(vertices, np.ascontiguousarray(baked["panel_uv"][own].T), corners)
    return panels
