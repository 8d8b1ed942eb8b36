"""Limbs as thick lines, to see whether they go through each other or through the trunk."""

from itertools import pairwise

import numpy as np

from reposer.data.people.arrays import Floats
from reposer.data.people.build import measured
from reposer.data.people.posing import Skeleton
from reposer.data.people.shape import Body
from reposer.data.people.template import load_template

SHARES = np.linspace(0, 1, 9)[:, None]


def line(skeleton: Skeleton, *bones: str, start: float = 0.0) -> Floats:
    """(N, 3) points along a chain of bones; `start` is the share of the first one that is left out."""
    template = load_template()
    heads = [skeleton.heads[template.bone(bone)] for bone in bones]
    heads[0] = heads[0] + start * (heads[1] - heads[0])
    return np.concatenate([a + SHARES * (b - a) for a, b in pairwise(heads)])


def gap(first: Floats, second: Floats) -> float:
    """The least distance between two sets of points."""
    away = first[:, None] - second[None]
    return float(np.sqrt((away * away).sum(-1)).min())


def gaps(body: Body, skeleton: Skeleton) -> dict[str, float]:
    """Metres of air between limbs, by name; below zero they touch."""
    arms = {side: line(skeleton, *(f"{b}.{side}" for b in ("upperarm01", "lowerarm01")), start=0.6) for side in "RL"}
    fores = {side: line(skeleton, *(f"{b}.{side}" for b in ("lowerarm01", "wrist", "finger3-1"))) for side in "RL"}
    bare = {side: line(skeleton, f"lowerarm01.{side}", f"wrist.{side}") for side in "RL"}
    thighs = {side: line(skeleton, f"upperleg01.{side}", f"lowerleg01.{side}", start=0.5) for side in "RL"}
    shins = {side: line(skeleton, *(f"{b}.{side}" for b in ("lowerleg01", "foot", "toe1-1"))) for side in "RL"}
    marks, template = measured(body), load_template()
    depth = float((marks.front - marks.back)[3:6].min()) / 2
    aside = float(marks.wide[3:6].min()) - depth
    rest = line(Skeleton(skeleton.rotations, skeleton.translations, body.heads), "root", "spine03", "spine01")
    rest[:, 2] = float((marks.front + marks.back)[3:6].mean()) / 2
    trunk = []
    for shift in np.linspace(-aside, aside, 5):
        points = rest + np.array([shift, 0, 0])
        for bone, own in (("spine05", points[:6]), ("spine03", points[5:13]), ("spine01", points[12:])):
            row = template.bone(bone)
            trunk.append(own @ skeleton.rotations[row].T + skeleton.translations[row])
    inner = np.concatenate(trunk)
    found = {
        "forearms": min(gap(bare["R"], fores["L"]), gap(fores["R"], bare["L"])) - 0.045,
        "thighs": gap(thighs["R"], thighs["L"]) - 0.09,
        "shins": gap(shins["R"], shins["L"]) - 0.06,
    }
    for side in "RL":
        found[f"trunk and upper arm {side}"] = gap(inner, arms[side]) - depth - 0.02
        found[f"trunk and forearm {side}"] = gap(inner, fores[side]) - depth - 0.01
        for other in "RL":
            found[f"forearm {side} and thigh {other}"] = gap(fores[side], thighs[other]) - 0.06
    return found
