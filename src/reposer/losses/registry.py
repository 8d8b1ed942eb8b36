"""The catalogue of losses: every one can be a term of an objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, get_args

from reposer.checks import check_choice
from reposer.losses.adversarial import AdversarialLoss
from reposer.losses.face import FaceLoss
from reposer.losses.flow import FlowLoss, VisibilityLoss
from reposer.losses.lpips import LPIPSLoss
from reposer.losses.mask_l1 import MaskL1Loss
from reposer.losses.module import LossModule, Need
from reposer.losses.multi_scale_ssim import MultiScaleSSIMLoss
from reposer.losses.part_ssim import PartSSIMLoss
from reposer.losses.perceptual import PerceptualLoss
from reposer.losses.perceptual_ssim import PerceptualSSIMLoss
from reposer.losses.pixel import CharbonnierLoss, L1Loss, L2Loss, TotalVariationLoss
from reposer.losses.ssim import SSIMLoss
from reposer.losses.style import StyleLoss
from reposer.losses.warp import WarpLoss


@dataclass(frozen=True)
class LossEntry:
    """A loss of the catalogue."""

    name: str
    """Of its term in objectives, on the command line and in logs."""
    module: type[LossModule[Any]]
    """Its Module."""

    def __post_init__(self) -> None:
        for need in self.needs:
            check_choice(f"need of the loss {self.name}", need, get_args(Need))

    @property
    def settings(self) -> type:
        """Dataclass of its settings."""
        return self.module.Settings

    @property
    def needs(self) -> frozenset[Need]:
        """What its term needs besides the two images: a subset of ``Need``."""
        return self.module.needs


LOSSES: Mapping[str, LossEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            LossEntry("adversarial", AdversarialLoss),
            LossEntry("l1", L1Loss),
            LossEntry("l2", L2Loss),
            LossEntry("charbonnier", CharbonnierLoss),
            LossEntry("total_variation", TotalVariationLoss),
            LossEntry("perceptual", PerceptualLoss),
            LossEntry("style", StyleLoss),
            LossEntry("lpips", LPIPSLoss),
            LossEntry("ssim", SSIMLoss),
            LossEntry("multi_scale_ssim", MultiScaleSSIMLoss),
            LossEntry("perceptual_ssim", PerceptualSSIMLoss),
            LossEntry("part_ssim", PartSSIMLoss),
            LossEntry("mask_l1", MaskL1Loss),
            LossEntry("face", FaceLoss),
            LossEntry("flow", FlowLoss),
            LossEntry("visibility", VisibilityLoss),
            LossEntry("warp", WarpLoss),
        )
    }
)
"""Every loss by the name of its term. ``ObjectiveConfig``, and with it the options of ``reposer train``, follow it."""
