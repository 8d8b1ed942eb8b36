"""Meshes of the baked body: vertices split where texture coordinates tear, levels of detail, garment panels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from decimate import decimate
from flatten import flatten, stretch

LEVELS = (0.36, 0.15)  # of the body's triangles
COARSE = 0.36  # of a panel's triangles, for the smallest pictures


class Mesh(NamedTuple):
    """Triangles (F, 3) of vertices and texture coordinates (F, 3, 2) of their corners."""

    faces: np.ndarray
    uv: np.ndarray


def split(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One vertex for each pair of vertex and texture coordinate: (V,) vertex, (V, 2) coordinate, (F, 3) faces."""
    keys = np.concatenate([mesh.faces.reshape(-1, 1), np.round(mesh.uv.reshape(-1, 2) * 1e6)], axis=1)
    _, first, inverse = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return mesh.faces.ravel()[first], mesh.uv.reshape(-1, 2)[first], inverse.reshape(-1, 3)


def intimate(points: np.ndarray) -> np.ndarray:
    """Where skin is never shown, whatever the garment: breasts and pelvis."""
    x, y, z = np.abs(points[..., 0]), points[..., 1], points[..., 2]
    pelvis = (y > -0.075) & (y < 0.13) & (x < 0.2)
    breasts = (y > 0.29) & (y < 0.43) & (x < 0.17) & (z > 0.05)
    return pelvis | breasts


def panels(
    points: np.ndarray, faces: np.ndarray, texture: np.ndarray, arm: np.ndarray, joints: dict[str, np.ndarray]
) -> dict[str, Mesh]:
    """Pieces of the body suit as a tailor cuts them, each with a first guess of where its corners lie flat.

    Metres, v down, seen from outside. `texture` (F, 3, 2) are MakeHuman's coordinates, `arm` (V,) the weight of arms,
    `joints` shoulder, elbow and wrist of each side.
    """
    centre = points[faces].mean(1)
    corners = points[faces]
    sleeve = arm[faces].sum(1) > 1.5
    front = centre[:, 2] > _side_line(points[np.unique(faces)], arm[np.unique(faces)], centre[:, 1])
    sides = {"front": (front, 1), "back": (~front, -1)}
    place = {side: corners[..., :2] * [sign, -1] for side, (_, sign) in sides.items()}
    found = {
        f"torso.{side}": Mesh(*_rows(faces, place[side], ~sleeve & own & (centre[:, 1] > -0.12)))
        for side, (own, _) in sides.items()
    }
    for name, sign in (("L", 1), ("R", -1)):
        half = ~sleeve & (np.sign(centre[:, 0]) == sign)
        for side, (own, _) in sides.items():
            leg = half & own & (centre[:, 1] < 0.32) & (centre[:, 1] > -0.76)
            found[f"leg.{side}.{name}"] = Mesh(*_rows(faces, place[side], leg))
        own = sleeve & (np.sign(centre[:, 0]) == sign)
        found[f"arm.{name}"] = Mesh(*_rows(faces, _around_arm(points, joints[name])[faces], own))
        low = half & (centre[:, 1] < -0.66)
        scale = np.sqrt(_area(corners[low]).sum() / _area(np.pad(texture[low], ((0, 0), (0, 0), (0, 1)))).sum())
        found[f"foot.{name}"] = Mesh(*_rows(faces, texture * [scale, -scale], low))
    for name in ("arm.L", "arm.R"):
        found[name] = _cut_below(found[name])
    return found


