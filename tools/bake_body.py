"""Bake the MakeHuman body into src/reposer/data/people/body.npz: python tools/bake_body.py

Needs `anny` 0.6.2 (with warp-lang, roma, trimesh) for this alone: its morph targets, weights and meshes come from
MakeHuman's assets, which are CC0. The first use compiles for two minutes. Only the `anny-full` topology is asked for:
it has MakeHuman's helper meshes (body suit, skirt) and downloads nothing. What is baked:

- the space of adult shapes as principal components, in int16; nose, mouth, hips and the like as sparse changes;
- bones, four weights a vertex, meshes with texture coordinates in three levels of detail;
- where lips, lids, ears and nails are, and how much of the sky each vertex sees.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import numpy as np

from bake_meshes import Mesh, bake_meshes, exposure

OUT = Path(__file__).resolve().parents[1] / "src/reposer/data/people/body.npz"
COMPONENTS = 64
SAMPLES = 1500
CHANGE_UNIT = 2e-5  # metres
TO_Y_UP = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float32)  # from z up, facing -y, to y up, facing +z
GROUPS = {  # of base.obj
    "body": "body",
    "eye.L": "helper-l-eye",
    "eye.R": "helper-r-eye",
    "teeth": "helper-upper-teeth",
    "suit": "helper-tights",
    "skirt": "helper-skirt",
}
VARIATIONS = {
    "race": 3, "gender": 2, "age": 5, "muscle": 3, "weight": 3, "height": 2, "proportions": 2, "cupsize": 3,
    "firmness": 3,
}  # fmt: skip
ANCHORS = {
    name: np.linspace(-1 / 3 if name == "age" else 0, 1, count) for name, count in VARIATIONS.items() if name != "race"
}
ADULTS = {"age": (0.58, 1.0), "muscle": (0.1, 0.9)}
# Changes that come in pairs (incr and decr, up and down, ...); both sides of the body at once.
CHANGES = [
    "nose-scale-vert-incr",
    "nose-scale-horiz-incr",
    "nose-scale-depth-incr",
    "nose-hump-incr",
    "nose-trans-up",
    "nose-point-width-incr",
    "nose-point-up",
    "nose-width1-incr",
    "nose-width2-incr",
    "nose-width3-incr",
    "nose-volume-incr",
    "nose-nostrils-width-incr",
    "nose-curve-convex",
    "nose-base-up",
    "nose-greek-incr",
    "nose-flaring-incr",
    "mouth-scale-horiz-incr",
    "mouth-scale-vert-incr",
    "mouth-lowerlip-volume-incr",
    "mouth-upperlip-volume-incr",
    "mouth-trans-up",
    "mouth-cupidsbow-incr",
    "mouth-angles-up",
    "mouth-lowerlip-height-incr",
    "mouth-upperlip-height-incr",
    "mouth-laugh-lines-out",
    "chin-width-incr",
    "chin-height-incr",
    "chin-prominent-incr",
    "chin-bones-incr",
    "chin-jaw-drop-incr",
    "chin-cleft-incr",
    "cheek-volume-incr",
    "cheek-bones-incr",
    "cheek-inner-incr",
    "cheek-trans-up",
    "head-fat-incr",
    "head-scale-horiz-incr",
    "head-scale-depth-incr",
    "head-scale-vert-incr",
    "head-age-incr",
    "head-back-scale-depth-incr",
    "forehead-scale-vert-incr",
    "forehead-temple-incr",
    "forehead-nubian-incr",
    "forehead-trans-forward",
    "eye-scale-incr",
    "eye-height1-incr",
    "eye-height2-incr",
    "eye-height3-incr",
    "eye-corner1-up",
    "eye-corner2-up",
    "eye-bag-incr",
    "eye-epicanthus-out",
    "eye-trans-out",
    "eye-trans-up",
    "eye-eyefold-up",
    "eye-push1-out",
    "eyebrows-trans-up",
    "eyebrows-angle-up",
    "eyebrows-trans-forward",
    "ear-scale-incr",
    "ear-wing-incr",
    "ear-lobe-incr",
    "neck-scale-horiz-incr",
    "neck-scale-vert-incr",
    "neck-double-incr",
    "hand-scale-incr",
    "hand-fingers-distance-incr",
    "hip-scale-horiz-incr",
    "hip-scale-depth-incr",
    "torso-scale-horiz-incr",
    "torso-scale-depth-incr",
    "torso-vshape-incr",
    "measure-shoulder-dist-incr",
    "upperarm-shoulder-muscle-incr",
    "stomach-pregnant-incr",
    "stomach-tone-incr",
    "buttocks-volume-incr",
    "upperarm-fat-incr",
    "upperleg-fat-incr",
    "lowerleg-muscle-incr",
    "lowerleg-fat-incr",
    "measure-waist-circ-incr",
    "upperlegs-height-incr",
    "lowerlegs-height-incr",
]
# Facial actions, both sides at once.
ACTIONS = [
    "mouthSmile",
    "mouthFrown",
    "mouthPress",
    "mouthPucker",
    "mouthStretch",
    "mouthDimple",
    "mouthUpperUp",
    "jawOpen",
    "jawForward",
    "browDown",
    "browInnerUp",
    "browOuterUp",
    "cheekSquint",
    "cheekPuff",
    "eyeBlink",
    "eyeSquint",
    "eyeWide",
    "noseSneer",
    "mouthLeft",
    "mouthRight",
]
MASKS = ("lips", "eyelids", "ears", "face", "fingernails", "inside-mouth")


def load_model():
    import torch
    from anny import Anny

    return Anny(
        topology="anny-full", phenotypes="all", local_changes="default", facial_actions="all",
        phenotype_blendshapes="original",
    ).to(dtype=torch.float32)  # fmt: skip


def read_groups(path: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Triangles (F, 3) of each group and the texture coordinates (F, 3, 2) of their corners."""
    faces, texture, group = defaultdict(list), [], ""
    for line in path.read_text().splitlines():
        if line.startswith("g "):
            group = line.split()[1]
        elif line.startswith("vt "):
            texture.append([float(value) for value in line.split()[1:3]])
        elif line.startswith("f "):
            corners = [[int(part) - 1 for part in corner.split("/")[:2]] for corner in line.split()[1:]]
            corners = corners[:3] if corners[-1] == corners[0] else corners
            faces[group] += [(corners[0], corners[k], corners[k + 1]) for k in range(1, len(corners) - 1)]
    coordinates = np.array(texture, np.float32)
    found = {}
    for name, source in GROUPS.items():
        corners = np.array(faces[source])
        found[name] = corners[..., 0], coordinates[corners[..., 1]]
    return found


