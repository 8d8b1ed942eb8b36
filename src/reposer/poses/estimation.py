"""Poses of people in images, by torchvision's keypoint R-CNN."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.features import Frozen, Weights, WeightsFile, state_and_identity
from reposer.poses.conversion import convert_pose
from reposer.poses.skeleton import OPENPOSE_18, Pose
from reposer.poses.skeletons import COCO_17

KEYPOINT_RCNN = WeightsFile(
    name="keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
    url="https://download.pytorch.org/models/keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
    sha256_prefix="fc266e95",
    megabytes=226,
    without="poses of any other estimator can be given as an annotation CSV",
)
_PERSON = 1
_NAMED = 5


class Person(NamedTuple):
    """The person in an image that an estimator is most confident of."""

    score: float
    """Confidence that it is a person, 0 to 1; 0 where nobody is found."""
    joints: Tensor
    """(17, 2) pixels, x then y, in the order of COCO-17."""
    joint_scores: Tensor
    """(17,) heights of the joints' heatmaps, logits."""


Estimator = Callable[[Sequence[Tensor]], list[Person]]


class KeypointRCNN(Frozen):
    """Torchvision's keypoint R-CNN (ResNet-50, FPN), trained on COCO.

    Args:
        weights: torchvision's; see ``reposer.features.Weights``.

    ``forward(images)`` takes images (3, H, W) uint8 of any sizes and returns a ``Person`` for each; ``identity``
    names network and weights in signatures.

    Raises:
        InputError: if the weights are missing or are not the right file.

    Reference: He et al., "Mask R-CNN", ICCV 2017.
    """

    def __init__(self, *, weights: Weights = None) -> None:
        super().__init__()
        from torchvision.models.detection import KeypointRCNN as Network
        from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
        from torchvision.ops import FrozenBatchNorm2d

        state, self.identity = state_and_identity("keypoint-rcnn", KEYPOINT_RCNN, weights)
        with torch.random.fork_rng(devices=[]):  # it draws weights first
            backbone = resnet_fpn_backbone(backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d)
            self.network = Network(backbone, num_classes=2)
        try:
            self.network.load_state_dict(state)
        except RuntimeError as error:
            raise InputError(f"not the weights of keypoint R-CNN: {str(error).splitlines()[1].strip()}") from None
        for module in self.network.modules():
            if isinstance(module, FrozenBatchNorm2d):
                module.eps = 0.0  # as these weights were trained
        self.freeze()

    @torch.no_grad()
    def forward(self, images: Sequence[Tensor]) -> list[Person]:
        device = next(self.network.parameters()).device
        return [_surest(found) for found in self.network([image.to(device).float() / 255 for image in images])]


def _surest(found: dict[str, Tensor]) -> Person:
    people = {name: values[found["labels"] == _PERSON].cpu() for name, values in found.items()}
    joints = len(COCO_17.joints)
    if not len(people["scores"]):
        return Person(0.0, torch.zeros(joints, 2), torch.full((joints,), -torch.inf))
    best = int(people["scores"].argmax())
    return Person(people["scores"][best].item(), people["keypoints"][best, :, :2], people["keypoints_scores"][best])


def estimate_poses(
    images: Iterable[tuple[str, Tensor]],
    *,
    estimator: Estimator,
    score_threshold: float = 0.5,
    joint_threshold: float = 2.0,
    most_missed: float = 0.2,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Pose]:
    """Estimate the OpenPose-18 pose of the most certain person in each image; ``poses.write_annotations`` writes them.

    Args:
        images: (name, image (3, H, W) uint8), read as needed; any sizes.
        estimator: such as ``KeypointRCNN()``; finds COCO-17 joints, the neck is the middle of the shoulders.
        score_threshold: lowest score of a person.
        joint_threshold: lowest score of a joint, a logit; joints below it are missing.
        most_missed: share of images without a person above which the estimate as a whole is refused. Up to it,
            their poses have no joints, and a warning names them.
        batch_size: images at a time; affects memory, not results.
        progress: called with the number of finished images after each batch.

    Returns:
        {name: pose in the pixels of its image}.

    Raises:
        InputError: if there is no image, a name comes twice, or nobody is found in more than ``most_missed`` of the
            images.
    """
    poses: dict[str, Pose] = {}
    missed: list[str] = []
    remaining = iter(images)
    while batch := list(islice(remaining, batch_size)):
        for (name, _), person in zip(batch, estimator([image for _, image in batch]), strict=True):
            if name in poses:
                raise InputError(f"two images are called {name}; give each a name of its own")
            if found := person.score >= score_threshold:
                visible = person.joint_scores >= joint_threshold
            else:
                visible = torch.zeros(len(COCO_17.joints), dtype=torch.bool)
            if not (found and visible.any()):
                missed.append(name)
            poses[name] = convert_pose(Pose(person.joints.float(), visible), COCO_17, OPENPOSE_18)
        if progress:
            progress(len(poses))
    if not poses:
        raise InputError("no images to estimate poses of")
    if missed:
        told = ", ".join(missed[:_NAMED]) + (", ..." if len(missed) > _NAMED else "")
        message = f"nobody was found in {len(missed)} of {len(poses)} images, e.g. {told}"
        if len(missed) > most_missed * len(poses):
            raise InputError(
                f"{message}: more than {most_missed:.0%}; check that these are pictures of people, upright and in RGB, "
                "and that the estimator's weights are the right ones"
            )
        warnings.warn(f"{message}; their poses have no joint", stacklevel=2)
    return poses
