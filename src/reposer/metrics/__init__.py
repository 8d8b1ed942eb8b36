"""Metrics: numbers that judge generated images, and scores that say how the numbers were made."""

from reposer.metrics.detection import DetectorName, PersonDetector, person_detector
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
    PartSSIMSettings,
    SSIMSettings,
    black_outside,
    l1,
    mask_ssim,
    multi_scale_ssim,
    part_ssim,
    part_ssim_by_part,
    psnr,
    ssim,
)
from reposer.metrics.perceptual import LPIPSRange, lpips, mask_lpips
from reposer.metrics.pose_accuracy import pckh_counts
from reposer.metrics.score import Score, bootstrap_interval, check_comparable, make_score

__all__ = [
    "DetectorName",
    "FeatureNetwork",
    "ImageSet",
    "LPIPSRange",
    "Moments",
    "PartSSIMSettings",
    "PersonDetector",
    "SSIMSettings",
    "Score",
    "SetMetric",
    "Spread",
    "black_outside",
    "bootstrap_interval",
    "check_comparable",
    "fid",
    "fid_of_moments",
    "frechet_distance",
    "inception_score",
    "inception_score_of_logits",
    "kernel_distance",
    "kid",
    "l1",
    "lpips",
    "make_score",
    "mask_lpips",
    "mask_ssim",
    "multi_scale_ssim",
    "part_ssim",
    "part_ssim_by_part",
    "pckh_counts",
    "person_detector",
    "psnr",
    "ssim",
]
