"""Metrics: numbers that judge generated images, and scores that say how the numbers were made."""

from reposer.metrics.paired import PartSSIMSettings, SSIMSettings, l1, mask_ssim, part_ssim, ssim
from reposer.metrics.pose_accuracy import pckh_counts
from reposer.metrics.score import Score, bootstrap_interval, check_comparable, make_score

__all__ = [
    "PartSSIMSettings",
    "SSIMSettings",
    "Score",
    "bootstrap_interval",
    "check_comparable",
    "l1",
    "make_score",
    "mask_ssim",
    "part_ssim",
    "pckh_counts",
    "ssim",
]
