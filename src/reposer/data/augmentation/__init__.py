"""Augmentation of training pairs on the device: the same bits for the same key, in any batch and after any stop."""

from reposer.data.augmentation.augment import augmented, misread_poses
from reposer.data.augmentation.config import AugmentationConfig

__all__ = ["AugmentationConfig", "augmented", "misread_poses"]
