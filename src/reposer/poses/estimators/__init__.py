"""Estimators of poses behind one function: people in images, and one pose for each image."""

from reposer.poses.estimators.catalogue import DEFAULT, ESTIMATORS, EstimatorKind, EstimatorWeights, load_estimator
from reposer.poses.estimators.estimation import estimate_poses
from reposer.poses.estimators.folder import EstimateOptions, Estimates, estimate_folder
from reposer.poses.estimators.keypoint_rcnn import KEYPOINT_RCNN, KeypointRCNN
from reposer.poses.estimators.person import Estimator, Person, chosen_person
from reposer.poses.estimators.rtmpose import RTMPose

__all__ = [
    "DEFAULT",
    "ESTIMATORS",
    "KEYPOINT_RCNN",
    "EstimateOptions",
    "Estimates",
    "Estimator",
    "EstimatorKind",
    "EstimatorWeights",
    "KeypointRCNN",
    "Person",
    "RTMPose",
    "chosen_person",
    "estimate_folder",
    "estimate_poses",
    "load_estimator",
]
