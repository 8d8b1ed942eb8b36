"""Own photos as a data set: folders or a list, keypoints anywhere, people split by name; what is wrong is said once."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tests.attacks.data_readers import huge_png
from tests.own_photos import PEOPLE, own_photos, photo_data, write_list, write_photo
from tests.small_run import SMALL

from reposer.augmentation import AugmentConfig, augment
from reposer.checks import InputError
from reposer.cli import main
from reposer.data import SPLITS, PairDataset, collate, has_split, open_pairs
from reposer.data.cache import CachedPairs
from reposer.data.photos import PHOTOS
from reposer.data.photos.listing import Photo, list_photos
from reposer.data.photos.split import TEST_SHARE, place_of, splits_of
from reposer.decoding import photo_size_of
from reposer.diagnosis import diagnose_data
from reposer.generator import Generator
from reposer.images import read_image, to_signed
from reposer.letterbox import FILL, Box, content_mask, letterbox, letterbox_pose
from reposer.models import build_generator
from reposer.poses import write_annotations
from reposer.poses.keypoints import write_keypoints
from reposer.results import read_manifest

SIZE = (64, 32)


def test_a_folder_a_person(tmp_path: Path) -> None:
    root, poses = tmp_path / "photos", {}
    poses = own_photos(root)
    write_annotations(root / "keypoints.csv", poses)
    index = open_pairs(root, "test", size=SIZE)
    assert (index.layout, index.size, index.left_out) == ("photos", SIZE, "")
    assert index.pairs == tuple(
        (f"anna-IMG_{a}.png", f"anna-IMG_{b}.png") for a in range(4) for b in range(4) if a != b
    )
    item = PairDataset(index)[7]
    for name, image, joints in (
        ("anna/IMG_2.png", item.source, item.source_joints),
        ("anna/IMG_1.png", item.target, item.target_joints),
    ):
        photo = read_image(root / name)
        assert torch.equal(image, letterbox(photo, SIZE))
        shape = (photo.shape[1], photo.shape[2])
        assert torch.equal(joints, letterbox_pose(poses[name], shape, SIZE).joints)
    assert item.target_box is not None
    assert item.target[:, ~content_mask(item.target_box[None], SIZE)[0, 0]].eq(FILL).all()
    assert len(open_pairs(root, "train", "photos").pairs) == 3 * 2 + 2 + 2


def test_boxes_follow_their_images(tmp_path: Path) -> None:
    index = open_pairs(photo_data(tmp_path / "photos"), "test", size=SIZE)
    plain, flipped = PairDataset(index), PairDataset(index, flip=True)
    a, b = plain[0], flipped[len(plain)]
    assert a.target_box is not None
    assert b.target_box is not None
    inside = content_mask(torch.stack([a.target_box, b.target_box]), SIZE)
    assert torch.equal(inside[1], inside[0].flip(-1))
    batch = collate([a, b, plain[4]])
    assert batch.target_box is not None
    assert batch.target_box.shape == (3, 4)
    assert batch.tensors()[-1] is batch.target_box
    parts = batch.split(2)
    assert torch.equal(torch.cat([part.target_box for part in parts if part.target_box is not None]), batch.target_box)
    assert batch.to("cpu").target_box is not None
    assert plain.digest() != PairDataset(open_pairs(index.images, "test", size=(64, 48))).digest()


def test_a_list_with_splits(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    poses = own_photos(root / "any", {"x": 3, "y": 3})
    write_keypoints(root / "keypoints.csv", {f"any/{name}": pose for name, pose in poses.items()})
    rows = [(f"any/{name}", name[0], "train" if name[0] == "x" else "test") for name in poses]
    write_list(root, rows)
    assert [len(open_pairs(root, split, size=SIZE).pairs) for split in ("train", "test")] == [6, 6]
    assert open_pairs(root, "train").pairs[0] == ("any-x-IMG_0.png", "any-x-IMG_1.png")
    write_list(root, [row[:2] for row in rows])
    splits = splits_of(list_photos(root).photos)
    assert sorted(splits.values()) == ["test", "train"]


def test_folders_of_splits(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    poses = own_photos(root, {"0000": 2}, under="train/") | own_photos(root, {"ben": 3}, under="test/")
    write_annotations(root / "keypoints.csv", poses)
    assert open_pairs(root, "train").pairs[0] == ("0000-IMG_0.png", "0000-IMG_1.png")
    assert len(open_pairs(root, "test").pairs) == 6
    own_photos(root, {"Ben": 2}, under="train/")
    with pytest.raises(InputError, match=r"in both splits: Ben/ben; .* give two people two names"):
        open_pairs(root, "train")


@pytest.mark.parametrize("place", ["openpose", "people", "names"])
def test_keypoints_are_found(tmp_path: Path, place: str) -> None:
    """A folder of OpenPose files for each person, a file in each person's folder, or unlike names without folders."""
    root, people = tmp_path / "photos", {"anna": 2, "ben": 2}
    poses = own_photos(root, people)
    for person in people:
        own = {name.split("/")[1]: pose for name, pose in poses.items() if name.startswith(person)}
        if place == "openpose":
            (root / "keypoints").mkdir(exist_ok=True)
            write_keypoints(root / "keypoints" / person, own, format="openpose")
        elif place == "people":
            write_annotations(root / person / "keypoints.csv", own)
        else:
            for name in own:
                (root / person / name).rename(root / person / f"{person}{name}")
    if place == "names":
        write_annotations(root / "keypoints.csv", {name.replace("/", ""): pose for name, pose in poses.items()})
    index = open_pairs(root, "train", size=SIZE)
    assert len(index.poses) == 2
    for name, pose in index.poses.items():
        assert index.framed is not None
        file = index.framed[name].file
        original = poses[file if place != "names" else file.replace("/ben", "/").replace("/anna", "/")]
        shape = photo_size_of(root / file)
        assert torch.allclose(pose.joints, letterbox_pose(original, shape, SIZE).joints)


