"""The Market-1501 layout: names, folders, pairs."""

import os
from pathlib import Path

import pytest
from tests.folders import MARKET_NAMES, MakeMarket, pose

from reposer.checks import InputError
from reposer.data import PairDataset, PairIndex, Split, derive_pairs, open_layout, open_pairs
from reposer.data.market1501 import MARKET, identity_of
from reposer.poses import write_annotations, write_pairs

A, B, C = MARKET_NAMES[6:9]
D, E, F = MARKET_NAMES[9:12]


@pytest.mark.parametrize(("name", "identity"), [
    ("0002_c1s1_000451_03.jpg", "0002"), ("-1_c1s1_000401_03.jpg", "-1"), ("0000_c3s2_1_0.jpg.jpg", "0000"),
])  # fmt: skip
def test_identity(name: str, identity: str) -> None:
    assert identity_of(name) == identity


def test_identity_of_another_name() -> None:
    with pytest.raises(InputError) as error:
        identity_of("portrait.jpg")
    assert str(error.value) == ("portrait.jpg: not a Market-1501 image name; expected one like 0002_c1s1_000451_03.jpg")


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("folder", ["{}", "bounding_box_{}"])
def test_folder_names(make_market: MakeMarket, folder: str, split: str) -> None:
    folder = folder.format(split)
    index = open_layout(MARKET, make_market(folder, split), split)
    assert index.images.name == folder
    assert (index.size, index.layout, index.split) == ((128, 64), "market", split)
    assert len(index.pairs) == 12


def test_an_empty_renamed_folder_does_not_hide_the_images(make_market: MakeMarket) -> None:
    root = make_market("bounding_box_train")
    (root / "train").mkdir()
    assert open_layout(MARKET, root, "train").images.name == "bounding_box_train"


def test_derived_pairs(make_market: MakeMarket) -> None:
    index = open_layout(MARKET, make_market(), "train")
    assert index.pairs_file is None
    assert list(index.pairs) == [
        (A, B), (A, C), (B, A), (B, C), (C, A), (C, B), (D, E), (D, F), (E, D), (E, F), (F, D), (F, E)
    ]  # fmt: skip


@pytest.mark.parametrize("joint", range(18))
def test_images_without_shoulders_and_hips_are_left_out(joint: int) -> None:
    poses = {A: pose(0, (128, 64)), B: pose(1, (128, 64), missing=(joint,)), C: pose(2, (128, 64))}
    pairs = derive_pairs(poses, poses, identity_of)
    assert len(pairs) == (2 if joint in (2, 5, 8, 11) else 6)
    assert pairs == derive_pairs(reversed(poses), poses, identity_of)


def test_no_names_no_pairs() -> None:
    assert derive_pairs([], {}, identity_of) == []


def test_pairs_of_the_csv(make_market: MakeMarket) -> None:
    root = make_market("test", "test")
    listed = [(D, A), (A, D), (A, D)]
    write_pairs(root / "market-pairs-test.csv", listed)
    index = open_pairs(root, "test")
    assert list(index.pairs) == listed
    assert index.pairs_file == root / "market-pairs-test.csv"


def test_pair_without_an_image(make_market: MakeMarket) -> None:
    root = make_market()
    (root / "market-pairs-train.csv").write_text(f"from,to\n{A}, {B}\n\n{B}, {C}\n")
    (root / "train" / C).unlink()
    with pytest.raises(InputError) as error:
        open_layout(MARKET, root, "train")
    assert str(error.value) == (
        f"{root}/market-pairs-train.csv, row 4: {C} is not in {root}/train; add the image or remove the row"
    )


def test_derived_pair_without_an_image(make_market: MakeMarket) -> None:
    root = make_market()
    (root / "train" / A).unlink()
    with pytest.raises(InputError) as error:
        open_layout(MARKET, root, "train")
    assert str(error.value) == (
        f"{root}/market-annotation-train.csv, row 8: {A} is not in {root}/train; add the image or remove the row"
    )


def test_pair_without_annotation(make_market: MakeMarket) -> None:
    root = make_market()
    write_pairs(root / "market-pairs-train.csv", [(A, B), (B, C)])
    write_annotations(root / "market-annotation-train.csv", {name: pose(0, (128, 64)) for name in (A, B)})
    with pytest.raises(InputError) as error:
        open_layout(MARKET, root, "train")
    assert str(error.value) == (
        f"{root}/market-pairs-train.csv, row 3: {C} has no row in {root}/market-annotation-train.csv; "
        "add one or remove the pair"
    )


def test_no_pairs(make_market: MakeMarket) -> None:
    root = make_market(names=[A, D])
    with pytest.raises(InputError) as error:
        open_layout(MARKET, root, "train")
    assert str(error.value) == (
        f"{root}/market-annotation-train.csv: no pairs: expected two images of one person, each with both "
        "shoulders and both hips annotated"
    )


