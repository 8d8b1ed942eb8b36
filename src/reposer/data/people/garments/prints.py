"""Chest prints: words and marks."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reposer.data.people.garments.canvas import Canvas
from reposer.data.people.garments.colours import Colour
from reposer.data.people.texture import halved

SIDE = 256
_WORDS = ("NORTH", "RIVER", "ATHLETIC", "1987", "COAST", "MOTO", "VISTA", "STATE", "ORBIT", "UNION", "HARBOR", "no. 5")
MARKS = ("words", "badge", "bars", "splash", "picture")


@dataclass(frozen=True)
class Print:
    """What is printed on a chest."""

    mark: str
    colour: Colour
    second: Colour
    height: float = 0.36
    """Of its middle on the average body, metres."""
    half: float = 0.1
    """Half its width, metres."""
    side: float = 0.0
    """Of its middle, towards the person's left."""
    seed: int = 0

    def lay(self, canvas: Canvas) -> None:
        """Print on the front of a canvas."""
        if canvas.panel != "torso.front":
            return
        share, level = _drawn(self.mark, self.seed), 0
        while share.shape[1] > 16 and 2 * self.half / share.shape[1] < canvas.texel * 0.7 and level < 5:
            share, level = halved(share), level + 1
        side = share.shape[0]
        sites, scale = canvas.chart.sites, np.float32(side / (2 * self.half))
        half = np.float32(self.half)
        patch = canvas.where(
            (np.abs(sites.points[0] - np.float32(self.side)) < half)
            & (np.abs(sites.y - np.float32(self.height)) < half)
        )
        across = (patch.sites.points[0] - np.float32(self.side) + half) * scale
        down = (np.float32(self.height) - patch.sites.y + half) * scale
        column, row = (np.minimum(place.astype(np.intp), side - 1) for place in (across, down))
        found = share[row, column]
        for which, colour in enumerate((self.colour, self.second)):
            patch.lay(colour, found[:, which] * np.float32(1 / 255))


def sample_print(rng: np.random.Generator, colour: Colour, second: Colour) -> Print:
    """Draw a print in two colours."""
    if rng.random() < 0.3:
        return Print("badge", colour, second, 0.40, 0.035, 0.075, int(rng.integers(1 << 20)))
    mark = str(rng.choice(MARKS))
    half = float(round(rng.uniform(0.075, 0.125), 4))
    return Print(mark, colour, second, float(round(rng.uniform(0.32, 0.37), 4)), half, 0.0, int(rng.integers(1 << 20)))


@lru_cache(maxsize=256)
def _drawn(mark: str, seed: int) -> NDArray[np.uint8]:
    """(SIDE, SIDE, 2) how much of each colour there is; drawn in whole numbers, so the same everywhere."""
    rng = np.random.default_rng(seed)
    first, second = np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8)
    word = str(rng.choice(_WORDS))
    if mark == "words":
        _write(first, word, 120, 236)
        _write(second, str(rng.choice(_WORDS)).lower(), 168, 120)
    elif mark == "badge":
        cv2.circle(first, (128, 128), 104, 255, 22)
        _write(second, word, 146, 150)
    elif mark == "bars":
        for k in range(7):
            slip = int(rng.integers(-14, 15))
            cv2.line(
                first if k % 3 else second, (18, 52 + 24 * k), (238, 52 + 24 * k + slip), 255, int(rng.integers(4, 14))
            )
    elif mark == "splash":
        for x, y, r, k in zip(*rng.integers([[40], [40], [4], [0]], [[216], [216], [24], [2]], (4, 60)), strict=True):
            cv2.circle((first, second)[int(k)], (int(x), int(y)), int(r), 255, -1)
    else:
        cv2.rectangle(first, (28, 20), (228, 236), 255, -1)
        hill = [[28, 236]] + [[x, int(rng.integers(90, 200))] for x in range(28, 229, 40)] + [[228, 236]]
        cv2.fillPoly(second, [np.array(hill, np.int32)], 255)
        cv2.circle(second, (int(rng.integers(80, 180)), 70), 26, 255, -1)
    return np.stack([first, second], axis=-1)


def _write(image: NDArray[np.uint8], text: str, base: int, width: int) -> None:
    """Write a word as wide as said, its foot at a row."""
    (natural, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 1.0, 6)
    scale = round(width / natural * 16) / 16
    cv2.putText(image, text, ((SIDE - width) // 2, base), cv2.FONT_HERSHEY_DUPLEX, scale, 255, max(3, round(5 * scale)))
