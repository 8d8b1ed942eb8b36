"""Losses: each one function and one Module of the same name, and the weighted sum of a training."""

from reposer.losses.adversarial import AdversarialLoss, AdversarialSettings, GANKind, adversarial_loss
from reposer.losses.config import ObjectiveConfig, objective_of
from reposer.losses.face import FaceLoss, FaceSettings, face_loss
from reposer.losses.flow import FlowLoss, FlowSettings, VisibilityLoss, VisibilitySettings, flow_loss, visibility_loss
from reposer.losses.lpips import LPIPSLoss, LPIPSLossSettings, lpips_loss
from reposer.losses.mask_l1 import MaskL1Loss, MaskL1Settings, mask_l1_loss
from reposer.losses.module import LossModule
from reposer.losses.multi_scale_ssim import MultiScaleSSIMLoss, multi_scale_ssim_loss
from reposer.losses.objective import Objective, ObjectiveValue
from reposer.losses.part_ssim import PartSSIMLoss, PartSSIMLossSettings, part_ssim_loss
from reposer.losses.perceptual import PerceptualLoss, PerceptualSettings, perceptual_loss
from reposer.losses.perceptual_ssim import PerceptualSSIMLoss, PerceptualSSIMSettings, perceptual_ssim_loss
from reposer.losses.pixel import (
    CharbonnierLoss,
    CharbonnierSettings,
    L1Loss,
    L2Loss,
    TotalVariationLoss,
    charbonnier_loss,
    l1_loss,
    l2_loss,
    total_variation_loss,
)
from reposer.losses.pool import ImagePool
from reposer.losses.presets import OBJECTIVES, objective_named
from reposer.losses.registry import LOSSES, LossEntry
from reposer.losses.ssim import SSIMLoss, ssim_loss
from reposer.losses.style import StyleLoss, StyleSettings, style_loss
from reposer.losses.warp import WarpLoss, WarpSettings, warp_loss

__all__ = [
    "LOSSES",
    "OBJECTIVES",
    "AdversarialLoss",
    "AdversarialSettings",
    "CharbonnierLoss",
    "CharbonnierSettings",
    "FaceLoss",
    "FaceSettings",
    "FlowLoss",
    "FlowSettings",
    "GANKind",
    "ImagePool",
    "L1Loss",
    "L2Loss",
    "LPIPSLoss",
    "LPIPSLossSettings",
    "LossEntry",
    "LossModule",
    "MaskL1Loss",
    "MaskL1Settings",
    "MultiScaleSSIMLoss",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveValue",
    "PartSSIMLoss",
    "PartSSIMLossSettings",
    "PerceptualLoss",
    "PerceptualSSIMLoss",
    "PerceptualSSIMSettings",
    "PerceptualSettings",
    "SSIMLoss",
    "StyleLoss",
    "StyleSettings",
    "TotalVariationLoss",
    "VisibilityLoss",
    "VisibilitySettings",
    "WarpLoss",
    "WarpSettings",
    "adversarial_loss",
    "charbonnier_loss",
    "face_loss",
    "flow_loss",
    "l1_loss",
    "l2_loss",
    "lpips_loss",
    "mask_l1_loss",
    "multi_scale_ssim_loss",
    "objective_named",
    "objective_of",
    "part_ssim_loss",
    "perceptual_loss",
    "perceptual_ssim_loss",
    "ssim_loss",
    "style_loss",
    "total_variation_loss",
    "visibility_loss",
    "warp_loss",
]
