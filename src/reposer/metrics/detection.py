"""Detection score (DS): how confidently a person detector finds a person in each generated image."""

from __future__ import annotations

import hashlib
import warnings
from abc import ABC, abstractmethod
from pathlib import Path
from threading import Lock
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from reposer.checks import InputError, check_choice
from reposer.features import Weights, WeightsFile, file_digest, state_and_identity
from reposer.metrics.eight_bit import check_eight_bit

DetectorName = Literal["ssd300-voc", "ssd300-coco", "hog"]
Pixels = NDArray[np.uint8]

SSD300_COCO = WeightsFile(
    name="ssd300_vgg16_coco-b556d3b4.pth",
    url="https://download.pytorch.org/models/ssd300_vgg16_coco-b556d3b4.pth",
    sha256_prefix="b556d3b4",
    megabytes=136,
    without="the detector hog needs no file",
)
VOC_FILES = ("deploy.prototxt", "VGG_VOC0712_SSD_300x300_iter_120000.caffemodel")
VOC_MD5 = "94587f4ddfa49a23b6dc038aef66e2bb"
"""Of the published .caffemodel."""
_VOC_PERSON, _COCO_PERSON = 15, 1
_VOC_MEAN = (104.0, 117.0, 123.0)  # blue, green, red
_SIDE = 300
_HOG_HEIGHT, _HOG_MARGIN, _HOG_WINDOW_WIDTH, _HOG_SCALE = 128, 16, 64, 1.05


class PersonDetector(ABC):
    """From images (B, 3, H, W) uint8 to the highest confidence (B,) of a person in each, float64 in [0, 1]."""

    identity: str
    """Name and weights, for signatures."""
    _one_at_a_time = Lock()
    """OpenCV's networks serve one thread at a time."""

    def __call__(self, images: Tensor) -> Tensor:
        """Return the highest confidence of a person in each image, 0 where none is found."""
        check_eight_bit(images=images)
        with self._one_at_a_time:
            return self._confidences(images)

    @abstractmethod
    def _confidences(self, images: Tensor) -> Tensor: ...


def detection_score(generated: Tensor, *, network: PersonDetector) -> Tensor:
    """Detection score of each image, a call of the ``network``: how confident it is that it sees a person.

    Reference: Siarohin et al., "Deformable GANs for pose-based human image generation", CVPR 2018.
    """
    return network(generated)


def person_detector(name: DetectorName = "hog", *, weights: Weights = None) -> PersonDetector:
    """Build a person detector by name, once for many images.

    Args:
        name: "ssd300-voc", the detector of the published numbers: SSD300 in Caffe, trained on VOC 2007 and 2012, run
            by OpenCV; "ssd300-coco", torchvision's SSD300 trained on COCO; "hog", OpenCV's pedestrian detector on
            histograms of gradients, which needs no download. Scores of different detectors are not comparable.
        weights: for "ssd300-voc" the folder of its two published files, which is required; for "ssd300-coco" a local
            file or a state dict, by default from the torch hub cache or a download; "hog" takes none.

    Raises:
        InputError: if there is no such detector, or its weights are missing, unreadable or the wrong files.

    Reference: Liu et al., "SSD: Single shot multibox detector", ECCV 2016; Dalal and Triggs, "Histograms of oriented
    gradients for human detection", CVPR 2005.
    """
    check_choice("person detector", name, get_args(DetectorName))
    if name == "ssd300-voc":
        if weights is None or isinstance(weights, dict):
            raise InputError(
                f"ssd300-voc needs a folder with its published Caffe files {' and '.join(VOC_FILES)} (105 MB, from "
                "github.com/weiliu89/caffe/tree/ssd); the detectors ssd300-coco and hog do without"
            )
        return VOCDetector(Path(weights))
    if name == "ssd300-coco":
        return COCODetector(weights)
    if weights is not None:
        raise InputError("the detector hog comes with OpenCV and takes no weights")
    return HOGDetector()


