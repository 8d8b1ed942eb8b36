"""What the pictures of synthetic people are called, as in Market-1501 and DeepFashion."""

from __future__ import annotations

from reposer.data.people.person import Looks
from reposer.data.people.setups import Setup
from reposer.data.synthetic import SyntheticLayout, deepfashion_name, market_name

_BY_FABRIC = {"knit": "Sweaters", "fleece": "Sweatshirts_Hoodies", "denim": "Denim"}


def picture_name(layout: SyntheticLayout, looks: Looks, setup: Setup, identity: int, index: int, *, cross: bool) -> str:
    """The name of a picture of a person: identity and camera, or identity, clothes and view; `cross` marks pictures in
    the poses of others as of another sequence.
    """
    if layout == "market":
        return market_name(identity, index, camera=setup.camera, sequence=2 if cross else 1)
    sex = "WOMEN" if looks.shape.gender > 0.5 else "MEN"
    return deepfashion_name(identity, index, turned=setup.heading, sex=sex, category=_category(looks))


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
