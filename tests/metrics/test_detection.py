"""Detection score: HOG tells people from backgrounds; Caffe input and class; torchvision's labels; missing files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from reposer.checks import InputError
from reposer.data.mannequin import make_mannequin, take_picture
from reposer.data.mannequin.scene import frame_background, sample_view
from reposer.metrics import person_detector
from reposer.metrics.detection import VOC_FILES


def people_and_backgrounds(size: tuple[int, int], studio: bool) -> tuple[Tensor, Tensor]:
    """Pictures of 8 mannequins, and their backgrounds without them; uint8."""
    people, backgrounds = [], []
    for identity in range(8):
        mannequin = make_mannequin(5, identity, size, studio=studio)
        people.append(take_picture(mannequin, 5, identity, 0).image.transpose(2, 0, 1))
        view = sample_view(np.random.default_rng(identity), mannequin.scene)
        backgrounds.append((frame_background(mannequin.scene, view, size) * 255).astype(np.uint8))
    return torch.from_numpy(np.stack(people)), torch.from_numpy(np.stack(backgrounds))


def test_an_opencv_without_hog_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("cv2.HOGDescriptor")
    with pytest.raises(InputError, match=r"no HOG detector: pip install 'opencv-python-headless<5', or leave"):
        person_detector("hog")


@pytest.mark.parametrize(("size", "studio"), [((128, 64), False), ((256, 176), True)])
def test_hog_tells_people_from_backgrounds(size: tuple[int, int], studio: bool) -> None:
    detector = person_detector()
    people, backgrounds = (detector(images) for images in people_and_backgrounds(size, studio))
    assert people.dtype == torch.float64
    right = (people[:, None] > backgrounds).double().mean()
    assert right >= 0.95
    assert people.median() > 0.9
    assert backgrounds.median() < 0.5


@pytest.mark.parametrize("size", [(20, 5), (5, 200), (128, 64), (61, 47), (300, 20)])
def test_hog_takes_any_size_and_one_colour(size: tuple[int, int]) -> None:
    images = torch.randint(0, 256, (2, 3, *size), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    images[1] = 90
    found = person_detector("hog")(images)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[1] < 0.1
    assert person_detector("hog")(images[:1]).equal(found[:1])


CLASSES = 21
LAYER = 'layer { name: "%s" type: "%s" %s top: "%s" %s }\n'


def caffe_files(folder: Path) -> Path:
    """Write a network of the real one's form without weights: class c scores with channel c % 3 of the mean input."""
    bottoms = " ".join(['bottom: "small"'] * CLASSES)
    text = 'input: "data" input_shape { dim: 1 dim: 3 dim: 300 dim: 300 }\n'
    text += LAYER % ("mean", "Pooling", 'bottom: "data"', "mean", "pooling_param { pool: AVE kernel_size: 300 }")
    text += LAYER % ("small", "Power", 'bottom: "mean"', "small", "power_param { scale: 0.02 }")
    text += LAYER % ("all", "Concat", bottoms, "all", "concat_param { axis: 1 }")
    text += LAYER % ("rows", "Reshape", 'bottom: "all"', "rows", "reshape_param { shape { dim: 0 dim: -1 dim: 21 } }")
    text += LAYER % ("softmax", "Softmax", 'bottom: "rows"', "softmax", "softmax_param { axis: 2 }")
    text += LAYER % ("conf", "Flatten", 'bottom: "softmax"', "conf", "flatten_param { axis: 1 }")
    text += LAYER % ("zero", "Power", 'bottom: "mean"', "zero", "power_param { scale: 0 }")
    text += LAYER % ("loc4", "Concat", " ".join(['bottom: "zero"'] * 4), "loc4", "concat_param { axis: 1 }")
    text += LAYER % ("loc", "Flatten", 'bottom: "loc4"', "loc", "flatten_param { axis: 1 }")
    boxes = "min_size: 100 max_size: 200 aspect_ratio: 2 flip: false clip: false"
    boxes += " variance: 0.1 variance: 0.1 variance: 0.2 variance: 0.2"
    text += LAYER % ("prior", "PriorBox", 'bottom: "mean" bottom: "data"', "prior",
                     f"prior_box_param {{ {boxes} }}")  # fmt: skip
    text += LAYER % ("out", "DetectionOutput", 'bottom: "loc" bottom: "conf" bottom: "prior"', "out",
                     "detection_output_param { num_classes: 21 share_location: true background_label_id: 0 "
                     "nms_param { nms_threshold: 0.45 top_k: 400 } code_type: CENTER_SIZE keep_top_k: 200 "
                     "confidence_threshold: 0.01 }")  # fmt: skip
    (folder / VOC_FILES[0]).write_text(text)
    (folder / VOC_FILES[1]).write_bytes(b"\x0a\x01x")  # a network called x, without layers
    return folder


