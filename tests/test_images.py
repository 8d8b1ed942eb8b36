"""Images: ranges, files, padding, contact sheets."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reposer.checks import InputError
from reposer.images import (
    crop_columns,
    encode_image,
    grid,
    pad_width,
    read_image,
    to_signed,
    to_uint8,
    to_unit,
    write_image,
)


def every_value() -> torch.Tensor:
    return torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)


def test_an_image_that_is_too_long_for_a_format_is_refused() -> None:
    image = torch.zeros(3, 1, 16_384, dtype=torch.uint8)
    with pytest.raises(InputError, match=r"1x16,384 pixels \(height x width\): .webp has at most 16,383 a side; write"):
        encode_image(image, ".webp")
    assert encode_image(image, ".jpg")


def test_signed_and_back_is_exact() -> None:
    signed = to_signed(every_value())
    assert signed.min() == -1
    assert signed.max() == 1
    assert to_uint8(signed).equal(every_value())


def test_truncation_is_the_published_one() -> None:
    signed = torch.linspace(-1, 1, 1000)
    expected = ((signed.numpy() + 1) / 2.0 * 255.0).astype(np.uint8)
    assert np.array_equal(to_uint8(signed, rounding="truncate").numpy(), expected)
    assert to_uint8(torch.tensor([-3.0, 3.0])).tolist() == [0, 255]


def test_unit_range() -> None:
    image = torch.tensor([0.0, 127.5, 255.0])
    assert to_unit(image, (0.0, 255.0)).tolist() == [0, 0.5, 1]
    assert to_unit(image, (0.0, 1.0)) is image


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "I;16"])
def test_every_kind_of_file_is_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "image.png"
    source = Image.fromarray(np.arange(12 * 9 * 3, dtype=np.uint8).reshape(12, 9, 3))
    if mode == "I;16":
        Image.fromarray((np.arange(108, dtype=np.uint16) * 600).reshape(12, 9)).save(path)
    else:
        source.convert(mode).save(path)
    image = read_image(path)
    assert image.shape == (3, 12, 9)
    assert image.dtype == torch.uint8


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held upright
    Image.new("RGB", (20, 10)).save(path, exif=exif)
    assert read_image(path).shape == (3, 20, 10)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_written_files_are_read_back(tmp_path: Path, suffix: str) -> None:
    image = torch.full((3, 12, 9), 90, dtype=torch.uint8)
    path = tmp_path / f"image{suffix}"
    write_image(path, image)
    assert (read_image(path).int() - image.int()).abs().max() <= 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.png: no such image file"):
        read_image(tmp_path / "absent.png")
    write_image(tmp_path / "a.png", torch.randint(0, 255, (3, 32, 32), dtype=torch.uint8))
    content = (tmp_path / "a.png").read_bytes()
    for count in (0, 20, len(content) // 2):
        (tmp_path / "cut.png").write_bytes(content[:count])
        with pytest.raises(InputError, match=r"cut\.png: not a readable image"):
            read_image(tmp_path / "cut.png")
    with pytest.raises(InputError, match=r"cannot write images as '.gif'; use one of .jpg"):
        write_image(tmp_path / "a.gif", torch.zeros(3, 4, 4, dtype=torch.uint8))


@given(width=st.integers(1, 40), more=st.integers(0, 40))
def test_crop_undoes_pad(width: int, more: int) -> None:
    image = torch.rand(3, 4, width)
    padded = pad_width(image, width + more, 1.0)
    assert padded.shape[-1] == width + more
    assert crop_columns(padded, width).equal(image)
    assert padded.eq(1).sum() - image.eq(1).sum() == 3 * 4 * more


def test_grid() -> None:
    black, grey = torch.zeros(3, 4, 2, dtype=torch.uint8), torch.full((3, 4, 2), 9, dtype=torch.uint8)
    sheet = grid([[black, grey], [grey]], gap=1)
    assert sheet.shape == (3, 9, 5)
    assert sheet[:, :4, :2].equal(black)
    assert sheet[:, 5:, :2].equal(grey)
    assert sheet[:, 5:, 3:].eq(255).all()
