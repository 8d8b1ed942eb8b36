"""A generator that says where the source shows what the target shows, carries that there, and paints the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from reposer.bounds import at_least
from reposer.correspondence import Explained
from reposer.models.blocks import Norm, check_generator_inputs, crop, pad_to_stride
from reposer.models.flow.face import FacePath
from reposer.models.flow.layers import enlarged, layer, looked_up
from reposer.models.flow.levels import Bottom, Level, Pyramid
from reposer.models.flow.motion import SHOWN, Motion, Pose
from reposer.models.flow.painting import Painting
from reposer.models.frames import FrameAdjustment
from reposer.models.interface import GeneratorNetwork, NetworkConfig
from reposer.poses import OPENPOSE_18, heatmap_peaks, part_maps
from reposer.poses.frames import PARTS, RADII, in_turn, shrunk

_SPOT = 0.15  # scales that a joint's spot is wide


@dataclass(frozen=True, kw_only=True)
class FlowConfig(NetworkConfig):
    """Dense flow from the target to the source, coarse to fine; what cannot be carried along it is painted."""

    network: Literal["flow"] = "flow"
    norm: Norm = "batch"
    """Norm layers: batch or instance."""
    channels: Annotated[int, at_least(1, 1024)] = 16
    """Width at full size; twice as wide at each half."""
    blocks: Annotated[int, at_least(0, 256)] = 3
    """Residual blocks at an eighth of the size."""
    face: bool = True
    """Repair the face at twice the resolution, moved by its own landmarks."""


class FlowGenerator(GeneratorNetwork):
    """The person of the source carried along a dense flow to the target pose, mixed with what is painted.

    The joints are the peaks of the heatmaps. Ten body parts, moved as cylinders that turn with the person
    (``warp_parts``, their turn and radii corrected by what is learned), and the person as a whole say where the source
    has each point of the target, for whichever part it is of. At an eighth, a quarter and half of the size, features of
    the target's pose and of the source, carried along the flow so far, decide between the parts, shift the points by
    what cloth, hair and shapes need, and say which of them the source shows. At an eighth each place also looks over
    the whole source, for what no flow reaches. The last layers see the source's pixels along the flow; for every pixel
    they mix these, the source in place (background) and what they paint over both. The face is then repaired at twice
    the resolution (:class:`FacePath`).

    ``forward(..., explain=True)`` returns an :class:`Explained`: beside the picture every level's flow and visibility.

    Its joints must be the 18 of ``OPENPOSE_18``, its fields are those of :class:`FlowConfig`; it reads heatmaps, see
    :class:`GeneratorNetwork`.

    A design of this package, no published network; after Ren et al., "Deep Image Spatial Transformation for Person
    Image Generation", CVPR 2020 (flow and visibility, there learned without truth), and Ren et al., "Neural Texture
    Extraction and Distribution for Controllable Person Image Synthesis", CVPR 2022 (attention for what is far).
    """

    stride = 16  # twice that of the convolutions: instance norm wants more than one value
    explains = True

    def __init__(self, joints: int = 18, **fields: Any) -> None:
        super().__init__(joints)
        if joints != len(OPENPOSE_18.joints):
            raise ValueError(f"FlowGenerator needs the 18 joints of {OPENPOSE_18.name}, got {joints}")
        config = FlowConfig(**fields)
        norm, full = config.norm, config.channels
        half, quarter, eighth = (full * times for times in (2, 4, 8))
        self.frames = FrameAdjustment(joints)
        self.radii = nn.Parameter(torch.tensor(RADII).log())
        self.first = nn.Sequential(layer(3, full, norm), layer(full, half, norm, stride=2))
        self.source = Pyramid(half + len(PARTS), (half, quarter, eighth), norm)
        self.pose = Pyramid(SHOWN + joints, (half, quarter, eighth), norm)
        self.bottom = Bottom(eighth, config.blocks, norm)
        self.middle = Level(eighth, quarter, norm, 4)
        self.top = Level(quarter, half, norm, 2)
        self.painting = Painting(half, full, norm)
        self.face = FacePath(full, norm) if config.face else None
        self.apply(_start)
        for of_level in (self.bottom, self.middle, self.top):
            nn.init.zeros_(of_level.corrections.weight)
        for of_picture in (self.painting, self.face):
            if of_picture is not None:
                nn.init.normal_(of_picture.last.weight, 0.0, 0.02)

    def forward(
        self, source: Tensor, source_heatmaps: Tensor, target_heatmaps: Tensor, *, explain: bool = False
    ) -> Tensor | Explained:
        check_generator_inputs(source, source_heatmaps, target_heatmaps, self.joints)
        size, source = (source.shape[-2], source.shape[-1]), pad_to_stride(source, self.stride)
        joints, visible = heatmap_peaks(torch.stack((source_heatmaps, target_heatmaps), dim=1).flatten(0, 1))
        frames = in_turn(self.frames(joints, visible))
        pairs = (values.unflatten(0, (-1, 2)).unbind(dim=1) for values in (joints, visible))
        here, there = (Pose(*each) for each in zip(frames, *pairs, strict=True))
        radii, recompute = self.radii.exp(), self.gradient_checkpointing

        def motion(features: Tensor, times: int) -> Motion:
            return Motion.at(here, there, radii, (features.shape[-2], features.shape[-1]), times)

        first = self.first(source)
        half = motion(first, 2)
        own_maps = part_maps(shrunk(here.frames, 2), (first.shape[-2], first.shape[-1])).to(first)
        sources = self.source(torch.cat((first, own_maps), dim=1))
        poses = self.pose(torch.cat((half.shown, _marks(there, half)), dim=1).to(first))
        moves = (half, motion(poses[1], 4), motion(poses[2], 8))

        own_parts = functional.avg_pool2d(own_maps, 4)
        turns = torch.cat((frames[0].facing, frames[1].facing), dim=1).flatten(1)
        features, estimate = self.bottom(sources[2], own_parts, poses[2], turns, moves[2], recompute=recompute)
        said = [estimate.flow(moves[2])]
        for level, i in ((self.middle, 1), (self.top, 0)):
            features, estimate = level(features, estimate, sources[i], poses[i], moves[i], recompute=recompute)
            said.append(estimate.flow(moves[i]))

        whole = motion(source, 1)
        flow, seen = estimate.enlarged(source).flow(whole)
        free = enlarged((1 - own_maps).prod(dim=1, keepdim=True), source, smooth=True)
        image, seen = self.painting(features, source, looked_up(source, flow, 1), seen, whole.covered, free)
        if self.face is not None:
            image = self.face(image, source, here, there)
        image = crop(image, size)
        return _explained(image, [*said, (flow, seen)], size) if explain else image


def _explained(image: Tensor, said: list[tuple[Tensor, Tensor]], size: tuple[int, int]) -> Explained:
    """The image (H, W) with flow and visibility of each level, without what was padded."""
    levels = []
    for both, times in zip(said, (8, 4, 2, 1), strict=True):
        height, width = (-(-n // times) for n in size)
        levels.append([crop(each, (height, width)) for each in both])
    flows, visibilities = zip(*levels, strict=True)
    return Explained(image, flows, visibilities)


def _marks(pose: Pose, motion: Motion) -> Tensor:
    """Where the joints are (B, J, h, w) in a picture of half the size: spots as small as the person is."""
    y, x = (
        2 * torch.arange(n, device=pose.joints.device, dtype=pose.joints.dtype) + 0.5 for n in motion.maps.shape[-2:]
    )
    spread = _SPOT * pose.frames.scale[:, None, None]
    apart = ((axis - place[..., None]) / spread for axis, place in zip((x, y), pose.joints.unbind(-1), strict=True))
    # Products of smaller values lead to subnormal numbers, with which processors are slow.
    of_x, of_y = (torch.exp(-(each.square() / 2).clamp(max=20)) for each in apart)
    return (of_y * pose.visible[..., None])[..., None] * of_x[..., None, :]


def _start(module: nn.Module) -> None:
    """Weights before the training."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
