"""The value that holds every switch that decides the numbers of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Annotated, Any, Literal

from reposer.bounds import Side, Size, at_least, between, positive
from reposer.checks import check_choice
from reposer.images import ResizeFilter
from reposer.metrics import METRICS, DetectorName, FIDSettings, InceptionScoreSettings, LPIPSSettings
from reposer.similarity import CLASSIC_SSIM, PartSSIMSettings, SSIMSettings
from reposer.values import Checked


@dataclass(frozen=True, kw_only=True)
class ResizeSettings(Checked):
    """Filter and library that resize images."""

    generated: ResizeFilter = "pil-bicubic"
    """For generated images."""
    target: ResizeFilter = "pil-bicubic"
    """For real images."""


@dataclass(frozen=True, kw_only=True)
class Protocol(Checked):
    """How results are evaluated. A new protocol is a value of this class, not code."""

    name: str
    """Its name on the command line and in signatures."""
    data: str = "any"
    """Data set of the published numbers."""
    split: str = "test"
    """Split of the data set that the pairs come from."""
    published_pairs: Annotated[int, at_least(1)] | None = None
    """Number of pairs behind the published numbers; None: any."""
    expected_pairs: str | None = None
    """Hash of the pair list that results must have, ``pairs`` of a signature; None: any."""
    size: Size
    """(H, W) in pixels of the images that are compared."""
    wide_width: Side | None = None
    """Width in pixels of uncut images that are accepted too; None: only ``size`` is accepted."""
    wide_columns: tuple[Annotated[int, between(0, 8192)], Annotated[int, between(0, 8192)]] | None = None
    """Columns kept of an image of ``wide_width``: the first, and one past the last."""
    other_sizes: tuple[Size, ...] = ()
    """(H, W) of other images that are accepted and resized to ``size``."""
    resize: ResizeSettings = field(default_factory=ResizeSettings)
    """Filters for all resizing."""
    metrics: tuple[str, ...]
    """Names of the metrics that are always computed, in the order of the report."""
    network_metrics: tuple[str, ...] = ()
    """Further metrics, which need a network or more images, and are computed on demand."""
    padded_metrics: tuple[str, ...] = ()
    """Metrics that see all images padded to ``pad_width``."""
    pad_width: Side | None = None
    """Width in pixels that images are padded to, half on each side; None: no padding."""
    pad_value: Annotated[int, between(0, 255)] = 255
    """8-bit value of the padding; 255 is white."""
    resized_metrics: tuple[str, ...] = ()
    """Metrics that see all images resized to ``resized_size``."""
    resized_size: Size | None = None
    """(H, W) that images are resized to for these metrics."""
    ssim: SSIMSettings = CLASSIC_SSIM
    """Window, dynamic range and covariance of SSIM and mask-SSIM."""
    second_ssim: SSIMSettings | None = None
    """Those of a second SSIM, the metric "second_ssim"."""
    psnr_range: Literal["full"] = "full"
    """Peak value of PSNR: "full" is 255, that of 8-bit images."""
    mask: Literal["target_body"] = "target_body"
    """What masked metrics keep: "target_body" is ``reposer.poses.body_mask`` of the target's pose."""
    part_ssim: PartSSIMSettings = field(default_factory=PartSSIMSettings)
    """Window and treatment of missing parts of PSSIM."""
    lpips: LPIPSSettings = field(default_factory=LPIPSSettings)
    """Network, version, input range and remainder of LPIPS and mask-LPIPS."""
    fid: FIDSettings = field(default_factory=FIDSettings)
    """Network, reference set and remainder of FID and KID."""
    inception_score: InceptionScoreSettings = field(default_factory=InceptionScoreSettings)
    """Network and number of parts of the Inception Score and mask-IS."""
    detector: DetectorName = "hog"
    """Person detector of the detection score (DS)."""
    pckh: Literal["head_box"] = "head_box"
    """When a joint is correct: "head_box" is the rule of ``reposer.metrics.pckh_counts``."""
    pckh_fraction: Annotated[float, positive(10)] = 0.5
    """How far off a joint may be along x and along y, as a fraction of the head box."""
    published_codec: str = "jpeg"
    """File format that the published numbers were measured on; for other files, a note says so."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if "|" in self.name:
            raise ValueError(f"name must not hold '|', which separates the parts of a signature, got {self.name!r}")
        if (self.wide_width is None) != (self.wide_columns is None):
            raise ValueError("wide_width and wide_columns go together: give both or neither")
        if self.wide_columns is not None and self.wide_columns[1] - self.wide_columns[0] != self.size[1]:
            raise ValueError(f"wide_columns {self.wide_columns} must keep {self.size[1]} columns, the width of size")
        if self.pad_width is not None and self.pad_width < self.size[1]:
            raise ValueError(f"pad_width {self.pad_width} is less than the image width {self.size[1]}")
        if self.padded_metrics and self.pad_width is None:
            raise ValueError("padded_metrics need a pad_width")
        if bool(self.resized_metrics) != (self.resized_size is not None):
            raise ValueError("resized_metrics and resized_size go together: give both or neither")
        if set(self.padded_metrics) & set(self.resized_metrics):
            raise ValueError("a metric is padded or resized, not both")
        if "second_ssim" in self.all_metrics and self.second_ssim is None:
            raise ValueError("the metric second_ssim needs its settings, second_ssim")
        for name in {*self.all_metrics, *self.padded_metrics, *self.resized_metrics}:
            check_choice("metric", name, METRICS)
        for name in self.all_metrics:
            size = self.resized_size if self.resized_size is not None and self.resizes(name) else self.size
            windows = (getattr(self.setting(used), "window_size", 1) for used in METRICS[name].settings.values())
            if (window := max(windows, default=1)) > min(size):
                raise ValueError(f"the window of {name}, {window} pixels, does not fit images of {size[0]}x{size[1]}")
        if self.wide_width is not None and self.wide_columns is not None and self.wide_columns[1] > self.wide_width:
            raise ValueError(f"wide_columns {self.wide_columns} reach beyond wide_width {self.wide_width}")
        widths = [width for _, width in self.panel_sizes]
        if len(set(widths)) < len(widths):
            raise ValueError(f"other_sizes must differ in width from each other, size and wide_width, got {widths}")

    def setting(self, name: str) -> Any:
        """Return a setting by its name; nested fields are written with a dot: "lpips.version"."""
        return attrgetter(name)(self)

    def pads(self, metric: str) -> bool:
        """Whether a metric sees padded images."""
        return metric in self.padded_metrics

    def resizes(self, metric: str) -> bool:
        """Whether a metric sees images resized to ``resized_size``."""
        return metric in self.resized_metrics

    @property
    def all_metrics(self) -> tuple[str, ...]:
        """``metrics`` and ``network_metrics``."""
        return self.metrics + self.network_metrics

    @property
    def panel_sizes(self) -> tuple[tuple[int, int], ...]:
        """(H, W) of all images that are accepted; each has another width."""
        wide = () if self.wide_width is None else ((self.size[0], self.wide_width),)
        return (self.size, *wide, *self.other_sizes)

    def height_of(self, width: int) -> int:
        """Height of accepted images of this width."""
        return next(h for h, w in self.panel_sizes if w == width)
