"""Bodies of adults: how a few numbers become vertices and bones."""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np

from reposer.data.people.arrays import Floats, Integers
from reposer.data.people.template import load_baked, load_template

_AGES = np.linspace(-1 / 3, 1, 5)  # newborn, baby, child, young, old
_TWO, _THREE = np.linspace(0, 1, 2), np.linspace(0, 1, 3)
_ANCHORS = {
    "gender": _TWO, "age": _AGES, "muscle": _THREE, "weight": _THREE, "height": _TWO, "proportions": _TWO,
    "cupsize": _THREE, "firmness": _THREE,
}  # fmt: skip
CHANGE_UNIT = np.float32(2e-5)  # metres, as baked


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One adult's shape; MakeHuman's scales from 0 to 1."""

    gender: float  # 0 a man, 1 a woman
    age: float  # 0.58 about 18 years, 0.67 about 25, 1 about 90
    muscle: float = 0.5
    weight: float = 0.5
    height: float = 0.5
    proportions: float = 0.5
    cupsize: float = 0.5
    firmness: float = 0.5
    descent: tuple[float, float, float] = (1 / 3, 1 / 3, 1 / 3)
    """Shares of MakeHuman's African, Asian and Caucasian faces and bodies."""
    changes: dict[str, float] = field(default_factory=dict)
    """How far along each of CHANGES, -1 to 1 (facial actions: 0 to 1)."""


@dataclass(frozen=True, eq=False)
class Body:
    """One person's body at rest; equal only to itself, so that what is measured on it can be kept."""

    points: Floats  # (3, V) float32
    heads: Floats  # (B, 3) float64, where bones begin

    @cached_property
    def suit_normals(self) -> Floats:
        """(3, V) unit normals of the body suit, from which clothes are pushed out."""
        from reposer.data.people.skinning import vertex_normals  # which poses bodies, so it imports this module

        return vertex_normals(self.points, load_template().suit)


@dataclass(frozen=True)
class _Space:
    mean: Floats  # (3, V + B)
    components: Floats  # (K, 3, V + B)
    projection: Floats  # (K, P)
    middle: Floats  # (P,)
    mask: np.ndarray  # (P, variations) bool
    changes: dict[str, tuple[Integers, Floats]]  # name -> (3 N,) flat places among (3, V + B), (3 N,) metres


@lru_cache(maxsize=1)
def _space() -> _Space:
    baked = load_baked()
    components = np.ascontiguousarray(baked["components"].transpose(0, 2, 1)).astype(np.float32)
    components *= baked["component_scale"][:, None, None]
    changes, start, whole = {}, 0, len(baked["mean"])
    for name, count in zip(baked["change_names"].tolist(), baked["change_counts"].tolist(), strict=True):
        own = slice(start, start + count)
        places = baked["change_rows"][own].astype(np.intp) + whole * np.arange(3)[:, None]
        changes[name] = places.ravel(), baked["change_deltas"][own].T.ravel().astype(np.float32) * CHANGE_UNIT
        start += count
    variations = 3 + sum(len(anchors) for anchors in _ANCHORS.values())
    return _Space(
        mean=np.ascontiguousarray(baked["mean"].T),
        components=components,
        projection=baked["projection"].astype(np.float64),
        middle=baked["middle"].astype(np.float64),
        mask=np.unpackbits(baked["phenotype_mask"], axis=1, count=variations).astype(bool),
        changes=changes,
    )


def change_names() -> tuple[str, ...]:
    """Names that Shape.changes may have: with a sign for both directions, or a facial action."""
    return tuple(sorted({name.rstrip("+-") for name in _space().changes}))


def _phenotype(shape: Shape) -> Floats:
    """(P,) coefficients of MakeHuman's blend shapes: products of linear interpolations."""
    columns = [np.array(shape.descent) / sum(shape.descent)]
    for name, anchors in _ANCHORS.items():
        place = (getattr(shape, name) - anchors[0]) / (anchors[1] - anchors[0])
        low = min(max(int(place), 0), len(anchors) - 2)
        share = np.zeros(len(anchors))
        share[low], share[low + 1] = 1 - (place - low), place - low
        columns.append(share)
    return np.where(_space().mask, np.concatenate(columns), 1.0).prod(1)


def make_body(shape: Shape) -> Body:
    """The body of a shape, within a fraction of a millimetre of MakeHuman's."""
    space = _space()
    coefficients = (space.projection * (_phenotype(shape) - space.middle)).sum(1).astype(np.float32)
    points = space.mean.copy()
    for coefficient, component in zip(coefficients, space.components, strict=True):
        points += coefficient * component
    flat = points.ravel()
    for name, amount in shape.changes.items():
        signed = name + ("+" if amount >= 0 else "-")
        places, deltas = space.changes[signed if signed in space.changes else name]
        flat[places] = np.take(flat, places) + np.float32(abs(amount)) * deltas
    vertices = load_template().points.shape[1]
    return Body(np.ascontiguousarray(points[:, :vertices]), points[:, vertices:].T.astype(np.float64))
