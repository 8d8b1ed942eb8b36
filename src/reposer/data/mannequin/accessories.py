"""What is worn beside the body's own outline: hair, hats, skirts and coats, bags; in canonical units."""

from functools import lru_cache

import numpy as np

from reposer.data.mannequin.anatomy import (
    FRONT,
    KNEE_AT,
    LEFT,
    LEG_LENGTH,
    LEG_TOP,
    UP,
    Cut,
    arm_patches,
    head_patches,
    leg_patches,
    on_head,
    skull_rings,
    torso_patch,
)
from reposer.data.mannequin.figure import (
    CHEST,
    HEAD,
    LEFT_LEG,
    PELVIS,
    RIGHT_LEG,
    Body,
    Floats,
    Skeleton,
)
from reposer.data.mannequin.mesh import Mesh, Patch, circle, grid_normals, join, loft, ramp

Point = tuple[float, float, float]
SKIRT_RINGS, SKIRT_SIDES = 10, 18

# Height of the hairline at angles 0 (front), 40, 65, 85, 110 and 180 degrees.
_HAIRLINES = {
    "short": (0.974, 0.968, 0.948, 0.925, 0.888, 0.872),
    "crop": (0.978, 0.974, 0.960, 0.940, 0.905, 0.888),
    "fringe": (0.950, 0.948, 0.940, 0.920, 0.882, 0.866),
    "bob": (0.962, 0.962, 0.925, 0.866, 0.864, 0.862),
    "long": (0.974, 0.966, 0.930, 0.872, 0.862, 0.862),
    "bun": (0.973, 0.966, 0.946, 0.928, 0.892, 0.880),
    "ponytail": (0.973, 0.966, 0.946, 0.928, 0.892, 0.880),
    "curly": (0.966, 0.958, 0.936, 0.905, 0.872, 0.862),
}
_HAIR_DEPTH = {
    "short": 0.009, "crop": 0.004, "fringe": 0.008, "bob": 0.011, "long": 0.008, "bun": 0.005, "ponytail": 0.005,
    "curly": 0.019,
}  # fmt: skip
HAIRSTYLES = ("bald", *_HAIRLINES)
HATS = ("none", "cap", "beanie", "sunhat")
_HATLINES = {
    "cap": (0.964, 0.963, 0.960, 0.956, 0.948, 0.940),
    "beanie": (0.962, 0.960, 0.952, 0.940, 0.922, 0.912),
    "sunhat": (0.964, 0.963, 0.962, 0.960, 0.955, 0.950),
}
_ANGLES = (0, 40, 65, 85, 110, 180)


def _shell(chart: str, label: str, line: tuple[float, ...], depth: float, peak: float = 0.0) -> Patch:
    """A second skull that comes out of the head above a line and stays inside it below."""
    centres, deep, wide = skull_rings()
    patch = loft(chart, centres[:-1], FRONT, LEFT, deep[:-1], wide[:-1], sides=16, bones=(HEAD, HEAD), label=label)
    height = patch.points[..., 1]
    edge = np.interp(np.abs(patch.around - 0.5) * 360, _ANGLES, line)
    grow = (depth + 0.006) * ramp(height - edge, -0.009, 0.006) - 0.006
    middle = np.array([0.0, 0.935, 0.0])
    outwards = patch.points - middle
    outwards /= np.linalg.norm(outwards, axis=-1, keepdims=True)
    patch.points[...] += grow[..., None] * outwards
    patch.points[..., 1] += peak * ramp(height, 0.965, 1.0)
    return patch


def _blob(label: str, chart: str, centre: Point, radii: Point, bone: int) -> Patch:
    """An ellipsoid."""
    t = np.linspace(np.pi, 0, 7)
    height = -np.cos(t) * radii[1]
    ring = np.sin(t) + 0.02
    centres = np.asarray(centre) + height[:, None] * UP
    return loft(chart, centres, FRONT, LEFT, ring * radii[2], ring * radii[0], sides=9, bones=(bone, bone), label=label)


