"""Pairs of pictures of a curved surface, whose flow, joints and parts are known by formula."""

import torch
from torch import Tensor
from torch.nn import functional as F

from reposer.data import PairBatch
from reposer.data.augmentation import AugmentationConfig

SIZE = (64, 32)
ALL = AugmentationConfig(
    framing=0.7, mirror=0.5, plain=0.4, colour=1, gamma=1, occluders=0.6, noise=8, blur=1.2, jpeg=0.6,
    degraded="both", joint_noise=1, joint_swaps=0.1, joint_drops=0.1,
)  # fmt: skip
_BODY = torch.tensor([
    [16, 8], [16, 14], [11, 15], [9, 23], [8, 30], [21, 15], [23, 23], [24, 30], [13, 32], [12, 44], [12, 56],
    [19, 32], [20, 44], [20, 56], [15, 7], [17, 7], [14, 8], [18, 8],
], dtype=torch.float32)  # fmt: skip


def keys(count: int) -> Tensor:
    words = torch.randint(-(2**31), 2**31, (count,), generator=torch.Generator().manual_seed(5))
    return words.to(torch.int32)


def pairs(count: int, *, noise: bool = True) -> PairBatch:
    """Each target is its source, seen through a gentle bend: target(p) = source(flow(p)), and joints are points."""
    generator = torch.Generator().manual_seed(3)
    small = torch.rand(count, 3, 10, 6, generator=generator)
    source = 255 * F.interpolate(small, SIZE, mode="bicubic", align_corners=True).clamp(0, 1)
    if noise:
        source = (source + 25 * torch.randn(source.shape, generator=generator)).clamp(0, 255)
    source = source.round()
    rows, columns = torch.meshgrid(torch.arange(float(SIZE[0])), torch.arange(float(SIZE[1])), indexing="ij")
    shift = 4 * torch.rand(count, 2, 1, 1, generator=generator) - 2

    def bend(x: Tensor, y: Tensor, shift: Tensor) -> Tensor:
        places = torch.stack((x + shift[:, 0] + torch.sin(y / 9), y + shift[:, 1] + torch.cos(x / 7)), dim=1)
        return (256 * places).round() / 256  # so that a mirror rounds nothing

    flow = bend(columns, rows, shift)
    grid = (flow.movedim(1, -1) + 0.5) * torch.tensor([2 / SIZE[1], 2 / SIZE[0]]) - 1
    target = F.grid_sample(source, grid, padding_mode="border", align_corners=False).round()
    x, y = flow.unbind(1)
    inside = (x >= 0) & (y >= 0) & (x <= SIZE[1] - 1) & (y <= SIZE[0] - 1)
    body = ((columns - 15.5).abs() < 11) & ((rows - 33).abs() < 28)
    parts = (body * (1 + (rows // 8 + 2 * (columns // 9)) % 17)).to(torch.uint8).expand(count, -1, -1)
    places = F.grid_sample(parts[:, None].float(), grid, mode="nearest", align_corners=False)[:, 0]
    joints = _BODY + torch.randint(64, (count, 18, 2), generator=generator) / 64
    of_source = bend(joints[..., 0], joints[..., 1], shift[..., 0]).movedim(1, -1)
    visible = torch.rand(2, count, 18, generator=generator) > 0.1
    return PairBatch(
        source=source.to(torch.uint8),
        target=target.to(torch.uint8),
        source_joints=of_source * visible[0, ..., None],
        source_visible=visible[0],
        target_joints=joints * visible[1, ..., None],
        target_visible=visible[1],
        pair_ids=tuple(f"{i}___{i}" for i in range(count)),
        flow=flow,
        seen=inside & (parts > 0),
        parts=parts,
        source_parts=places.to(torch.uint8),
    )
