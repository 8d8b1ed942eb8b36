"""The DeepFashion layout: flattened names, crops of images and of joints."""

import re
from pathlib import Path

import pytest
import torch

from reposer.checks import InputError
from reposer.data import PairDataset, derive_pairs, flat_name, open_layout, open_pairs
from reposer.data.deepfashion import DEEPFASHION, identity_of
from reposer.images import write_image
from reposer.poses import Pose, read_annotations, read_pairs, write_annotations, write_pairs

A = "fashionWOMENBlouses_Shirtsid0000337203_3back.jpg"
B = "fashionWOMENBlouses_Shirtsid0000337203_7additional.jpg"


@pytest.mark.parametrize(("path", "name"), [
    ("WOMEN/Blouses_Shirts/id_00003372/03_3_back.jpg", A),
    ("img/WOMEN/Blouses_Shirts/id_00003372/03_7_additional.jpg", B),
    ("img\\MEN\\Tees_Tanks\\id_00007301\\04_1_front.jpg", "fashionMENTees_Tanksid0000730104_1front.jpg"),
    ("/data/img/MEN/Denim/id_00000080/01_4_full.jpg", "fashionMENDenimid0000008001_4full.jpg"),
])  # fmt: skip
def test_flat_name(path: str, name: str) -> None:
    assert flat_name(path) == name


@pytest.mark.parametrize("path", ["", "03_3_back.jpg", "WOMEN/Denim/id_1/front.jpg", "Denim/id_1/01_1_front.jpg"])
def test_flat_name_of_another_path(path: str) -> None:
    with pytest.raises(InputError) as error:
        flat_name(path)
    assert str(error.value) == (
        f"{path}: not a DeepFashion in-shop path; expected one like WOMEN/Blouses_Shirts/id_00003372/03_3_back.jpg"
    )


def test_identity() -> None:
    assert identity_of(A) == identity_of(B) == "fashionWOMENBlouses_Shirtsid0000337203"
    assert identity_of(A.replace("03_3", "04_3")) != identity_of(A)


def test_identity_of_another_name() -> None:
    with pytest.raises(InputError) as error:
        identity_of("03_3_back.jpg")
    assert str(error.value) == (
        "03_3_back.jpg: not a flattened DeepFashion image name; "
        "expected one like fashionWOMENBlouses_Shirtsid0000337203_3back.jpg"
    )


def make(root: Path, annotations: str, joint_x: float, *, images: int = 176) -> Path:
    """Make a folder with the pair A, B. The images are black but for one bright joint, at the nose."""
    (root / "test").mkdir()
    full = "resize" not in annotations
    column = round(joint_x) + (0 if full == (images == 256) else 40 if images == 256 else -40)
    for name in (A, B):
        image = torch.zeros(3, 256, images, dtype=torch.uint8)
        if 0 <= column < images:
            image[:, 100, column] = 255
        write_image(root / "test" / name, image, quality=100)
    joints = torch.full((18, 2), 100.0)
    joints[0] = torch.tensor([joint_x, 100.0])
    pose = Pose(joints, torch.ones(18, dtype=torch.bool))
    write_annotations(root / annotations, {A: pose, B: pose})
    return root


@pytest.mark.parametrize("images", [176, 256])
@pytest.mark.parametrize("annotations", [
    "fasion-resize-annotation-test.csv", "fashion-resize-annotation-test.csv",
    "fasion-annotation-test.csv", "fashion-annotation-test.csv",
])  # fmt: skip
def test_joints_and_images_agree(tmp_path: Path, annotations: str, images: int) -> None:
    index = open_pairs(make(tmp_path, annotations, 140.0, images=images), "test")
    assert (index.layout, index.size, len(index.pairs)) == ("deepfashion", (256, 176), 2)
    item = PairDataset(index)[0]
    assert item.source.shape == item.target.shape == (3, 256, 176)
    assert item.source_joints[0].tolist() == [140.0 if "resize" in annotations else 100.0, 100.0]
    x, y = item.source_joints[0].long().tolist()
    assert item.source[0, y].argmax() == x
    assert item.source[0, y, x] > 100


