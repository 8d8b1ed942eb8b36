"""Augmentation: new images of the people of a data set, generated in the poses of others."""

from reposer.augmentation.augment import Augmented, augment
from reposer.augmentation.options import AugmentConfig
from reposer.augmentation.plan import NewImage, plan

__all__ = ["AugmentConfig", "Augmented", "NewImage", "augment", "plan"]