def _hair(cut: Cut) -> list[Patch]:
    if cut.hair == "bald":
        return []
    style, patches = cut.hair, []
    if cut.hat in ("none", "cap", "sunhat") or style in ("bob", "long"):
        depth = _HAIR_DEPTH[style] if cut.hat == "none" else min(0.005, _HAIR_DEPTH[style])
        patches.append(_shell("hair", "hair", _HAIRLINES[style], depth))
    if style in ("long", "bob"):
        low = 0.845 if style == "bob" else 0.745
        heights = np.array([0.972, 0.950, 0.920, 0.890, 0.868, *np.linspace(0.845, low, 5 if style == "long" else 1)])
        wide = np.interp(heights, (0.745, 0.78, 0.85, 0.92, 0.95, 0.972), (0.022, 0.048, 0.055, 0.053, 0.047, 0.03))
        deep = np.interp(heights, (0.745, 0.80, 0.85, 0.90, 0.95, 0.972), (0.012, 0.020, 0.034, 0.046, 0.046, 0.03))
        back = np.interp(heights, (0.745, 0.80, 0.85, 0.90, 0.97), (-0.070, -0.058, -0.034, -0.016, -0.010))
        centres = np.stack([0 * heights, heights, back], axis=1)
        patches.append(loft(
            "hair", centres, FRONT, LEFT, deep, wide, sides=14, bones=(HEAD, CHEST), label="hair",
            weights=ramp(heights, 0.80, 0.90), along=np.linspace(0.2, 1, len(heights)),
        ))  # fmt: skip
    if style == "bun" and cut.hat == "none":
        patches.append(_blob("hair", "hair", (0, 0.985, -0.048), (0.023, 0.022, 0.022), HEAD))
    if style == "ponytail":
        heights = np.array([0.972, 0.962, 0.945, 0.915, 0.875, 0.84, 0.815])
        size = np.array([0.006, 0.014, 0.016, 0.018, 0.017, 0.012, 0.003])
        back = np.array([-0.058, -0.064, -0.076, -0.082, -0.080, -0.075, -0.072])
        centres = np.stack([0 * heights, heights, back], axis=1)
        patches.append(loft(
            "hair", centres, FRONT, LEFT, size, size, sides=8, bones=(HEAD, CHEST), label="hair",
            weights=0.3 + 0.7 * ramp(heights, 0.82, 0.95),
        ))  # fmt: skip
    return patches


def _hat(cut: Cut) -> list[Patch]:
    if cut.hat == "none":
        return []
    peak = {"cap": 0.004, "beanie": 0.014, "sunhat": 0.010}[cut.hat]
    patches = [_shell("hat", "hat", _HATLINES[cut.hat], 0.009, peak)]
    if cut.hat == "cap":
        reach = np.array([0.040, 0.055, 0.075, 0.092, 0.101, 0.104])
        centres = np.stack([0 * reach, 0.970 - 0.16 * (reach - 0.04), reach], axis=1)
        wide = np.array([0.040, 0.044, 0.042, 0.033, 0.018, 0.004])
        patches.append(loft(
            "hat", centres, UP, LEFT, np.array([5, 4, 4, 4, 3, 1]) * 1e-3, wide, sides=10, bones=(HEAD, HEAD),
            label="hat", along=np.linspace(0.8, 1, 6),
        ))  # fmt: skip
    if cut.hat == "sunhat":
        radius = np.array([0.045, 0.075, 0.098, 0.100, 0.097, 0.07, 0.045])
        heights = 0.966 + np.array([0.004, 0.001, -0.006, -0.008, -0.009, -0.003, 0.0])
        centres = np.stack([0 * heights, heights, 0 * heights], axis=1)
        patches.append(loft(
            "hat", centres, FRONT, LEFT, radius + 0.008, radius, sides=16, bones=(HEAD, HEAD), label="hat",
            along=np.linspace(0.8, 1, 7),
        ))  # fmt: skip
    return patches


def _bags(body: Body, cut: Cut) -> list[Patch]:
    patches = []
    back = -0.060 * body.girth - cut.top_ease
    if cut.backpack:
        heights = np.array([0.833, 0.829, 0.812, 0.77, 0.71, 0.66, 0.637, 0.632])
        deep = np.array([0.004, 0.020, 0.030, 0.036, 0.042, 0.042, 0.030, 0.005])
        wide = np.array([0.020, 0.050, 0.064, 0.070, 0.073, 0.072, 0.064, 0.03])
        centres = np.stack([0 * heights, heights, back - 0.8 * deep], axis=1)
        patches.append(loft(
            "backpack", centres, FRONT, LEFT, deep, wide, sides=14, bones=(CHEST, CHEST), label="backpack", power=0.6,
        ))  # fmt: skip
    if cut.bag:
        heights = np.array([0.560, 0.556, 0.53, 0.49, 0.455, 0.452])
        deep = np.array([0.02, 0.050, 0.056, 0.058, 0.054, 0.03])
        wide = np.array([0.006, 0.015, 0.021, 0.023, 0.018, 0.006])
        out = np.full(6, 0.100 * body.hips + 0.6 * (body.girth - 1) * 0.1 + 0.024)
        centres = np.stack([-out, heights, 0 * heights - 0.012], axis=1)
        patches.append(
            loft("bag", centres, FRONT, LEFT, deep, wide, sides=10, bones=(PELVIS, PELVIS), label="bag", power=0.6)
        )
    if cut.hood:
        patches.append(_blob("torso", "hood", (0, 0.838, -0.042), (0.056, 0.024, 0.026), CHEST))
    return patches


