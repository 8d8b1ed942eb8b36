"""The interface of generators: their configuration, what they read, and how they run on joints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from reposer.arithmetic import float32_products
from reposer.images import SIGNED
from reposer.models.blocks import STRIDE
from reposer.poses import HeatmapConfig, pose_maps
from reposer.values import Checked

Reads = Literal["heatmaps", "joints"]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig(Checked):
    """Base of the generators' configurations: a network's own narrows it and adds the network's options."""

    network: str
    """Architecture; 'reposer train --help' lists them. The other options of the generator are this one's."""


class GeneratorNetwork(nn.Module):
    """Base of all generators.

    Args:
        joints: joints of one pose.
        fields: of the network's configuration, by name.

    ``forward`` takes what the network reads and returns (B, 3, H, W) in [-1, 1], at any H and W of at least 8:

    - "heatmaps": ``forward(source, source_heatmaps, target_heatmaps)``, (B, 3, H, W) in [-1, 1] and two times
      (B, joints, H, W) in [0, 1];
    - "joints": ``forward(source, source_joints, source_visible, target_joints, target_visible)``, joints
      (B, joints, 2) in pixels, x then y, and visible (B, joints) bool.

    Raises:
        ValueError: if the inputs do not fit together.
    """

    reads: ClassVar[Reads] = "heatmaps"
    """How the network wants the poses."""
    stride: ClassVar[int] = STRIDE
    """Height and width are padded to multiples of it, and the output cropped."""
    explains: ClassVar[bool] = False
    """Whether ``forward(..., explain=True)`` returns an ``Explained``: beside the image its flow and visibility."""
    gradient_checkpointing: bool = False
    """Compute the blocks again in the backward pass instead of keeping their activations."""

    def __init__(self, joints: int = 18, **fields: Any) -> None:
        super().__init__()
        self.joints = joints


@dataclass(frozen=True)
class NetworkEntry:
    """A generator in the catalogue."""

    module: type[GeneratorNetwork]
    """The network."""
    config: type[NetworkConfig]
    """Its configuration."""
    title: str
    """What it is, in a few words, and who published it."""

    @property
    def name(self) -> str:
        """Its name in configurations and on the command line."""
        return self.config().network  # type: ignore[call-arg]  # every network's own has a default

    @property
    def reads(self) -> Reads:
        """How the network wants the poses."""
        return self.module.reads


def generator_inputs(
    network: GeneratorNetwork, source: Tensor, *poses: Tensor, heatmaps: HeatmapConfig
) -> tuple[Tensor, ...]:
    """Return what a network's ``forward`` takes, in the dtype of ``source`` (B, 3, H, W).

    The poses are source joints (B, J, 2) float pixels, x then y, source visible (B, J) bool, and those of the target;
    ``heatmaps`` says how to draw them for networks that read heatmaps.
    """
    pairs = (poses[:2], poses[2:])
    if network.reads == "joints":
        return source, *(part for pose in pairs for part in (_without_nan(*pose).to(source.dtype), pose[1]))
    size = (source.shape[-2], source.shape[-1])
    return source, *(pose_maps(joints, visible, size, heatmaps).to(source.dtype) for joints, visible in pairs)


def _without_nan(joints: Tensor, visible: Tensor) -> Tensor:
    """Joints whose missing ones are numbers: no factor 0 in a network would get rid of NaN."""
    return joints.masked_fill(~(visible[..., None] | joints.isfinite()), 0)


@torch.no_grad()
def repose(network: GeneratorNetwork, source: Tensor, *poses: Tensor, heatmaps: HeatmapConfig) -> Tensor:
    """Generate the person of ``source`` in the target poses, (B, 3, H, W) in [-1, 1]; see ``generator_inputs``.

    Without TF32: a network gives on any device what it gives on a processor, to 1e-3.
    """
    with float32_products(tf32=False):
        return network(*generator_inputs(network, source, *poses, heatmaps=heatmaps)).clamp(*SIGNED)
