"""Poses from an estimator: the surest person, COCO to OpenPose, and loud failure when nobody is found."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.poses import COCO_17, OPENPOSE_18, read_annotations, write_annotations
from reposer.poses.estimators import KEYPOINT_RCNN, KeypointRCNN, Person, chosen_person, estimate_poses, load_estimator
from reposer.poses.estimators.keypoint_rcnn import _people

BATCHES: list[int] = []


class Bright:
    """Sees a person where an image is bright; joint i at (i, 2 i); the left wrist unsure."""

    identity = "bright"
    skeleton = COCO_17
    score_threshold = 0.5
    joint_threshold = 2.0

    def __call__(self, images: Sequence[Tensor]) -> list[list[Person]]:
        BATCHES.append(len(images))
        joints = torch.stack([torch.arange(17.0), 2 * torch.arange(17.0)], dim=1)
        scores = torch.full((17,), 5.0)
        scores[COCO_17.joints.index("left wrist")] = 1.0
        box = torch.tensor([0.0, 0.0, 16.0, 32.0])
        return [[Person(image.float().mean().item() / 255, joints, scores, box)] for image in images]


estimator = Bright()


def pictures(values: Sequence[int]) -> list[tuple[str, Tensor]]:
    return [(f"{i}.png", torch.full((3, 40 + i, 20), value, dtype=torch.uint8)) for i, value in enumerate(values)]


def test_joints_are_matched_by_name_and_written(tmp_path: Path) -> None:
    BATCHES.clear()
    told: list[int] = []
    poses = estimate_poses(pictures([255] * 5), estimator=estimator, batch_size=2, progress=told.append)
    assert BATCHES == [2, 2, 1]
    assert told == [2, 4, 5]
    pose = poses["0.png"]
    for name in ("nose", "right ear", "left ankle"):
        i = COCO_17.joints.index(name)
        assert pose.joints[OPENPOSE_18.joints.index(name)].tolist() == [i, 2 * i]
    assert pose.joints[1].tolist() == [5.5, 11]  # the neck: middle of the shoulders
    assert [OPENPOSE_18.joints[i] for i in (~pose.visible).nonzero().flatten()] == ["left wrist"]
    write_annotations(tmp_path / "found.csv", poses)
    assert read_annotations(tmp_path / "found.csv")["4.png"].visible.equal(pose.visible)


def test_few_missed_people_are_named_and_have_no_joint() -> None:
    with pytest.warns(
        UserWarning, match=r"nobody was found in 1 of 5 images, e\.g\. 3\.png; their poses have no joint"
    ):
        poses = estimate_poses(pictures([255, 255, 255, 100, 255]), estimator=estimator)
    assert not poses["3.png"].visible.any()
    assert poses["4.png"].visible.sum() == 17
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate_poses(pictures([255, 100]), estimator=estimator, score_threshold=0.3)


def test_many_missed_people_are_an_error_that_names_them() -> None:
    with pytest.raises(
        InputError, match=r"found in 7 of 8 images, e\.g\. 0\.png, .*4\.png, \.\.\.: more than 20%; check"
    ):
        estimate_poses(pictures([0] * 7 + [255]), estimator=estimator)
    with pytest.raises(InputError, match=r"in 3 of 3 images"):
        estimate_poses(pictures([255] * 3), estimator=estimator, joint_threshold=9)
    with pytest.raises(InputError, match="no images to estimate poses of"):
        estimate_poses([], estimator=estimator)
    with pytest.raises(InputError, match=r"two images are called 0\.png"):
        estimate_poses(pictures([255]) * 2, estimator=estimator)


def test_everybody_in_a_detection_the_surest_first() -> None:
    found = {
        "labels": torch.tensor([1, 1, 2]),
        "scores": torch.tensor([0.4, 0.8, 0.9]),
        "keypoints": torch.arange(3.0)[:, None, None].expand(3, 17, 3),
        "keypoints_scores": torch.arange(3.0)[:, None].expand(3, 17),
        "boxes": torch.arange(3.0)[:, None].expand(3, 4),
    }
    person, other = _people(found)
    assert other.score == pytest.approx(0.4)
    assert person.box.eq(1).all()
    assert person.score == pytest.approx(0.8)
    assert person.joints.eq(1).all()
    assert person.joints.shape == (17, 2)
    assert person.joint_scores.eq(1).all()
    assert _people({name: values[2:] for name, values in found.items()}) == []


def test_missing_weights_are_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def unreachable(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", unreachable)
    with pytest.raises(InputError, match=rf"{KEYPOINT_RCNN.name} \(226 MB\) are not here .*annotation CSV$"):
        KeypointRCNN()


def random_weights() -> dict[str, Tensor]:
    """Of keypoint R-CNN; by them it takes most of what it looks at for people."""
    from torchvision.models.detection import keypointrcnn_resnet50_fpn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = keypointrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    state["roi_heads.box_predictor.cls_score.bias"] = torch.tensor([0.0, 4.0])
    return state


def noise() -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(0, 256, (3, 64, side), generator=generator, dtype=torch.uint8) for side in (40, 70)]


def small(estimator: KeypointRCNN) -> KeypointRCNN:
    """Let it look at small pictures, keep people that overlap, and end soon."""
    estimator.network.roi_heads.nms_thresh, estimator.network.roi_heads.detections_per_img = 0.8, 4
    estimator.network.rpn._post_nms_top_n = {"training": 20, "testing": 20}
    estimator.network.transform.min_size, estimator.network.transform.max_size = (96,), 160
    return estimator


@pytest.mark.slow(4)
def test_keypoint_rcnn_by_its_name_finds_everybody_in_images_of_any_size(tmp_path: Path) -> None:
    estimator = load_estimator("keypoint-rcnn", weights={KEYPOINT_RCNN.name: random_weights()})
    assert isinstance(estimator, KeypointRCNN)
    images = noise()
    found = small(estimator)(images)
    assert len(found) == 2
    for people, image in zip(found, images, strict=True):
        assert 1 < len(people) <= 4
        scores = [person.score for person in people]
        assert scores == sorted(scores, reverse=True)
        for person in people:
            assert (person.joints.shape, person.joint_scores.shape) == ((17, 2), (17,))
            left, top, right, bottom = person.box.tolist()
            assert 0 <= left < right <= image.shape[2]
            assert 0 <= top < bottom <= image.shape[1]
            assert (person.joints >= person.box[:2] - 1).all()
            assert (person.joints <= person.box[2:] + 1).all()
        size = (image.shape[1], image.shape[2])
        first = chosen_person(people, size, estimator, person=1, score_threshold=0, joint_threshold=-1e9)
        assert first is not None
        assert first[0] is people[0]
        assert first[1].visible.all()
    torch.save({"x": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"other\.pth: not the weights keypointrcnn_.* SHA-256 starts with"):
        load_estimator("keypoint-rcnn", weights=tmp_path / "other.pth")


@pytest.mark.gpu
def test_keypoint_rcnn_finds_the_same_on_a_gpu() -> None:
    weights = {KEYPOINT_RCNN.name: random_weights()}
    on_cpu, on_gpu = (load_estimator("keypoint-rcnn", weights=weights, device=device) for device in ("cpu", "cuda"))
    assert isinstance(on_cpu, KeypointRCNN)
    assert isinstance(on_gpu, KeypointRCNN)
    for here, there in zip(small(on_cpu)(noise()), small(on_gpu)(noise()), strict=True):
        assert there[0].joints.device.type == "cpu"
        assert there[0].score == pytest.approx(here[0].score, abs=1e-3)
        assert (there[0].box - here[0].box).abs().max() < 1


@pytest.mark.nightly
def test_equals_torchvision() -> None:
    from torchvision.models.detection import KeypointRCNN as Network
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        outside = Network(resnet_fpn_backbone(backbone_name="resnet50", weights=None), num_classes=2).eval()
    ours = KeypointRCNN(weights=outside.state_dict())
    for network in (outside, ours.network):
        network.transform.min_size, network.transform.max_size = (96,), 160
    for module in outside.modules():
        if hasattr(module, "eps"):
            module.eps = 0.0
    image = torch.randint(0, 256, (3, 64, 40), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    with torch.no_grad():
        expected = _people(outside([image / 255])[0])[0]
    found = ours([image])[0][0]
    assert found.score == pytest.approx(expected.score)
    torch.testing.assert_close(found.joints, expected.joints)
    with pytest.raises(InputError, match="not the weights of keypoint R-CNN"):
        KeypointRCNN(weights={"x": torch.zeros(1)})