def skirt_length(cut: Cut) -> float:
    """From the waistband to the hem, canonical units."""
    return cut.skirt_top - LEG_TOP + cut.skirt * LEG_LENGTH


def _skirt_rings(body: Body, cut: Cut) -> tuple[Floats, Floats, Floats, Floats]:
    """Rest path beside the left leg (K, 3), half depth and width about it, and position along (0 to 1)."""
    along = np.concatenate([[0.0], np.linspace(0.0, 1.0, SKIRT_RINGS - 1) + 0.0])
    along[1] = 0.03
    heights = cut.skirt_top - along * skirt_length(cut)
    down = np.clip((LEG_TOP - heights) / LEG_LENGTH, 0, 1)
    seat = ramp(heights, cut.skirt_top, 0.55)
    path = np.stack([0.047 * body.hips * seat, heights, -0.006 * seat], axis=1)
    thick = 0.4 + 0.6 * body.girth
    ease = 0.008 + 0.5 * cut.top_ease
    wide = (0.080 * body.waist * (1 - seat) + 0.055 * body.hips * seat) * thick + ease
    deep = (0.056 * body.waist * (1 - seat) + 0.069 * seat * (0.4 + 0.6 * body.hips)) * thick + ease
    slim = ramp(down, 0.05, 0.5)
    flare = cut.skirt_flare * along**1.3
    return path, deep * (1 - 0.18 * slim) + flare, wide * (1 - 0.10 * slim) + flare, along


def _skirt(body: Body, cut: Cut) -> Patch | None:
    if cut.skirt <= 0:
        return None
    path, deep, wide, along = _skirt_rings(body, cut)
    return loft(
        "skirt", path * (0, 1, 1), FRONT, LEFT, deep, wide + path[:, 0], sides=SKIRT_SIDES, bones=(PELVIS, PELVIS),
        label="skirt", along=along,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _skirt_at_rest(body: Body, cut: Cut) -> tuple[list[Floats], list[Floats], Floats, Floats]:
    """Paths (K, 3) beside the right and the left leg, weights (K, 1) of pelvis, thigh and shin along them,
    half depth and width (K,), metres.
    """
    path, deep, wide, _ = _skirt_rings(body, cut)
    down = np.clip((LEG_TOP - path[:, 1]) / LEG_LENGTH, 0, 1)
    leg = ramp(path[:, 1], LEG_TOP + 0.045, LEG_TOP - 0.02)[:, None]
    shin = 0.85 * ramp(down, KNEE_AT - 0.06, KNEE_AT + 0.06)[:, None]
    paths = [body.place(path * (sign, 1, 1)) for sign in (-1, 1)]
    return paths, [1 - leg, leg * (1 - shin), leg * shin], deep * body.stature, wide * body.stature


def lay_skirt(body: Body, cut: Cut, skeleton: Skeleton) -> tuple[Floats, Floats]:
    """Hang the skirt around both legs of a posed body: points and normals (3, K * (M + 1)), metres.

    Each ring is the outline of two ellipses, one about either leg, so that no leg comes through the cloth.
    """
    paths, weights, deep, wide = _skirt_at_rest(body, cut)
    right, left = (
        sum(
            weight * (path @ skeleton.rotations[bone].T + skeleton.translations[bone])
            for weight, bone in zip(weights, (PELVIS, leg, leg + 1), strict=True)
        )
        for path, leg in zip(paths, (RIGHT_LEG, LEFT_LEG), strict=True)
    )
    pelvis = skeleton.rotations[PELVIS]
    _, cosine, sine = circle(SKIRT_SIDES)
    outwards = np.outer(pelvis[:, 2], cosine) + np.outer(pelvis[:, 0], sine)
    ahead = ((left - right) @ outwards) / (0.035 * body.stature)
    share = 1 / (1 + np.exp(-np.clip(2 * ahead, -30, 30)))
    front, side = np.outer(deep, cosine), np.outer(wide, sine)
    start, across = (ends.T[:, :, None] for ends in (right, left - right))
    points = start + share * across + front * pelvis[:, 2, None, None] + side * pelvis[:, 0, None, None]
    points = points.reshape(3, -1)
    return points, grid_normals(points, SKIRT_RINGS)


def dress(body: Body, cut: Cut) -> Mesh:
    """Build the mesh of a body in clothes of a cut."""
    patches = [
        torso_patch(body, cut), *arm_patches(body, cut), *leg_patches(body, cut), *head_patches(body, cut),
        *(on_head(patch, body) for patch in (*_hair(cut), *_hat(cut))), *_bags(body, cut),
    ]  # fmt: skip
    return join(patches, body, _skirt(body, cut))