@pytest.mark.filterwarnings("ignore:.*not the published file")
def test_voc_feeds_caffe_as_published_and_reads_the_person(tmp_path: Path) -> None:
    detector = person_detector("ssd300-voc", weights=caffe_files(tmp_path))
    colours = torch.tensor([[200, 100, 30], [30, 100, 200], [0, 0, 0], [120, 130, 140]], dtype=torch.uint8)
    images = colours[:, :, None, None].expand(-1, -1, 21, 14)
    found = detector(images)
    # Class 15 is with channel 0: blue, less 104.
    logits = (colours.double().flip(1) - torch.tensor([104.0, 117.0, 123.0])) * 0.02
    expected = logits.softmax(dim=1)[:, 0] / (CLASSES // 3)
    torch.testing.assert_close(found, torch.where(expected > 0.01, expected, 0.0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(detector(images[1:2]), found[1:2])
    assert detector.identity.startswith("ssd300-voc-")


def test_voc_files_are_checked(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ssd300-voc needs a folder .*deploy.prototxt and VGG.*hog do without"):
        person_detector("ssd300-voc")
    with pytest.raises(InputError, match=r"deploy.prototxt: no such file; ssd300-voc needs"):
        person_detector("ssd300-voc", weights=tmp_path)
    caffe_files(tmp_path)
    with pytest.warns(UserWarning, match="not the published file .*no published score compares"):
        first = person_detector("ssd300-voc", weights=tmp_path).identity
    (tmp_path / VOC_FILES[0]).write_text("layer { this is none")
    with (
        pytest.warns(UserWarning, match="not the published file"),
        pytest.raises(InputError, match="OpenCV cannot read these Caffe files"),
    ):
        person_detector("ssd300-voc", weights=tmp_path)
    assert len(first.split("-")) == 4


class FakeSSD(torch.nn.Module):
    """Stands in for torchvision's network: says what it is told about each image."""

    def __init__(self) -> None:
        super().__init__()
        self.found = torch.nn.Parameter(torch.tensor([[1.0, 0.3], [1.0, 0.7], [18.0, 0.9]]))

    def forward(self, images: list[Tensor]) -> list[dict[str, Tensor]]:
        assert all(image.shape == (3, 8, 6) and image.max() <= 1 for image in images)
        rows = [self.found if image.mean() > 0.5 else self.found[2:] for image in images]
        return [{"labels": row[:, 0].long(), "scores": row[:, 1]} for row in rows]


def test_coco_takes_the_surest_person(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "torchvision.models.detection.ssd300_vgg16", lambda **options: built.append(options) or FakeSSD()
    )
    detector = person_detector("ssd300-coco", weights=FakeSSD().state_dict())
    images = torch.stack([torch.full((3, 8, 6), value, dtype=torch.uint8) for value in (255, 0)])
    torch.testing.assert_close(detector(images), torch.tensor([0.7, 0.0], dtype=torch.float64), atol=1e-6, rtol=0)
    assert built == [{"weights": None, "weights_backbone": None}]
    with pytest.raises(InputError, match=r"not the weights of ssd300-coco: .*found"):
        person_detector("ssd300-coco", weights={})


@pytest.mark.nightly
def test_coco_equals_torchvision() -> None:
    from torchvision.models.detection import ssd300_vgg16

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        outside = ssd300_vgg16(weights=None, weights_backbone=None).eval()
    images = torch.randint(0, 256, (2, 3, 61, 47), generator=torch.Generator().manual_seed(1), dtype=torch.uint8)
    found = person_detector("ssd300-coco", weights=outside.state_dict())(images)
    with torch.no_grad():
        said = outside([image / 255 for image in images])
    expected = [
        max([s.item() for s, k in zip(i["scores"], i["labels"], strict=True) if k == 1], default=0) for i in said
    ]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="unknown person detector 'ssd300'; did you mean 'ssd300-"):
        person_detector("ssd300")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="hog comes with OpenCV and takes no weights"):
        person_detector("hog", weights=Path("x"))
    with pytest.raises(TypeError, match="images must be uint8"):
        person_detector("hog")(torch.zeros(1, 3, 8, 8))
