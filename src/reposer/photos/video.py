"""Pictures written one after the other: as H.264 in an MP4 file, or as a GIF."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from reposer.checks import InputError
from reposer.files import check_place, write_whole
from reposer.images import to_pil

VIDEO_SUFFIXES = (".mp4", ".gif")
MOST_SIDE, MOST_PIXELS = 2**14, 2**26
"""Of one picture: what H.264 has at most, and a photo that is read."""
MOST_GIF_PIXELS = 2**27
"""Pixels of all pictures of a GIF together, which are held in memory: 134 million."""
_FASTEST_GIF = 50
"""Pictures a second: browsers show a GIF that is faster as if it had 10."""
_COLOURS_FROM = 16
"""Pictures of a GIF from which its colours are taken, so that they stay the same from picture to picture."""


def check_video(path: Path, fps: float, option: str = "--out") -> None:
    """Raise InputError, before the work, unless a video of ``fps`` pictures a second can be written to ``path``."""
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise InputError(f"{path}: {option} needs the name of a {' or '.join(VIDEO_SUFFIXES)} file")
    check_place(path, option)
    if path.suffix.lower() == ".mp4":
        _av(path)
    elif fps > _FASTEST_GIF:
        raise InputError(f"{path}: browsers show no GIF of more than {_FASTEST_GIF} pictures a second, got {fps:g}")


def check_enlarged(path: Path, size: tuple[int, int], scale: int) -> None:
    """Raise InputError if pictures of ``size`` (H, W), each pixel ``scale`` wide and high, are too large."""
    height, width = (scale * side for side in size)
    if max(height, width) > MOST_SIDE or height * width > MOST_PIXELS:
        raise InputError(
            f"{path}: pictures of {height:,}x{width:,} pixels (height x width) are too large for a video, which has up "
            f"to {MOST_SIDE:,} a side and {MOST_PIXELS:,} in all; use a lower --scale"
        )


def write_video(path: str | Path, pictures: Iterable[Tensor], *, fps: float, scale: int = 1) -> None:
    """Write pictures as a video, whole or not at all; they are asked for one by one while it is written.

    An .mp4 holds H.264 with a colour for four pixels (yuv420p, BT.709, crf 18), which everything plays and whose sides
    must be even: an odd one gets its last row or column twice. A .gif repeats for ever, has 256 colours for all
    pictures and no dithering, which would flicker; its times are whole hundredths of a second, kept right on average.

    Args:
        path: where to write; the suffix says what.
        pictures: (3, H, W) uint8 RGB, of one size, at least one.
        fps: pictures a second.
        scale: each pixel becomes so many pixels wide and high.

    Raises:
        InputError: if there is no picture, sizes differ, they are too large, or the name, the rate or a missing package
            forbid it.
    """
    path = Path(path)
    check_video(path, fps, "the video")
    frames = _enlarged(pictures, scale, path)
    write = _write_gif if path.suffix.lower() == ".gif" else _write_mp4
    write_whole(path, lambda temporary: write(temporary, frames, fps, path))


def _enlarged(pictures: Iterable[Tensor], scale: int, path: Path) -> Iterator[Tensor]:
    size = None
    for picture in pictures:
        if size is None:
            size = picture.shape
            check_enlarged(path, (size[1], size[2]), scale)
        if picture.shape != size:
            raise InputError(f"{path}: pictures of {tuple(size)} and {tuple(picture.shape)} make no video")
        yield picture.repeat_interleave(scale, dim=1).repeat_interleave(scale, dim=2)
    if size is None:
        raise InputError(f"{path}: no picture to write")


def _av(path: Path) -> Any:
    try:
        import av
    except ImportError:
        raise InputError(f"{path}: MP4 needs PyAV: pip install 'reposer[video]', or write a .gif") from None
    return av


def _write_mp4(temporary: Path, frames: Iterator[Tensor], fps: float, path: Path) -> None:
    av = _av(path)
    with av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream(
            "libx264", rate=Fraction(fps).limit_denominator(1001), options={"crf": "18", "preset": "medium"}
        )
        for number, frame in enumerate(frames):
            picture = _even(frame).permute(1, 2, 0).contiguous().numpy()
            if number == 0:
                stream.height, stream.width, stream.pix_fmt = *picture.shape[:2], "yuv420p"
                context = stream.codec_context
                context.color_range, context.colorspace, context.color_primaries, context.color_trc = 1, 1, 1, 1
            coloured = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            container.mux(stream.encode(coloured))
        container.mux(stream.encode())


def _even(picture: Tensor) -> Tensor:
    """The picture with even sides."""
    for axis in (1, 2):
        if picture.shape[axis] % 2:
            picture = torch.cat((picture, picture.narrow(axis, picture.shape[axis] - 1, 1)), dim=axis)
    return picture


def _write_gif(temporary: Path, frames: Iterator[Tensor], fps: float, path: Path) -> None:
    pictures: list[Image.Image] = []
    for frame in frames:
        pictures.append(to_pil(frame))
        if len(pictures) * frame[0].numel() > MOST_GIF_PIXELS:
            raise InputError(f"{path}: more than {MOST_GIF_PIXELS:,} pixels are too many for a GIF; write an .mp4")
    palette = _palette(pictures[:: -(-len(pictures) // _COLOURS_FROM)])
    reduced = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    ends = [round(100 * number / fps) for number in range(len(pictures) + 1)]
    reduced[0].save(
        temporary,
        "GIF",
        save_all=True,
        append_images=reduced[1:],
        duration=[10 * (end - start) for start, end in pairwise(ends)],
        loop=0,
        disposal=1,
    )


def _palette(pictures: list[Image.Image]) -> Image.Image:
    """A picture with the 256 colours that serve all of these best."""
    width, height = pictures[0].size
    together = Image.new("RGB", (width, height * len(pictures)))
    for number, picture in enumerate(pictures):
        together.paste(picture, (0, number * height))
    return together.quantize(256, method=Image.Quantize.MEDIANCUT)
