"""The outline of the body under its clothes: torso, arms, legs and head, in canonical units."""

from dataclasses import dataclass, replace

import numpy as np

from reposer.data.mannequin.figure import (
    ANKLE_HEIGHT,
    ARM_DIRECTION,
    CHEST,
    FOREARM,
    HEAD,
    HIP_HEIGHT,
    KNEE_HEIGHT,
    LEFT_ARM,
    LEFT_LEG,
    NECK,
    PELVIS,
    RIGHT_ARM,
    RIGHT_LEG,
    SHOULDER_HEIGHT,
    UPPER_ARM,
    Body,
    Floats,
    scale_head,
)
from reposer.data.mannequin.mesh import Patch, loft, mirrored, ramp

ARM_LENGTH = UPPER_ARM + FOREARM
ELBOW_AT = UPPER_ARM / ARM_LENGTH
LEG_TOP, LEG_LENGTH = HIP_HEIGHT, HIP_HEIGHT - ANKLE_HEIGHT
KNEE_AT = (HIP_HEIGHT - KNEE_HEIGHT) / LEG_LENGTH
TORSO_TOP, TORSO_BOTTOM = 0.868, 0.462
WAIST_HEIGHT = 0.628


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What clothes do to the outline, canonical units; along limbs 0 is the shoulder or hip, 1 wrist or ankle."""

    sleeve: float = 0.0
    sleeve_ease: float = 0.0
    top_ease: float = 0.0
    hem_height: float = WAIST_HEIGHT
    leg: float = 1.0
    leg_ease: float = 0.004
    leg_flare: float = 0.0
    boot: float = 2.0  # where along the leg the boot begins; beyond 1: no boots
    skirt: float = 0.0  # how far down the leg a skirt or coat reaches; 0: none
    skirt_top: float = WAIST_HEIGHT
    skirt_flare: float = 0.0
    hair: str = "short"
    hat: str = "none"
    collar: float = 0.0
    hood: bool = False
    backpack: bool = False
    bag: bool = False


def _with_step(stations: Floats, at: float) -> Floats:
    """Stations with two close ones at a hem, so that the cloth ends in a step."""
    low, high = stations[0] + 1e-3, stations[-1] - 1e-3
    return np.sort(np.concatenate([stations, np.clip([at - 0.004, at + 0.004], low, high)]))


_TORSO = np.array([  # height, half width, half depth, middle of the depth
    [0.868, 0.026, 0.028, -0.010], [0.853, 0.040, 0.033, -0.011], [0.838, 0.068, 0.040, -0.010],
    [0.822, 0.096, 0.047, -0.008], [0.798, 0.104, 0.055, -0.005], [0.764, 0.099, 0.063, 0.001],
    [0.725, 0.092, 0.063, 0.002], [0.675, 0.083, 0.057, 0.000], [0.622, 0.079, 0.054, -0.001],
    [0.578, 0.088, 0.060, -0.004], [0.535, 0.096, 0.066, -0.009], [0.495, 0.082, 0.052, -0.009],
    [0.462, 0.030, 0.022, -0.006],
])  # fmt: skip
_ARM = np.array([  # along, radius towards the front, radius sideways
    [-0.105, 0.008, 0.008], [-0.070, 0.026, 0.024], [0.00, 0.034, 0.031], [0.12, 0.034, 0.030],
    [0.32, 0.0285, 0.0255], [0.47, 0.026, 0.024], [0.545, 0.0255, 0.0245], [0.63, 0.026, 0.024],
    [0.78, 0.0235, 0.0205], [1.0, 0.0155, 0.0125], [1.03, 0.012, 0.010],
])  # fmt: skip
_LEG = np.array([  # along, radius towards the front, radius sideways, shift to the front
    [-0.04, 0.040, 0.040, 0.0], [0.05, 0.056, 0.051, -0.002], [0.18, 0.053, 0.049, 0.0],
    [0.32, 0.046, 0.042, 0.002], [0.43, 0.0385, 0.0355, 0.003], [0.505, 0.035, 0.033, 0.003],
    [0.58, 0.034, 0.032, -0.002], [0.70, 0.036, 0.033, -0.006], [0.85, 0.027, 0.024, -0.004],
    [0.96, 0.020, 0.018, -0.002], [1.06, 0.018, 0.015, 0.0],
])  # fmt: skip
_HEAD = np.array([  # height, half width, half depth, middle of the depth
    [0.861, 0.006, 0.006, 0.020], [0.867, 0.021, 0.024, 0.019], [0.880, 0.0315, 0.040, 0.011],
    [0.896, 0.037, 0.048, 0.006], [0.907, 0.0395, 0.0515, 0.004], [0.917, 0.0415, 0.0535, 0.002],
    [0.928, 0.0435, 0.055, 0.001], [0.942, 0.0450, 0.0565, 0.0], [0.960, 0.0445, 0.0565, -0.001],
    [0.978, 0.0385, 0.050, -0.003], [0.991, 0.0265, 0.035, -0.004], [0.999, 0.003, 0.004, -0.004],
])[::-1]  # fmt: skip
HEAD_TOP, HEAD_BOTTOM = 0.999, 0.861
_SHOE = np.array([  # from the heel forwards, middle height, half height, half width
    [-0.042, 0.022, 0.001, 0.001], [-0.036, 0.023, 0.022, 0.018], [-0.016, 0.0275, 0.0275, 0.0228],
    [0.018, 0.0265, 0.0265, 0.024], [0.052, 0.019, 0.019, 0.028], [0.082, 0.014, 0.014, 0.0268],
    [0.101, 0.011, 0.011, 0.018], [0.108, 0.009, 0.001, 0.001],
])  # fmt: skip
_HAND = np.array([  # along, half width, half thickness, shift towards the palm
    [-0.10, 0.013, 0.010, 0.0], [0.02, 0.015, 0.0105, 0.0], [0.28, 0.022, 0.0115, 0.001],
    [0.62, 0.0215, 0.0098, 0.004], [0.90, 0.015, 0.0075, 0.010], [1.0, 0.001, 0.001, 0.013],
])  # fmt: skip
LEFT, UP, FRONT = np.eye(3)


def _columns(table: Floats, stations: Floats) -> list[Floats]:
    return [np.interp(stations, table[:, 0], column) for column in table.T[1:]]


def torso_patch(body: Body, cut: Cut) -> Patch:
    stations = _with_step(-_TORSO[:, 0], -cut.hem_height)
    heights = -stations
    width, depth, middle = _columns(_TORSO[::-1], heights)
    hips = 1 + (body.hips - 1) * ramp(heights, 0.63, 0.55)
    waist = 1 + (body.waist - 1) * np.exp(-(((heights - 0.635) / 0.05) ** 2))
    shoulders = 1 + (body.shoulders / 0.1 - 1) * ramp(heights, 0.68, 0.80) * ramp(heights, 0.866, 0.85)
    thick = 1 + (body.girth - 1) * ramp(heights, 0.86, 0.80)
    width = width * hips * waist * shoulders * (1 + 0.6 * (thick - 1))
    depth = depth * thick * (1 + 0.6 * (hips - 1)) * waist
    chest = body.bust * np.exp(-(((heights - 0.752) / 0.034) ** 2))
    depth, middle = depth + 0.5 * chest, middle + 0.5 * chest
    clothed = heights > cut.hem_height
    flare = np.clip((0.66 - heights) / 0.12, 0, 1) if cut.hem_height < WAIST_HEIGHT - 0.02 else 0.0
    ease = np.where(clothed, cut.top_ease * ramp(heights, 0.862, 0.835) + 0.010 * flare * (cut.top_ease > 0), 0)
    if cut.hem_height < WAIST_HEIGHT - 0.02:  # loose cloth hangs straight over the waist
        ease = ease + 0.010 * clothed * np.exp(-(((heights - 0.63) / 0.04) ** 2))
    ease = np.where(clothed, ease, np.minimum(cut.leg_ease, 0.006))
    centres = np.stack([np.zeros_like(heights), heights, middle], axis=1)
    patch = loft(
        "torso", centres, FRONT, LEFT, depth + ease, width + ease, sides=16, bones=(0, 0), label="torso",
        along=(TORSO_TOP - heights) / (TORSO_TOP - TORSO_BOTTOM), power=0.88, upright=0.9 * ramp(heights, 0.56, 0.49),
    )  # fmt: skip
    x, y = patch.points[..., 0], patch.points[..., 1]
    bones = np.empty((*x.shape, 2), np.intp)
    bones[...] = CHEST, PELVIS
    weights = ramp(y, 0.575, 0.70)
    low = y < 0.56  # the seat follows the thighs a little
    bones[low, 0] = np.where(x[low] > 0, LEFT_LEG, RIGHT_LEG)
    weights[low] = (0.6 * ramp(y, 0.56, 0.465) * ramp(np.abs(x), 0.0, 0.05))[low]
    shoulder = (y > 0.70) & (y < 0.845)
    bones[shoulder, 1] = np.where(x[shoulder] > 0, LEFT_ARM, RIGHT_ARM)
    reach = ramp(np.abs(x), 0.055, 0.115) * ramp(y, 0.72, 0.79) * ramp(y, 0.85, 0.815)
    weights[shoulder] = (1 - 0.45 * reach)[shoulder]
    top = y > 0.845
    bones[top, 1] = NECK
    weights[top] = ramp(y, 0.885, 0.845)[top]
    return replace(patch, bones=bones, weights=weights)


def arm_patches(body: Body, cut: Cut) -> list[Patch]:
    stations = _with_step(_ARM[:, 0], min(cut.sleeve, 0.985))
    deep, wide = (column * (0.45 + 0.55 * body.girth) for column in _columns(_ARM, stations))
    ease = cut.sleeve_ease * ramp(stations, -0.11, 0.1) + 0.5 * cut.sleeve_ease * ramp(stations, 0.4, 0.9)
    ease = np.where(stations < cut.sleeve, ease, 0.0)
    shoulder = np.array([body.shoulders, SHOULDER_HEIGHT, -0.004])
    left = np.cross(FRONT, ARM_DIRECTION)
    centres = shoulder + stations[:, None] * ARM_LENGTH * ARM_DIRECTION
    elbow = ramp(stations, ELBOW_AT - 0.10, ELBOW_AT + 0.10)
    bones = np.where((stations < 0.25)[:, None], (LEFT_ARM, CHEST), (LEFT_ARM, LEFT_ARM + 1))
    weights = np.where(stations < 0.25, 0.62 + 0.38 * ramp(stations, -0.1, 0.18), 1 - elbow)
    labels = ["left upper arm" if s < ELBOW_AT else "left lower arm" for s in stations[:-1]]
    sleeve = loft(
        "arm", centres, FRONT, left, deep + ease, wide + ease, sides=8, bones=bones, weights=weights,
        label=labels, along=np.clip(stations, 0, 1),
    )  # fmt: skip
    wrist = shoulder + ARM_LENGTH * ARM_DIRECTION
    size = 0.085 * (1.04 if body.sex == "men" else 0.96)
    reach, wide, thin, curl = _HAND.T
    hand = loft(
        "hand", wrist + reach[:, None] * size * ARM_DIRECTION - curl[:, None] * left, FRONT, left,
        wide * 1.02, thin * 1.1, sides=7, bones=(LEFT_ARM + 2, LEFT_ARM + 2), label="left hand",
    )  # fmt: skip
    start = wrist + 0.18 * size * ARM_DIRECTION + 0.012 * FRONT - 0.003 * left
    way = 0.72 * ARM_DIRECTION + 0.62 * FRONT - 0.25 * left
    thumb = loft(
        "hand", start + np.array([0, 0.35, 0.8, 1.0])[:, None] * 0.042 * way, FRONT, left,
        np.array([0.007, 0.0075, 0.006, 0.002]), np.array([0.007, 0.0075, 0.006, 0.002]), sides=5,
        bones=(LEFT_ARM + 2, LEFT_ARM + 2), label="left hand",
    )  # fmt: skip
    return [sleeve, mirrored(sleeve), hand, mirrored(hand), thumb, mirrored(thumb)]


def leg_patches(body: Body, cut: Cut) -> list[Patch]:
    stations = _with_step(_LEG[:, 0], min(cut.leg if cut.boot > 1 else cut.boot, 1.02))
    deep, wide, shift = _columns(_LEG, stations)
    thick = (0.5 + 0.5 * body.girth) * (1 + 0.5 * (body.hips - 1) * ramp(stations, 0.5, 0.1))
    deep, wide = deep * thick, wide * thick
    clothed = stations < cut.leg
    ease = cut.leg_ease * ramp(stations, -0.05, 0.1) + cut.leg_flare * ramp(stations, 0.3, 1.0)
    ease = np.where(clothed, ease, 0.0)
    if cut.boot < 1:
        ease = np.where(stations > cut.boot, 0.008, np.minimum(ease, 0.01))
    hang = 0.5 * ramp(stations, 0.55, 0.9) * clothed * cut.leg_flare
    aside = 0.047 * body.hips + 0.004 * ramp(stations, 0.3, 0.0)
    centres = np.stack([aside, LEG_TOP - stations * LEG_LENGTH, shift - 0.004 * stations + hang * 0.2], axis=1)
    bones = np.where((stations < 0.25)[:, None], (LEFT_LEG, PELVIS), (LEFT_LEG, LEFT_LEG + 1))
    bones = np.where((stations > 0.9)[:, None], (LEFT_LEG + 1, LEFT_LEG + 2), bones)
    knee = ramp(stations, KNEE_AT - 0.09, KNEE_AT + 0.09)
    weights = np.where(stations < 0.25, 0.35 + 0.65 * ramp(stations, -0.05, 0.16), 1 - knee)
    weights = np.where(stations > 0.9, 1 - ramp(stations, 0.99, 1.06), weights)
    labels = ["left upper leg" if s < KNEE_AT else "left lower leg" for s in stations[:-1]]
    leg = loft(
        "leg", centres, FRONT, LEFT, deep + ease, wide + ease, sides=10, bones=bones, weights=weights,
        label=labels, along=np.clip(stations, 0, 1), upright=0.9 * ramp(stations, 0.12, -0.02),
    )  # fmt: skip
    z, middle, high, broad = _SHOE.T
    size = 1.05 if body.sex == "men" else 0.96
    centres = np.stack([np.full_like(z, 0.047 * body.hips), middle, z - 0.004], axis=1) * (1, 1, size)
    shoe = loft(
        "shoe", centres, UP, LEFT, high, broad, sides=8,
        bones=(LEFT_LEG + 2, LEFT_LEG + 2), label="left foot", power=0.8,
    )  # fmt: skip
    return [leg, mirrored(leg), shoe, mirrored(shoe)]


def skull_rings() -> tuple[Floats, Floats, Floats]:
    """Centres, half depths and half widths of the head's rings from crown to chin."""
    height, wide, deep, middle = _HEAD.T
    return np.stack([np.zeros_like(height), height, middle], axis=1), deep, wide


