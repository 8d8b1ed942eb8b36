"""Painting fabrics, faces, hair and shoes into one texture atlas per person."""

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from reposer.data.mannequin.accessories import skirt_length
from reposer.data.mannequin.anatomy import HEAD_BOTTOM, HEAD_TOP, TORSO_BOTTOM, TORSO_TOP
from reposer.data.mannequin.clothes import Colour, Outfit
from reposer.data.mannequin.fabrics import Grid, Image, draw_print, fill, mix, noise, rgb, weave
from reposer.data.mannequin.figure import Body
from reposer.data.mannequin.mesh import ramp

# Width (around) and height (along) of each chart in texels at density 1, and where it lies in the atlas.
CHARTS: dict[str, tuple[int, int, int, int]] = {
    "torso": (0, 0, 144, 88), "skirt": (0, 90, 144, 80), "arm": (146, 0, 48, 72), "leg": (196, 0, 60, 112),
    "head": (146, 114, 108, 56), "hair": (146, 74, 48, 38), "neck": (0, 172, 40, 12), "shoe": (42, 172, 40, 28),
    "hand": (84, 172, 20, 20), "hat": (106, 172, 40, 28), "backpack": (148, 172, 48, 40), "bag": (198, 172, 32, 28),
    "hood": (232, 172, 16, 16),
}  # fmt: skip
ATLAS_SIZE = (256, 216)


@lru_cache(maxsize=256)
def _grid(chart: str, density: float) -> tuple[Grid, Grid, tuple[int, int]]:
    """Position around (0 to 1, front at 0.5) and along (0 to 1) of a chart's texels, (1, w) and (h, 1), and (h, w)."""
    _, _, width, height = CHARTS[chart]
    columns, rows = round(width * density), round(height * density)
    around = (np.arange(columns) / (columns - 1))[None, :].astype(np.float32)
    along = (np.arange(rows) / (rows - 1))[:, None].astype(np.float32)
    return around, along, (rows, columns)


def place_in_atlas(chart: str, density: float) -> tuple[int, int, int, int]:
    """Left, top, width and height of a chart in the atlas, texels."""
    left, top, width, height = (round(side * density) for side in CHARTS[chart])
    return left, top, width, height


