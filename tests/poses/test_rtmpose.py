"""RTMPose from the picture to the right joints, by small networks that find dots; and rtmlib's own numbers."""

import hashlib
import json
import sys
import urllib.error
import zipfile
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from tests.poses import rtmlib_values as outside
from tests.poses.onnx_models import SCORES, people_network, person_in, picture, pose_network

from reposer.checks import InputError
from reposer.poses import COCO_17, OPENPOSE_18
from reposer.poses.estimators import ESTIMATORS, RTMPose, chosen_person, load_estimator
from reposer.poses.estimators.detector import decoded, letterbox, without_overlaps
from reposer.poses.estimators.simcc import cropped, joints_of, network_input

POSE, DETECTOR = ESTIMATORS["rtmpose"].files
LEFT, RIGHT = person_in(1, (60, 50, 220, 400)), person_in(0, (350, 80, 540, 330))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both networks under their names: one in a zip file as published, one unpacked."""
    folder = tmp_path_factory.mktemp("weights")
    plain = pose_network(folder / "plain.onnx")
    packed(folder / POSE.name, {"20230831/rtmpose_onnx/x/end2end.onnx": plain.read_bytes(), "x/deploy.json": b"{}"})
    plain.unlink()
    people_network(folder / DETECTOR.names[1])
    return folder


@pytest.fixture(scope="module")
def rtmpose(folder: Path) -> Any:
    return load_estimator("rtmpose", weights=folder)


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_everybody_is_found_with_every_joint_in_its_place(rtmpose: Any) -> None:
    empty = picture((90, 70), [])
    tall = person_in(2, (30, 20, 110, 190))
    people, nobody, one = rtmpose([picture((480, 640), [LEFT, RIGHT]), empty, picture((200, 140), [tall])])
    assert nobody == []
    assert rtmpose.skeleton == COCO_17
    found = [*people, *one]
    assert [person.score for person in found] == pytest.approx([SCORES[0], SCORES[1], SCORES[2]])
    for person, (_, box, joints) in zip(found, (RIGHT, LEFT, tall), strict=True):
        assert person.box.tolist() == pytest.approx(box, abs=1.5)
        true = torch.tensor([joints[i] for i in range(17)])
        assert (person.joints - true).abs().max() < 1
        assert person.joint_scores.min() > 0.4


def test_one_person_becomes_a_pose_without_the_joints_that_are_not_seen(rtmpose: Any) -> None:
    left = (LEFT[0], LEFT[1], {i: place for i, place in LEFT[2].items() if i != COCO_17.joints.index("left wrist")})
    image = picture((480, 640), [left, RIGHT])
    (people,) = rtmpose([image])
    size = (480, 640)
    chosen = chosen_person(people, size, rtmpose)
    assert chosen is not None
    assert chosen[0] is people[1]  # the larger one, though less sure
    pose = chosen[1]
    assert [OPENPOSE_18.joints[i] for i in (~pose.visible).nonzero().flatten()] == ["left wrist"]
    nose = torch.tensor(LEFT[2][0])
    assert (pose.joints[OPENPOSE_18.joints.index("nose")] - nose).abs().max() < 1
    surest = chosen_person(people, size, rtmpose, person=1)
    assert surest is not None
    assert surest[0] is people[0]
    assert surest[1].visible.all()
    assert chosen_person(people, size, rtmpose, person=3) is None
    assert chosen_person(people, size, rtmpose, person=2, score_threshold=0.85) is None
    assert chosen_person(people, size, rtmpose, joint_threshold=1.1) is None
    assert chosen_person([], size, rtmpose) is None


def test_a_joint_beyond_the_border_is_missing(rtmpose: Any) -> None:
    (people,) = rtmpose([picture((480, 640), [LEFT])])
    cut = chosen_person(people, (480, 150), rtmpose)
    assert cut is not None
    assert cut[1].joints[cut[1].visible][:, 0].max() < 150
    assert 0 < cut[1].visible.sum() < 18


def test_networks_that_take_one_image_at_a_time_find_the_same(rtmpose: Any, folder: Path, tmp_path: Path) -> None:
    single = RTMPose(pose_network(tmp_path / "pose.onnx", batch=1), folder / DETECTOR.names[1])
    images = [picture((480, 640), [LEFT, RIGHT]), picture((480, 640), [RIGHT])]
    for ours, theirs in zip(single(images), rtmpose(images), strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert one.joints.equal(other.joints)
            torch.testing.assert_close(one.joint_scores, other.joint_scores)


def test_sizes_that_a_network_leaves_open_are_those_given(tmp_path: Path) -> None:
    detector = people_network(tmp_path / "people.onnx", (160, 192), named=False)
    pose = pose_network(tmp_path / "pose.onnx")
    ((person,),) = RTMPose(pose, detector, detector_size=(160, 192))([picture((480, 640), [LEFT])])
    assert person.box.tolist() == pytest.approx(LEFT[1], abs=4)


def test_equals_rtmlib_in_numbers_kept() -> None:
    _assert_equals(json.loads(outside.GOLDEN.read_text()))


def test_equals_rtmlib_as_installed() -> None:
    pytest.importorskip("rtmlib")
    _assert_equals(outside.of_rtmlib())


def _assert_equals(expected: dict[str, Any]) -> None:
    image = outside.image()
    crops = [cropped(image, box, outside.POSE_SIZE) for box in outside.boxes()]
    inputs = network_input(crops)
    step = outside.STEP
    level = 1 / 57  # one step of 255, normalised: another OpenCV may round otherwise
    for ours, theirs in zip(inputs, expected["crops"], strict=True):
        np.testing.assert_allclose(ours.transpose(1, 2, 0)[::step, ::step], theirs, atol=2 * level)
    joints, _ = joints_of(*outside.curves(), crops)
    np.testing.assert_allclose(joints, expected["joints"], atol=2e-4)
    square, ratio = letterbox(image, outside.SQUARE)
    assert ratio == pytest.approx(expected["ratio"])
    np.testing.assert_allclose(square[::step, ::step].astype(int), expected["square"], atol=2)
    people = without_overlaps(decoded(outside.grids()[0], outside.SQUARE), 0.3)
    assert 10 < len(people) < 84
    np.testing.assert_allclose(people[:, :4], expected["people"], atol=2e-3)


def test_a_person_found_by_rtmlib_is_found_alike(rtmpose: Any, folder: Path, tmp_path: Path) -> None:
    """Its two networks get the colours in the order of their training, as it leaves to the caller."""
    rtmlib = pytest.importorskip("rtmlib")
    detector = rtmlib.YOLOX(str(folder / DETECTOR.names[1]), model_input_size=(320, 320))
    pose = rtmlib.RTMPose(str(pose_network(tmp_path / "pose.onnx")), model_input_size=(192, 256))
    image = picture((431, 617), [LEFT, RIGHT])
    rgb = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    joints, _ = pose(rgb, detector(np.ascontiguousarray(rgb[:, :, ::-1])))
    (people,) = rtmpose([image])
    np.testing.assert_allclose(torch.stack([person.joints for person in people]), joints, atol=1e-3)


def test_the_score_of_a_joint_is_that_of_its_worse_axis() -> None:
    crop = cropped(np.zeros((40, 30, 3), np.uint8), np.array([0.0, 0.0, 30.0, 40.0]), (32, 24))
    across, down = np.zeros((1, 1, 48)), np.zeros((1, 1, 64))
    across[..., 12], down[..., 16] = 0.9, 0.2
    joints, scores = joints_of(across, down, [crop])
    assert scores.tolist() == [[0.2]]
    assert joints[0, 0].tolist() == pytest.approx([15 - 15 * 1.25 + 0.25 * 37.5, 20 - 20 * 1.25 + 0.25 * 50])


def test_the_identity_is_that_of_the_networks_however_they_are_packed(rtmpose: Any, folder: Path) -> None:
    with zipfile.ZipFile(folder / POSE.name) as archive:
        inner = hashlib.sha256(archive.read("20230831/rtmpose_onnx/x/end2end.onnx")).hexdigest()
    outer = hashlib.sha256((folder / DETECTOR.names[1]).read_bytes()).hexdigest()
    assert rtmpose.identity == f"rtmpose-{inner[:8]}+{outer[:8]}"
    both = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (POSE.name, DETECTOR.names[1])]
    load_estimator("rtmpose", weights=folder, sha256=[digest.upper() for digest in both])
    with pytest.raises(InputError, match=rf"its SHA-256 is {both[1]}, which is none of those given"):
        load_estimator("rtmpose", weights=folder, sha256=both[:1])


def test_missing_weights_are_one_clear_line(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    asked: list[tuple[str, str]] = []

    def unreachable(url: str, place: str, **_: object) -> None:
        asked.append((url, place))
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", unreachable)
    with pytest.raises(InputError, match=rf"{POSE.name} \(about 50 MB\) are not here .* --estimator keypoint-rcnn"):
        load_estimator("rtmpose")
    assert asked == [(f"https://download.openmmlab.com/mmpose/v1/projects/rtmposev1/onnx_sdk/{POSE.name}",
                      str(tmp_path / "checkpoints" / POSE.name))]  # fmt: skip
    (tmp_path / "checkpoints" / POSE.name).write_bytes((folder / POSE.name).read_bytes())
    (tmp_path / "checkpoints" / DETECTOR.names[1]).write_bytes((folder / DETECTOR.names[1]).read_bytes())
    assert load_estimator("rtmpose").identity == load_estimator("rtmpose", weights=folder).identity
    with pytest.raises(InputError, match=r"rtmpose has 2 files; name the folder that holds rtmpose-m.* and yolox_m"):
        load_estimator("rtmpose", weights=folder / POSE.name)
    with pytest.raises(InputError, match=r"nowhere: no such file or folder; expected the weights of rtmpose"):
        load_estimator("rtmpose", weights=tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"unknown estimator 'rtmpos'; did you mean 'rtmpose'"):
        load_estimator("rtmpos")


def test_without_onnxruntime_it_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(InputError, match=r"needs onnxruntime: pip install 'reposer\[pose\]'"):
        load_estimator("rtmpose", weights=folder)


def test_a_device_that_is_not_there_is_one_clear_line(folder: Path) -> None:
    for name, device in product(("rtmpose", "keypoint-rcnn"), ("cuda:77", "gpu", "")):
        with pytest.raises(InputError, match=rf"^device '{device}': not one that"):
            load_estimator(name, weights=folder, device=device)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"../end2end.onnx": b""}, r"'../end2end.onnx', a name that leads outside of it"),
        ({"C:\\end2end.onnx": b""}, r"a name that leads outside of it"),
        ({"a.onnx": b"", "b.onnx": b""}, r"expected one \.onnx file in it"),
        ({"readme.txt": b""}, r"expected one \.onnx file in it"),
        ({"end2end.onnx": b"\0" * 2**24}, r"16,777,216 bytes, packed into .* no network"),
        ({"end2end.onnx": b"\0" * 100}, r"not a network that onnxruntime reads"),
    ],
)
def test_zip_files_that_hold_what_they_should_not(
    members: dict[str, bytes], message: str, folder: Path, tmp_path: Path
) -> None:
    path = packed(tmp_path / "weights.zip", members)
    with pytest.raises(InputError, match=message) as caught:
        RTMPose(path, folder / DETECTOR.names[1])
    assert "\n" not in str(caught.value)
    assert [each.name for each in tmp_path.iterdir()] == ["weights.zip"]


def test_networks_of_other_kinds_are_refused(folder: Path, tmp_path: Path) -> None:
    pose, people = folder / POSE.name, folder / DETECTOR.names[1]
    with pytest.raises(InputError, match=r"not the outputs of YOLOX but \(1, 17, 384\)"):
        RTMPose(pose, pose)
    with pytest.raises(InputError, match=r"not the outputs of RTMPose, \(N, J, X\) and \(N, J, Y\), but \(1, 4, 5\)"):
        RTMPose(people, people)
    for shape, message in (
        ([1, 1, 64, 64], r"one input, float images \(N, 3, H, W\).* tensor\(float\) \[1, 1, 64, 64\]"),
        ([2, 3, 64, 64], r"N open or 1"),
        ([1, 3, 64], r"this one has tensor\(float\) \[1, 3, 64\]"),
        ([1, 3, 64, 9000], r"a network for images of 64x9000"),
        ([1, 3, 64, 64], r"with 2 outputs or more"),
    ):
        with pytest.raises(InputError, match=message):
            RTMPose(_network(tmp_path / "x.onnx", shape), people)


def test_a_network_that_gives_no_numbers_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="gives numbers that are not finite; the file is damaged"):
        RTMPose(folder / POSE.name, _network(tmp_path / "x.onnx", [1, 3, 64, 64], value=np.nan))


def test_weights_outside_of_the_file_are_never_opened(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(np.zeros(3, np.float32).tobytes())
    path = _network(tmp_path / "x.onnx", [1, 3, 64, 64])
    model = onnx.load(path)
    onnx.external_data_helper.set_external_data(model.graph.initializer[0], "secret")
    model.graph.initializer[0].ClearField("raw_data")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="not a network that onnxruntime reads"):
        RTMPose(folder / POSE.name, path)


def _network(path: Path, shape: list[int], value: float = 1.0) -> Path:
    """A network that multiplies its input by a number."""
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)
    made = helper.make_tensor_value_info("output", TensorProto.FLOAT, shape)
    factor = numpy_helper.from_array(np.full(1, value, np.float32), "factor")
    graph = helper.make_graph(
        [helper.make_node("Mul", ["input", "factor"], ["output"])], "n", [given], [made], [factor]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path