def phenotype_weights(values: dict[str, np.ndarray], mask: np.ndarray) -> np.ndarray:
    """Coefficients (S, 624) of the blend shapes of phenotypes: products of linear interpolations."""
    columns = []
    for name, count in VARIATIONS.items():
        if name == "race":
            columns.append(values["race"])
            continue
        place = (values[name] - ANCHORS[name][0]) / (ANCHORS[name][1] - ANCHORS[name][0])
        low = np.clip(place.astype(int), 0, count - 2)
        share = np.zeros((len(place), count))
        share[np.arange(len(place)), low] = 1 - (place - low)
        share[np.arange(len(place)), low + 1] = place - low
        columns.append(share)
    columns = np.concatenate(columns, axis=1)
    return np.stack([np.prod(np.where(row, columns, 1), axis=1) for row in mask], axis=1)


def bake_shapes(shapes: np.ndarray, template: np.ndarray, mask: np.ndarray, heads: np.ndarray) -> dict:
    """The space of adult bodies: mean and principal components, and how phenotypes give coefficients."""
    rng = np.random.default_rng(0)
    values = {name: rng.uniform(*ADULTS.get(name, (0, 1)), SAMPLES) for name in ANCHORS}
    values["race"] = rng.dirichlet([0.5, 0.5, 0.5], SAMPLES)
    values["gender"] = np.where(rng.random(SAMPLES) < 0.5, 0.05, 0.95) * rng.uniform(0.9, 1.05, SAMPLES)
    weights = phenotype_weights(values, mask).astype(np.float32)
    flat = shapes.reshape(len(shapes), -1)
    importance = np.repeat(np.where(heads, 3, 1).astype(np.float32), 3)
    middle = weights.mean(0)
    gram = ((flat * importance) @ (flat * importance).T).astype(np.float64)
    centred = (weights - middle).astype(np.float64)
    _, vectors = np.linalg.eigh(centred @ gram @ centred.T)
    combos = centred.T @ vectors[:, -COMPONENTS:][:, ::-1]  # (624, K) of blend shapes
    combos /= np.sqrt(np.einsum("ik,ij,jk->k", combos, gram, combos))
    combos *= np.sign(combos[np.abs(combos).argmax(0), np.arange(COMPONENTS)])
    components = (combos.T.astype(np.float32) @ flat).reshape(COMPONENTS, -1, 3)
    projection = combos.T @ gram  # coefficients of what blend shapes add up to
    spread = (centred @ projection.T).std(0)
    scale = np.abs(components).max((1, 2)) / 32767
    integers = np.round(components / scale[:, None, None]).astype(np.int16)
    mean = template + (middle @ flat).reshape(-1, 3)
    rebuilt = np.tensordot(centred[:100] @ projection.T, integers * scale[:, None, None], 1)
    error = np.linalg.norm(rebuilt - (centred[:100] @ flat).reshape(100, -1, 3), axis=2)
    print(f"{COMPONENTS} components: rms {1000 * np.sqrt((error**2).mean()):.2f} mm, worst {1000 * error.max():.1f} mm")
    print("spread of the last component:", spread[-1] * scale[-1] * 32767 * 1000, "mm at most")
    return {
        "mean": mean.astype(np.float32),
        "components": integers,
        "component_scale": scale.astype(np.float32),
        "projection": projection.astype(np.float32),
        "middle": middle.astype(np.float32),
        "phenotype_mask": np.packbits(mask, axis=1),
    }


