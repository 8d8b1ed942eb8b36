"""What arms and hands do: where a hand is, or what it lies on, and how its fingers are bent."""

from dataclasses import dataclass
from typing import Literal

Carrier = Literal["pelvis", "waist", "chest", "head", "thigh"]
Vector = tuple[float, float, float]

HANDS: dict[str, tuple[float, float, float, float, float, float]] = {
    "relaxed": (0.30, 0.22, 0.30, 0.36, 0.40, 0.25),
    "flat": (0.05, 0.02, 0.03, 0.05, 0.06, 0.3),
    "curled": (0.45, 0.42, 0.50, 0.55, 0.55, 0.1),
    "grip": (0.75, 0.72, 0.78, 0.80, 0.80, 0.0),
    "fist": (1.00, 0.97, 1.00, 1.00, 1.00, 0.0),
    "point": (0.80, 0.03, 0.85, 0.92, 0.95, 0.0),
    "open": (-0.20, -0.02, 0.0, 0.0, 0.0, 1.0),
    "phone": (0.45, 0.48, 0.55, 0.60, 0.55, 0.1),
    "pocket": (0.15, 0.18, 0.22, 0.25, 0.28, 0.2),
}
"""How far thumb, index, middle, ring and little finger are bent (0 stretched, 1 as in a fist), and spread (1 wide)."""


@dataclass(frozen=True)
class Contact:
    """Something of the own body that a hand lies on; places and directions are a left hand's, on the average body."""

    carrier: Carrier
    site: Vector
    fingers: Vector  # the way they point
    palm: Vector  # the way the palm faces
    clearance: float = 0.025  # metres from the palm's middle to the skin: half a hand and the clothes between
    grip: float = 0.8  # what touches: 0 the wrist, 1 the knuckles, 1.8 the finger tips


CONTACTS = {
    "hip": Contact("pelvis", (0.145, 0.115, 0.05), (-0.35, -0.35, 0.87), (-1.0, -0.1, -0.2), 0.035),
    "hip back": Contact("pelvis", (0.135, 0.115, -0.03), (-0.35, -0.75, -0.55), (-0.75, 0.0, 0.6), 0.035),
    "pocket": Contact("pelvis", (0.145, 0.03, 0.075), (-0.22, -0.96, 0.16), (-0.8, 0.1, -0.7), -0.005, 0.35),
    "thumb in pocket": Contact("pelvis", (0.145, 0.03, 0.085), (-0.30, -0.94, 0.10), (-0.6, 0.0, -0.8), 0.035, 0.4),
    "back pocket": Contact("pelvis", (0.085, 0.02, -0.10), (-0.15, -0.98, 0.1), (0.1, 0.1, 1.0), 0.0, 0.3),
    "belly": Contact("waist", (0.02, 0.16, 0.13), (-0.95, -0.2, 0.2), (0.1, 0.0, -1.0), 0.04, 0.9),
    "lap": Contact("pelvis", (0.025, 0.01, 0.12), (-0.55, -0.75, 0.2), (-0.2, 0.0, -1.0), 0.05, 0.9),
    "other wrist": Contact("pelvis", (-0.03, -0.01, 0.12), (-0.75, -0.55, 0.2), (-0.1, 0.1, -1.0), 0.10, 0.9),
    "crossed under": Contact("chest", (-0.145, 0.29, 0.09), (-0.95, 0.15, -0.3), (0.15, 0.1, -1.0), 0.045, 0.6),
    "crossed over": Contact("chest", (-0.12, 0.27, 0.10), (-0.85, 0.30, -0.25), (-0.1, -0.2, -1.0), 0.13, 0.7),
    "other arm": Contact("chest", (-0.16, 0.28, 0.06), (-0.95, 0.1, -0.2), (-0.2, 0.1, -1.0), 0.095, 1.0),
    "behind": Contact("pelvis", (0.015, 0.03, -0.115), (-0.75, -0.65, 0.0), (0.0, 0.1, -1.0), -0.055, 0.9),
    "behind over": Contact("pelvis", (0.005, 0.03, -0.115), (-0.85, -0.5, 0.0), (0.0, 0.1, 1.0), 0.10, 0.8),
    "strap": Contact("chest", (0.115, 0.37, 0.085), (-0.35, 0.85, -0.1), (-0.9, -0.2, -0.5), 0.05, 0.9),
    "collar": Contact("chest", (0.06, 0.45, 0.095), (-0.75, 0.60, 0.0), (-0.2, 0.0, -1.0), 0.04, 1.2),
    "chest": Contact("chest", (-0.03, 0.36, 0.13), (-0.9, 0.4, 0.0), (0.0, 0.0, -1.0), 0.04, 0.9),
    "ear": Contact("head", (0.07, 0.70, 0.03), (-0.48, 0.42, -0.80), (-0.9, 0.0, 0.35), 0.04, 1.4),
    "cheek": Contact("head", (0.055, 0.66, 0.08), (0.0, 0.80, -0.60), (-0.85, 0.0, -0.5), 0.03, 1.3),
    "chin": Contact("head", (0.015, 0.635, 0.10), (-0.25, 0.75, -0.60), (-0.6, 0.2, -0.7), 0.02, 1.35),
    "mouth": Contact("head", (0.02, 0.67, 0.13), (-0.55, 0.75, -0.2), (-0.3, 0.0, -1.0), 0.045, 1.4),
    "glasses": Contact("head", (0.07, 0.73, 0.08), (-0.35, 0.45, -0.82), (-0.7, 0.3, -0.3), 0.03, 1.75),
    "hair": Contact("head", (0.06, 0.82, 0.04), (-0.5, 0.65, -0.55), (-0.65, -0.65, -0.2), 0.03, 1.3),
    "nape": Contact("head", (0.035, 0.68, -0.06), (-0.75, -0.55, -0.40), (-0.2, 0.0, 1.0), 0.04, 1.3),
    "thigh": Contact("thigh", (0.135, -0.17, 0.10), (-0.12, -0.98, 0.05), (-0.1, 0.0, -1.0), 0.03, 0.9),
    "knee": Contact("thigh", (0.145, -0.28, 0.095), (-0.2, -0.97, 0.1), (-0.1, -0.1, -1.0), 0.035, 0.9),
}


