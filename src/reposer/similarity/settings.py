"""How SSIM and PSSIM are computed, as values that functions, Modules, objective, metrics and protocols share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Window = Literal["gaussian", "uniform"]
DataRange = Literal["generated", "full"]
Background = Literal["blacked_out", "normalized"]
MissingParts = Literal["as_released", "exclude"]
Statistics = Literal["global", "local"]


@dataclass(frozen=True, kw_only=True)
class SSIMSettings:
    """How SSIM is computed; the defaults are the field's "classic" SSIM."""

    window: Window = "gaussian"
    """Weights of the sliding window."""
    window_size: int = 11
    """Odd width of the window in pixels."""
    sigma: float = 1.5
    """Standard deviation of the Gaussian window in pixels."""
    data_range: DataRange = "generated"
    """L of the constants (K L)^2: "generated" is max - min of each generated image, "full" is 255."""
    sample_covariance: bool = False
    """Multiply variances and covariance by n / (n - 1), n = pixels of the window."""

    def __str__(self) -> str:
        sigma = f"-{self.sigma:g}" if self.window == "gaussian" else ""
        covariance = "-sample" if self.sample_covariance else ""
        return f"{self.window}{self.window_size}{sigma}{covariance}-range.{self.data_range}"


@dataclass(frozen=True, kw_only=True)
class PartSSIMSettings:
    """How PSSIM is computed; the defaults are those of its authors."""

    window_size: int = 7
    """Odd width of the Gaussian window of the background term in pixels."""
    sigma: float = 0.8
    """Its standard deviation in pixels."""
    missing_parts: MissingParts = "as_released"
    """"as_released" counts a part with a missing joint as SSIM 1; "exclude" leaves it out."""
    background: Background = "blacked_out"
    """"blacked_out" compares the images with the body blacked out; "normalized" only the visible background."""
    statistics: Statistics = "global"
    """Of a part: "global", one mean, variance and covariance; or "local", an SSIM map under its mask."""

    def __str__(self) -> str:
        extra = [choice for choice in (self.background, self.statistics) if choice not in ("blacked_out", "global")]
        return "-".join([f"gaussian{self.window_size}", f"{self.sigma:g}", self.missing_parts, *extra])
