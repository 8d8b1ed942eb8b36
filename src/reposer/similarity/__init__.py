"""Structural similarity: SSIM maps, masked SSIM and the part-based SSIM index; shared by losses and metrics.

All of it rests on one formula (Wang et al., "Image quality assessment: from error visibility to structural
similarity", IEEE TIP 2004, eq. 13), ``ssim_of_averages``: of averages under a sliding window, under a mask, or both.
"""

from reposer.similarity.multi_scale import SCALE_WEIGHTS, fitting_scales, multi_scale_ssim_index
from reposer.similarity.parts import (
    Reduction,
    part_ssim,
    part_ssim_index,
    part_ssim_values,
)
from reposer.similarity.planes import ssim_of_planes
from reposer.similarity.settings import (
    CLASSIC_SSIM,
    PUBLISHED_SSIM,
    Background,
    DataRange,
    MissingParts,
    MultiScaleSSIMSettings,
    PartSSIMSettings,
    SSIMSettings,
    Statistics,
    Window,
)
from reposer.similarity.ssim import K1, K2, masked_ssim, ssim_index, ssim_map
from reposer.similarity.windows import window_weights

__all__ = [
    "CLASSIC_SSIM",
    "K1",
    "K2",
    "PUBLISHED_SSIM",
    "SCALE_WEIGHTS",
    "Background",
    "DataRange",
    "MissingParts",
    "MultiScaleSSIMSettings",
    "PartSSIMSettings",
    "Reduction",
    "SSIMSettings",
    "Statistics",
    "Window",
    "fitting_scales",
    "masked_ssim",
    "multi_scale_ssim_index",
    "part_ssim",
    "part_ssim_index",
    "part_ssim_values",
    "ssim_index",
    "ssim_map",
    "ssim_of_planes",
    "window_weights",
]
