"""What augmentation does to the pairs of a training; all of it is off by default."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from reposer.bounds import at_least, between
from reposer.values import Checked

Share = Annotated[float, between(0, 1)]
Strength = Annotated[float, between(0, 2)]
Amount = Annotated[float, at_least(0, 100)]


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig(Checked):
    """Changes of the training pairs, drawn anew at each step, on the device; without any, pairs stay as they are."""

    framing: Share = 0.0
    """Share of the pictures, sources and targets each on their own, that show a part of the person, enlarged:
    three-quarter, half, upper body, without the head, or any part."""
    zoom: Annotated[float, between(1, 8)] = 2.5
    """Most that framing enlarges a picture."""
    turn: Annotated[float, between(0, 45)] = 4.0
    """Degrees that framing turns a picture at most."""
    mirror: Share = 0.0
    """Share of the pairs that are mirrored, both pictures, left and right joints and parts exchanged."""
    plain: Share = 0.0
    """Share of the pairs whose background becomes one light colour in both pictures; needs data with true parts."""
    colour: Strength = 0.0
    """How strongly brightness, contrast, saturation and tint change, in both pictures alike; 1 is a lot."""
    gamma: Strength = 0.0
    """How strongly the brightness curve changes, in both pictures alike; 1: an exponent from 0.6 to 1.7."""
    occluders: Share = 0.0
    """Share of the sources with things in front of them: rectangles, ellipses and strips in colours of the pair."""
    noise: Amount = 0.0
    """Most noise in the source, standard deviation in grey levels."""
    blur: Amount = 0.0
    """Most blur of the source, standard deviation in pixels of a picture 128 high."""
    jpeg: Share = 0.0
    """Share of the sources that are coarsened as JPEG does."""
    degraded: Literal["source", "both"] = "source"
    """Which pictures occluders, noise, blur and JPEG spoil: a generator that learns from clean targets repairs them."""
    joint_noise: Amount = 0.0
    """Standard deviation of noise on the joints that the networks see, in hundredths of the picture's height."""
    joint_swaps: Share = 0.0
    """Share of the arms and legs, each pair on its own, whose left and right the networks see exchanged."""
    joint_drops: Share = 0.0
    """Share of the joints that the networks do not see."""

    @property
    def changes_pictures(self) -> bool:
        """Whether pictures, and what is known about them, are not just as they were."""
        return any(getattr(self, name) for name in _OF_PICTURES)

    @property
    def changes_joints(self) -> bool:
        """Whether networks see other joints than there are."""
        return bool(self.joint_noise or self.joint_swaps or self.joint_drops)


_OF_PICTURES = tuple(
    field.name for field in fields(AugmentationConfig) if field.default == 0 and not field.name.startswith("joint")
)
