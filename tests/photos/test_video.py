"""Videos: as many pictures as were given, of the right size, rate and colours, whole or not there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from reposer.checks import InputError
from reposer.photos.video import check_video, write_video


def pictures(count: int, height: int, width: int) -> Iterator[Tensor]:
    """Smooth pictures, no two alike."""
    for number in range(count):
        x = torch.linspace(30, 220, width).expand(height, width)
        y = torch.linspace(200, 20, height)[:, None].expand(height, width)
        picture = torch.stack((x, y, torch.full_like(x, 20 + 200 * number / count)))
        picture[:, : height // 4, number * width // count :] = 255
        yield picture.round().to(torch.uint8)


def decoded(path: Path) -> tuple[list[NDArray[np.uint8]], float, float]:
    """Pictures of an MP4, its rate, its seconds."""
    import av

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        return found, float(stream.average_rate), float(stream.duration * stream.time_base)


@pytest.mark.parametrize(
    ("fps", "size", "scale"), [(25.0, (32, 16), 1), (12.5, (33, 17), 1), (29.97, (21, 11), 3), (24.0, (16, 16), 2)]
)
def test_an_mp4_holds_what_was_written(tmp_path: Path, fps: float, size: tuple[int, int], scale: int) -> None:
    path = tmp_path / "x.mp4"
    write_video(path, pictures(15, *size), fps=fps, scale=scale)
    found, rate, seconds = decoded(path)
    assert len(found) == 15
    assert rate == pytest.approx(fps, rel=1e-3)
    assert seconds == pytest.approx(15 / fps, rel=1e-2)
    for picture, original in zip(found, pictures(15, *size), strict=True):
        expected = original.repeat_interleave(scale, 1).repeat_interleave(scale, 2).permute(1, 2, 0).numpy()
        height, width = expected.shape[:2]
        assert picture.shape == (height + height % 2, width + width % 2, 3)
        smooth = slice(height // 3, height)  # below the white corner, whose colour spreads to its neighbours
        assert np.abs(picture[smooth, :width].astype(float) - expected[smooth]).mean() < 4
        assert np.abs(picture[-1, :width].astype(float) - expected[-1]).mean() < 6, "an added row is like the last"
    assert [each.name for each in tmp_path.iterdir()] == ["x.mp4"]


@pytest.mark.parametrize("fps", [10.0, 15.0, 24.0, 50.0])
def test_a_gif_holds_what_was_written(tmp_path: Path, fps: float) -> None:
    path = tmp_path / "x.gif"
    write_video(path, pictures(12, 31, 17), fps=fps, scale=2)
    with Image.open(path) as image:
        assert image.n_frames == 12  # type: ignore[attr-defined]
        assert image.size == (34, 62)
        assert image.info["loop"] == 0
        times = []
        for number, original in enumerate(pictures(12, 31, 17)):
            image.seek(number)
            times.append(image.info["duration"])
            shown = np.array(image.convert("RGB")).astype(float)
            expected = original.repeat_interleave(2, 1).repeat_interleave(2, 2).permute(1, 2, 0).numpy()
            assert np.abs(shown - expected).mean() < 12
    assert sum(times) == pytest.approx(1000 * 12 / fps, abs=10)
    assert min(times) >= 20, "browsers slow down what is faster"


def test_nothing_is_left_of_a_video_that_was_stopped(tmp_path: Path) -> None:
    def stopped() -> Iterator[Tensor]:
        yield from pictures(5, 16, 16)
        raise KeyboardInterrupt

    for name in ("x.mp4", "x.gif"):
        (tmp_path / name).write_text("old")
        with pytest.raises(KeyboardInterrupt):
            write_video(tmp_path / name, stopped(), fps=25)
        assert (tmp_path / name).read_text() == "old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["x.gif", "x.mp4"]


def test_what_cannot_be_written_is_said_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"--out needs the name of a \.mp4 or \.gif file"):
        check_video(tmp_path / "x.avi", 25)
    with pytest.raises(InputError, match="in a folder that exists"):
        check_video(tmp_path / "nowhere" / "x.mp4", 25)
    with pytest.raises(InputError, match="no GIF of more than 50"):
        check_video(tmp_path / "x.gif", 60)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(InputError, match=r"pip install 'reposer\[video\]', or write a \.gif"):
        check_video(tmp_path / "x.mp4", 25)
    check_video(tmp_path / "x.gif", 25)


@pytest.mark.parametrize("name", ["x.mp4", "x.gif"])
def test_pictures_that_make_no_video_are_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no picture"):
        write_video(tmp_path / name, [], fps=25)
    with pytest.raises(InputError, match="make no video"):
        write_video(tmp_path / name, [*pictures(1, 16, 16), *pictures(1, 16, 18)], fps=25)
    with pytest.raises(InputError, match=r"pictures of 17,600x16 pixels .* are too large for a video"):
        write_video(tmp_path / name, pictures(1, 1100, 1), fps=25, scale=16)
    monkeypatch.setattr("reposer.photos.video.MOST_GIF_PIXELS", 1000)
    if name == "x.gif":
        with pytest.raises(InputError, match="too many for a GIF"):
            write_video(tmp_path / name, pictures(5, 16, 16), fps=25)
    assert not list(tmp_path.iterdir())
