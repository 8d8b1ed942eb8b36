"""Losses: each one function and one Module of the same name, and the weighted sum of a training."""

from reposer.losses.adversarial import AdversarialLoss, GANKind, ImagePool, adversarial_loss
from reposer.losses.lpips import LPIPSLoss, lpips_loss
from reposer.losses.multi_scale_ssim import MultiScaleSSIMLoss, multi_scale_ssim_loss
from reposer.losses.objective import Objective, ObjectiveConfig, ObjectiveValue
from reposer.losses.part_ssim import PartSSIMLoss, part_ssim_loss
from reposer.losses.perceptual import PerceptualLoss, perceptual_loss
from reposer.losses.perceptual_ssim import PerceptualSSIMLoss, perceptual_ssim_loss
from reposer.losses.pixel import (
    CharbonnierLoss,
    L1Loss,
    L2Loss,
    TotalVariationLoss,
    charbonnier_loss,
    l1_loss,
    l2_loss,
    total_variation_loss,
)
from reposer.losses.presets import OBJECTIVES, objective_named
from reposer.losses.ssim import SSIMLoss, ssim_loss
from reposer.losses.style import StyleLoss, style_loss

__all__ = [
    "OBJECTIVES",
    "AdversarialLoss",
    "CharbonnierLoss",
    "GANKind",
    "ImagePool",
    "L1Loss",
    "L2Loss",
    "LPIPSLoss",
    "MultiScaleSSIMLoss",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveValue",
    "PartSSIMLoss",
    "PerceptualLoss",
    "PerceptualSSIMLoss",
    "SSIMLoss",
    "StyleLoss",
    "TotalVariationLoss",
    "adversarial_loss",
    "charbonnier_loss",
    "l1_loss",
    "l2_loss",
    "lpips_loss",
    "multi_scale_ssim_loss",
    "objective_named",
    "part_ssim_loss",
    "perceptual_loss",
    "perceptual_ssim_loss",
    "ssim_loss",
    "style_loss",
    "total_variation_loss",
]
