"""Photos read as a viewer shows them: orientation, colour profile, transparency, bit depth, HEIF."""

import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms

from reposer.checks import InputError
from reposer.decoding import MOST_SIDE, decode, decode_photo, photo_size_of, size_of
from reposer.images import photo_from_pil, read_image, read_photo
from tests.test_decoding import encoded, picture, png, sixteen

KINDS = ("PNG", "JPEG", "WEBP")


def of_heif(image: Image.Image, **options: object) -> bytes:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(image).save(buffer, quality=-1, **options)
    return buffer.getvalue()


def oriented(value: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = value
    return exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_is_turned_as_its_exif_says_and_its_size_is_that_of_what_is_shown(kind: str, orientation: int) -> None:
    content = encoded(picture(), kind, exif=oriented(orientation))
    turned = orientation >= 5
    assert read_photo(content).shape == ((3, 9, 12) if turned else (3, 12, 9))
    assert read_photo(content).equal(read_image(content))
    assert size_of(content) == photo_size_of(content) == tuple(read_image(content).shape[1:])


def test_an_open_picture_is_turned_too() -> None:
    with Image.open(io.BytesIO(encoded(picture(), exif=oriented(6)))) as image:
        assert photo_from_pil(image).equal(torch.from_numpy(np.array(picture())).rot90(-1, (0, 1)).permute(2, 0, 1))


def test_what_is_transparent_shows_white() -> None:
    pixels = np.array([[[200, 100, 50, 0], [200, 100, 50, 255], [0, 0, 0, 128]]], np.uint8)
    photo = read_photo(encoded(Image.fromarray(pixels)))
    assert photo[:, 0].T.tolist() == [[255, 255, 255], [200, 100, 50], [127, 127, 127]]
    grey = Image.fromarray(pixels[:, :, [0, 3]], "LA")
    assert read_photo(encoded(grey))[:, 0].T.tolist() == [[255] * 3, [200] * 3, [127] * 3]


def test_transparent_colours_of_a_palette_show_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert read_photo(encoded(image, transparency=0))[:, 0].T.tolist() == [[255] * 3, [40, 50, 60]]
    assert read_photo(encoded(image))[:, 0].T.tolist() == [[10, 20, 30], [40, 50, 60]]


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
def test_16_bits_are_scaled_not_clipped(colour: int) -> None:
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    values = np.tile(np.linspace(0, 65535, 32, dtype=np.uint16)[None, :, None], (2, 1, channels))
    if channels in (2, 4):
        values[..., -1] = 65535
    photo = read_photo(sixteen(values, colour)).int()
    assert (photo - torch.linspace(0, 255, 32).int()).abs().max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I;16"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    image = Image.new("I;16", (9, 12), 0x8000) if mode == "I;16" else picture().convert(mode)
    photo = photo_from_pil(image)
    assert photo.shape == (3, 12, 9)
    assert photo.dtype == torch.uint8
    if mode in ("RGB", "RGBA"):
        assert photo.permute(1, 2, 0).numpy().tolist() == np.array(picture()).tolist()


def profile(red: tuple[float, float]) -> bytes:
    """A profile of RGB whose red is elsewhere."""
    swapped = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    columns = [swapped.index(name) for name in (b"rXYZ", b"gXYZ")]
    places = [int.from_bytes(swapped[at + 4 : at + 8], "big") for at in columns]
    content, (first, second) = bytearray(swapped), places
    content[first + 8 : first + 20], content[second + 8 : second + 20] = (
        swapped[second + 8 : second + 20],
        swapped[first + 8 : first + 20],
    )
    return bytes(content).replace("sRGB built-in".encode("utf-16-be"), "swapped prima".encode("utf-16-be"))


def test_colours_go_through_the_profile_of_the_photo_but_not_in_data_sets() -> None:
    image, swapped = Image.new("RGB", (3, 2), (255, 0, 0)), profile((0, 0))
    content = encoded(image, icc_profile=swapped)
    assert read_photo(content)[:, 0, 0].tolist() == pytest.approx([0, 255, 0], abs=3)
    assert read_image(content)[:, 0, 0].tolist() == [255, 0, 0]


def test_srgb_and_damaged_profiles_and_those_of_other_modes_change_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for icc in (srgb, b"no profile", srgb[:200]):
        content = encoded(picture(), icc_profile=icc)
        assert read_photo(content).equal(read_image(content))
    ink = encoded(picture("CMYK"), "JPEG", icc_profile=profile((0, 0)))
    assert read_photo(ink).equal(read_image(ink))


def test_heif_is_read_with_its_orientation_where_its_reader_is_installed() -> None:
    image = Image.fromarray(np.full((40, 60, 3), (200, 60, 30), np.uint8))
    image.paste((0, 0, 255), (0, 0, 20, 40))
    photo = read_photo(of_heif(image))
    assert photo.shape == (3, 40, 60)
    assert photo[:, 20, 50].tolist() == pytest.approx([200, 60, 30], abs=6)
    turned = of_heif(image, exif=oriented(6))
    assert read_photo(turned).shape == (3, 60, 40)
    assert photo_size_of(turned) == (60, 40)
    assert read_photo(turned)[:, 5, 20].tolist() == pytest.approx([0, 0, 255], abs=6)


def test_heif_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    content = of_heif(picture().resize((64, 64)))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(InputError, match=r"^me: a HEIF photo: pip install 'reposer\[heif\]', or convert it to JPEG"):
        decode_photo(content, "me")


def test_data_sets_stay_as_strict_as_they_were() -> None:
    with pytest.raises(InputError, match="neither PNG, JPEG nor WebP"):
        decode(of_heif(picture().resize((64, 64))))


def test_a_photo_that_claims_too_much_is_refused_before_it_is_decoded() -> None:
    for content in (png(60_000, 60_000), png(MOST_SIDE + 1, 1)):
        with pytest.raises(InputError, match="make it smaller"):
            read_photo(content)


def test_no_photo(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^.*none.jpg: no such image file"):
        read_photo(tmp_path / "none.jpg")
    with pytest.raises(InputError, match="this is a folder"):
        read_photo(tmp_path)
