"""Files of keypoints: every format is told by its content and read exactly; what is ambiguous or wrong is refused."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.poses.keypoint_files import (
    PLACES,
    SAMPLES,
    SIZE,
    coco,
    controlnet,
    flat,
    instance,
    joints,
    landmarks,
    npy,
    openpose,
    openpose_person,
    result,
    sample,
    scored,
    write,
)

from reposer.checks import InputError
from reposer.images import write_image
from reposer.poses import COCO_17, OPENPOSE_18, OPENPOSE_25, Pose
from reposer.poses.estimators import ESTIMATORS
from reposer.poses.keypoints import (
    KEYPOINT_FORMATS,
    KeypointOptions,
    pose_sheet,
    read_image_poses,
    read_keypoints,
    write_keypoints,
)
from reposer.poses.keypoints.detection import format_of, load

TRUE = torch.tensor(list(PLACES.values()), dtype=torch.float32)
each_sample = pytest.mark.parametrize("name", SAMPLES)


def only(poses: dict[str, Pose]) -> Pose:
    (pose,) = poses.values()
    return pose


def refused(path: Path, message: str, **options: Any) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_keypoints(path, **options)
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)


@each_sample
def test_every_format_is_told_by_its_content_alone(name: str, tmp_path: Path) -> None:
    path = sample(tmp_path, name)
    value = load(path)
    detected = [each.name for each in KEYPOINT_FORMATS.values() if each.detect(value)]
    assert detected == [SAMPLES[name][0]]
    assert format_of(value, path).name == SAMPLES[name][0]


@each_sample
def test_every_format_gives_the_same_pose(name: str, tmp_path: Path) -> None:
    poses = read_keypoints(sample(tmp_path, name), size=SIZE)
    assert list(poses) == [{"coco": "1.jpg", "coco-results": "000000000139.jpg"}.get(name, "a.jpg")]
    pose = only(poses)
    assert pose.visible.all()
    assert pose.joints.dtype == torch.float32
    assert torch.allclose(pose.joints, TRUE, atol=1e-4)
    if "shares" not in name and "mediapipe" not in name:
        assert torch.equal(pose.joints, TRUE)


def test_samples_cover_the_catalogue() -> None:
    assert {kind for kind, _, _ in SAMPLES.values()} == set(KEYPOINT_FORMATS)


@pytest.mark.parametrize(("threshold", "seen"), [(0.5, True), (0.51, False)])
def test_joints_below_the_threshold_are_missing(threshold: float, seen: bool, tmp_path: Path) -> None:
    keypoints = flat(COCO_17)
    keypoints[5 * 3 + 2] = 0.5  # the left shoulder, on which the neck rests
    path = write(tmp_path, "r.json", [{"image_id": "a.jpg", "keypoints": keypoints}])
    pose = only(read_keypoints(path, threshold=threshold))
    missing = [OPENPOSE_18.joints[i] for i in (~pose.visible).nonzero()[:, 0].tolist()]
    assert missing == ([] if seen else ["neck", "left shoulder"])
    assert pose.joints[~pose.visible].eq(0).all()


def test_visibility_of_coco(tmp_path: Path) -> None:
    """Labelled joints are there even if hidden; those that are not labelled are missing at any threshold."""
    keypoints = flat(COCO_17, score=1)
    keypoints[2], keypoints[:2] = 0, [0, 0]
    path = write(tmp_path, "coco.json", coco(keypoints))
    for threshold in (0, 0.3, 1):
        assert only(read_keypoints(path, threshold=threshold)).visible.tolist() == [False] + [True] * 17


def test_nobody_above_the_threshold_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = write(tmp_path, "a_keypoints.json", openpose(openpose_person(OPENPOSE_25)))
    for nobody in ("refuse", "skip", "keep"):
        message = "nobody with a joint of score 0.95 or more in a.jpg; lower the threshold"
        refused(path, message, threshold=0.95, nobody=nobody)


def test_images_without_anybody_are_counted_skipped_or_kept(tmp_path: Path) -> None:
    path = write(tmp_path, "c.json", coco(flat(COCO_17, score=2), [0] * 51, [0] * 51))
    refused(path, r"in 2 of 3 images \(2.jpg, 3.jpg\).*--nobody skip")
    assert list(read_keypoints(path, nobody="skip")) == ["1.jpg"]
    kept = read_keypoints(path, nobody="keep")
    assert [pose.visible.any().item() for pose in kept.values()] == [True, False, False]


def test_of_several_people_the_largest_and_most_central_is_taken(tmp_path: Path) -> None:
    small, large = openpose_person(OPENPOSE_18, scale=0.5), openpose_person(OPENPOSE_18, scale=0.75)
    path = write(tmp_path, "a_keypoints.json", openpose(small, large))
    assert torch.equal(only(read_keypoints(path)).joints, TRUE * 0.75)
    assert torch.equal(only(read_keypoints(path, person=1)).joints, TRUE * 0.5)
    assert torch.equal(only(read_keypoints(path, person=2)).joints, TRUE * 0.75)
    refused(path, "no person 3", person=3)

    aside = openpose_person(OPENPOSE_18, scale=0.55, dx=400)
    path = write(tmp_path, "b_keypoints.json", openpose(aside, small))
    assert only(read_keypoints(path)).joints[0, 0] > 400  # the larger one, no size is known
    assert only(read_keypoints(path, size=(256, 512))).joints[0, 0] > 400
    middle = openpose_person(OPENPOSE_18, scale=0.5, dx=206)
    path = write(tmp_path, "c_keypoints.json", openpose(aside, middle))
    assert only(read_keypoints(path)).joints[0, 0] > 400
    assert only(read_keypoints(path, size=(128, 500))).joints[0, 0] == 250


def test_people_without_visible_joints_are_no_choice(tmp_path: Path) -> None:
    nobody = {**openpose_person(OPENPOSE_18), "pose_keypoints_2d": [0] * 54}
    path = write(
        tmp_path, "a_keypoints.json", openpose(nobody, {"pose_keypoints_2d": []}, openpose_person(OPENPOSE_18))
    )
    assert torch.equal(only(read_keypoints(path)).joints, TRUE)
    refused(path, "no person 1", person=1)


def test_a_folder_of_files_reads_as_one(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path, f"{name}_keypoints.json", openpose(openpose_person(OPENPOSE_25)))
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / ".hidden.json").write_text("{")
    assert list(read_keypoints(tmp_path)) == ["a.jpg", "b.jpg"]
    write(tmp_path, "c.json", coco(flat(COCO_17)))
    refused(tmp_path, "a_keypoints.json is openpose, c.json coco")
    write(tmp_path, "d.npy", npy(scored(COCO_17)))
    refused(tmp_path, "both .json and .npy")


def test_a_folder_without_keypoints_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "no .json or .npy file")
    refused(tmp_path / "missing", "no such file")


def test_images_give_names_and_sizes(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    write_image(images / "a.png", torch.zeros(3, *SIZE, dtype=torch.uint8))
    path = write(tmp_path, "a.json", {"landmark": landmarks()})
    poses = read_keypoints(path, images=images)
    assert list(poses) == ["a.png"]
    assert torch.allclose(poses["a.png"].joints, TRUE, atol=1e-4)
    refused(write(tmp_path, "b.json", {"landmark": landmarks()}), "no 'b'", images=images)
    refused(path, r"two sizes, 256x176 by .*a.png, 128x64 by the size given", images=images, size=(128, 64))
    write_image(images / "a.jpg", torch.zeros(3, *SIZE, dtype=torch.uint8))
    refused(path, "several images a: a.jpg, a.png", images=images)


def test_shares_of_the_image_need_its_size(tmp_path: Path) -> None:
    refused(write(tmp_path, "a.json", landmarks()), "give the size")
    person = {"pose_keypoints_2d": [v for x, y in joints(OPENPOSE_18) for v in (x / SIZE[1], y / SIZE[0], 1)]}
    path = write(tmp_path, "a_keypoints.json", openpose(person))
    refused(path, "give the size")
    assert torch.allclose(only(read_keypoints(path, size=SIZE)).joints, TRUE, atol=1e-4)


def test_poses_that_may_be_people_or_frames_are_refused_until_it_is_said(tmp_path: Path) -> None:
    both = np.stack([scored(COCO_17), scored(COCO_17) * [0.5, 0.5, 1]])
    for path in (
        write(tmp_path, "a.npy", npy(both)),
        write(tmp_path, "a.json", [landmarks(), [{**p, "x": p["x"] / 2, "y": p["y"] / 2} for p in landmarks()]]),
    ):
        refused(path, r"2 poses may be people of one image or frames of one person.*--stack", size=SIZE)
        assert len(read_keypoints(path, size=SIZE, stack="people")) == 1
        frames = read_keypoints(path, size=SIZE, stack="frames")
        assert list(frames) == ["a_000000.jpg", "a_000001.jpg"]
        assert torch.allclose(frames["a_000001.jpg"].joints, TRUE / 2, atol=1e-4)
        assert torch.allclose(only(read_keypoints(path, size=SIZE, person=2)).joints, TRUE / 2, atol=1e-4)


def test_what_may_be_several_formats_is_refused_and_they_are_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", {**openpose(openpose_person(OPENPOSE_18)), **coco(flat(COCO_17))})
    refused(path, "may be openpose or coco; name its format")
    assert list(read_keypoints(path, format="coco")) == ["1.jpg"]
    assert list(read_keypoints(path, format="openpose")) == ["a.jpg"]


def test_a_format_that_it_is_not_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a_keypoints.json", openpose(openpose_person(OPENPOSE_18)))
    refused(path, "not mmpose, which is .*; it looks like openpose", format="mmpose")
    with pytest.raises(InputError, match="unknown keypoint format 'openpos'; did you mean 'openpose'"):
        read_keypoints(path, format="openpos")


def test_frames_of_a_video_are_numbered(tmp_path: Path) -> None:
    frames = [{"frame_id": i, "instances": [instance(COCO_17, dx=i)] * (i != 1)} for i in range(3)]
    path = write(tmp_path, "results_walk.json", {"instance_info": frames})
    refused(path, r"in 1 of 3 images \(walk_000001.jpg\)")
    poses = read_keypoints(path, nobody="skip")
    assert list(poses) == ["walk_000000.jpg", "walk_000002.jpg"]
    assert torch.equal(poses["walk_000002.jpg"].joints, TRUE + torch.tensor([2.0, 0]))


def test_joints_that_a_file_names_are_read_by_name(tmp_path: Path) -> None:
    order = [*range(16, -1, -1)]
    names = tuple(COCO_17.joints[i] for i in order)
    places = joints(COCO_17)
    path = write(tmp_path, "c.json", coco([v for i in order for v in (*places[i], 2)], names=names))
    assert torch.equal(only(read_keypoints(path)).joints, TRUE)
    animal = tuple(name.replace("wrist", "front paw").replace("ankle", "back paw") for name in COCO_17.joints)
    refused(write(tmp_path, "d.json", coco(flat(COCO_17), names=animal)), "no left wrist, right wrist, left ankle")
    meta = {"keypoint_id2name": {str(i): f"joint {i}" for i in range(17)}}
    refused(
        write(tmp_path, "e.json", {"meta_info": meta, "instance_info": [instance(COCO_17)]}), "no skeleton of people"
    )


def test_joints_outside_of_the_image_are_missing(tmp_path: Path) -> None:
    path = write(tmp_path, "a.npy", npy(scored(COCO_17)))
    pose = only(read_keypoints(path, size=(200, 176)))
    assert [OPENPOSE_18.joints[i] for i in (~pose.visible).nonzero()[:, 0].tolist()] == ["right ankle", "left ankle"]
    refused(path, r"of 18 joints lie outside of their images of 40x40", size=(40, 40))


def _wrong() -> dict[str, tuple[str, Any, str]]:
    person = openpose_person(OPENPOSE_18)
    return {
        "length": ("a.json", openpose({**person, "pose_keypoints_2d": [1, 2, 3]}), "1 joints, of none"),
        "no-triples": ("a.json", openpose({**person, "pose_keypoints_2d": [1, 2]}), "got 2 values"),
        "null": ("a.json", openpose({**person, "pose_keypoints_2d": [None] * 54}), "number 1 is None"),
        "true": ("a.json", openpose({**person, "pose_keypoints_2d": [True] * 54}), "number 1 is True"),
        "huge": ("a.json", openpose({**person, "pose_keypoints_2d": [1e9] * 54}), "no coordinate"),
        "scale-4": ("a.json", openpose({**person, "pose_keypoints_2d": [-0.5, 0.5, 1] * 18}), "within 2 pixels"),
        "no-people": ("a.json", {"people": 7}, "expected people to be a list"),
        "people-of-17": ("a.json", openpose({**person, "pose_keypoints_2d": flat(COCO_17)}), "17 joints, of none of"),
        "no-canvas": ("a.json", {"people": [person], "canvas_height": 9}, "canvas_width must be a whole number"),
        "canvas": ("a.json", {**controlnet(flat(OPENPOSE_18)), "canvas_width": 0}, "canvas_width"),
        "nothing": ("a.json", [], "no keypoints in a format known here"),
        "text": ("a.csv", b"from,to\na,b\n", "no keypoints in a format known here"),
        "bytes": ("a.json", b"\xff\xfe\0", "neither text nor"),
        "no-image": ("a.json", {**coco(flat(COCO_17)), "images": []}, "is no image of this file"),
        "instances": ("a.json", {"images": [], "annotations": []}, "no annotation has keypoints"),
        "twice": ("a.json", [result(COCO_17, "x/a.jpg"), result(COCO_17, "y/a.jpg")], "a.jpg stands twice"),
        "name": ("a.json", [result(COCO_17, "a\nb.jpg")], "cannot be the name"),
        "parent": ("a.json", [result(COCO_17, "a/..")], "cannot be the name"),
        "scores": ("a.json", [{**instance(COCO_17), "keypoint_scores": [1]}], "expected a score of each of 17"),
        "world": ("a.json", {"pose_world_landmarks": [landmarks()]}, "world landmarks are metres"),
        "metres": ("a.json", [{**p, "x": 50} for p in landmarks()], "shares of the image, but one is 50"),
        "three": ("a.json", [[0.1, 0.2, 0.3]] * 33, "may be x, y, z or x, y, visibility"),
        "32": ("a.json", {"landmark": landmarks()[:-1]}, "expected 33 landmarks"),
        "pickle": ("a.npy", npy(np.array([{}], dtype=object)), "expected an array of numbers"),
        "complex": ("a.npy", npy(np.zeros((17, 2), complex)), "expected an array of numbers"),
        "shape": ("a.npy", npy(np.zeros((14, 2))), r"expected shape \(J, 2 or 3\)"),
        "transposed": ("a.npy", npy(np.zeros((2, 17))), r"got \(2, 17\)"),
        "empty": ("a.npy", npy(np.zeros((0, 17, 2))), r"got \(0, 17, 2\)"),
        "z": ("a.npy", npy(scored(COCO_17) * [1, 1, 50]), "leave a z out"),
        "infinite": ("a.npy", npy(np.full((17, 2), np.inf)), "cannot be pixels"),
        "all-nan": ("a.npy", npy(np.full((17, 2), np.nan)), "nobody with a joint"),
        "cut": ("a.npy", npy(scored(COCO_17))[:-8], "is it cut"),
        "claims": ("a.npy", npy(np.zeros((17, 2))).replace(b"(17, 2)", b"(9999999999, 17, 2)"), "cut|readable"),
        "header": ("a.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': [[[[[[", "not readable as .npy"),
    }  # fmt: skip


@pytest.mark.parametrize("case", _wrong())
def test_what_cannot_be_right_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    name, content, message = _wrong()[case]
    refused(write(tmp_path, name, content), message, size=SIZE)


quick = settings(max_examples=30, deadline=None, derandomize=True)
pixels = st.floats(0, 4000, width=32)


@st.composite
def poses(draw: st.DrawFn) -> dict[str, Pose]:
    """Draw a few poses of people, some joints missing, at least one there; beyond the corner."""
    found = {}
    for number in range(draw(st.integers(1, 3))):
        places = torch.tensor(draw(st.lists(st.tuples(pixels, pixels), min_size=18, max_size=18)), dtype=torch.float32)
        visible = torch.tensor(draw(st.lists(st.booleans(), min_size=18, max_size=18)))
        visible[4], places[4] = True, torch.tensor([7.0, 2500.0])
        found[f"{number} é.jpg"] = Pose(places * visible[:, None], visible)
    return found


@quick
@given(drawn=poses())
def test_openpose_round_trip_is_exact(drawn: dict[str, Pose], tmp_path_factory: pytest.TempPathFactory) -> None:
    out = tmp_path_factory.mktemp("round") / "openpose"
    write_keypoints(out, drawn)
    again = read_keypoints(out)
    assert list(again) == list(drawn)
    for name, pose in drawn.items():
        assert torch.equal(again[name].joints, pose.joints)
        assert torch.equal(again[name].visible, pose.visible)


@quick
@given(drawn=poses())
def test_csv_round_trip_is_exact_to_two_decimals(
    drawn: dict[str, Pose], tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("round") / "poses.csv"
    write_keypoints(out, drawn)
    again = read_keypoints(out)
    for name, pose in drawn.items():
        assert torch.equal(again[name].visible, pose.visible)
        assert (again[name].joints - pose.joints).abs().max() <= 0.0052


def test_written_openpose_is_what_openpose_writes(tmp_path: Path) -> None:
    visible = torch.tensor([True] * 17 + [False])
    write_keypoints(tmp_path / "out", {"a.jpg": Pose(TRUE, visible), "b.jpg": Pose(TRUE, ~visible & visible)})
    written = json.loads((tmp_path / "out" / "a_keypoints.json").read_text())
    (person,) = written["people"]
    assert set(openpose_person(OPENPOSE_18)) <= set(person)
    assert person["pose_keypoints_2d"] == [v for x, y in joints(OPENPOSE_18)[:-1] for v in (x, y, 1)] + [0, 0, 0]
    assert json.loads((tmp_path / "out" / "b_keypoints.json").read_text())["people"] == []


def test_nothing_is_overwritten_and_no_name_leads_outside(tmp_path: Path) -> None:
    pose = Pose(TRUE, torch.ones(18, dtype=torch.bool))
    (tmp_path / "there.csv").write_text("mine")
    for path in (tmp_path, tmp_path / "there.csv"):
        with pytest.raises(InputError, match="exists already"):
            write_keypoints(path, {"a.jpg": pose})
    assert (tmp_path / "there.csv").read_text() == "mine"
    for names, message in (
        (["../a.jpg"], "cannot name a file"),
        (["a.jpg", "a.png"], "would both be a_keypoints.json"),
    ):
        with pytest.raises(InputError, match=message):
            write_keypoints(tmp_path / "new", dict.fromkeys(names, pose))
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="unknown format to write 'coco'"):
        write_keypoints(tmp_path / "new", {"a.jpg": pose}, format="coco")


def test_the_sheet_shows_poses_over_their_images(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    grey = torch.full((3, *SIZE), 99, dtype=torch.uint8)
    for name in ("a", "b", "c"):
        write_image(images / f"{name}.png", grey)
        write(tmp_path / "keypoints", f"{name}_keypoints.json", openpose(openpose_person(OPENPOSE_18)))
    found = read_image_poses(tmp_path / "keypoints", KeypointOptions(images=images))
    over = pose_sheet(found, columns=2)
    assert over.shape == (3, 2 * 256 + 2, 2 * 176 + 2)
    assert (over[:, :256, :176] == 99).all(dim=0).float().mean() > 0.5
    drawn = over[:, 56:73, 80:97]  # about the neck
    assert (drawn != 99).any()
    plain = pose_sheet(read_image_poses(tmp_path / "keypoints", KeypointOptions()))
    assert plain.shape[1] == 256
    assert (plain == 0).all(dim=0).float().mean() > 0.5


def test_options_are_checked() -> None:
    for field, value in (
        ("threshold", -1.0),
        ("threshold", float("nan")),
        ("person", 0),
        ("size", (0, 9)),
        ("stack", "all"),
    ):
        with pytest.raises(InputError, match=field):
            KeypointOptions(**{field: value})


def test_the_docs_list_every_format_and_estimator() -> None:
    page = (Path(__file__).parents[2] / "docs" / "keypoints.md").read_text()
    above, _, below = page.partition("## Formats")
    assert re.findall(r"^\| `([\w-]+)` \|", below, re.MULTILINE) == list(KEYPOINT_FORMATS)
    assert re.findall(r"^\| `([\w-]+)` \|", above, re.MULTILINE) == list(ESTIMATORS)