def bake_changes(shapes: dict[str, np.ndarray]) -> dict:
    """Sparse changes: each name has a positive and a negative direction."""
    names, rows, deltas, counts = [], [], [], []

    def add(name: str, delta: np.ndarray) -> None:
        integers = np.round(delta / CHANGE_UNIT).astype(np.int16)
        moved = np.flatnonzero(np.abs(integers).max(1) > 3)
        names.append(name)
        rows.append(moved)
        deltas.append(integers[moved])
        counts.append(len(moved))

    labels = list(shapes)
    for name in CHANGES:
        sides = [name] if f"local_change:{name}" in shapes else [f"l-{name}", f"r-{name}"]
        at = [labels.index(f"local_change:{side}") for side in sides]
        stem = re.sub(r"-(incr|up|out|forward|convex)$", "", name)
        add(f"{stem}+", sum(shapes[labels[k]] for k in at))
        add(f"{stem}-", sum(shapes[labels[k + 1]] for k in at))
    for name in ACTIONS:
        found = [label for label in labels if re.fullmatch(rf"facial_action:{name}(Left|Right)?", label)]
        add(name, sum(shapes[label] for label in found))
    return {
        "change_names": np.array(names),
        "change_rows": np.concatenate(rows).astype(np.uint16),
        "change_deltas": np.concatenate(deltas),
        "change_counts": np.array(counts, np.int32),
    }