class VOCDetector(PersonDetector):
    """SSD300 of the published detection scores: VGG16, VOC 07+12, Caffe files through OpenCV.

    Images are resized to 300x300 bilinearly in float32, channels reordered to blue, green, red, and (104, 117, 123)
    subtracted, as its authors do. Other weights than the published ones are used with a warning; ``identity`` holds
    the hashes of both files.
    """

    def __init__(self, folder: Path) -> None:
        import cv2

        layout, weights = (folder / name for name in VOC_FILES)
        for path in (layout, weights):
            if not path.is_file():
                raise InputError(f"{path}: no such file; ssd300-voc needs {' and '.join(VOC_FILES)} in one folder")
        with weights.open("rb") as file:
            published = hashlib.file_digest(file, "md5").hexdigest() == VOC_MD5
        if not published:
            warnings.warn(
                f"{weights}: not the published file (MD5 {VOC_MD5}): no published score compares", stacklevel=2
            )
        try:
            self._network = cv2.dnn.readNetFromCaffe(str(layout), str(weights))
        except cv2.error as error:
            raise InputError(f"{folder}: OpenCV cannot read these Caffe files ({error.err}); copy them again") from None
        self.identity = f"ssd300-voc-{file_digest(weights)[:8]}-{file_digest(layout)[:8]}"

    def _confidences(self, images: Tensor) -> Tensor:
        import cv2

        pixels = images.flip(1).permute(0, 2, 3, 1).cpu().numpy().astype(np.float32)
        self._network.setInput(cv2.dnn.blobFromImages(list(pixels), 1.0, (_SIDE, _SIDE), _VOC_MEAN))
        found = torch.from_numpy(np.asarray(self._network.forward(), dtype=np.float64)).reshape(-1, 7)
        confidences = torch.zeros(len(images), dtype=torch.float64)
        people = found[found[:, 1] == _VOC_PERSON]  # image, class, confidence, box
        return confidences.scatter_reduce(0, people[:, 0].long(), people[:, 2], "amax")


class COCODetector(PersonDetector):
    """Torchvision's SSD300 (VGG16), trained on COCO; it runs on the device of the images."""

    def __init__(self, weights: Weights = None) -> None:
        from torchvision.models.detection import ssd300_vgg16

        state, self.identity = state_and_identity("ssd300-coco", SSD300_COCO, weights)
        with torch.random.fork_rng(devices=[]):  # it initializes weights first
            self._network = ssd300_vgg16(weights=None, weights_backbone=None).eval().requires_grad_(False)
        try:
            self._network.load_state_dict(state)
        except RuntimeError as error:
            raise InputError(f"not the weights of ssd300-coco: {str(error).splitlines()[1].strip()}") from None

    @torch.no_grad()
    def _confidences(self, images: Tensor) -> Tensor:
        found = self._network.to(images.device)(list(images.float() / 255))
        people = (each["scores"][each["labels"] == _COCO_PERSON].double() for each in found)
        return torch.stack([torch.nn.functional.pad(scores, (0, 1)).amax() for scores in people]).cpu()


class HOGDetector(PersonDetector):
    r"""OpenCV's pedestrian detector: a linear SVM on histograms of oriented gradients in windows of 64x128 pixels.

    Images of any size are scaled to 128 rows and extended by repeating their border, 16 pixels on each side, because
    its training windows show people of 96 pixels with that margin. Windows grow from 64x128 to the whole image in
    steps of 5 %; the confidence is :math:`1 / (1 + e^{-s})` of the highest SVM value s of all windows, so 0.5 is
    the detector's own threshold.
    """

    def __init__(self) -> None:
        import cv2

        if not hasattr(cv2, "HOGDescriptor"):
            raise InputError(
                f"OpenCV {cv2.__version__} has no HOG detector: pip install 'opencv-python-headless<5', or leave the "
                "metric ds out with --metrics"
            )
        self._hog: Any = cv2.HOGDescriptor()
        self._hog.setSVMDetector(np.asarray(cv2.HOGDescriptor.getDefaultPeopleDetector()))
        self.identity = f"hog-opencv{cv2.__version__}"

    def _confidences(self, images: Tensor) -> Tensor:
        pixels = images.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        margins = torch.tensor([self._margin(image) for image in pixels], dtype=torch.float64)
        return margins.sigmoid()

    def _margin(self, image: Pixels) -> float:
        """Highest SVM value of all windows of an RGB image (H, W, 3)."""
        import cv2

        width = max(1, round(image.shape[1] * _HOG_HEIGHT / image.shape[0]))
        scaled = cv2.resize(image, (width, _HOG_HEIGHT), interpolation=cv2.INTER_LINEAR)
        beside = max(_HOG_MARGIN, -(-(_HOG_WINDOW_WIDTH - width) // 2))
        framed = cv2.copyMakeBorder(scaled, _HOG_MARGIN, _HOG_MARGIN, beside, beside, cv2.BORDER_REPLICATE)
        blue_first = np.ascontiguousarray(framed[..., ::-1])
        _, values = self._hog.detectMultiScale(
            blue_first, hitThreshold=-np.inf, winStride=(8, 8), padding=(0, 0), scale=_HOG_SCALE, groupThreshold=0
        )
        return float(np.max(values))
