"""Losses: each one function and one Module of the same name, and the weighted sum of a training."""

from reposer.losses.adversarial import AdversarialLoss, GANKind, ImagePool, adversarial_loss
from reposer.losses.objective import Objective, ObjectiveConfig, ObjectiveValue
from reposer.losses.part_ssim import PartSSIMLoss, part_ssim_loss
from reposer.losses.perceptual import PerceptualLoss, perceptual_loss
from reposer.losses.pixel import L1Loss, l1_loss
from reposer.losses.ssim import SSIMLoss, ssim_loss

__all__ = [
    "AdversarialLoss",
    "GANKind",
    "ImagePool",
    "L1Loss",
    "Objective",
    "ObjectiveConfig",
    "ObjectiveValue",
    "PartSSIMLoss",
    "PerceptualLoss",
    "SSIMLoss",
    "adversarial_loss",
    "l1_loss",
    "part_ssim_loss",
    "perceptual_loss",
    "ssim_loss",
]
