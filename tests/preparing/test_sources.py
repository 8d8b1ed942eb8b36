"""What must not be read is refused, and nothing is written."""

import os
import stat
import zipfile
import zlib
from pathlib import Path

import pytest
from tests.downloads import MARKET, market_download, market_lists, picture, write, zipped

from reposer.checks import InputError
from reposer.preparing import PrepareConfig, prepare, sources

NAME = MARKET["train"][0]


def refused(root: Path, source: Path, match: str) -> None:
    before = sorted(root.rglob("*"))
    with pytest.raises(InputError, match=match) as error:
        prepare("market", source, root / "lists", root / "out", PrepareConfig(workers=1))
    assert "\n" not in str(error.value)
    assert sorted(root.rglob("*")) == before


@pytest.fixture
def root(tmp_path: Path) -> Path:
    market_download(tmp_path / "download")
    market_lists(tmp_path / "lists")
    return tmp_path


@pytest.mark.parametrize("name", ["../evil.jpg", "/etc/evil.jpg", "a/../../evil.jpg", "..\\evil.jpg", "C:\\evil.jpg"])
def test_zip_slip(root: Path, name: str) -> None:
    file = zipped(root / "download", root / "market.zip")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, picture((128, 64)))
    refused(root, file, "a name that leads outside")


def test_links_in_zip_files(root: Path) -> None:
    link = zipfile.ZipInfo("train/link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(root / "market.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(root, root / "market.zip", "a link or a device")


@pytest.mark.parametrize(("size", "most"), [(2**21, 2**25), (2**21, 2**20)])
def test_bombs(root: Path, size: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MOST_MEMBER", most)
    content = bytes(size) if most > size else os.urandom(size)
    with zipfile.ZipFile(root / "market.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"bounding_box_train/{NAME}", content)
    refused(root, root / "market.zip", "no photo of a data set; nothing was written")


def test_zip_files_that_are_none(root: Path) -> None:
    refused(root, write(root / "market.zip", b"PK\x03\x04 but no more"), "not a readable zip file")


def test_links_that_lead_outside(root: Path) -> None:
    outside = write(root / "elsewhere/secret.jpg", picture((128, 64)))
    (root / "download/link.jpg").symlink_to(outside)
    refused(root, root / "download", "a link that leads outside")
    (root / "download/link.jpg").unlink()
    (root / "download/folder").symlink_to(outside.parent)
    refused(root, root / "download", "a link that leads outside")


def test_links_within_are_followed(root: Path) -> None:
    image = root / "download/bounding_box_train" / NAME
    image.rename(root / "download/original.jpg")
    image.symlink_to("../original.jpg")
    report = prepare("market", root / "download", root / "lists", root / "out", PrepareConfig(workers=1))
    assert report.lacking == []
    assert not (root / "out/train" / NAME).is_symlink()
    assert (root / "out/train" / NAME).samefile(root / "download/original.jpg")


def test_pipes_are_not_opened(root: Path) -> None:
    os.mkfifo(root / "download/bounding_box_train/pipe.jpg")
    refused(root, root / "download", "a pipe or a device")
    os.mkfifo(root / "pipe")
    refused(root, root / "pipe", "no regular file")


def test_a_folder_named_like_an_image_is_none(root: Path) -> None:
    (root / "download/bounding_box_train" / NAME).unlink()
    (root / "download/bounding_box_train" / NAME).mkdir()
    report = prepare("market", root / "download", root / "lists", root / "out", PrepareConfig(workers=1))
    assert report.lacking == [f"train {NAME}: not found"]


def test_enormous_images_are_not_decoded(root: Path) -> None:
    header = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0"
    header += zlib.crc32(header[12:]).to_bytes(4, "big")
    write(root / "download/bounding_box_train" / NAME, header + b"\0\0\0\0IDAT\x35\xaf\x06\x1e")
    report = prepare("market", root / "download", root / "lists", root / "out", PrepareConfig(workers=1))
    (line,) = report.lacking
    assert "60,000x60,000 pixels" in line
    assert not (root / "out/train" / NAME).exists()


def test_encrypted_zip_files_say_what_to_do(root: Path) -> None:
    file = zipped(root / "download", root / "market.zip")
    content = bytearray(file.read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # mark every member as encrypted
        at = content.find(signature)
        while at >= 0:
            content[at + flags] |= 1
            at = content.find(signature, at + 4)
    file.write_bytes(content)
    report = prepare("market", file, root / "lists", root / "out", PrepareConfig(workers=1))
    assert len(report.lacking) == 8
    assert all("encrypted; unpack the zip file with its password" in line for line in report.lacking)
