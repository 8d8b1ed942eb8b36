"""Estimators of poses behind one function: people in images, and one pose for each image."""

from reposer.poses.estimators.catalogue import DEFAULT, ESTIMATORS, EstimatorKind, EstimatorWeights, load_estimator
from reposer.poses.estimators.estimation import estimate_poses
from reposer.poses.estimators.keypoint_rcnn import KEYPOINT_RCNN, KeypointRCNN
from reposer.poses.estimators.person import Estimator, Person, chosen_person

__all__ = [
    "DEFAULT",
    "ESTIMATORS",
    "KEYPOINT_RCNN",
    "Estimator",
    "EstimatorKind",
    "EstimatorWeights",
    "KeypointRCNN",
    "Person",
    "chosen_person",
    "estimate_poses",
    "load_estimator",
]
