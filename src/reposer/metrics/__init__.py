"""Metrics: numbers that judge generated images, and scores that say how the numbers were made."""

from reposer.metrics.catalogue import METRICS, Metric
from reposer.metrics.detection import DetectorName, PersonDetector, detection_score, person_detector
from reposer.metrics.distribution import (
    FeatureNetwork,
    ImageSet,
    Moments,
    SetMetric,
    Spread,
    fid,
    fid_of_moments,
    frechet_distance,
    inception_score,
    inception_score_of_logits,
    kernel_distance,
    kid,
)
from reposer.metrics.paired import (
    black_outside,
    l1,
    mask_l1,
    mask_ssim,
    multi_scale_ssim,
    part_ssim,
    part_ssim_by_part,
    psnr,
    sharpness,
    ssim,
)
from reposer.metrics.perceptual import lpips, mask_lpips
from reposer.metrics.pose_accuracy import pckh_counts
from reposer.metrics.score import (
    Score,
    bootstrap_interval,
    holm,
    make_score,
    sign_flip_p_value,
)
from reposer.metrics.settings import BatchSettings, FIDSettings, InceptionScoreSettings, LPIPSRange, LPIPSSettings
from reposer.metrics.signature import Signature

__all__ = [
    "METRICS",
    "BatchSettings",
    "DetectorName",
    "FIDSettings",
    "FeatureNetwork",
    "ImageSet",
    "InceptionScoreSettings",
    "LPIPSRange",
    "LPIPSSettings",
    "Metric",
    "Moments",
    "PersonDetector",
    "Score",
    "SetMetric",
    "Signature",
    "Spread",
    "black_outside",
    "bootstrap_interval",
    "detection_score",
    "fid",
    "fid_of_moments",
    "frechet_distance",
    "holm",
    "inception_score",
    "inception_score_of_logits",
    "kernel_distance",
    "kid",
    "l1",
    "lpips",
    "make_score",
    "mask_l1",
    "mask_lpips",
    "mask_ssim",
    "multi_scale_ssim",
    "part_ssim",
    "part_ssim_by_part",
    "pckh_counts",
    "person_detector",
    "psnr",
    "sharpness",
    "sign_flip_p_value",
    "ssim",
]
