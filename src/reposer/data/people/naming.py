"""What the pictures of synthetic people are called, as in Market-1501 and DeepFashion."""

from __future__ import annotations

from math import pi

from reposer.data.people.config import PeopleLayout
from reposer.data.people.person import Looks
from reposer.data.people.setups import Setup

_BY_FABRIC = {"knit": "Sweaters", "fleece": "Sweatshirts_Hoodies", "denim": "Denim"}


def picture_name(layout: PeopleLayout, looks: Looks, setup: Setup, identity: int, index: int, *, cross: bool) -> str:
    """The name of a picture of a person: identity and camera, or identity, clothes and view; `cross` marks pictures in
    the poses of others as of another sequence.
    """
    if layout == "market":
        return f"{identity:04d}_c{setup.camera}s{2 if cross else 1}_{25 * index + 1:06d}_01.jpg"
    turned = abs(setup.heading)
    number, word = (1, "front") if turned < pi / 4 else (3, "back") if turned > 0.75 * pi else (2, "side")
    sex = "WOMEN" if looks.shape.gender > 0.5 else "MEN"
    # All images of one person share what stands before the last '_'; the index keeps the view words apart.
    return f"fashion{sex}{_category(looks)}id{identity:08d}01_{index or ''}{number}{word}.jpg"


def _category(looks: Looks) -> str:
    """The category of the shop that the outermost garment of the trunk would be in."""
    worn = {garment.name: garment for garment in looks.garments}
    if "outer" in worn:
        return "Jackets_Coats"
    if "dress" in worn:
        return "Dresses"
    top = worn.get("top")
    if getattr(top, "collar", None) == "shirt":
        return "Blouses_Shirts" if looks.shape.gender > 0.5 else "Shirts_Polos"
    return _BY_FABRIC.get(top.fabric.kind, "Tees_Tanks") if top is not None else "Tees_Tanks"