def test_no_image_folder(make_market: MakeMarket) -> None:
    root = make_market("pictures")
    with pytest.raises(InputError) as error:
        open_layout(MARKET, root, "train")
    assert str(error.value) == (
        f"{root}: no images of the train split: looked for a folder train or bounding_box_train with images; "
        "found market-annotation-train.csv, pictures"
    )


def published(split: Split, annotations: Path, root: Path) -> PairIndex:
    """Open the published files beside a folder of empty images."""
    for name in (f"market-annotation-{split}.csv", f"market-pairs-{split}.csv"):
        if (annotations / name).exists():
            (root / name).symlink_to(annotations / name)
    folder = root / f"bounding_box_{split}"
    folder.mkdir()
    for row in (root / f"market-annotation-{split}.csv").read_text().splitlines()[1:]:
        (folder / row.split(":")[0]).touch()
    return open_pairs(root, split)


def test_published_training_split(real_annotations: Path, tmp_path: Path) -> None:
    index = published("train", real_annotations, tmp_path)
    assert len(index.poses) == 12_936
    assert len(index.pairs) == len(set(index.pairs)) == 263_632
    assert len(PairDataset(index)) == 263_632


def test_published_test_split(real_annotations: Path, tmp_path: Path) -> None:
    """Every published test pair resolves, and is one of those that the rule of the training pairs gives."""
    index = published("test", real_annotations, tmp_path)
    assert len(index.poses) == 19_732
    assert sum(not pose.visible.any() for pose in index.poses.values()) == 3_445
    assert len(index.pairs) == 12_000
    assert set(index.pairs) <= set(derive_pairs(index.poses, index.poses, identity_of))


def many_missing(make_market: MakeMarket) -> Path:
    """A data set of 15 people; of 12 the second image is missing, of another one its annotation."""
    names = [f"{person:04d}_c{camera}s1_000001_00.jpg" for person in range(1, 16) for camera in (1, 2)]
    root = make_market(names=names[:2])
    for name in names[2:]:
        (root / "train" / name).touch()
    pairs = list(zip(names[::2], names[1::2], strict=True))
    write_pairs(root / "market-pairs-train.csv", [pair for a, b in pairs for pair in ((a, b), (b, a))])
    for _, second in pairs[:12]:
        (root / "train" / second).unlink()
    write_annotations(
        root / "market-annotation-train.csv", {name: pose(0, (128, 64)) for name in names if name != pairs[12][0]}
    )
    return root


def test_all_missing_images_are_counted_and_ten_named(make_market: MakeMarket) -> None:
    root = many_missing(make_market)
    with pytest.raises(InputError) as error:
        open_layout(MARKET, root, "train")
    message = str(error.value)
    first = "0001_c2s1_000001_00.jpg"
    assert message.startswith(f"{root}/market-pairs-train.csv, row 2: {first} is not in {root}/train; ")
    ten = ", ".join(f"{person:04d}_c2s1_000001_00.jpg" for person in range(1, 11))
    assert f"In all 12 images not in {root}/train: {ten}, ...; " in message
    assert f"1 image without a row in {root}/market-annotation-train.csv: 0013_c1s1_000001_00.jpg; " in message
    offer = "--skip-missing 13 (--data.skip-missing 13 of train) leaves these out"
    assert message.endswith(f"they are in 26 of 30 pairs; {offer}")
    with pytest.raises(InputError, match="--skip-missing 13 "):
        open_pairs(root, "train", skip_missing=12)


def test_missing_images_are_left_out_if_asked_for(make_market: MakeMarket) -> None:
    root = many_missing(make_market)
    index = open_pairs(root, "train", skip_missing=13)
    assert [int(a[:4]) for a, _ in index.pairs] == [14, 14, 15, 15]
    assert "26 of 30 pairs, which are left out" in index.left_out
    assert PairDataset(index).left_out == index.left_out
    assert len(PairDataset(index)) == 4
    assert open_pairs(root, "train", skip_missing=1000).pairs == index.pairs


def test_a_data_set_without_any_pair_left_is_an_error(make_market: MakeMarket) -> None:
    root = make_market(names=[A, B, C])
    for name in (B, C):
        (root / "train" / name).unlink()
    with pytest.raises(InputError, match=r"they are in 6 of 6 pairs$"):
        open_pairs(root, "train", skip_missing=100)


def test_nothing_is_left_out_of_a_whole_data_set(make_market: MakeMarket) -> None:
    assert open_pairs(make_market(), "train", skip_missing=5).left_out == ""


def test_a_pipe_for_a_csv_is_no_csv(make_market: MakeMarket) -> None:
    root = make_market()
    (root / "market-annotation-train.csv").unlink()
    os.mkfifo(root / "market-annotation-train.csv")
    with pytest.raises(InputError, match="no data set: looked for"):
        open_pairs(root, "train")
