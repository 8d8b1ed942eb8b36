"""Arguments that are no tensors, or of another layout: one line that says how to make what is wanted."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import reposer
from reposer import losses
from reposer.checks import InputError, InputWarning
from reposer.features import VGG19Features
from reposer.metrics import METRICS
from reposer.metrics.modules import metric_class
from reposer.poses import COCO_17, OPENPOSE_18, Pose, convert_joints, draw_pose, joint_heatmaps, limb_masks
from tests.losses.cases import IMAGE_LOSSES, Case, images
from tests.losses.random_weights import vgg_state

NO_TENSORS: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "array": (lambda image: image.numpy(), r"got numpy.ndarray; torch.from_numpy makes one"),
    "list": (list, r"got list; torch.stack makes one"),
    "path": (lambda _: Path("photo.png"), r"got pathlib.PosixPath; reposer.images.read_image reads a file"),
    "name": (lambda _: "photo.png", r"got str; reposer.images.read_image reads a file"),
    "picture": (lambda _: Image.new("RGB", (24, 32)), r"got PIL.Image; reposer.images.from_pil makes one"),
    "nothing": (lambda _: None, r"got NoneType$"),
}
LAYOUTS: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "one image": (lambda image: image[0], r"got \(3, 32, 24\); make a batch of one image: image\[None\]$"),
    "channels last": (lambda image: image.permute(0, 2, 3, 1), r"the channels come last; use image.permute\(0, 3, 1"),
    "one image, channels last": (lambda image: image[0].permute(1, 2, 0), r"image.permute\(2, 0, 1\)\[None\]$"),
}


@pytest.fixture(params=IMAGE_LOSSES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.mark.parametrize("kind", NO_TENSORS)
def test_losses_name_what_is_no_tensor(case: Case, kind: str) -> None:
    make, message = NO_TENSORS[kind]
    x, y = images()
    single = case.name == "total_variation_loss"
    with pytest.raises(TypeError, match=r"must be a torch tensor \(B, C, H, W\), " + message):
        getattr(losses, case.name)(make(x), *(() if single else (y, *case.besides)), **case.networks)
    module = case.make_module()
    with pytest.raises(TypeError, match=r"must be a torch tensor \(B, C, H, W\), " + message):
        case.call(module, make(x), make(y))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_losses_name_another_layout(case: Case, layout: str) -> None:
    make, message = LAYOUTS[layout]
    with pytest.raises(ValueError, match=message):
        case.call(case.make_module(), *map(make, images()))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_metrics_name_another_layout(layout: str) -> None:
    make, message = LAYOUTS[layout]
    x, y = (make(((image + 1) * 127.5).to(torch.uint8)) for image in images())
    for metric in ("l1", "ssim", "psnr"):
        with pytest.raises(ValueError, match=message):
            METRICS[metric].function(x, y)
        with pytest.raises(TypeError, match=r"generated must be a torch tensor \(B, 3, H, W\), got numpy.ndarray"):
            METRICS[metric].function(x.numpy(), y.numpy())


def test_joints_that_are_no_batch_of_tensors_are_named() -> None:
    joints, visible = torch.rand(18, 2) * 20 + 2, torch.ones(18, dtype=torch.bool)
    for use in (joint_heatmaps, limb_masks):
        with pytest.raises(ValueError, match=r"make a batch of one pose: joints\[None\], visible\[None\]"):
            use(joints, visible, (32, 24))
        with pytest.raises(TypeError, match=r"joints must be a torch tensor \(B, J, 2\), got numpy.ndarray"):
            use(joints[None].numpy(), visible[None], (32, 24))  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"visible must be a torch tensor \(B, J\), got list"):
            use(joints[None], visible[None].tolist(), (32, 24))  # type: ignore[arg-type]


def test_masks_that_are_no_tensor_are_named() -> None:
    with pytest.raises(TypeError, match=r"part_masks must be a torch tensor \(B, P, H, W\), got numpy.ndarray"):
        losses.part_ssim_loss(*images(), np.ones((2, 10, 32, 24)))  # type: ignore[arg-type]


def test_a_pose_is_made_of_tensors() -> None:
    joints, visible = torch.zeros(18, 2), torch.ones(18, dtype=torch.bool)
    with pytest.raises(TypeError, match=r"joints must be a torch tensor \(J, 2\), got numpy.ndarray; torch.from_numpy"):
        Pose(joints.numpy(), visible)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"visible must be a torch tensor \(J,\), got list"):
        Pose(joints, visible.tolist())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"a pose needs joints \(J, 2\) and visible \(J,\), got \(1, 18, 2\)"):
        Pose(joints[None], visible[None])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image": "photo.jpg"}, r"image must be a PIL Image, got 'photo.jpg'; reposer.images.open_rgb reads a file"),
        ({"image": torch.zeros(3, 128, 64)}, r"image must be a PIL Image, got tensor"),
        ({"source_pose": "pose.csv"}, r"source_pose must be a reposer Pose, got 'pose.csv'; .*read_annotations"),
        ({"target_pose": np.zeros((18, 2))}, r"target_pose must be a reposer Pose, got array"),
        ({"generator": "mannequin"}, r"generator must be a reposer Generator, got 'mannequin'; reposer.load_generator"),
    ],
    ids=str,
)
def test_transfer_names_what_it_cannot_take(changed: dict[str, Any], message: str) -> None:
    pose = Pose(torch.rand(18, 2) * 20 + 2, torch.ones(18, dtype=torch.bool))
    arguments: dict[str, Any] = {"image": Image.new("RGB", (64, 128)), "source_pose": pose, "target_pose": pose}
    with pytest.raises(TypeError, match=message):
        reposer.transfer(**{**arguments, "generator": None} | changed)


def test_transfer_takes_photos_of_any_size_and_says_how_a_pose_comes_to_fit() -> None:
    generator = reposer.load_generator("mannequin")
    pose = Pose(torch.rand(18, 2) * 20 + 2, torch.ones(18, dtype=torch.bool))
    with pytest.warns(InputWarning, match="this photo lies far from what the generator was trained on"):
        assert reposer.transfer(Image.new("RGB", (480, 640)), pose, pose, generator).size == (64, 128)
    coco = Pose(pose.joints[:17], pose.visible[:17])
    with pytest.raises(InputError, match=r"target_pose has 17 joints, .*openpose-18; reposer.poses.convert_pose"):
        reposer.transfer(Image.new("RGB", (64, 128)), pose, coco, generator)


def test_what_a_wrong_argument_is_stands_in_one_line() -> None:
    with pytest.raises(TypeError, match="got array") as caught:
        reposer.transfer(np.zeros((128, 64, 3)), None, None, None)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_joints_with_a_third_column_and_label_maps_are_told_apart() -> None:
    visible = torch.ones(2, 18, dtype=torch.bool)
    with pytest.raises(ValueError, match=r"got \(2, 18, 3\); pass joints\[..., :2\], and as visible joints"):
        limb_masks(torch.rand(2, 18, 3), visible, (32, 24))
    labels = torch.zeros(2, 32, 24, dtype=torch.long)
    with pytest.raises(ValueError, match=r"shape \(2, 'P', 32, 24\), got \(2, 32, 24\); make a mask of each label"):
        losses.part_ssim_loss(*images(), labels)


def test_joints_that_are_all_missing_are_not_taken_for_normalised_ones() -> None:
    visible = torch.ones(2, 18, dtype=torch.bool)
    with pytest.raises(InputError, match=r"at \(0, 0\) or \(-1, -1\), .*set visible to False"):
        limb_masks(torch.full((2, 18, 2), -1.0), visible, (32, 24))


def test_weights_may_be_named_by_a_string() -> None:
    with pytest.raises(InputError, match=r"nowhere.pth: no such file; expected the weights vgg19"):
        losses.PerceptualLoss(weights="nowhere.pth")


def test_layers_without_weights_are_named() -> None:
    with pytest.raises(ValueError, match=r"layers must give each feature layer its weight, such as .*relu1_2"):
        losses.StyleLoss(layers=("relu1_2",))


def test_skeletons_are_checked_when_a_loss_is_made() -> None:
    named = r"skeleton must be a reposer Skeleton, got 'coco-17'; such as reposer.poses.SKELETONS\['coco-17'\]"
    with pytest.raises(TypeError, match=named):
        losses.PartSSIMLoss(skeleton="coco-17")  # type: ignore[arg-type]
    joints, visible = torch.rand(1, 18, 2) * 20 + 2, torch.ones(1, 18, dtype=torch.bool)
    for call in (
        lambda: limb_masks(joints, visible, (32, 24), skeleton="coco-17"),  # type: ignore[arg-type]
        lambda: draw_pose(Pose(joints[0], visible[0]), (32, 24), skeleton="coco-17"),  # type: ignore[arg-type]
        lambda: convert_joints(joints, visible, OPENPOSE_18, "coco-17"),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=named):
            call()
    assert losses.PartSSIMLoss(skeleton=COCO_17).skeleton is COCO_17


def test_misspelt_choices_fail_when_a_loss_or_metric_is_made() -> None:
    with pytest.raises(InputError, match=r"unknown missing_parts 'exlude'; did you mean 'exclude'\?"):
        losses.PartSSIMLoss(missing_parts="exlude")
    with pytest.raises(InputError, match=r"unknown kind 'hing'; did you mean 'hinge'\?"):
        losses.AdversarialLoss(kind="hing")
    shared = VGG19Features(weights=vgg_state())
    with pytest.raises(InputError, match=r"unknown feature layer 'relu1_1'; did you mean 'relu1_2'\?"):
        losses.StyleLoss(layers={"relu1_1": 1.0}, features=shared)
    with pytest.raises(InputError, match=r"unknown input_range 'sined'; did you mean 'signed'\?"):
        metric_class(METRICS["lpips"])(lambda x, y: x, input_range="sined")
    for nonsense in ((1, -1), "signed", (0, 1, 2), None, (0, "1")):
        with pytest.raises(ValueError, match=r"value_range must be \(lowest, highest\), got"):
            losses.L1Loss(value_range=nonsense)


def test_a_misspelt_kind_of_heatmaps_is_named() -> None:
    with pytest.raises(InputError, match=r"unknown kind of heatmaps 'pixels'; did you mean 'pixel'\?"):
        joint_heatmaps(torch.ones(1, 3, 2), torch.ones(1, 3, dtype=torch.bool), (8, 8), kind="pixels")  # type: ignore[arg-type]