def _rows(faces: np.ndarray, place: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return faces[chosen], place[chosen]


def _area(corners: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2


def _side_line(points: np.ndarray, arm: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Z of the side seam at some heights: where the body is widest."""
    levels = np.arange(-0.8, 0.62, 0.03)
    body = arm < 0.5
    line = []
    for level in levels:
        near = points[body & (np.abs(points[:, 1] - level) < 0.04)]
        widest = near[np.argsort(-np.abs(near[:, 0]))[:6]]
        line.append(widest[:, 2].mean())
    smooth = np.convolve(np.pad(line, 2, mode="edge"), np.ones(5) / 5, mode="valid")
    return np.interp(heights, levels, smooth)


def _around_arm(points: np.ndarray, arm: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """(V, 2) metres around an arm (shoulder, elbow, wrist) from its upper side, and along it."""
    shoulder, elbow, wrist = arm
    axis = (wrist - shoulder) / np.linalg.norm(wrist - shoulder)
    along = (points - shoulder) @ axis
    ends = np.array([shoulder, elbow, wrist])
    middle = np.stack([np.interp(along, (ends - shoulder) @ axis, ends[:, k]) for k in range(3)], axis=1)
    middle += np.minimum(along, 0)[:, None] * axis
    up = np.array([0, 1.0, 0]) - axis * axis[1]
    up /= np.linalg.norm(up)
    angle = np.arctan2((points - middle) @ np.cross(axis, up), (points - middle) @ up)
    return np.stack([RADIUS_OF_ARM * angle, along], axis=1)


RADIUS_OF_ARM = 0.05


def _cut_below(mesh: Mesh) -> Mesh:
    """Triangles across the jump of the angle go to its positive end."""
    across, along = mesh.uv[..., 0], mesh.uv[..., 1]
    torn = np.ptp(across, axis=1) > np.pi * RADIUS_OF_ARM
    across = np.where(torn[:, None] & (across < 0), across + 2 * np.pi * RADIUS_OF_ARM, across)
    return Mesh(mesh.faces, np.stack([across, along], axis=-1))


def skirt_panels(points: np.ndarray, faces: np.ndarray) -> dict[str, Mesh]:
    found = {}
    front = points[faces].mean(1)[:, 2] > 0.01
    for side, own, sign in (("front", front, 1), ("back", ~front, -1)):
        around = 0.2 * np.arctan2(sign * points[:, 0], sign * (points[:, 2] - 0.01))
        found[f"skirt.{side}"] = Mesh(faces[own], np.stack([around, -points[:, 1]], 1)[faces[own]])
    return found


def bake_panels(found: dict[str, Mesh], points: np.ndarray, followed: np.ndarray) -> dict:
    """Panels one after another: rows of vertices (index, u, v), of faces and of coarse faces, with counts.

    `followed` (V, B) are the weights of bones. Coarse panels keep their borders, so that seams stay closed.
    """
    vertices, places, faces, coarse, sizes = [], [], [], [], []
    for name, mesh in found.items():
        index, start, triangles = split(mesh)
        flat = flatten(points[index], triangles, start)
        median, high, turned = stretch(points[index], triangles, flat)
        flat -= flat.min(0)
        print(f"{name}: {len(triangles)} triangles, {flat.max(0).round(2)} m, stretch {median:.3f} {high:.3f} {turned}")
        vertices.append(index)
        places.append(flat)
        faces.append(triangles)
        features = np.concatenate([points[index], 0.05 * followed[index]], axis=1)
        coarse += decimate(features, triangles, [int(COARSE * len(triangles))], np.ones(len(index)))
        print(f"    coarse: {len(coarse[-1])} triangles")
        sizes.append((len(index), len(triangles), len(coarse[-1])))
    return {
        "panel_names": np.array(list(found)),
        "panel_sizes": np.array(sizes, np.int32),
        "panel_vertices": np.concatenate(vertices).astype(np.uint16),
        "panel_uv": np.concatenate(places).astype(np.float32),
        "panel_faces": np.concatenate(faces).astype(np.uint16),
        "panel_faces_coarse": np.concatenate(coarse).astype(np.uint16),
    }


def bake_meshes(
    groups: dict[str, Mesh], points: np.ndarray, bones: np.ndarray, weights: np.ndarray, names: list[str]
) -> dict:
    """Everything drawable: the body in levels of detail, eyes, teeth, panels of suit and skirt."""
    joints = {
        side: points[len(bones) :][[names.index(f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist")]]
        for side in "LR"
    }
    arm_bones = [k for k, name in enumerate(names) if name.startswith(("upperarm", "lowerarm", "wrist", "finger"))]
    body, points = groups["body"], points[: len(bones)]
    bare = ~intimate(points[body.faces]).all(1)
    index, uv, faces = split(Mesh(body.faces[bare], body.uv[bare]))
    followed = np.zeros((len(points), int(bones.max()) + 1))
    np.add.at(followed, (np.arange(len(points))[:, None], bones), weights / 65535)
    head = points[index][:, 1] > 0.6
    price = np.where(head, 6.0, 1.0) * np.where(head & (points[index][:, 2] > 0.05), 3.0, 1.0)
    features = np.concatenate([points[index], 0.05 * followed[index]], axis=1)
    levels = decimate(features, faces, [int(share * len(faces)) for share in LEVELS], price)
    print("body:", len(faces), [len(level) for level in levels])
    baked = {"body_vertices": index.astype(np.uint16), "body_uv": uv.astype(np.float32)}
    baked |= {f"body_faces_{k}": level.astype(np.uint16) for k, level in enumerate([faces, *levels])}
    for name in ("eye.L", "eye.R", "teeth"):
        index, uv, faces = split(groups[name])
        baked |= {f"{name}_vertices": index.astype(np.uint16), f"{name}_uv": uv.astype(np.float32)}
        baked[f"{name}_faces"] = faces.astype(np.uint16)
    suit, skirt = groups["suit"], groups["skirt"]
    arm = np.where(np.isin(bones, arm_bones), weights, 0).sum(1) / 65535
    found = panels(points, suit.faces, suit.uv, arm, joints) | skirt_panels(points, skirt.faces)
    baked |= {"suit_faces": suit.faces.astype(np.uint16), "skirt_faces": skirt.faces.astype(np.uint16)}
    return baked | bake_panels(found, points, followed)


def exposure(points: np.ndarray, groups: dict[str, Mesh], directions: int = 200) -> np.ndarray:
    """(V,) 0 to 255: how much of the sky the vertices of the body see, weighted by the cosine."""
    from reposer.data.people.raster import rasterize

    faces = np.concatenate([groups[name].faces for name in ("body", "eye.L", "eye.R")])
    corners = points[faces]
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.zeros_like(points)
    for corner in faces.T:
        np.add.at(normals, corner, across)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    rng = np.random.default_rng(0)
    seen, total, size = np.zeros(len(points)), np.zeros(len(points)), 900
    for towards in rng.normal(size=(directions, 3)):
        towards /= np.linalg.norm(towards)
        right = np.cross([0.3, 1, 0.2], towards)
        right /= np.linalg.norm(right)
        up = np.cross(towards, right)
        screen = np.stack([points @ right * 430 + 450, 450 - points @ up * 430, 5 - points @ towards]).astype(
            np.float32
        )
        both = np.concatenate([faces, faces[:, ::-1]])
        depth = rasterize(screen, np.ascontiguousarray(both.T), (size, size)).depth_image()
        x, y = np.clip(screen[:2].astype(int), 0, size - 1)
        cosine = np.maximum(normals @ towards, 0)
        seen += cosine * (depth[y, x] > screen[2] - 0.006)
        total += cosine
    return np.round(255 * seen / np.maximum(total, 1e-9)).astype(np.uint8)