def _torso(body: Body, outfit: Outfit, density: float) -> Image:
    around, along, shape = _grid("torso", density)
    cut = outfit.cut
    x = (around - 0.5) * (0.58 * body.stature * (0.5 + 0.5 * body.girth))
    y = along * ((TORSO_TOP - TORSO_BOTTOM) * body.stature)
    front = np.abs(around - 0.5) < 0.25
    image = np.where(front, weave(outfit.top_front, x, y), weave(outfit.top_back, x, y))
    scale = body.stature / 1.72
    across, down = shape[1] / float(x[0, -1] - x[0, 0]), shape[0] / float(y[-1, 0])
    if outfit.yoke:
        image = mix(image, outfit.yoke, y < 0.17 * scale)
    image = draw_print(image, outfit.print_front, 0.5 * shape[1], 0.20 * scale * down, across, down)
    rolled = np.roll(image, shape[1] // 2, axis=2)  # the seam is in the middle of the back
    rolled = draw_print(rolled, outfit.print_back, 0.5 * shape[1], 0.22 * scale * down, across, down)
    image = np.roll(rolled, -(shape[1] // 2), axis=2)
    middle = np.abs(x)
    if outfit.front == "open":
        gap = middle < 0.035 + 0.05 * np.clip(y, 0, 0.6)
        image = np.where((gap & front), weave(outfit.inner, x, y), image)
        image = mix(image, outfit.trim, (np.abs(middle - 0.038 - 0.05 * y) < 0.008) & front)
    elif outfit.front != "closed":
        line = 0.004 if outfit.front == "buttons" else 0.009
        image = mix(image, outfit.trim, (middle < line) * 0.8)
        if outfit.front == "buttons":
            image = mix(image, outfit.trim, (middle < 0.010) & ((y % 0.09) < 0.02))
    low = {"crew": 0.045, "v": 0.15, "scoop": 0.105, "shirt": 0.085, "high": 0.0, "straps": 0.16}[outfit.neckline]
    low *= scale
    if outfit.neckline in ("v", "shirt"):
        edge = low - 1.15 * middle
    elif outfit.neckline == "straps":
        edge = np.where((middle > 0.05) & (middle < 0.085), 0.0, low) + 0 * middle
    else:
        edge = low * np.sqrt(np.clip(1 - (middle / 0.105) ** 2, 0, 1))
    back_edge = np.where((middle > 0.05) & (middle < 0.085), 0, 0.12 * scale) if outfit.neckline == "straps" else 0.02
    edge = np.where(front, edge, 0.0 if outfit.neckline == "high" else back_edge)
    if outfit.neckline == "straps":
        edge = np.where((np.abs(around - 0.25) < 0.06) | (np.abs(around - 0.75) < 0.06), 0.17 * scale, edge)
    elif outfit.neckline != "high":
        width = 0.03 if outfit.neckline == "shirt" else 0.014
        image = mix(image, outfit.trim, y < edge + width)
    image = mix(image, outfit.skin, y < edge)
    if outfit.neckline == "straps":
        strap = (np.abs(np.abs(np.abs(around - 0.5) - 0.25) - 0.14) < 0.016) & (y < 0.2 * scale) & (y > 0.02)
        image = mix(image, outfit.top_front.colours[0], strap)
    hem = (TORSO_TOP - cut.hem_height) * body.stature
    image = mix(image, rgb(outfit.trim) * 0.82, ((y > hem - 0.012) & (y < hem)) * 0.5)
    image = np.where((y > hem), weave(outfit.bottom, x, y - hem), image)
    if outfit.belt and cut.hem_height > 0.6 and cut.skirt == 0:
        image = mix(image, outfit.belt, (y > hem) & (y < hem + 0.035))
        image = mix(image, (0.8, 0.75, 0.6), (y > hem) & (y < hem + 0.035) & (middle < 0.02) & front)
    if cut.backpack:
        strap = (np.abs(middle - 0.095) < 0.022) & (y < 0.32 * scale) & front
        image = mix(image, rgb(outfit.backpack) * 0.75, strap)
    if cut.bag:
        leftwards = np.where(front, x, np.where(x > 0, x[0, -1], x[0, 0]) - x)
        strap = np.abs((0.09 - leftwards) * 1.6 + 0.02 - y) < 0.022
        image = mix(image, outfit.bag, strap & (y < 0.62 * scale))
    return image


def _limb(chart: str, body: Body, outfit: Outfit, density: float) -> Image:
    around, along, shape = _grid(chart, density)
    arm = chart == "arm"
    x = (around - 0.5) * (0.19 if arm else 0.34) * body.stature * (0.5 + 0.5 * body.girth)
    y = along * (0.31 if arm else 0.48) * body.stature
    image = weave(outfit.sleeves if arm else outfit.bottom, x, y + (0.05 if arm else 0.12))
    cloth = outfit.cut.sleeve if arm else outfit.cut.leg
    if not arm and outfit.bottom.pattern == "plain" and cloth > 0.9:  # trousers are worn paler on the thigh
        worn = 0.10 * np.exp(-(((around - 0.5) / 0.12) ** 2) - ((along - 0.3) / 0.2) ** 2)
        image = np.clip(image + worn, 0, 1)
    if outfit.side_stripe:
        image = mix(image, outfit.side_stripe, np.abs(around - 0.75) < 0.055)
    if arm and outfit.yoke:
        image = mix(image, outfit.yoke, along < 0.3)
    image = mix(image, outfit.trim if arm else (0.1, 0.1, 0.1),
                 (np.abs(along - cloth + 0.025) < 0.02) * (0.6 if arm else 0.12))  # fmt: skip
    bare = fill(shape, outfit.skin if arm else outfit.legs)
    bare = bare * (1 - 0.10 * np.exp(-(((along - 0.53) / 0.04) ** 2)))  # elbow and knee
    image = np.where((along > cloth), bare, image)
    if not arm:
        image = mix(image, outfit.socks, (along > 0.9) & (along > cloth))
        image = mix(image, outfit.shoes, along > outfit.cut.boot)
    return image


def _skirt(body: Body, outfit: Outfit, density: float) -> Image:
    around, along, _ = _grid("skirt", density)
    x = (around - 0.5) * (0.75 * body.stature * (0.5 + 0.5 * body.girth))
    y = along * (skirt_length(outfit.cut) * body.stature)
    joined = outfit.skirt_front == outfit.top_front
    shift = (TORSO_TOP - outfit.cut.skirt_top) * body.stature if joined else 0.0
    front = np.abs(around - 0.5) < 0.25
    image = np.where(front, weave(outfit.skirt_front, x, y + shift), weave(outfit.skirt_back, x, y + shift))
    if joined and outfit.front in ("buttons", "zip"):
        image = mix(image, outfit.trim, (np.abs(x) < 0.005) * 0.8)
    if joined and outfit.front == "open":
        gap = np.abs(x) < 0.06 + 0.05 * y
        image = np.where(gap & front, weave(outfit.bottom, x, y), image)
    if outfit.cut.skirt_flare > 0.02:  # pleats
        depth = 0.06 * ramp(along, 0.1, 0.6)
        image = image * (1 - depth * (1 + np.cos(around * 2 * np.pi * 14)))
    if outfit.belt and outfit.front != "open":
        image = mix(image, outfit.belt, y < 0.035)
    return mix(image, rgb(outfit.skirt_front.colours[0]) * 0.7, (along > 0.965) * 0.5)


def _head(outfit: Outfit, density: float) -> Image:
    around, along, shape = _grid("head", density)
    skin = np.asarray(outfit.skin, np.float32)
    image = np.array(fill(shape, outfit.skin))
    height = HEAD_TOP - along * (HEAD_TOP - HEAD_BOTTOM)
    side = np.abs(around - 0.5) * 2 * np.pi

    def place(x: float, y: float, wide: float, high: float) -> tuple[float, float, float, float]:
        """A point of the face and a size, as shares of the chart's width and height."""
        girth, span = 0.0455 * 2 * np.pi, HEAD_TOP - HEAD_BOTTOM
        return 0.5 + np.arcsin(x / 0.0455) / (2 * np.pi), (HEAD_TOP - y) / span, wide / girth, high / span

    def spot(x: float, y: float, wide: float, high: float, colour: Image, amount: float) -> None:
        """A soft spot; it fades to nothing within twice its size."""
        column, row, reach, tall = place(x, y, 2 * wide, 2 * high)
        columns = slice(int((column - reach) * shape[1]), int((column + reach) * shape[1]) + 2)
        rows = slice(max(0, int((row - tall) * shape[0])), int((row + tall) * shape[0]) + 2)
        dx = (around[:, columns] - np.float32(column)) / np.float32(reach)
        dy = (along[rows] - np.float32(row)) / np.float32(tall)
        image[:, rows, columns] = mix(image[:, rows, columns], colour, amount * np.exp(-4 * (dx * dx + dy * dy)))

    for sign in (-1, 1):
        spot(sign * 0.024, 0.906, 0.012, 0.010, skin * (0.9, 0.62, 0.6), 0.28)  # cheek
        spot(sign * 0.0175, 0.937, 0.012, 0.007, skin * 0.55, 0.55)  # socket
        spot(sign * 0.0085, 0.917, 0.003, 0.010, skin * 0.62, 0.4)  # side of the nose
    spot(0, 0.9065, 0.010, 0.0035, skin * 0.6, 0.55)  # under the nose
    spot(0, 0.922, 0.0045, 0.013, np.minimum(skin * 1.14, 1), 0.6)  # ridge of the nose
    if outfit.beard:
        hairy = ramp(height, 0.904, 0.893) * ramp(side, 1.75, 1.35)
        hairy = hairy + ramp(height, 0.925, 0.915) * np.exp(-(((side - 1.35) / 0.22) ** 2))
        strength = 0.3 + 0.65 * outfit.beard
        image = mix(image, outfit.hair, np.clip(hairy, 0, 1) * strength)
        spot(0, 0.9015, 0.017, 0.0035, rgb(outfit.hair), 0.85 * strength)
    spot(0, 0.8845, 0.010, 0.0025, skin * 0.7, 0.4)  # under the lip
    image = image * (1 - 0.28 * ramp(height, 0.885, 0.866))  # under the chin
    canvas = np.ascontiguousarray((np.minimum(image, 1) * 255).astype(np.uint8).transpose(1, 2, 0))

    def ellipse(x: float, y: float, wide: float, high: float, colour: Colour | Image) -> None:
        """A filled ellipse with smooth edges, to a sixteenth of a texel."""
        texels = (shape[1] - 1, shape[0] - 1, shape[1], shape[0])
        fixed = [round(float(share * side) * 16) for share, side in zip(place(x, y, wide, high), texels, strict=True)]
        cv2.ellipse(
            canvas, (fixed[0], fixed[1]), (fixed[2], fixed[3]), 0, 0, 360,
            [float(value) * 255 for value in np.ravel(colour)], -1, cv2.LINE_AA, 4,
        )  # fmt: skip

    ellipse(0, 0.8935, 0.0125, 0.0042, skin * (0.87, 0.55, 0.55))
    ellipse(0, 0.8940, 0.0115, 0.0009, skin * (0.5, 0.3, 0.3))
    brow = 0.6 * np.asarray(outfit.hair, np.float32)
    frame = (0.08, 0.08, 0.10)
    for sign in (-1, 1):
        if outfit.glasses:
            ellipse(sign * 0.0178, 0.936, 0.0145, 0.0108, frame)
            ellipse(sign * 0.0178, 0.936, 0.0122, 0.0084, np.minimum(skin * 0.8 + 0.1, 1))
        ellipse(sign * 0.0172, 0.9355, 0.0098, 0.0047, (0.95, 0.94, 0.93))
        ellipse(sign * 0.0168, 0.9358, 0.0044, 0.0046, outfit.iris)
        ellipse(sign * 0.0168, 0.9358, 0.0020, 0.0022, (0.03, 0.03, 0.03))
        ellipse(sign * 0.0172, 0.9402, 0.0108, 0.0013, skin * 0.25)  # lashes
        ellipse(sign * 0.0178, 0.9478, 0.0118, 0.0020, brow)
    if outfit.glasses:
        ellipse(0, 0.9385, 0.0050, 0.0012, frame)
    return canvas.transpose(2, 0, 1).astype(np.float32) / 255


def _hair(outfit: Outfit, density: float, rng: np.random.Generator) -> Image:
    _, along, shape = _grid("hair", density)
    curly = outfit.cut.hair == "curly"
    strands = noise(rng, shape, (12, 16) if curly else (3, 26))
    shine = 0.18 * np.exp(-(((along - 0.35) / 0.12) ** 2))
    light = 1 + (0.16 if curly else 0.12) * strands + shine - 0.18 * along
    return rgb(outfit.hair) * light


def _shoe(outfit: Outfit, density: float) -> Image:
    around, along, shape = _grid("shoe", density)
    image = np.array(fill(shape, outfit.shoes))
    top = np.abs(around - 0.5)
    if outfit.cut.boot > 1:
        image = mix(image, outfit.soles, (top < 0.09) & (along > 0.42) & (along < 0.68) & ((along * 22) % 1 < 0.5))
        image = mix(image, rgb(outfit.shoes) * 0.7, (along > 0.82) * 0.5)
        image = mix(image, outfit.socks, (top < 0.12) & (along > 0.22) & (along < 0.36))
    return mix(image, outfit.soles, (top > 0.345) & (along > 0.13) & (along < 0.86))


def _others(outfit: Outfit, density: float) -> dict[str, Image]:
    def shaded(chart: str, colour: Colour, dark: Callable[[Grid, Grid], Grid]) -> Image:
        around, along, shape = _grid(chart, density)
        return fill(shape, colour) * (1 - dark(around, along))

    def fingers(around: Grid, along: Grid) -> Grid:
        return 0.16 * (along > 0.55) * (np.cos(around * 2 * np.pi * 8) > 0.75)

    def pockets(around: Grid, along: Grid) -> Grid:
        across = (np.abs(along - 0.52) < 0.015) | (np.abs(along - 0.9) < 0.03)
        return 0.35 * (across | (np.abs(np.abs(around - 0.5) - 0.34) < 0.015))

    around, along, _ = _grid("neck", density)
    neck = shaded("neck", outfit.skin, lambda u, v: 0.30 * ramp(v, 0.7, 0.1) * (np.abs(u - 0.5) < 0.3))
    if outfit.neckline == "high":
        neck = mix(neck, outfit.top_front.colours[0], along > 0.3)
    if outfit.neckline == "shirt":
        neck = mix(neck, outfit.trim, (along > 0.45) & (np.abs(around - 0.5) > 0.06))
    return {
        "neck": neck,
        "hand": shaded("hand", outfit.skin, fingers),
        "hat": shaded("hat", outfit.hat, lambda _, v: 0.25 * (np.abs(v - 0.62) < 0.05)),
        "backpack": shaded("backpack", outfit.backpack, pockets),
        "bag": shaded("bag", outfit.bag, lambda _, v: 0.3 * ((v > 0.45) & (v < 0.5))),
        "hood": shaded("hood", outfit.top_back.colours[0], lambda _, v: 0 * v),
    }


def paint_atlas(body: Body, outfit: Outfit, density: float, rng: np.random.Generator) -> Image:
    """Paint all charts of a person into one image (3, rows, columns), RGB 0 to 1, `density` times ATLAS_SIZE."""
    images = {
        "torso": _torso(body, outfit, density), "arm": _limb("arm", body, outfit, density),
        "leg": _limb("leg", body, outfit, density), "head": _head(outfit, density),
        "hair": _hair(outfit, density, rng), "shoe": _shoe(outfit, density), **_others(outfit, density),
    }  # fmt: skip
    if outfit.cut.skirt > 0:
        images["skirt"] = _skirt(body, outfit, density)
    for chart, cells, strength in (("torso", (7, 10), 0.05), ("arm", (9, 4), 0.05), ("leg", (9, 4), 0.04),
                                   ("skirt", (3, 14), 0.05)):  # fmt: skip
        if chart in images:  # folds
            image = images[chart]
            images[chart] = image * (1 + strength * noise(rng, image.shape[1:], cells))
    atlas = np.zeros((3, round(ATLAS_SIZE[1] * density), round(ATLAS_SIZE[0] * density)), np.float32)
    for chart, image in images.items():
        left, top, width, height = place_in_atlas(chart, density)
        atlas[:, top : top + height, left : left + width] = image
    return np.clip(atlas, 0, 1, out=atlas)
