"""Objectives by name: those of the released code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from reposer.checks import InputError, check_choice
from reposer.losses.objective import ObjectiveConfig

OBJECTIVES: Mapping[str, ObjectiveConfig] = MappingProxyType(
    {
        "none": ObjectiveConfig(),
        "l1": ObjectiveConfig(l1=10),
        "perceptual": ObjectiveConfig(perceptual=10),
        "ssim": ObjectiveConfig(ssim=10),
        "style": ObjectiveConfig(style=10),
        "perceptual-ssim": ObjectiveConfig(perceptual_ssim=10),
        "l1-perceptual": ObjectiveConfig(l1=10, perceptual=10),
        "l1-perceptual-ssim": ObjectiveConfig(l1=10, perceptual=10, ssim=10),
        "l1-perceptual-pssim": ObjectiveConfig(l1=10, perceptual=10, part_ssim=10),
        "style-perceptual-pssim": ObjectiveConfig(style=10, perceptual=10, part_ssim=10),
        "perceptual-pssim": ObjectiveConfig(perceptual=10, part_ssim=10),
    }
)
"""The ten named objectives of the released code, and "perceptual-pssim", which its authors found best; each with both
discriminators ("none": nothing else).

The weights of the adversarial term (5), L1, perceptual and PSSIM (10 each) are those of the published Market-1501
runs. None are published for style, SSIM and perceptual SSIM: they get 10 too, so that no term is favoured.

Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
"""


def objective_named(name: str, *, adversarial: bool = True) -> ObjectiveConfig:
    """One of ``OBJECTIVES``, with both discriminators or without.

    Args:
        name: such as "l1-perceptual-pssim".
        adversarial: False leaves the adversarial term and the discriminators out.

    Raises:
        InputError: if there is no such objective (suggests the nearest), or nothing would be left of it.
    """
    check_choice("objective", name, OBJECTIVES)
    if adversarial:
        return OBJECTIVES[name]
    if name == "none":
        raise InputError("the objective 'none' is the adversarial term alone: it cannot go without")
    return replace(OBJECTIVES[name], adversarial=0.0)
