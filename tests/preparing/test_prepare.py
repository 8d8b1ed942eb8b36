"""Downloads become data sets: all kinds are found, originals stay as they are, what is missing is told."""

import json
import os
import zipfile
from pathlib import Path

import pytest
import torch
from tests.downloads import (
    FASHION,
    FLAT,
    MARKET,
    fashion_download,
    fashion_lists,
    market_download,
    market_lists,
    picture,
    pose,
    write,
    zipped,
)

from reposer.checks import InputError
from reposer.cli import main
from reposer.data import PairDataset, open_pairs
from reposer.images import read_image
from reposer.poses import read_annotations, read_pairs, write_annotations
from reposer.preparing import PUBLISHED, PrepareConfig, Report, fit, prepare

ALONE = PrepareConfig(workers=1)
LARGE = PrepareConfig(workers=1, size=(512, 352))


@pytest.fixture
def market(tmp_path: Path) -> Path:
    market_download(tmp_path / "download")
    market_lists(tmp_path / "lists")
    return tmp_path


@pytest.fixture
def fashion(tmp_path: Path) -> Path:
    fashion_download(tmp_path / "download")
    fashion_lists(tmp_path / "lists")
    return tmp_path


def prepared(name: str, root: Path, config: PrepareConfig = ALONE, source: str = "download") -> Report:
    return prepare(name, root / source, root / "lists", root / "out", config)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_market_is_linked_and_opens(market: Path) -> None:
    before = contents(market / "download")
    report = prepared("market", market)
    assert report.lacking == []
    assert [each.made["linked"] for each in report.splits] == [4, 4]
    name = MARKET["train"][0]
    assert (market / "out/train" / name).samefile(market / "download/bounding_box_train" / name)
    assert len(open_pairs(market / "out", "train").pairs) == 4
    assert PairDataset(open_pairs(market / "out", "test"))[0].source.shape == (3, 128, 64)
    assert contents(market / "download") == before


def test_copies_are_files_of_their_own(market: Path) -> None:
    report = prepared("market", market, PrepareConfig(workers=1, copy=True))
    assert [each.made["copied"] for each in report.splits] == [4, 4]
    name = MARKET["test"][1]
    original, copy = market / "download/bounding_box_test" / name, market / "out/test" / name
    assert not copy.samefile(original)
    assert copy.read_bytes() == original.read_bytes()


