"""Objectives by name: those of the released code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType

from reposer.checks import InputError, check_choice
from reposer.losses.config import ObjectiveConfig, objective_of
from reposer.similarity import PUBLISHED_SSIM

_SSIM = {"weight": 10, **asdict(PUBLISHED_SSIM)}

OBJECTIVES: Mapping[str, ObjectiveConfig] = MappingProxyType(
    {
        "none": objective_of(adversarial=5),
        "l1": objective_of(adversarial=5, l1=10),
        "perceptual": objective_of(adversarial=5, perceptual=10),
        "ssim": objective_of(adversarial=5, ssim=_SSIM),
        "style": objective_of(adversarial=5, style=10),
        "perceptual-ssim": objective_of(adversarial=5, perceptual_ssim=10),
        "l1-perceptual": objective_of(adversarial=5, l1=10, perceptual=10),
        "l1-perceptual-ssim": objective_of(adversarial=5, l1=10, perceptual=10, ssim=_SSIM),
        "l1-perceptual-pssim": objective_of(adversarial=5, l1=10, perceptual=10, part_ssim=10),
        "style-perceptual-pssim": objective_of(adversarial=5, style=10, perceptual=10, part_ssim=10),
        "perceptual-pssim": objective_of(adversarial=5, perceptual=10, part_ssim=10),
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
    return objective_of(OBJECTIVES[name], adversarial=0)
