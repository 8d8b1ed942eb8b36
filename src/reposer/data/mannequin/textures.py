"""Painting fabrics, faces, hair and shoes into one texture atlas per person."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.mannequin.accessories import skirt_length
from reposer.data.mannequin.anatomy import HEAD_BOTTOM, HEAD_TOP, TORSO_BOTTOM, TORSO_TOP
from reposer.data.mannequin.clothes import Colour, Fabric, Outfit, Print
from reposer.data.mannequin.figure import Body, Floats
from reposer.data.mannequin.mesh import ramp

Image = Floats
"""(3, h, w) RGB: channels first, long rows last, which is what numpy is fast at."""
Grid = Floats

# Width (around) and height (along) of each chart in texels at density 1, and where it lies in the atlas.
CHARTS: dict[str, tuple[int, int, int, int]] = {
    "torso": (0, 0, 144, 88), "skirt": (0, 90, 144, 80), "arm": (146, 0, 48, 72), "leg": (196, 0, 60, 112),
    "head": (146, 114, 108, 56), "hair": (146, 74, 48, 38), "neck": (0, 172, 40, 12), "shoe": (42, 172, 40, 28),
    "hand": (84, 172, 20, 20), "hat": (106, 172, 40, 28), "backpack": (148, 172, 48, 40), "bag": (198, 172, 32, 28),
    "hood": (232, 172, 16, 16),
}  # fmt: skip
ATLAS_SIZE = (256, 216)


@lru_cache(maxsize=256)
def _grid(chart: str, density: float) -> tuple[Grid, Grid]:
    """Position around (0 to 1, front at 0.5) and along (0 to 1) of a chart's texels, (1, w) and (h, 1)."""
    _, _, width, height = CHARTS[chart]
    columns, rows = round(width * density), round(height * density)
    around = ((np.arange(columns) / (columns - 1))[None, :]).astype(np.float32)
    along = ((np.arange(rows) / (rows - 1))[:, None]).astype(np.float32)
    return around, along


def place_in_atlas(chart: str, density: float) -> tuple[int, int, int, int]:
    """Left, top, width and height of a chart in the atlas, texels."""
    left, top, _, _ = CHARTS[chart]
    around, along = _grid(chart, density)
    return round(left * density), round(top * density), around.shape[1], along.shape[0]


def _rgb(colour: Colour | Image) -> Image:
    """A colour as (3, 1, 1); an image stays as it is."""
    values = np.asarray(colour, np.float32)
    return values if values.ndim == 3 else values.reshape(3, 1, 1)


def _mix(image: Image, colour: Colour | Image, amount: Grid | float) -> Image:
    """Blend a colour or an image over an image (3, h, w); amount is a mask or 0 to 1, broadcast to (h, w)."""
    if isinstance(amount, np.ndarray) and amount.dtype == bool:
        return np.where(amount, _rgb(colour), image)
    return image + amount * (_rgb(colour) - image)


def _fill(shape: tuple[int, int], colour: Colour | Image) -> Image:
    return np.broadcast_to(_rgb(colour), (3, *shape))


def _noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Grid:
    """Smooth noise of about unit size; cells down and across."""
    coarse = rng.standard_normal(cells).astype(np.float32)
    return cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)