def bake_bones(labels: list[str], parents: list[int], indices: np.ndarray, weights: np.ndarray) -> dict:
    """Bones without single toes and the palms' bones; four weights a vertex."""
    merged = {
        i: re.sub(r"^toe\d-\d", "toe1-1", re.sub(r"^metacarpal\d", "wrist", label)) for i, label in enumerate(labels)
    }
    kept = [label for i, label in enumerate(labels) if merged[i] == label]
    new = np.array([kept.index(merged[i]) for i in range(len(labels))])
    dense = np.zeros((len(indices), len(kept)), np.float32)
    np.add.at(dense, (np.arange(len(indices))[:, None], new[indices]), weights)
    four = np.sort(np.argsort(-dense, axis=1, kind="stable")[:, :4], axis=1)
    share = np.take_along_axis(dense, four, 1)
    order = np.argsort(-share, axis=1, kind="stable")
    four, share = np.take_along_axis(four, order, 1), np.take_along_axis(share, order, 1)
    integers = np.round(share / share.sum(1, keepdims=True) * 65535).astype(np.int64)
    integers[:, 0] += 65535 - integers.sum(1)
    heads = np.array([labels.index(label) for label in kept])
    return {
        "bones": np.array(kept),
        "parents": np.array([new[parents[h]] if parents[h] >= 0 else -1 for h in heads], np.int16),
        "weight_bones": four.astype(np.uint8),
        "weights": integers.astype(np.uint16),
        "heads": heads,
    }


def bake_masks(textures: Path, uv: np.ndarray) -> np.ndarray:
    """Grey masks at the texture coordinates of vertices: (masks, V) 0 to 255."""
    from PIL import Image

    rows = []
    for name in MASKS:
        image = np.asarray(Image.open(textures / f"mpfb_{name}.jpg").convert("L"))
        size = np.array(image.shape[::-1])
        x, y = np.clip(np.round(uv * [1, -1] * size + [0, size[1]]).astype(int), 0, size - 1).T
        rows.append(image[y, x])
    return np.array(rows)


def main() -> None:
    from anny.paths import get_anny_root_dir

    assets = Path(get_anny_root_dir()) / "data/mpfb2"
    model = load_model()
    groups = read_groups(assets / "3dobjs/base.obj")
    kept = np.unique(np.concatenate([np.unique(tri) for tri, _ in groups.values()]))
    renumber = np.full(kept.max() + 1, -1)
    renumber[kept] = np.arange(len(kept))
    groups = {name: Mesh(renumber[tri], uv) for name, (tri, uv) in groups.items()}

    bones = bake_bones(
        list(model.bone_labels), list(model.bone_parents),
        model.vertex_bone_indices.numpy()[kept], model.vertex_bone_weights.numpy()[kept],
    )  # fmt: skip
    heads = bones.pop("heads")

    def points(vertices, bone_heads) -> np.ndarray:
        both = np.concatenate([vertices.numpy()[..., kept, :], bone_heads.numpy()[..., heads, :]], axis=-2)
        return both @ TO_Y_UP.T

    template = points(model.template_vertices, model.template_bone_heads)
    shapes = points(model.blendshapes, model.bone_heads_blendshapes)
    mask = model.stacked_phenotype_blend_shapes_mask.numpy() > 0
    labels = list(model.blendshape_labels)
    baked = {"template": template.astype(np.float32)} | bones
    baked |= bake_shapes(shapes[: len(mask)], template, mask, template[:, 1] > 0.6)
    baked |= bake_changes(dict(zip(labels[len(mask) :], shapes[len(mask) :], strict=True)))
    meshes = bake_meshes(groups, template, bones["weight_bones"], bones["weights"], bones["bones"].tolist())
    baked |= meshes
    baked["masks"] = bake_masks(assets / "textures", meshes["body_uv"])
    baked["mask_names"] = np.array(MASKS)
    baked["exposure"] = exposure(template[: len(kept)], groups)
    np.savez_compressed(OUT, **baked)
    print(OUT, f"{OUT.stat().st_size / 1e6:.1f} MB")
    for name, value in baked.items():
        print(name, value.shape, value.dtype)


if __name__ == "__main__":
    main()
