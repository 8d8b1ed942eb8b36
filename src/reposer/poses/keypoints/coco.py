"""JSON in COCO's manner: annotations, lists of results, and AlphaPose's results, which are such a list.

Keypoints are flat: x, y and, in annotations, v (0 not labelled, 1 labelled but hidden, 2 visible), in results a score.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reposer.checks import InputError
from reposer.poses.keypoints.picture import KNOWN, Person, Picture, entries, named_skeleton, short, side, triples
from reposer.poses.skeleton import Skeleton
from reposer.poses.skeletons import COCO_17, COCO_WHOLEBODY_133, HALPE_26, HALPE_136

_RESULTS = (COCO_17, HALPE_26, HALPE_136, COCO_WHOLEBODY_133)


def is_coco(value: Any) -> bool:
    """Tell an object with images and annotations."""
    return isinstance(value, dict) and "images" in value and "annotations" in value


def read_coco(value: Any, where: Path) -> list[Picture]:
    """Read annotations; names and sizes are those of the images, the order of joints that of their category."""
    skeletons = {
        _key(category.get("id"), f"{where}, categories"): named_skeleton(category["keypoints"], f"{where}, categories")
        for category in (entries(value, where, "categories") if "categories" in value else ())
        if isinstance(category.get("keypoints"), list) and category["keypoints"]
    }
    images = entries(value, where, "images")
    people: dict[int | str, list[Person]] = {}
    for number, image in enumerate(images, start=1):
        if (key := _key(image.get("id"), f"{where}, image {number}")) in people:
            raise InputError(f"{where}: two images have the id {short(key)}")
        people[key] = []
    for number, annotation in enumerate(entries(value, where, "annotations"), start=1):
        at = f"{where}, annotation {number}"
        if (key := _key(annotation.get("image_id"), at)) not in people:
            raise InputError(f"{at}: image_id {short(key)} is no image of this file")
        if "keypoints" in annotation:  # annotations of boxes alone may stand beside it
            category = annotation.get("category_id")
            named = skeletons.get(category) if isinstance(category, int | str) else None
            people[key].append(triples(annotation["keypoints"], at, KNOWN if named is None else (named,)))
    if not any(people.values()):
        raise InputError(f"{where}: no annotation has keypoints; COCO has them in person_keypoints_*.json")
    return [_image(image, people[image["id"]], where) for image in images]


def _image(image: dict[str, Any], people: list[Person], where: Path) -> Picture:
    at = f"{where}, image {short(image['id'])}"
    if not isinstance(image.get("file_name"), str):
        raise InputError(f"{at}: has no file_name")
    sized = "height" in image and "width" in image
    size = (side(image["height"], at, "height"), side(image["width"], at, "width")) if sized else None
    return Picture(people=tuple(people), name=image["file_name"], size=size)


def is_coco_results(value: Any) -> bool:
    """Tell a list of results as COCO's tools take them: by number of the image, without a box or a track."""
    return _is_results(value) and not is_alphapose(value)


def read_coco_results(value: Any, where: Path) -> list[Picture]:
    """Read a list of results; an image is called by its number, in twelve digits as in COCO 2017."""
    return _pictures(value, where, KNOWN)


def is_alphapose(value: Any) -> bool:
    """Tell a list of results whose images have names, or whose people have a box or a track."""
    return _is_results(value) and any(
        isinstance(entry["image_id"], str) or "box" in entry or "idx" in entry for entry in value
    )


def read_alphapose(value: Any, where: Path) -> list[Picture]:
    """Read AlphaPose's list: 17, 26, 136 or 133 joints of each person, by name of the image."""
    return _pictures(value, where, _RESULTS)


def _is_results(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(entry, dict) and "image_id" in entry and "keypoints" in entry for entry in value)
    )


def _pictures(value: Any, where: Path, known: Sequence[Skeleton]) -> list[Picture]:
    people: dict[str, list[Person]] = {}
    for number, result in enumerate(entries(value, where), start=1):
        at = f"{where}, result {number}"
        image = _key(result["image_id"], at)
        name = image if isinstance(image, str) else f"{image:012d}.jpg"
        people.setdefault(name, []).append(triples(result["keypoints"], at, known))
    return [Picture(people=tuple(found), name=name) for name, found in people.items()]


def _key(value: Any, where: object) -> int | str:
    if (type(value) is int and 0 <= value < 10**12) or (isinstance(value, str) and value):
        return value
    raise InputError(f"{where}: an id must be a whole number or a name, got {short(value)}")
