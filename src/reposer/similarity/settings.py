"""How SSIM and PSSIM are computed, as values that functions, Modules, objective, metrics and protocols share.

Each of them takes the ``settings`` whole, single fields of them as keywords, or both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Literal

from reposer.bounds import Deviation, OddWindow, at_least, between, positive
from reposer.values import Checked

Window = Literal["gaussian", "uniform"]
DataRange = Literal["generated", "full"]
Background = Literal["blacked_out", "normalized"]
MissingParts = Literal["as_released", "exclude"]
Statistics = Literal["global", "local"]


@dataclass(frozen=True, kw_only=True)
class SSIMSettings(Checked):
    """How SSIM is computed."""

    window: Window = "gaussian"
    """Weights of the sliding window."""
    window_size: OddWindow = 11
    """Odd width of the window in pixels."""
    sigma: Deviation = 1.5
    """Standard deviation of the Gaussian window in pixels (not used by the uniform one)."""
    data_range: DataRange = "full"
    """L of the constants (K L)^2: "full", the length of the value range; "generated", max - min of each image."""
    sample_covariance: bool = False
    """Multiply variances and covariance by n / (n - 1), n = pixels of the window."""

    @property
    def variance_scale(self) -> float:
        """Factor of variances and covariance."""
        return self.window_size**2 / (self.window_size**2 - 1) if self.sample_covariance else 1.0

    def __str__(self) -> str:
        sigma = f"-{self.sigma:g}" if self.window == "gaussian" else ""
        covariance = "-sample" if self.sample_covariance else ""
        return f"{self.window}{self.window_size}{sigma}{covariance}-range.{self.data_range}"


CLASSIC_SSIM = SSIMSettings(data_range="generated")
"""Of the field's "classic" SSIM scores, computed as Def-GAN's evaluation does."""
PUBLISHED_SSIM = SSIMSettings(window_size=7, sigma=0.8)
"""Of SSIM in the published trainings, alone and inside PSSIM."""


@dataclass(frozen=True, kw_only=True)
class MultiScaleSSIMSettings(Checked):
    """How MS-SSIM is computed."""

    scales: Annotated[int, between(0, 5)] | None = None
    """1 to 5; None: as many as fit, 3 for 128x64 and 5 for 256x176 pixels with the window of 11."""
    window_size: OddWindow = 11
    """Odd width of the Gaussian window in pixels."""
    sigma: Deviation = 1.5
    """Its standard deviation in pixels."""


@dataclass(frozen=True, kw_only=True)
class PartSSIMSettings(Checked):
    """How PSSIM is computed; the defaults are those of its authors."""

    window_size: OddWindow = 7
    """Odd width of the Gaussian window of the background term and of local statistics, in pixels."""
    sigma: Deviation = 0.8
    """Its standard deviation in pixels."""
    missing_parts: MissingParts = "as_released"
    """"as_released" counts a part with a missing joint as SSIM 1, which flatters; "exclude" leaves it out."""
    background: Background = "blacked_out"
    """"blacked_out" compares the images with the body blacked out; "normalized" only the visible background."""
    statistics: Statistics = "global"
    """Of a part: "global", one mean, variance and covariance; or "local", an SSIM map under its mask."""
    multi_scale: bool = False
    """Of masks made from joints: five sets of them, narrow to wide."""
    reference_height: Annotated[float, positive(words="a positive number of pixels"), at_least(1)] | None = None
    """Of masks made from joints: image height in pixels that their widths are meant for; None: they do not scale."""

    @property
    def ssim(self) -> SSIMSettings:
        """Of the background term and of local statistics."""
        return _gaussian(self.window_size, self.sigma)


@cache  # checking them takes a tenth of a loss on a GPU
def _gaussian(window_size: int, sigma: float) -> SSIMSettings:
    return SSIMSettings(window_size=window_size, sigma=sigma)