def test_who_is_tested_depends_on_the_name_alone() -> None:
    people = [f"person {i}" for i in range(400)]
    alone = {name for name in people if place_of(name) < TEST_SHARE}
    assert 50 < len(alone) < 110
    photos = [photo(name, i) for name in people for i in range(2)]
    assert {person for person, split in splits_of(photos).items() if split == "test"} == alone
    few = [photo(name, i) for name in ("anna", "ben") for i in range(2)]
    assert splits_of(few) == {"anna": "test", "ben": "train"}
    tested = [photo(name, i) for name in sorted(alone)[:3] for i in range(2)]
    assert sorted(splits_of(tested).values()) == ["test", "test", "train"]
    assert splits_of(few[:2]) == {"anna": "train"}


def photo(person: str, number: int) -> Photo:
    return Photo(f"{person}/{number}.jpg", person, None, f"{person}-{number}.jpg")


def test_one_person_is_enough_to_train(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos", {"anna": 3})
    assert len(open_pairs(root, "train").pairs) == 6
    assert not has_split(root, "test")
    with pytest.raises(
        InputError, match="nobody is in the test split, of 1 person: at least two people with two photos"
    ):
        open_pairs(root, "test")


def test_the_size_is_the_askers_the_folders_or_the_usual_one(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos", {"anna": 2})
    assert open_pairs(root, "train").size == PHOTOS.size == (256, 176)
    (root / "dataset.json").write_text(json.dumps({"name": "us", "size": [96, 64]}))
    assert open_pairs(root, "train").size == (96, 64)
    assert open_pairs(root, "train", size=SIZE).size == SIZE


def _remove(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def _write(name: str, text: str) -> Callable[[Path], None]:
    return lambda root: (root / name).write_text(text) and None


def _huge(root: Path) -> None:
    (root / "anna/IMG_0.png").write_bytes(huge_png(60_000, 60_000))


def _pipe(root: Path) -> None:
    (root / "anna/IMG_0.png").unlink()
    os.mkfifo(root / "anna/IMG_0.png")


def _link(name: str, target: str) -> Callable[[Path], None]:
    def link(root: Path) -> None:
        (root / target).exists() or (root / target).write_bytes(b"")
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(root / target)

    return link


def _thin(root: Path) -> None:
    write_photo(root / "anna/IMG_0.png", torch.zeros(3, 10, 500))
    lines = [line for line in (root / "keypoints.csv").read_text().splitlines() if "anna/IMG_0" not in line]
    (root / "keypoints.csv").write_text("\n".join([*lines, f"anna/IMG_0.png: {[5] * 18}: {[20] * 18}"]))


@pytest.mark.parametrize(("spoil", "message"), [
    (_remove("keypoints.csv"), r"no data set: looked for .*photos.csv or folders of people with keypoints.csv"),
    (_remove("anna/IMG_0.png"), r"1 photo of keypoints that are not there: anna/IMG_0.png; mend this, or .*missing 1 "),
    (_write("anna/IMG_9.jpg", ""), r"1 photo that cannot be read: \S*anna/IMG_9.jpg: not a readable image"),
    (_huge, r"1 photo that cannot be read: \S*IMG_0.png: 60,000x60,000 pixels"),
    (_pipe, r"1 photo that cannot be read: \S*IMG_0.png: expected a file, this is no regular file"),
    (_link("anna/IMG_0.png", "../elsewhere.png"), r"links that lead out of the folder: anna/IMG_0.png; copy the photo"),
    (_link("carla", "ben"), r"carla: a link to a folder; put the folder itself here"),
    (_thin, r"1 photo would be less than 16 pixels high or wide in 64x32: anna/IMG_0.png \(10x500\); cut them"),
    (_write("anna/IMG_0.jpg", ""), r"anna/IMG_0.jpg and anna/IMG_0.png would have one name, anna-IMG_0.png; rename on"),
    (_write("photos.csv", "image,who\n"), r"photos.csv: expected the header image,person or image,person,split in row"),
    (_write("photos.csv", "image,person\n/etc/passwd.png,x\n"), r"row 2: '/etc/passwd.png' is no path of a photo in"),
    (_write("photos.csv", "image,person\nb/../../x.png,x\n"), r"row 2: 'b/../../x.png' is no path of a photo in the"),
    (_write("photos.csv", "image,person\na.png,\n"), r"row 2: '' cannot be the name of a person"),
    (_write("photos.csv", "image,person\na.png,x\na.png,y\n"), r"row 3: a.png stands twice; remove one of the"),
    (_write("photos.csv", "image,person,split\na.png,x,dev\n"), r"row 2: split must be train or test in every row"),
    (_write("photos.csv", "image,person\na.png\n"), r"row 2: expected image,person, got 'a.png'"),
    (_write("photos.csv", ""), r"photos.csv: expected the header image,person"),
    (_write("photos.csv", "image,person\n"), r"no photos \(.jpg, .*\) in folders of people"),
    (_write("keypoints.json", "{}"), r"keypoints.json: no keypoints in a format known here"),
    (_write("anna/keypoints.csv", f"name:keypoints_y:keypoints_x\nIMG_0.png: {[1] * 18}: {[9] * 18}"),
     r"anna/keypoints.csv: keypoints of anna-IMG_0.png are in \S*keypoints.csv too; remove one of them"),
])  # fmt: skip
def test_bad_input_is_one_line(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    root = photo_data(tmp_path / "photos", {"anna": 3, "ben": 2, "dora": 2})
    spoil(root)
    with pytest.raises(InputError, match=message) as error:
        [open_pairs(root, split, size=SIZE) for split in SPLITS]
    assert "\n" not in str(error.value)


def test_missing_keypoints_can_be_left_out_and_are_listed(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos", {"anna": 3, "ben": 4, "dora": 1})
    lines = (root / "keypoints.csv").read_text().splitlines()
    (root / "keypoints.csv").write_text("\n".join(line for line in lines if "ben/IMG_2" not in line))
    with pytest.raises(
        InputError, match=r"1 photo without keypoints in keypoints.csv: ben/IMG_2.png; .* --skip-missing"
    ):
        open_pairs(root, "train")
    index = open_pairs(root, "train", skip_missing=1)
    assert len(index.pairs) == 6
    assert "1 photo without keypoints in keypoints.csv: ben/IMG_2.png; left out" in index.left_out
    assert "1 person is in no pair: dora (1 photo)" in index.left_out


def test_one_name_in_two_folders_needs_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    poses = own_photos(root, {"anna": 2, "ben": 2})
    write_annotations(root / "keypoints.csv", {name.split("/")[1]: pose for name, pose in poses.items()})
    with pytest.raises(InputError, match=r"IMG_0.png may be anna/IMG_0.png, ben/IMG_0.png; write PERSON/IMAGE, or put"):
        open_pairs(root, "train")
    write_annotations(root / "keypoints.csv", {f"carl/{name.split('/')[1]}": pose for name, pose in poses.items()})
    with pytest.raises(
        InputError, match=r"2 photos without keypoints.*; 2 photos of keypoints that are not there: carl/"
    ):
        open_pairs(root, "train")


def test_pictures_of_other_kinds_are_named(tmp_path: Path) -> None:
    (tmp_path / "anna").mkdir()
    (tmp_path / "keypoints.csv").write_text("name:keypoints_y:keypoints_x\n")
    (tmp_path / "anna" / "IMG_1.TIFF").touch()
    with pytest.raises(
        InputError, match=r"found 1 of kinds that are not opened: anna/IMG_1.TIFF; convert them to JPEG"
    ):
        open_pairs(tmp_path, "train")


def test_beside_a_release_keypoints_mean_nothing(tmp_path: Path, market: Path) -> None:
    (market / "keypoints.csv").touch()
    try:
        assert open_pairs(market, "train").layout == "market"
    finally:
        (market / "keypoints.csv").unlink()


def test_the_doctor_looks_at_own_photos(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos", {"anna": 4, "ben": 3, "dora": 1})
    (root / "ben/again.png").write_bytes((root / "ben/IMG_0.png").read_bytes())
    with (root / "keypoints.csv").open("a") as file:
        row = next(line for line in (root / "keypoints.csv").read_text().splitlines() if "ben/IMG_0" in line)
        file.write(row.replace("IMG_0", "again") + "\n")
    found = diagnose_data(root, workers=1)
    told = {level: [f.text for f in found.findings if f.level == level] for level in ("error", "warning", "note")}
    assert told["error"] == []
    assert any("train: 1 person is in no pair: dora (1 photo)" in text for text in told["warning"])
    assert any("are one file, whose pair teaches nothing" in text for text in told["warning"])
    notes = "\n".join(told["note"])
    assert "photos, test: 4 annotated images, 4 of them there, 256x176; 12 pairs of 1 people" in notes
    assert "% of the pictures is padding, which counts in no loss and no score" in notes
    assert found.next == f"reposer train fashion-pssim --data {root} --out run"
    assert (tmp_path / "photos-doctor.png").exists()
    (root / "ben/IMG_1.png").unlink()
    assert any("keypoints that are not there: ben/IMG_1.png" in text for text in texts(root, "error"))


def texts(root: Path, level: str) -> list[str]:
    return [finding.text for finding in diagnose_data(root, workers=1).findings if finding.level == level]


@pytest.mark.slow(4)
def test_trained_generated_and_scored_by_commands(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos", suffix=".jpg")
    run, out = tmp_path / "run", tmp_path / "results"
    options = (
        "--size 128 64 --generator.channels 4 --generator.blocks 1 --discriminators.channels 4 "
        "--discriminators.blocks 1 "
        "--objective.perceptual.weight 0 --optimization.batch-size 2 --optimization.pairs-per-epoch 4 "
        "--optimization.constant-epochs 1 --optimization.decay-epochs 0 --data.workers 0 --hardware.accelerator cpu"
    )
    main(["train", "market-pssim", "--data", str(root), "--out", str(run), *options.split()])
    main(["generate", str(run), "--data", str(root), "--out", str(out)])
    index = open_pairs(root, "test", size=(128, 64))
    dataset = PairDataset(index)
    for i, path in enumerate(sorted(out.glob("*.png"))[:3]):
        box = dataset[i].target_box
        assert box is not None
        padding = ~content_mask(box[None], (128, 64))[0, 0]
        assert padding.any()
        assert read_image(path)[:, padding].eq(FILL).all()
        assert not read_image(path)[:, ~padding].eq(FILL).all()
    assert read_manifest(out).photos is not None
    main(["evaluate", str(out), "--protocol", "reposer-1", "--metrics", "ssim", "part_ssim", "--json", f"{run}/e.json"])
    assert len(json.loads((run / "e.json").read_text())["per_image"]) == len(index.pairs)
    assert Box(*dataset[0].target_box.tolist()).height < 128  # type: ignore[union-attr]
    assert to_signed(torch.tensor(FILL)).abs() < 0.01
    assert set(PEOPLE) == set(splits_of(list_photos(root).photos))


def test_images_kept_in_memory_keep_their_boxes(tmp_path: Path) -> None:
    dataset = PairDataset(open_pairs(photo_data(tmp_path / "photos"), "test", size=SIZE), flip=True)
    items = [0, len(dataset) - 1, 5]
    expected = collate([dataset[item] for item in items])
    found = CachedPairs.filled(dataset, torch.device("cpu"), workers=0).batch(items)
    assert expected.target_box is not None
    assert found.target_box is not None
    assert torch.equal(found.target_box, expected.target_box)
    assert torch.equal(found.target, expected.target)
    part = dataset.first(1)
    assert part[0].target_box is not None
    assert torch.equal(part[0].target, dataset[0].target)


def test_new_images_of_own_photos(tmp_path: Path) -> None:
    """As a data set in Market's layout, of people who are named by numbers there."""
    root = photo_data(tmp_path / "photos", {"anna": 4, "ben": 4, "carl": 4})
    torch.manual_seed(0)
    generator = Generator(build_generator(SMALL.generator), SMALL)
    made = augment(generator, root, tmp_path / "new", AugmentConfig(poses_per_person=2))
    assert (made.people, made.images, made.present) == (2, 4, 4)
    assert len(list((tmp_path / "new" / "train").iterdir())) == 4
