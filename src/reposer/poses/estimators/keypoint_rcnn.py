"""Torchvision's keypoint R-CNN."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.features import Frozen, Weights, WeightsFile, state_and_identity
from reposer.poses.estimators.person import Person
from reposer.poses.skeletons import COCO_17

KEYPOINT_RCNN = WeightsFile(
    name="keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
    url="https://download.pytorch.org/models/keypointrcnn_resnet50_fpn_coco-fc266e95.pth",
    sha256_prefix="fc266e95",
    megabytes=226,
    without="poses of any other estimator can be given as an annotation CSV",
)
_PERSON = 1


class KeypointRCNN(Frozen):
    """Torchvision's keypoint R-CNN (ResNet-50, FPN), trained on COCO.

    Args:
        weights: torchvision's; see ``reposer.features.Weights``.

    ``forward(images)`` takes images (3, H, W) uint8 of any sizes and returns everybody in each of them, at most 100,
    with the 17 joints of COCO; scores of joints are the heights of their heatmaps, logits.

    Raises:
        InputError: if the weights are missing or are not the right file.

    Reference: He et al., "Mask R-CNN", ICCV 2017.
    """

    skeleton = COCO_17
    score_threshold = 0.5
    joint_threshold = 2.0
    """A logit."""

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
    def forward(self, images: Sequence[Tensor]) -> list[list[Person]]:
        device = next(self.network.parameters()).device
        return [_people(found) for found in self.network([image.to(device).float() / 255 for image in images])]


def _people(found: dict[str, Tensor]) -> list[Person]:
    """Everybody in a detection, the surest first."""
    people = {name: values[found["labels"] == _PERSON].cpu() for name, values in found.items()}
    return [
        Person(
            score=people["scores"][i].item(),
            joints=people["keypoints"][i, :, :2],
            joint_scores=people["keypoints_scores"][i],
            box=people["boxes"][i],
        )
        for i in people["scores"].argsort(descending=True, stable=True).tolist()
    ]
