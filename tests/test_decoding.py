"""The one reader of image files: what it opens, what it refuses, and how each mode becomes RGB."""

import io
import os
import re
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import EpsImagePlugin, Image

from reposer import decoding
from reposer.checks import InputError
from reposer.decoding import MOST_PIXELS, MOST_SIDE, decode, size_of, to_rgb
from reposer.images import from_pil, read_image

EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 128\n{ } loop\n"


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def picture(mode: str = "RGB") -> Image.Image:
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (12, 9, 3), np.uint8)).convert(mode)


def png(width: int, height: int, *, bits: int = 8, colour: int = 0, rows: bytes = b"") -> bytes:
    """A PNG file with a header of one's choice; its rows may be missing."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def sixteen(values: np.ndarray, colour: int) -> bytes:
    """A 16-bit PNG of values (H, W, channels)."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(width, height, bits=16, colour=colour, rows=rows)


def test_no_program_is_run_for_an_eps_named_png(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ran(*_: object, **__: object) -> None:
        pytest.fail("Ghostscript was run")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", ran)
    path = tmp_path / "a.png"
    path.write_bytes(EPS)
    with pytest.raises(InputError, match=r"a\.png: not a readable image \(neither PNG, JPEG nor WebP by its content"):
        read_image(path)
    with pytest.raises(InputError, match="neither PNG"):
        size_of(path)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "PPM", "TGA", "ICO", "PCX", "JPEG2000", "PDF"])
def test_other_formats_are_refused_whatever_their_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(), kind))
    with pytest.raises(InputError, match=r"a\.png: not a readable image"):
        read_image(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_content_decides_not_the_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.eps"
    path.write_bytes(encoded(picture(), kind))
    assert read_image(path).shape == (3, 12, 9)
    assert size_of(path) == (12, 9)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK", "YCbCr")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
    ],
)
def test_every_8_bit_mode_has_the_pixels_of_pillow(kind: str, mode: str) -> None:
    content = encoded(picture(mode), kind)
    with Image.open(io.BytesIO(content)) as image:
        expected = np.array(image.convert("RGB"))
    assert np.array_equal(read_image(content).permute(1, 2, 0).numpy(), expected)


def test_16_bit_grey_keeps_its_high_byte() -> None:
    values = np.array([[0, 255, 256, 257], [0x7FFF, 0x8000, 0xFF00, 0xFFFF]], np.uint16)
    image = read_image(sixteen(values[..., None], 0))
    assert image.tolist() == [[[0, 0, 1, 1], [127, 128, 255, 255]]] * 3


@given(st.integers(0, 255), st.sampled_from([0, 2, 4, 6]))
@example(255, 0)
def test_8_bits_stored_in_16_come_back(value: int, colour: int) -> None:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    image = read_image(sixteen(np.full((2, 3, channels), value * 257, np.uint16), colour))
    assert image.eq(value).all()


def test_grey_and_colour_of_16_bits_agree() -> None:
    grey = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64, 1)
    assert read_image(sixteen(grey, 0)).equal(read_image(sixteen(grey.repeat(3, axis=2), 2)))


def test_alpha_is_dropped_and_colours_stay() -> None:
    clear = Image.new("RGBA", (3, 2), (200, 100, 50, 0))
    assert read_image(encoded(clear))[:, 0, 0].tolist() == [200, 100, 50]


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_mode_without_a_white_is_refused(mode: str) -> None:
    with pytest.raises(InputError, match=f"mode '{mode}' does not say which value is white"):
        from_pil(Image.new(mode, (3, 2), 1))
    assert to_rgb(Image.new("I;16", (3, 2), 0xFF00)).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 1), (1, MOST_SIDE + 1), (9_000, 9_000), (16_000, 16_000), (2**31 - 1, 2**31 - 1)]
)
def test_too_many_pixels_are_one_error_before_they_are_decoded(width: int, height: int) -> None:
    content = png(width, height)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=r"^image: [\d,]+x[\d,]+ pixels \(height x width\); .*make it smaller$"):
            read_image(content)
        with pytest.raises(InputError, match="make it smaller"):
            size_of(content)


def test_bounds_leave_room_for_the_photos_of_phones() -> None:
    assert MOST_PIXELS >= 64_000_000
    assert MOST_SIDE >= 16_383
    assert read_image(encoded(Image.new("1", (MOST_SIDE, 2)))).shape == (3, 2, MOST_SIDE)


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match=r"not a readable image|pixels"):
        read_image(png(0, 5))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_pipe_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    os.mkfifo(path)
    with pytest.raises(InputError, match=rf"x\{suffix}: expected a file, this is no regular file"):
        read_image(path)


def test_folders_and_devices_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this is a folder"):
        read_image(tmp_path)
    with pytest.raises(InputError, match="no regular file"):
        read_image("/dev/zero")


def test_bytes_and_open_files_are_read_like_a_path(tmp_path: Path) -> None:
    content = encoded(picture(), "WEBP")
    path = tmp_path / "a.webp"
    path.write_bytes(content)
    image = read_image(path)
    assert read_image(content).equal(image)
    with path.open("rb") as file:
        assert read_image(file).equal(image)
    assert torch.from_numpy(np.array(decode(io.BytesIO(content)))).permute(2, 0, 1).equal(image)
    with pytest.raises(InputError, match=r"^the photo: not a readable image"):
        read_image(b"no image", "the photo")


@given(st.data(), st.sampled_from(["PNG", "JPEG", "WEBP"]))
def test_damaged_files_are_read_or_refused_never_anything_else(data: st.DataObject, kind: str) -> None:
    content = bytearray(encoded(picture(), kind))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    content = content[: data.draw(st.integers(0, len(content)))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = read_image(bytes(content))
        except InputError:
            return
    assert image.dtype == torch.uint8
    assert image.ndim == 3


def test_no_other_module_opens_images() -> None:
    package = Path(decoding.__file__).parent
    opens = re.compile(r"Image\.open|\bimread|imdecode|decode_image|read_image_file|torchvision\.io|ImageFile\.Parser")
    found = [path.name for path in package.rglob("*.py") if opens.search(path.read_text())]
    assert found == []