@pytest.mark.parametrize(("x", "expected"), [(39.0, None), (40.0, 0.0), (215.0, 175.0), (216.0, None)])
def test_joints_outside_the_crop_are_missing(tmp_path: Path, x: float, expected: float | None) -> None:
    index = open_layout(DEEPFASHION, make(tmp_path, "fasion-annotation-test.csv", x), "test")
    pose = index.poses[A]
    assert pose.visible[1:].all()
    assert pose.visible[0] == (expected is not None)
    assert pose.joints[0].tolist() == ([0.0, 0.0] if expected is None else [expected, 100.0])


def test_pairs_are_derived_from_the_joints_before_the_crop(tmp_path: Path) -> None:
    root = make(tmp_path, "fasion-annotation-test.csv", 100.0)
    outside = Pose(torch.full((18, 2), 20.0), torch.ones(18, dtype=torch.bool))
    write_annotations(root / "fasion-annotation-test.csv", {A: outside, B: outside})
    index = open_layout(DEEPFASHION, root, "test")
    assert list(index.pairs) == [(A, B), (B, A)]
    assert not index.poses[A].visible.any()


@pytest.mark.parametrize("name", [
    "fasion-resize-pairs-test.csv", "fashion-resize-pairs-test.csv", "fasion-pairs-test.csv",
    "fashion-pairs-test.csv",
])  # fmt: skip
def test_names_of_the_pairs_file(tmp_path: Path, name: str) -> None:
    root = make(tmp_path, "fasion-annotation-test.csv", 100.0)
    write_pairs(root / name, [(B, A)])
    index = open_layout(DEEPFASHION, root, "test")
    assert list(index.pairs) == [(B, A)]
    assert index.pairs_file == root / name


def test_another_image_size(tmp_path: Path) -> None:
    root = make(tmp_path, "fasion-annotation-test.csv", 100.0)
    write_image(root / "test" / A, torch.zeros(3, 128, 256, dtype=torch.uint8))
    with pytest.raises(InputError) as error:
        PairDataset(open_layout(DEEPFASHION, root, "test"))[0]
    assert str(error.value) == (f"{root}/test/{A}: expected an image of 256x176 pixels (height x width), got 128x256")


def test_no_annotations(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        open_layout(DEEPFASHION, tmp_path, "train")
    assert str(error.value) == (
        f"{tmp_path}: no deepfashion annotations of the train split: looked for "
        "fasion-resize-annotation-train.csv or fashion-resize-annotation-train.csv or "
        "fasion-annotation-train.csv or fashion-annotation-train.csv; found an empty folder"
    )


def test_published_test_split(real_annotations: Path, tmp_path: Path) -> None:
    poses = read_annotations(real_annotations / "fasion-annotation-test.csv")
    pairs = read_pairs(real_annotations / "fashion-pairs-test.csv")
    assert (len(poses), len(pairs)) == (4_038, 8_570)
    assert set(pairs) == set(derive_pairs(poses, poses, identity_of))

    (tmp_path / "test").mkdir()
    for name in poses:
        (tmp_path / "test" / name).touch()
    for file in ("fasion-annotation-test.csv", "fashion-pairs-test.csv"):
        (tmp_path / file).symlink_to(real_annotations / file)
    index = open_pairs(tmp_path, "test")
    assert list(index.pairs) == pairs
    x = torch.cat([pose.joints[pose.visible, 0] for pose in index.poses.values()])
    assert x.min() >= 0
    assert x.max() < 176


def test_published_names(real_annotations: Path) -> None:
    """Every published name is what ``flat_name`` makes of its path, and no outfit is in both splits."""
    identities = []
    for file, count in (("train.lst", 48_674), ("test.lst", 4_038)):
        names = (real_annotations / file).read_text().split()
        assert len(names) == count
        for name in names:
            match = re.fullmatch(r"fashion(WOMEN|MEN)([A-Z]\w*?)id(\d{8})(\d\d)_(\d)([a-z]+)\.jpg", name)
            assert match is not None
            gender, category, item, outfit, number, view = match.groups()
            assert flat_name(f"{gender}/{category}/id_{item}/{outfit}_{number}_{view}.jpg") == name
        identities.append({identity_of(name) for name in names})
    assert not identities[0] & identities[1]