@dataclass(frozen=True)
class Gesture:
    """What one arm does; everything as a left one's."""

    wrist: Vector = (0.0, 0.0, 0.0)
    """From the shoulder in the chest's frame (outwards, up, forwards), or from the contact's place, in arm lengths."""
    elbow: Vector = (0.5, 0.0, -1.0)
    """The way the elbow points."""
    spread: float = 0.02
    """Standard deviation of the wrist's place, in arm lengths."""
    shape: str = "relaxed"
    """Of HANDS."""
    hand: Vector = (0.0, 0.05, 0.0)
    """Turn of the palm backwards, bend towards the palm and bend towards the thumb, radians, against the forearm."""
    contact: str = ""
    """Of CONTACTS."""
    shrug: float = 0.0
    """How far the shoulder is raised by itself, radians."""


GESTURES = {
    "down": Gesture((0.15, -0.965, 0.05), (0.45, 0.0, -1.0), 0.04),
    "hanging": Gesture((0.06, -0.98, 0.11), (0.2, 0.0, -1.0), 0.025),
    "relaxed": Gesture((0.19, -0.90, 0.16), (0.55, 0.0, -1.0), 0.05, hand=(0.15, 0.08, 0.0)),
    "hip": Gesture(elbow=(1.0, 0.0, -0.35), spread=0.03, shape="curled", contact="hip", shrug=0.05),
    "hip back": Gesture(elbow=(0.9, 0.0, -0.7), spread=0.03, shape="flat", contact="hip back", shrug=0.05),
    "pocket": Gesture(elbow=(0.75, 0.0, -0.8), spread=0.02, shape="pocket", contact="pocket"),
    "thumb in pocket": Gesture(elbow=(0.8, 0.0, -0.8), spread=0.02, contact="thumb in pocket"),
    "back pocket": Gesture(elbow=(0.6, 0.0, -1.0), spread=0.02, shape="pocket", contact="back pocket"),
    "bent": Gesture((0.06, -0.52, 0.54), (0.45, -0.9, -0.5), 0.07, hand=(-0.2, 0.1, 0.0)),
    "texting": Gesture((-0.10, -0.40, 0.52), (0.45, -1.0, -0.2), 0.05, "phone", (-1.1, 0.1, 0.1)),
    "cup": Gesture((0.00, -0.33, 0.50), (0.45, -1.0, -0.3), 0.06, "grip", (-0.3, -0.1, 0.1)),
    "bag in hand": Gesture((0.17, -0.965, 0.02), (0.4, 0.0, -1.0), 0.03, "fist", (0.1, 0.0, 0.0)),
    "bag on arm": Gesture((0.10, -0.42, 0.50), (0.5, -0.85, -0.5), 0.05, "curled", (-0.5, 0.1, 0.0)),
    "under arm": Gesture((0.05, -0.62, 0.40), (0.7, -0.3, -0.8), 0.04, "curled", (0.0, 0.3, 0.0)),
    "strap": Gesture(elbow=(0.3, -1.0, -0.1), shape="fist", contact="strap"),
    "collar": Gesture(elbow=(0.5, -1.0, 0.0), shape="curled", contact="collar"),
    "chest": Gesture(elbow=(0.7, -0.9, 0.0), contact="chest"),
    "belly": Gesture(elbow=(0.8, -0.5, -0.4), contact="belly"),
    "lap": Gesture(elbow=(0.8, 0.0, -0.6), contact="lap"),
    "other wrist": Gesture(elbow=(0.8, 0.0, -0.6), shape="grip", contact="other wrist"),
    "crossed under": Gesture(elbow=(0.75, -0.8, 0.15), spread=0.01, shape="flat", contact="crossed under"),
    "crossed over": Gesture(elbow=(0.75, -0.8, 0.25), spread=0.01, shape="curled", contact="crossed over"),
    "other arm": Gesture(elbow=(0.7, -0.8, 0.0), shape="curled", contact="other arm"),
    "behind": Gesture(elbow=(0.9, 0.0, -0.9), shape="curled", contact="behind"),
    "behind over": Gesture(elbow=(0.9, 0.0, -0.9), shape="grip", contact="behind over"),
    "phone": Gesture(elbow=(0.6, -1.0, 0.3), shape="phone", contact="ear"),
    "cheek": Gesture(elbow=(0.45, -1.0, 0.3), shape="curled", contact="cheek"),
    "chin": Gesture(elbow=(0.35, -1.0, 0.25), shape="curled", contact="chin"),
    "mouth": Gesture(elbow=(0.5, -1.0, 0.2), shape="grip", contact="mouth"),
    "glasses": Gesture(elbow=(0.7, -0.9, 0.3), shape="curled", contact="glasses", shrug=0.1),
    "hair": Gesture(elbow=(0.9, -0.1, 0.5), spread=0.03, contact="hair", shrug=0.15),
    "nape": Gesture(elbow=(0.9, 0.0, 0.4), spread=0.03, contact="nape", shrug=0.15),
    "wave": Gesture((0.30, 0.40, 0.22), (0.9, -0.8, -0.1), 0.08, "open", (-0.4, -0.2, 0.0)),
    "forward": Gesture((0.04, -0.16, 0.90), (0.5, -0.9, -0.1), 0.09, "point", (0.3, 0.0, 0.0)),
    "pointing": Gesture((0.45, 0.02, 0.80), (0.4, -1.0, -0.3), 0.12, "point", (0.3, 0.0, 0.0)),
    "out": Gesture((0.60, -0.62, 0.10), (0.3, -0.3, -1.0), 0.10, hand=(0.3, 0.0, 0.0)),
    "up": Gesture((0.22, 0.84, 0.08), (0.95, 0.1, 0.3), 0.08, "open", (-0.2, 0.0, 0.0), shrug=0.1),
    "run": Gesture((0.02, -0.44, 0.52), (0.35, -0.3, -1.0), 0.05, "fist", (-0.1, 0.0, 0.0)),
    "thigh": Gesture(elbow=(0.8, 0.0, -0.7), spread=0.04, contact="thigh"),
    "knee": Gesture(elbow=(0.8, -0.2, -0.5), spread=0.03, shape="curled", contact="knee"),
}
