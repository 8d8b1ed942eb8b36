"""The panels of a result file: composed and cut apart."""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from reposer.data import PairBatch
from reposer.images import check_size, to_uint8, write_image
from reposer.poses import Pose, draw_pose
from reposer.protocols import Protocol
from reposer.results.formats import Format
from reposer.results.names import result_name


class Panels(NamedTuple):
    """The images in a file, (3, H, W) uint8 each; None for those in files of their own."""

    generated: Tensor
    target: Tensor | None
    source: Tensor | None


def write_results(out: Path, batch: PairBatch, generated: Tensor, format: Format) -> list[Path]:
    """Write the images generated for a batch of pairs, (B, 3, H, W) float in [-1, 1] or uint8; return the files."""
    if generated.is_floating_point():
        generated = to_uint8(generated, rounding=format.rounding)
    files = [out / result_name(pair, format.suffix) for pair in batch.pair_ids]
    for i, file in enumerate(files):
        write_image(file, _compose(batch, i, generated[i].cpu(), format))
    return files


def _compose(batch: PairBatch, i: int, generated: Tensor, format: Format) -> Tensor:
    """Lay the panels of pair i side by side."""
    shown = {format.generated: generated, format.target: batch.target[i], format.source: batch.source[i]}
    poses = (batch.source_joints, batch.source_visible), (batch.target_joints, batch.target_visible)
    for panel, (joints, visible) in zip(format.poses, poses, strict=False):
        shown[panel] = draw_pose(Pose(joints[i], visible[i]), (generated.shape[-2], generated.shape[-1]))
    return torch.cat([shown[panel].cpu() for panel in range(format.panels)], dim=-1)


def cut(image: Tensor, format: Format, width: int, protocol: Protocol, where: Path) -> Panels:
    """Cut the file of a result (3, H, W) into its panels.

    Raises:
        InputError: if it is of another size.
    """
    check_size(image, (protocol.height_of(width), format.panels * width), where)
    panels = [crop(panel, protocol) for panel in image.split(width, dim=-1)]
    target, source = (None if which is None else panels[which] for which in (format.target, format.source))
    return Panels(panels[format.generated], target, source)


def crop(image: Tensor, protocol: Protocol) -> Tensor:
    """Keep the columns of the protocol of an uncut image."""
    if protocol.wide_columns is None or image.shape[-1] != protocol.wide_width:
        return image
    first, last = protocol.wide_columns
    return image[..., first:last]