def weave(fabric: Fabric, x: Grid, y: Grid) -> Image:
    """Colours (3, h, w) of a fabric at metres x around and y down (broadcast together)."""
    first, second, third = fabric.colours
    shape = np.broadcast_shapes(x.shape, y.shape)
    image = _fill(shape, first)
    if fabric.pattern == "plain":
        return image
    u, v = x / fabric.size, y / fabric.size + fabric.phase
    if fabric.pattern == "stripes":
        return _mix(image, second, ((v % 1) < 0.5))
    if fabric.pattern == "upright":
        return _mix(image, second, ((u % 1) < 0.4))
    if fabric.pattern == "blocks":
        edge = 0.22 + 0.16 * fabric.phase
        return _mix(image, second, (y > edge))
    if fabric.pattern == "fade":
        return _mix(image, second, (ramp(y, 0.02, 0.75)))
    if fabric.pattern == "plaid":
        image = _mix(image, second, 0.5 * ((u % 1) < 0.45) + 0.0 * v)
        image = _mix(image, second, 0.5 * ((v % 1) < 0.45) + 0.0 * u)
        return _mix(image, third, 0.8 * (((u - 0.66) % 1 < 0.1) | ((v - 0.66) % 1 < 0.1)))
    if fabric.pattern == "checks":
        return _mix(image, second, ((u % 1) < 0.5) ^ ((v % 1) < 0.5))
    if fabric.pattern == "argyle":
        diamond = np.abs((u % 1) - 0.5) + np.abs((v * 0.7 % 1) - 0.5)
        lines = np.abs(((u + 0.7 * v) % 1) - 0.5) < 0.05
        return _mix(_mix(image, second, diamond < 0.36), third, lines * 0.8)
    if fabric.pattern == "camouflage":
        a = np.sin(5.1 * u + 2 * np.sin(4.3 * v)) + np.sin(6.2 * v + 1.7 * np.sin(5.7 * u))
        b = np.sin(4.2 * u + 1.3 + 2.2 * np.sin(3.1 * v)) + np.sin(5.3 * v + 1.1)
        return _mix(_mix(image, second, a > 0.5), third, b > 0.9)
    row = np.floor(v)
    dx, dy = (u + 0.5 * (row % 2)) % 1 - 0.5, v % 1 - 0.5
    distance = np.sqrt(dx * dx + dy * dy)
    if fabric.pattern == "dots":
        return _mix(image, second, distance < 0.27)
    petals = 0.26 + 0.10 * np.cos(5 * np.arctan2(dy, dx))
    return _mix(_mix(image, second, distance < petals), third, distance < 0.1)


