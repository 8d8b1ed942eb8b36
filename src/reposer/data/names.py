"""Names of images, and the ids of pairs made from them."""

from reposer.images import SUFFIXES

BETWEEN = "___"
"""Separates the names of the two images in the id of a pair."""


def pair_id(source: str, target: str) -> str:
    """Return the id of a pair, ``SOURCE___TARGET``, from the names of its images."""
    return f"{image_name(source)}{BETWEEN}{image_name(target)}"


def target_of(pair: str) -> str:
    """Return the name of the target image of a pair id."""
    return pair.split(BETWEEN)[-1]


def source_of(pair: str) -> str | None:
    """Return the name of the source image of a pair id; None if the id does not contain it."""
    names = pair.split(BETWEEN)
    return names[0] if len(names) == 2 else None


def image_name(name: str) -> str:
    """Return the name, with .jpg added if it has no image suffix."""
    return name if split_suffix(name)[1] else f"{name}.jpg"


def split_suffix(name: str) -> tuple[str, str]:
    """Split off an image suffix; other dots belong to the name."""
    suffix = next((s for s in SUFFIXES if name.lower().endswith(s)), "")
    return name[: len(name) - len(suffix)], name[len(name) - len(suffix) :]