def test_a_disk_without_links_gets_copies(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    assert prepared("market", market).splits[0].made["copied"] == 4


@pytest.mark.parametrize("kind", ["renamed", "one folder", "zip", "zip in a folder", "upper case", "png"])
def test_market_however_it_lies_there(tmp_path: Path, kind: str) -> None:
    folder = {"renamed": "{split}", "one folder": "all"}.get(kind, "bounding_box_{split}")
    download = market_download(tmp_path / "download", folder)
    market_lists(tmp_path / "lists")
    source = "download"
    if kind == "zip":
        source = zipped(download, tmp_path / "market.zip").name
    elif kind == "zip in a folder":
        (tmp_path / "zips").mkdir()
        source = zipped(download, tmp_path / "zips" / "market.zip").parent.name
    elif kind in ("upper case", "png"):
        for path in [*download.glob("bounding_box_*/*.jpg")]:
            path.rename(path.with_name(path.name.upper() if kind == "upper case" else f"{path.name[:-4]}.png"))
    report = prepared("market", tmp_path, source=source)
    assert report.lacking == []
    for split, names in MARKET.items():
        assert sorted(path.name for path in (tmp_path / "out" / split).iterdir()) == sorted(names)
        for seed, name in enumerate(names):  # and not that of query/
            assert (tmp_path / "out" / split / name).read_bytes() == picture((128, 64), seed)


def test_fashion_is_flattened_cut_and_moved(fashion: Path) -> None:
    report = prepared("deepfashion", fashion)
    assert [each.made["written"] for each in report.splits] == [2, 2]
    image = read_image(fashion / "out/train" / FLAT["train"][0])
    original = read_image(fashion / "download/img" / FASHION["train"][0])
    assert image.shape == (3, 256, 176)
    assert torch.equal(image, original[..., 40:216])
    poses = read_annotations(fashion / "out/fasion-resize-annotation-train.csv")
    assert poses[FLAT["train"][0]].joints[:, 0].tolist() == [90.0] * 18
    assert (fashion / "out/test.lst").read_text() == (fashion / "lists/test.lst").read_text()
    index = open_pairs(fashion / "out", "test")
    assert index.pairs == (tuple(FLAT["test"]),)
    assert json.loads((fashion / "out/dataset.json").read_text())["name"].startswith("DeepFashion")


def test_jpeg_is_close_to_the_cut_and_smaller(fashion: Path) -> None:
    prepared("deepfashion", fashion, PrepareConfig(workers=1, encoding="jpeg"))
    file = fashion / "out/test" / FLAT["test"][1]
    original = read_image(fashion / "download/img" / FASHION["test"][1])[..., 40:216]
    assert file.read_bytes().startswith(b"\xff\xd8\xff")
    assert (read_image(file).float() - original.float()).abs().max() < 6  # of 255


@pytest.mark.parametrize("kind", ["flattened", "flattened zip", "nested zip", "crops", "backslashes"])
def test_fashion_however_it_lies_there(tmp_path: Path, kind: str) -> None:
    fashion_lists(tmp_path / "lists")
    size = (256, 176) if kind == "crops" else (256, 256)
    download = fashion_download(tmp_path / "download", "img", size)
    if kind in ("flattened", "flattened zip", "crops"):
        for paths, names in zip(FASHION.values(), FLAT.values(), strict=True):
            for path, name in zip(paths, names, strict=True):
                (download / "img" / path).rename(download / name)
    source = "download"
    if kind.endswith("zip"):
        source = zipped(download, tmp_path / "img.zip").name
    if kind == "backslashes":  # as some programs on Windows write zip files
        with zipfile.ZipFile(tmp_path / "img.zip", "w") as archive:
            for path in download.rglob("*.jpg"):
                archive.writestr(str(path.relative_to(download)).replace("/", "\\"), path.read_bytes())
        source = "img.zip"
    report = prepared("deepfashion", tmp_path, source=source)
    assert report.lacking == []
    assert read_image(tmp_path / "out/test" / FLAT["test"][0]).shape == (3, 256, 176)
    assert report.splits[0].made["linked"] == (2 if kind == "crops" else 0)


def test_large_images_come_from_the_large_photos(fashion: Path) -> None:
    fashion_download(fashion / "download", "img_highres", (1101, 750))
    prepared("deepfashion", fashion, LARGE)
    assert read_image(fashion / "out/train" / FLAT["train"][0]).shape == (3, 512, 352)
    index = open_pairs(fashion / "out", "train")
    assert index.size == (512, 352)
    assert PairDataset(index)[0].target.shape == (3, 512, 352)
    joints = index.poses[FLAT["train"][0]].joints
    assert joints[:, 0].tolist() == [180.5] * 18  # column 90 of 176: its middle is at 90.5 of 176, 181 of 352
    red = read_image(fashion / "out/train" / FLAT["train"][0])[0].float()
    assert red[:, 0].mean() < 3
    assert red[:, -1].mean() > 252  # nothing is cut off a photo of 750x1101


def test_fit_never_stretches() -> None:
    photo = torch.zeros(3, 200, 100, dtype=torch.uint8)  # narrower than 256x176
    fitted = fit(photo, (256, 176), 256, "pil-bicubic")
    assert fitted.shape == (3, 256, 176)
    assert (fitted[0, 128] == 0).sum() == 128  # half of 256, as wide as the photo was
    assert (fitted[:, :, :24] == 255).all()
    landscape = fit(torch.zeros(3, 100, 200, dtype=torch.uint8), (256, 176), 256, "pil-bicubic")
    assert (landscape[0, :, 88] == 0).sum() == 128


def test_missing_and_unreadable_images_are_told_and_can_be_added(
    market: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (market / "download/bounding_box_train" / MARKET["train"][0]).unlink()
    (market / "download/bounding_box_test" / MARKET["test"][1]).write_bytes(b"no picture")
    command = ["prepare", "market", "--annotations", f"{market}/lists", "--out", f"{market}/out", "--workers", "1"]
    with pytest.raises(SystemExit) as stop:
        main([*command, "--source", f"{market}/download"])
    assert stop.value.code == 1
    told = capsys.readouterr()
    assert f"train, missing: {MARKET['train'][0]}" in told.out
    assert "not a readable image" in told.out
    assert "2 images are missing or unreadable" in told.err
    problems = (market / "out/problems.txt").read_text().splitlines()
    assert problems[0] == f"train {MARKET['train'][0]}: not found"
    assert problems[1].startswith(f"test {MARKET['test'][1]}: ")
    market_download(market / "second")
    main([*command, "--source", f"{market}/second"])
    assert "train: 1 linked, 3 kept" in capsys.readouterr().out
    assert not (market / "out/problems.txt").exists()


def test_what_is_there_is_kept_and_what_is_damaged_made_again(fashion: Path) -> None:
    prepared("deepfashion", fashion)
    before = contents(fashion / "out")
    damaged = fashion / "out/train" / FLAT["train"][1]
    damaged.write_bytes(before[f"train/{damaged.name}"][:-40])
    write(damaged.with_name(f".{damaged.name}.part"), b"half of an image")
    report = prepared("deepfashion", fashion)
    assert [dict(each.made) for each in report.splits] == [
        {"linked": 0, "copied": 0, "written": 1, "kept": 1},
        {"linked": 0, "copied": 0, "written": 0, "kept": 2},
    ]
    assert contents(fashion / "out") == before


def test_unfinished_folders_are_no_data_sets(market: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare("market", market / "download", market / "lists", market / "out", ALONE, stop)
    assert not (market / "out/dataset.json").exists()
    with pytest.raises(InputError, match="no data set"):
        open_pairs(market / "out", "train")
    assert prepared("market", market).splits[0].made["kept"] == 3


def test_missing_pairs_are_derived_and_counts_compared_with_the_papers(tmp_path: Path) -> None:
    market_download(tmp_path / "download")
    market_lists(tmp_path / "lists", pairs=False)
    report = prepared("market", tmp_path)
    assert len(read_pairs(tmp_path / "out/market-pairs-train.csv")) == 4
    text = "\n".join(report.lines())
    assert "train: 4 annotated images; in the papers 12,936" in text
    assert "train: 4 pairs, derived by the published rule for want of a list; in the papers 263,632" in text
    assert PUBLISHED["deepfashion"]["test"].pairs == 8570


@pytest.mark.parametrize("name", [
    "fasion-annotation-{split}.csv", "fashion-annotation-{split}.csv", "Fashion-Annotation-{split}.CSV",
    "deep/down/fasion-annotation-{split}.csv",
])  # fmt: skip
def test_names_of_annotations(tmp_path: Path, name: str) -> None:
    fashion_download(tmp_path / "download")
    (tmp_path / "lists/deep/down").mkdir(parents=True)
    fashion_lists(tmp_path / "lists", name)
    prepared("deepfashion", tmp_path)
    poses = read_annotations(tmp_path / "out/fasion-resize-annotation-test.csv")
    assert poses[FLAT["test"][0]].joints[0, 0] == 90


def test_a_wrong_name_of_annotations_is_suggested(tmp_path: Path) -> None:
    market_download(tmp_path / "download")
    market_lists(tmp_path / "lists")
    (tmp_path / "lists/market-annotation-train.csv").rename(tmp_path / "lists/market_annotations_train.csv")
    with pytest.raises(InputError, match=r"is market_annotations_train\.csv meant\? Then rename it$"):
        prepared("market", tmp_path)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("name", "x", "wide", "right"), [
    ("fasion-annotation-{split}.csv", 88.0, "256", "fasion-resize-annotation-train.csv"),
    ("fasion-resize-annotation-{split}.csv", 128.0, "176", "fasion-annotation-train.csv"),
])  # fmt: skip
def test_coordinates_that_belie_the_name_are_refused(
    tmp_path: Path, name: str, x: float, wide: str, right: str
) -> None:
    fashion_download(tmp_path / "download")
    lists = fashion_lists(tmp_path / "lists", name, x)
    names = [*FLAT["train"], *(f"fashionMENDenimid0000009901_{i}front.jpg" for i in range(6))]
    write_annotations(lists / name.format(split="train"), {each: pose(x) for each in names})
    with pytest.raises(InputError, match=rf"for images {wide} pixels wide, but .* rename it to {right}$"):
        prepared("deepfashion", tmp_path)
    assert not (tmp_path / "out").exists()


def test_refused_before_anything_is_written(market: Path) -> None:
    empty = market / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="holds none of the 8 images"):
        prepared("market", market, source="empty")
    with pytest.raises(InputError, match="no such file or folder"):
        prepared("market", market, source="nowhere")
    with pytest.raises(InputError, match="size of market must be 128 64, got 512 352"):
        prepared("market", market, LARGE)
    (market / "lists/market-pairs-test.csv").write_text("from,to\n../../x.jpg,b.jpg\n")
    with pytest.raises(InputError, match="is a path, expected the name of an image"):
        prepared("market", market)
    assert not (market / "out").exists()


def test_other_folders_are_left_alone(market: Path) -> None:
    write(market / "out/thesis.txt", b"years of work")
    with pytest.raises(InputError, match=r"not empty \(thesis.txt\) and not begun by 'reposer prepare'"):
        prepared("market", market)
    assert contents(market / "out") == {"thesis.txt": b"years of work"}


def test_other_settings_need_another_folder(fashion: Path) -> None:
    prepared("deepfashion", fashion)
    with pytest.raises(InputError, match="was begun with other settings"):
        prepared("deepfashion", fashion, LARGE)


@pytest.mark.slow
def test_many_processes_make_the_same(fashion: Path) -> None:
    names = [f"fashionMENDenimid{i:08d}01_1front.jpg" for i in range(200)]
    for i, name in enumerate(names):
        write(fashion / "download" / name, picture((256, 256), i % 12))
    (fashion / "lists/train.lst").write_text("\n".join([*FLAT["train"], *names]))
    made = []
    for workers in (1, 3):
        out = fashion / f"out{workers}"
        config = PrepareConfig(workers=workers)
        assert prepare("deepfashion", fashion / "download", fashion / "lists", out, config).lacking == []
        made.append(contents(out))
    assert made[0] == made[1]
    assert len(made[0]) > 200


@pytest.mark.slow
def test_the_real_lists_have_the_published_counts(tmp_path: Path) -> None:
    lists = os.environ.get("REPOSER_REAL_ANNOTATIONS")
    if lists is None:
        pytest.skip("REPOSER_REAL_ANNOTATIONS names no folder")
    write(tmp_path / "download/bounding_box_train" / MARKET["train"][0], picture((128, 64)))
    report = prepare("market", tmp_path / "download", Path(lists), tmp_path / "out", ALONE)
    assert [line for line in report.lines() if "papers" in line] == []
    assert [each.without_pose for each in report.splits] == [419, 3445]