def _draw_print(image: Image, design: Print, column: float, row: float, across: float, down: float) -> Image:
    """Draw a motif centred on a texel; `across` and `down` are texels per metre."""
    if design.motif == "none":
        return image
    canvas = np.zeros(image.shape[1:], np.uint8)
    half = (design.size * across, design.size * down)

    def points(*offsets: tuple[float, float]) -> NDArray[np.int32]:
        scaled = [((column + dx * half[0]) * 16, (row + dy * half[1]) * 16) for dx, dy in offsets]
        return np.round(scaled).astype(np.int32)

    def polygon(*offsets: tuple[float, float]) -> None:
        cv2.fillPoly(canvas, [points(*offsets)], 255, cv2.LINE_AA, 4)

    if design.motif in ("disc", "ring"):
        angles = np.linspace(0, 2 * np.pi, 25)
        polygon(*zip(np.cos(angles), np.sin(angles), strict=True))
        if design.motif == "ring":
            inner = points(*zip(0.55 * np.cos(angles), 0.55 * np.sin(angles), strict=True))
            cv2.fillPoly(canvas, [inner], 0, cv2.LINE_AA, 4)
    elif design.motif == "box":
        polygon((-1, -0.8), (1, -0.8), (1, 0.8), (-1, 0.8))
    elif design.motif == "pocket":
        polygon((0.7, -1), (2.3, -1), (2.3, 0.6), (1.5, 1), (0.7, 0.6))
    elif design.motif == "bar":
        polygon((-1.5, -0.3), (1.5, -0.3), (1.5, 0.3), (-1.5, 0.3))
    elif design.motif == "cross":
        polygon((-0.3, -1), (0.3, -1), (0.3, 1), (-0.3, 1))
        polygon((-1, -0.3), (1, -0.3), (1, 0.3), (-1, 0.3))
    elif design.motif == "star":
        angles = np.linspace(0, 2 * np.pi, 11)[:-1] - np.pi / 2
        radii = np.where(np.arange(10) % 2 == 0, 1.1, 0.5)
        polygon(*zip(radii * np.cos(angles), radii * np.sin(angles), strict=True))
    else:  # a number: its digits follow from the size
        text = str(10 + int(design.size * 8e4) % 90)
        (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
        scale = 2.2 * half[1] / height
        origin = (round(column - 0.5 * width * scale), round(row + half[1]))
        cv2.putText(canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, max(1, round(half[0] / 4)), cv2.LINE_AA)
    return _mix(image, design.colour, canvas.astype(np.float32) / 255)


def _torso(body: Body, outfit: Outfit, density: float) -> Image:
    around, along = _grid("torso", density)
    cut = outfit.cut
    x = (around - 0.5) * (0.58 * body.stature * (0.5 + 0.5 * body.girth))
    y = along * ((TORSO_TOP - TORSO_BOTTOM) * body.stature)
    shape = (along.shape[0], around.shape[1])
    front = np.abs(around - 0.5) < 0.25
    image = np.where(front, weave(outfit.top_front, x, y), weave(outfit.top_back, x, y))
    scale = body.stature / 1.72
    across, down = shape[1] / float(x[0, -1] - x[0, 0]), shape[0] / float(y[-1, 0])
    if outfit.yoke:
        image = _mix(image, outfit.yoke, y < 0.17 * scale)
    image = _draw_print(image, outfit.print_front, 0.5 * shape[1], 0.20 * scale * down, across, down)
    rolled = np.roll(image, shape[1] // 2, axis=2)  # the seam is in the middle of the back
    rolled = _draw_print(rolled, outfit.print_back, 0.5 * shape[1], 0.22 * scale * down, across, down)
    image = np.roll(rolled, -(shape[1] // 2), axis=2)
    middle = np.abs(x)
    if outfit.front == "open":
        gap = middle < 0.035 + 0.05 * np.clip(y, 0, 0.6)
        image = np.where((gap & front), weave(outfit.inner, x, y), image)
        image = _mix(image, outfit.trim, (np.abs(middle - 0.038 - 0.05 * y) < 0.008) & front)
    elif outfit.front != "closed":
        line = 0.004 if outfit.front == "buttons" else 0.009
        image = _mix(image, outfit.trim, (middle < line) * 0.8)
        if outfit.front == "buttons":
            image = _mix(image, outfit.trim, (middle < 0.010) & ((y % 0.09) < 0.02))
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
        image = _mix(image, outfit.trim, y < edge + width)
    image = _mix(image, outfit.skin, y < edge)
    if outfit.neckline == "straps":
        strap = (np.abs(np.abs(np.abs(around - 0.5) - 0.25) - 0.14) < 0.016) & (y < 0.2 * scale) & (y > 0.02)
        image = _mix(image, outfit.top_front.colours[0], strap)
    hem = (TORSO_TOP - cut.hem_height) * body.stature
    image = _mix(image, _rgb(outfit.trim) * 0.82, ((y > hem - 0.012) & (y < hem)) * 0.5)
    image = np.where((y > hem), weave(outfit.bottom, x, y - hem), image)
    if outfit.belt and cut.hem_height > 0.6 and cut.skirt == 0:
        image = _mix(image, outfit.belt, (y > hem) & (y < hem + 0.035))
        image = _mix(image, (0.8, 0.75, 0.6), (y > hem) & (y < hem + 0.035) & (middle < 0.02) & front)
    if cut.backpack:
        strap = (np.abs(middle - 0.095) < 0.022) & (y < 0.32 * scale) & front
        dark = _rgb(outfit.backpack) * 0.75
        image = _mix(image, dark, strap)
    if cut.bag:
        leftwards = np.where(front, x, np.where(x > 0, x[0, -1], x[0, 0]) - x)
        strap = np.abs((0.09 - leftwards) * 1.6 + 0.02 - y) < 0.022
        image = _mix(image, outfit.bag, strap & (y < 0.62 * scale))
    return image


def _limb(chart: str, body: Body, outfit: Outfit, density: float) -> Image:
    around, along = _grid(chart, density)
    shape = (along.shape[0], around.shape[1])
    arm = chart == "arm"
    x = (around - 0.5) * (0.19 if arm else 0.34) * body.stature * (0.5 + 0.5 * body.girth)
    y = along * (0.31 if arm else 0.48) * body.stature
    image = weave(outfit.sleeves if arm else outfit.bottom, x, y + (0.05 if arm else 0.12))
    cloth = outfit.cut.sleeve if arm else outfit.cut.leg
    if not arm and outfit.bottom.pattern == "plain" and cloth > 0.9:  # trousers are worn paler on the thigh
        worn = 0.10 * np.exp(-(((around - 0.5) / 0.12) ** 2) - ((along - 0.3) / 0.2) ** 2)
        image = np.clip(image + worn, 0, 1)
    if outfit.side_stripe:
        image = _mix(image, outfit.side_stripe, np.abs(around - 0.75) < 0.055)
    if arm and outfit.yoke:
        image = _mix(image, outfit.yoke, along < 0.3)
    image = _mix(image, outfit.trim if arm else (0.1, 0.1, 0.1),
                 (np.abs(along - cloth + 0.025) < 0.02) * (0.6 if arm else 0.12))  # fmt: skip
    bare = _fill(shape, outfit.skin if arm else outfit.legs)
    bare = bare * (1 - 0.10 * np.exp(-(((along - 0.53) / 0.04) ** 2)))  # elbow and knee
    image = np.where((along > cloth), bare, image)
    if not arm:
        image = _mix(image, outfit.socks, (along > 0.9) & (along > cloth))
        image = _mix(image, outfit.shoes, along > outfit.cut.boot)
    return image


def _skirt(body: Body, outfit: Outfit, density: float) -> Image:
    around, along = _grid("skirt", density)
    x = (around - 0.5) * (0.75 * body.stature * (0.5 + 0.5 * body.girth))
    y = along * (skirt_length(outfit.cut) * body.stature)
    joined = outfit.skirt_front == outfit.top_front
    shift = (TORSO_TOP - outfit.cut.skirt_top) * body.stature if joined else 0.0
    front = np.abs(around - 0.5) < 0.25
    image = np.where(front, weave(outfit.skirt_front, x, y + shift), weave(outfit.skirt_back, x, y + shift))
    if joined and outfit.front in ("buttons", "zip"):
        image = _mix(image, outfit.trim, (np.abs(x) < 0.005) * 0.8)
    if joined and outfit.front == "open":
        gap = np.abs(x) < 0.06 + 0.05 * y
        image = np.where(gap & front, weave(outfit.bottom, x, y), image)
    if outfit.cut.skirt_flare > 0.02:  # pleats
        depth = 0.06 * ramp(along, 0.1, 0.6)
        image = image * (1 - depth * (1 + np.cos(around * 2 * np.pi * 14)))
    if outfit.belt and outfit.front != "open":
        image = _mix(image, outfit.belt, y < 0.035)
    return _mix(image, _rgb(outfit.skirt_front.colours[0]) * 0.7, (along > 0.965) * 0.5)


def _head(outfit: Outfit, density: float) -> Image:
    around, along = _grid("head", density)
    shape = (along.shape[0], around.shape[1])
    skin = np.asarray(outfit.skin, np.float32)
    image = np.array(_fill(shape, outfit.skin))
    height = HEAD_TOP - along * (HEAD_TOP - HEAD_BOTTOM)
    side = np.abs(around - 0.5) * 2 * np.pi

    def window(x: float, y: float, wide: float, high: float) -> tuple[tuple[slice, slice, slice], Grid, Grid]:
        """The texels about a point of the face, and their distance from it in units of wide and high."""
        middle = 0.5 + np.arcsin(x / 0.0455) / (2 * np.pi)
        reach = wide / (0.0455 * 2 * np.pi)
        centre = (HEAD_TOP - y) / (HEAD_TOP - HEAD_BOTTOM)
        tall = high / (HEAD_TOP - HEAD_BOTTOM)
        left, right = int((middle - reach) * shape[1]), int((middle + reach) * shape[1]) + 2
        top, bottom = max(0, int((centre - tall) * shape[0])), int((centre + tall) * shape[0]) + 2
        area = (slice(None), slice(top, bottom), slice(left, right))
        return (
            area,
            (around[:, left:right] - np.float32(middle)) / np.float32(reach),
            (along[top:bottom] - np.float32(centre)) / np.float32(tall),
        )

    def spot(x: float, y: float, wide: float, high: float, colour: Image, amount: float) -> None:
        """A soft spot; it fades to nothing within twice its size."""
        area, dx, dy = window(x, y, 2 * wide, 2 * high)
        image[area] = _mix(image[area], colour, amount * np.exp(-4 * (dx * dx + dy * dy)))

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
        image = _mix(image, outfit.hair, np.clip(hairy, 0, 1) * strength)
        spot(0, 0.9015, 0.017, 0.0035, _rgb(outfit.hair), 0.85 * strength)
    spot(0, 0.8845, 0.010, 0.0025, skin * 0.7, 0.4)  # under the lip
    image = image * (1 - 0.28 * ramp(height, 0.885, 0.866))  # under the chin
    canvas = np.ascontiguousarray((np.minimum(image, 1) * 255).astype(np.uint8).transpose(1, 2, 0))

    def ellipse(x: float, y: float, wide: float, high: float, colour: Colour | Image) -> None:
        """A filled ellipse with smooth edges, to a sixteenth of a texel."""
        column = (0.5 + np.arcsin(x / 0.0455) / (2 * np.pi)) * (shape[1] - 1)
        row = (HEAD_TOP - y) / (HEAD_TOP - HEAD_BOTTOM) * (shape[0] - 1)
        axes = (wide / (0.0455 * 2 * np.pi) * shape[1], high / (HEAD_TOP - HEAD_BOTTOM) * shape[0])
        fixed = [round(float(value) * 16) for value in (column, row, *axes)]
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
    around, along = _grid("hair", density)
    shape = (along.shape[0], around.shape[1])
    curly = outfit.cut.hair == "curly"
    strands = _noise(rng, shape, (12, 16) if curly else (3, 26))
    shine = 0.18 * np.exp(-(((along - 0.35) / 0.12) ** 2))
    light = 1 + (0.16 if curly else 0.12) * strands + shine - 0.18 * along
    return _rgb(outfit.hair) * light


def _shoe(outfit: Outfit, density: float) -> Image:
    around, along = _grid("shoe", density)
    shape = (along.shape[0], around.shape[1])
    image = np.array(_fill(shape, outfit.shoes))
    top = np.abs(around - 0.5)
    if outfit.cut.boot > 1:
        image = _mix(image, outfit.soles, (top < 0.09) & (along > 0.42) & (along < 0.68) & ((along * 22) % 1 < 0.5))
        image = _mix(image, _rgb(outfit.shoes) * 0.7, (along > 0.82) * 0.5)
        image = _mix(image, outfit.socks, (top < 0.12) & (along > 0.22) & (along < 0.36))
    return _mix(image, outfit.soles, (top > 0.345) & (along > 0.13) & (along < 0.86))


def _others(outfit: Outfit, density: float) -> dict[str, Image]:
    images: dict[str, Image] = {}
    for chart, colour in (
        ("hand", outfit.skin), ("hat", outfit.hat), ("bag", outfit.bag), ("backpack", outfit.backpack),
        ("hood", outfit.top_back.colours[0]),
    ):  # fmt: skip
        around, along = _grid(chart, density)
        images[chart] = np.array(_fill((along.shape[0], around.shape[1]), colour))
    around, along = _grid("hand", density)
    fingers = 0.16 * (along > 0.55) * (np.cos(around * 2 * np.pi * 8) > 0.75)
    images["hand"] = images["hand"] * (1 - fingers)
    around, along = _grid("hat", density)
    images["hat"] = images["hat"] * (1 - 0.25 * (np.abs(along - 0.62) < 0.05) * np.ones_like(around))
    around, along = _grid("backpack", density)
    pocket = (np.abs(along - 0.52) < 0.015) | (np.abs(along - 0.9) < 0.03)
    sides = np.abs(np.abs(around - 0.5) - 0.34) < 0.015
    images["backpack"] = images["backpack"] * (1 - 0.35 * (pocket | sides))
    around, along = _grid("bag", density)
    images["bag"] = images["bag"] * (1 - 0.3 * ((along > 0.45) & (along < 0.5)) * np.ones_like(around))
    around, along = _grid("neck", density)
    shape = (along.shape[0], around.shape[1])
    neck = _fill(shape, outfit.skin) * (1 - 0.30 * ramp(along, 0.7, 0.1) * (np.abs(around - 0.5) < 0.3))
    if outfit.neckline == "high":
        neck = _mix(neck, outfit.top_front.colours[0], along > 0.3)
    if outfit.neckline == "shirt":
        neck = _mix(neck, outfit.trim, (along > 0.45) & (np.abs(around - 0.5) > 0.06))
    images["neck"] = neck
    return images


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
            images[chart] = image * (1 + strength * _noise(rng, image.shape[1:], cells))
    atlas = np.zeros((3, round(ATLAS_SIZE[1] * density), round(ATLAS_SIZE[0] * density)), np.float32)
    for chart, image in images.items():
        left, top, width, height = place_in_atlas(chart, density)
        atlas[:, top : top + height, left : left + width] = image
    return np.clip(atlas, 0, 1, out=atlas)
