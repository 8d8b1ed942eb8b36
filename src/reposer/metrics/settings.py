"""Settings of metrics that a protocol sets; those of SSIM and PSSIM are in ``reposer.similarity``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Literal

from reposer.bounds import BatchSize, Seed, at_least
from reposer.features import InceptionName, LPIPSBackbone, LPIPSVersion
from reposer.values import Checked

LPIPSRange = Literal["signed", "unit"]


@dataclass(frozen=True, kw_only=True)
class BatchSettings(Checked):
    """What happens to the images that do not fill a batch: some evaluations lose them."""

    size: BatchSize = 64
    """Images in a batch of the published evaluation; fewer images than this are one batch."""
    remainder: Literal["keep", "drop"] = "keep"
    """"drop" leaves out the last images, in the order of the pairs, that do not fill a batch."""

    def kept(self, count: int) -> int:
        """Return how many of the first images count."""
        return count if self.remainder == "keep" or count < self.size else count - count % self.size


@dataclass(frozen=True, kw_only=True)
class LPIPSSettings(Checked):
    """How LPIPS and mask-LPIPS are computed; the defaults are those of its authors."""

    backbone: LPIPSBackbone = "alex"
    """Network whose features are compared."""
    version: LPIPSVersion = "0.1"
    """Version of the learned weights."""
    input_range: LPIPSRange = "signed"
    """What 0 to 255 becomes: "signed" is [-1, 1], "unit" [0, 1]."""
    batch: BatchSettings = field(default_factory=BatchSettings)
    """Whether images that do not fill the last batch count."""


@dataclass(frozen=True, kw_only=True)
class FIDSettings(Checked):
    """How FID and KID are computed."""

    network: InceptionName = "inception-tensorflow"
    """Feature network, each with its own resizing to 299x299: "inception-tensorflow" as TensorFlow 1 does,
    "inception-torchvision" bilinear."""
    reference: Literal["train", "targets"] = "targets"
    """Real images that generated ones are compared with: all of the training set, or the targets of the pairs."""
    batch: BatchSettings = field(default_factory=BatchSettings)
    """As for LPIPS."""
    kid_subsets: Annotated[int, at_least(1, 1_000_000)] = 100
    """Number of random subsets that KID is averaged over."""
    kid_seed: Seed = 2020
    """Seed of these subsets."""


@dataclass(frozen=True, kw_only=True)
class InceptionScoreSettings(Checked):
    """How the Inception Score and mask-IS are computed."""

    network: InceptionName = "inception-tensorflow"
    """Network that classifies the images."""
    splits: Annotated[int, at_least(1, 1_000_000)] = 10
    """Number of consecutive parts that the score is averaged over."""