def on_head(patch: Patch, body: Body) -> Patch:
    """Scale a patch with the head."""
    return replace(patch, points=scale_head(patch.points, body))


def head_patches(body: Body, cut: Cut) -> list[Patch]:
    centres, deep, wide = skull_rings()
    jaw = 1.0 + (0.06 if body.sex == "men" else -0.04) * ramp(centres[:, 1], 0.93, 0.88)
    along = (HEAD_TOP - centres[:, 1]) / (HEAD_TOP - HEAD_BOTTOM)
    skull = loft(
        "head", centres, FRONT, LEFT, deep, wide * jaw, sides=18, bones=(HEAD, HEAD), label="head", along=along
    )
    height = skull.points[..., 1]
    front = np.maximum(0, 1 - np.abs(skull.around - 0.5) * 17)
    beside = np.maximum(0, 1 - np.abs(np.abs(skull.around - 0.5) * 18 - 1.4) / 1.2)
    nose = np.interp(height, (0.900, 0.908, 0.917, 0.928, 0.940, 0.946), (0, 0.004, 0.013, 0.008, 0.002, 0))
    sockets = np.interp(height, (0.922, 0.934, 0.942, 0.948), (0, 0.003, 0.002, 0))
    chin = np.interp(height, (0.862, 0.870, 0.884), (0, 0.003, 0))
    skull.points[..., 2] += front * nose - beside * sockets + np.maximum(0, 1 - np.abs(skull.around - 0.5) * 10) * chin
    ear = loft(
        "hand", np.array([0.0, 0.002, 0.005])[:, None] * LEFT + (0.0425, 0.925, -0.004), UP, -FRONT,
        np.array([0.016, 0.0165, 0.006]), np.array([0.010, 0.0105, 0.004]), sides=7, bones=(HEAD, HEAD),
        label="head",
    )  # fmt: skip
    heights = np.array([0.895, 0.872, 0.858, 0.845, 0.832])
    radius = np.array([0.028, 0.028, 0.0285, 0.031, 0.036]) * (0.5 + 0.5 * body.girth)
    radius = radius * (1.06 if body.sex == "men" else 0.92) + cut.collar * ramp(heights, 0.89, 0.868)
    neck = loft(
        "neck", np.stack([0 * heights, heights, np.linspace(-0.004, -0.010, 5)], axis=1), FRONT, LEFT, radius * 1.06,
        radius, sides=10, bones=np.array([[HEAD, NECK], [HEAD, NECK], [NECK, CHEST], [NECK, CHEST], [CHEST, NECK]]),
        weights=np.array([1, 0.45, 0.8, 0.35, 1.0]), label="head",
    )  # fmt: skip
    return [on_head(skull, body), *(on_head(p, body) for p in (ear, mirrored(ear))), neck]
