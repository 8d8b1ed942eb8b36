"""From a photo as people have it to the person in another pose."""

import io
import json
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import reposer
from reposer.checks import InputError, InputWarning
from reposer.cli import main
from reposer.generator import Generator
from reposer.images import from_pil, read_image, to_pil, to_signed, to_uint8, write_image
from reposer.photos import Frame, transfer
from reposer.photos.pasting import person_share
from reposer.photos.transfer import transfer_photo
from reposer.poses import COCO_17, NAMED_POSES, Pose, draw_pose, named_pose, retarget, write_annotations
from reposer.poses.estimators import Person

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
PHOTO, KEYPOINTS = PICTURES / "person.jpg", PICTURES / "person.json"


@pytest.fixture(scope="module")
def generator() -> Generator:
    return reposer.load_generator("mannequin")


def written(path: Path, pose: Pose, *more: Pose) -> Path:
    """A file of OpenPose's."""
    people = [
        {"pose_keypoints_2d": torch.cat([each.joints, each.visible[:, None]], dim=1).flatten().tolist()}
        for each in (pose, *more)
    ]
    path.write_text(json.dumps({"version": 1.3, "people": people}))
    return path


def standing(size: tuple[int, int] = (480, 640)) -> Pose:
    return named_pose("standing", size)


class Fake:
    """An estimator that finds the people that it was told."""

    identity, skeleton, score_threshold, joint_threshold = "fake", COCO_17, 0.5, 0.0

    def __init__(self, *poses: Pose) -> None:
        self.poses, self.seen = poses, list[tuple[int, ...]]()

    def __call__(self, images: Sequence[Tensor]) -> list[list[Person]]:
        self.seen += [tuple(image.shape) for image in images]
        order = [0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10]  # of COCO in OpenPose
        people = [
            Person(0.9, pose.joints[order], torch.where(pose.visible[order], 9.0, -9.0), torch.zeros(4))
            for pose in self.poses
        ]
        return [people for _ in images]


def run(*arguments: object) -> None:
    main(["transfer", *map(str, arguments)])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as stop:
        run(*arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("reposer: ")
    assert error.count("\n") == 1
    return error


def test_a_photo_of_exactly_the_size_gives_the_very_pixels_of_the_network(generator: Generator) -> None:
    image = from_pil(Image.open(PHOTO).crop((150, 80, 310, 400)).resize((64, 128)))
    source, target = named_pose("standing", (128, 64)), named_pose("waving", (128, 64))
    for options, wanted in (({}, retarget(target, source, size=(128, 64))), ({"retarget": False}, target)):
        poses = (tensor[None] for pose in (source, wanted) for tensor in (pose.joints, pose.visible))
        expected = to_uint8(generator.repose(to_signed(image)[None], *poses))[0]
        for arguments in ((source, target, generator), (target, generator)):
            named = {} if len(arguments) == 3 else {"source_pose": source}
            assert from_pil(reposer.transfer(to_pil(image), *arguments, **named, **options)).equal(expected)


def test_a_photo_is_the_same_however_large_it_is(generator: Generator) -> None:
    small = transfer_photo(read_image(PHOTO), *poses_of("arms-up"), generator)
    frame, source = Frame((960, 1280), 2.0, (0.5, 0.5)), poses_of("arms-up")[0]
    large = transfer_photo(frame.cut(read_image(PHOTO)), frame.pose(source), "arms-up", generator)
    assert (small.generated.int() - large.generated.int()).abs().float().mean() < 2
    assert large.subject.frame.scale == pytest.approx(small.subject.frame.scale / 2, rel=1e-3)


def poses_of(name: str) -> tuple[Pose, str]:
    people = json.loads(KEYPOINTS.read_text())["people"][0]["pose_keypoints_2d"]
    joints = torch.tensor(people).reshape(18, 3)
    return Pose(joints[:, :2], joints[:, 2] > 0), name


def test_the_example_is_no_stranger_to_the_generator(generator: Generator) -> None:
    for name in NAMED_POSES[::4]:
        made = transfer_photo(read_image(PHOTO), *poses_of(name), generator)
        assert [note for note in made.notes if "joints of the target pose" not in note] == []
        assert made.generated.shape == (3, 128, 64)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "I;16", "turned"])
def test_modes_and_orientations_end_in_nearly_the_same_picture(generator: Generator, mode: str, tmp_path: Path) -> None:
    image = Image.open(PHOTO).convert("L") if mode in ("L", "I;16") else Image.open(PHOTO).convert("RGB")
    expected = transfer_photo(from_pil(image), *poses_of("turned-45-left"), generator).generated
    path, exif = tmp_path / ("photo.jpg" if mode == "CMYK" else "photo.png"), Image.Exif()
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    elif mode == "turned":
        image, exif[0x0112] = image.transpose(Image.Transpose.ROTATE_90), 6
    elif mode == "P":
        image = image.quantize(256)
    elif mode != "L":
        image = image.convert(mode)
    image.save(path, **({"quality": 95} if mode == "CMYK" else {}), exif=exif)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        picture = reposer.transfer(path, "turned-45-left", generator, source_pose=KEYPOINTS)
    off = (from_pil(picture).int() - expected.int()).abs().float().mean()
    assert off <= {"CMYK": 3, "P": 5}.get(mode, 0)


def test_a_pasted_picture_is_the_photo_but_for_the_person(generator: Generator) -> None:
    photo = read_image(PHOTO)
    made = transfer_photo(photo, *poses_of("walking-1"), generator)
    pasted = made.pasted()
    assert pasted.shape == photo.shape
    off = (pasted.int() - photo.int()).abs().amax(dim=0)
    left, top, right, bottom = made.subject.frame.box((480, 640))
    outside = torch.ones_like(off, dtype=torch.bool)
    outside[top:bottom, left:right] = False
    assert off[outside].eq(0).all()
    assert off[150:400, 200:260].float().mean() > 10
    assert (off > 0).float().mean() < 0.2, "more than the person has changed"


def test_what_is_pasted_holds_both_poses_and_little_else() -> None:
    source, target = named_pose("standing", (128, 64)), named_pose("arms-out", (128, 64))
    share = person_share(source, target, (128, 64))
    for pose in (source, target):
        assert share[(draw_pose(pose, (128, 64)) > 0).any(dim=0)].eq(1).all()
    assert share.mean() < 0.85
    alone = person_share(source, source, (128, 64))
    assert alone[:, :4].eq(0).all()
    assert alone.mean() < 0.65


def test_the_side_by_side_picture_has_photo_pose_and_result(generator: Generator) -> None:
    made = transfer_photo(read_image(PHOTO), *poses_of("arms-up"), generator)
    sheet = made.side_by_side()
    assert sheet.shape == (3, 480, 640 + 4 + 240 + 4 + 240)
    result = sheet[:, :, -240:].float()
    assert (torch.nn.functional.interpolate(made.generated[None].float(), (480, 240))[0] - result).abs().mean() < 6
    joint = made.target.joints[4] * 3.75
    assert sheet[:, int(joint[1]), 644 + int(joint[0])].max() == 255
    assert made.side_by_side(paste=True).shape == (3, 480, 640 + 4 + 240 + 4 + 640)


def test_a_fake_estimator_finds_the_person_and_another_photo_gives_the_pose(
    generator: Generator, tmp_path: Path
) -> None:
    write_image(tmp_path / "other.png", torch.full((3, 480, 640), 90, dtype=torch.uint8))
    fake = Fake(poses_of("")[0])
    picture = reposer.transfer(PHOTO, tmp_path / "other.png", generator, estimator=fake)
    assert fake.seen == [(3, 480, 640)] * 2
    own = poses_of("")[0]
    expected = transfer_photo(read_image(PHOTO), own, own, generator).generated
    assert (from_pil(picture).int() - expected.int()).abs().float().mean() < 3, "COCO has no neck"


def test_of_two_people_the_larger_is_taken_and_said_to_be(generator: Generator) -> None:
    first = poses_of("")[0]
    second = Pose(first.joints * 0.4 + 200, first.visible)
    with pytest.warns(InputWarning, match="2 people are found; the largest and most central is taken"):
        chosen = reposer.transfer(PHOTO, "waving", generator, estimator=Fake(second, first))
    assert from_pil(reposer.transfer(PHOTO, "waving", generator, estimator=Fake(first))).equal(from_pil(chosen))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        other = reposer.transfer(PHOTO, "waving", generator, estimator=Fake(second, first), person=1)
        assert not from_pil(other).equal(from_pil(chosen))
        with pytest.raises(InputError, match="no person 3 among the 2 found by the pose estimator"):
            reposer.transfer(PHOTO, "waving", generator, estimator=Fake(second, first), person=3)
    with pytest.raises(InputError, match=r"person\.jpg: nobody is found by the pose estimator; .*--source-pose FILE"):
        reposer.transfer(PHOTO, "waving", generator, estimator=Fake())


def test_a_file_of_many_images_gives_the_pose_of_the_photo_by_its_name(tmp_path: Path, generator: Generator) -> None:
    own, other = poses_of("")[0], named_pose("sitting", (480, 640))
    own = Pose(own.joints.round(), own.visible)
    write_annotations(tmp_path / "all.csv", {"a.jpg": other, "person.jpg": own, "z.jpg": other})
    named = reposer.transfer(PHOTO, "waving", generator, source_pose=tmp_path / "all.csv")
    assert from_pil(named).equal(from_pil(reposer.transfer(PHOTO, "waving", generator, source_pose=own)))
    with pytest.raises(InputError, match=r"all\.csv: poses of 3 images \(a\.jpg, .*\); expected that of one$"):
        reposer.transfer(PHOTO, tmp_path / "all.csv", generator, source_pose=own)


def test_poses_that_cannot_be_meant_are_refused(generator: Generator) -> None:
    none = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))
    with pytest.raises(InputError, match="source_pose has no visible joint; expected the pose of a person"):
        reposer.transfer(PHOTO, "waving", generator, source_pose=none)
    with pytest.raises(InputError, match="target_pose has no visible joint"):
        reposer.transfer(Image.open(PHOTO), standing(), none, generator)
    with pytest.raises(InputError, match=r"18 of 18 joints lie outside of the photo, which has 480x640 pixels"):
        reposer.transfer(PHOTO, "waving", generator, source_pose=Pose(standing().joints + 700, standing().visible))
    for bad in (float("nan"), float("inf"), 1e30):
        joints = standing().joints.index_fill(0, torch.tensor([4]), bad)
        with pytest.raises(InputError, match="source_pose has a visible joint that is nowhere"):
            reposer.transfer(PHOTO, "waving", generator, source_pose=Pose(joints, standing().visible))
        with pytest.raises(InputError, match="the pose has a visible joint that is nowhere"):
            reposer.transfer(PHOTO, Pose(joints, standing().visible), generator, source_pose=standing())
    away = standing().joints.index_fill(0, torch.tensor([4]), 1e6)  # as if the person filled a thousand photos
    with pytest.raises(InputError, match=r"1 of 18 joints lie outside of the photo"):
        reposer.transfer(PHOTO, "waving", generator, source_pose=Pose(away, standing().visible))
    nose = Pose(standing().joints, torch.arange(18) == 0)
    with pytest.raises(InputError, match="target_pose has 1 of 18 joints and no limb with both ends"):
        reposer.transfer(PHOTO, nose, generator, source_pose=standing())
    with pytest.raises(InputError, match=r"arm-up: no such pose nor file; did you mean 'arms-up'\?"):
        reposer.transfer(PHOTO, "arm-up", generator, source_pose=standing())
    with pytest.raises(TypeError, match=r"photo must be a PIL Image, got array.*or give the path"):
        reposer.transfer(np.zeros((5, 5)), "waving", generator)  # type: ignore[call-overload]


def test_a_pose_of_the_photo_itself_needs_no_fitting(generator: Generator) -> None:
    own = poses_of("")[0]
    made = transfer_photo(read_image(PHOTO), own, own, generator, retarget=False)
    assert torch.allclose(made.target.joints, made.subject.seen.joints)
    named = transfer_photo(read_image(PHOTO), own, "waving", generator, retarget=False)
    assert torch.allclose(named.target.joints, named_pose("waving", (128, 64)).joints)


def test_the_command_writes_what_the_function_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, sheet = tmp_path / "out.png", tmp_path / "sheet.png"
    run(PHOTO, "--pose", "arms-up", "--source-pose", KEYPOINTS, "-o", out, "--side-by-side", sheet)
    assert capsys.readouterr().out == f"128x64 pixels in {out}, side by side in {sheet}\n"
    assert read_image(out).equal(from_pil(reposer.transfer(PHOTO, "arms-up", "mannequin", source_pose=KEYPOINTS)))
    run(PHOTO, "--pose", "arms-up", "--source-pose", KEYPOINTS, "-o", out, "--paste")
    pasted = reposer.transfer(PHOTO, "arms-up", source_pose=KEYPOINTS, paste=True)
    assert read_image(out).equal(from_pil(pasted))
    assert sheet.exists()


def test_the_command_says_when_a_photo_is_far_from_the_training_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "noise.png")
    run(tmp_path / "noise.png", "--pose", "waving", "--source-pose", KEYPOINTS, "-o", tmp_path / "out.jpg")
    said = capsys.readouterr().err
    assert said.startswith("note: this photo lies far from what the generator was trained on")
    assert "the background is more grainy" in said or "the background has more detail" in said


def test_bad_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.png"
    whole = {"--pose": "waving", "--source-pose": KEYPOINTS, "-o": out}

    def said(photo: object = PHOTO, **changes: object) -> str:
        options = whole | {f"--{name.replace('_', '-')}" if len(name) > 1 else "-o": v for name, v in changes.items()}
        words = [word for pair in options.items() for word in pair if pair[1] is not None]
        return refused(capsys, photo, *words)

    written(tmp_path / "nobody.json", Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool)))
    written(tmp_path / "far.json", Pose(standing().joints + 9000, standing().visible))
    assert "none.jpg: no such image file" in said(tmp_path / "none.jpg")
    assert "did you mean 'waving'?" in said(pose="wavin")
    assert "no such file; expected a photo, a file of keypoints, or the name of a pose" in said(pose="other.json")
    assert "nobody.json" in said(pose=tmp_path / "nobody.json")
    assert "nobody.json" in said(source_pose=tmp_path / "nobody.json")
    assert "far.json" in said(source_pose=tmp_path / "far.json")
    assert "no person 4" in said(person=4) or "nobody" in said(person=4)
    assert "must be at least 1" in said(person=0)
    assert "needs the name of a .jpg, .jpeg, .png, .webp file" in said(o=tmp_path / "out.gif")
    assert "in a folder that exists" in said(o=tmp_path / "no" / "out.png")
    assert "did you mean 'mannequin'?" in said(generator="manequin")
    assert "unknown estimator 'keypoint-rcn'; did you mean" in said(source_pose=None, estimator="keypoint-rcn")
    copy = tmp_path / "copy.png"
    Image.open(PHOTO).save(copy)
    assert "--out would replace the photo itself" in said(copy, o=copy)
    assert "--out would replace the photo of the pose itself" in said(pose=copy, o=copy)
    assert "--side-by-side would replace the picture of --out itself" in said(side_by_side=out)
    assert "unknown estimator 'keypoint-rcn'" in said(estimator="keypoint-rcn"), "also where none is needed"
    np.save(tmp_path / "several.npy", np.stack([standing().joints.numpy()] * 2))
    assert "(--stack); 'reposer poses convert' has these options" in said(pose=tmp_path / "several.npy")
    assert not out.exists()


def test_without_weights_and_pose_the_error_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))

    def offline(*_: object, **__: object) -> None:
        raise OSError("no network here")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    said = refused(capsys, PHOTO, "--pose", "waving", "-o", tmp_path / "out.png")
    assert "person.jpg: the pose of its person cannot be estimated; give their pose with --source-pose FILE, or" in said
    assert "keypointrcnn_resnet50_fpn_coco-fc266e95.pth (226 MB)" in said
    assert "--weights" in said


def test_a_heif_photo_is_taken(tmp_path: Path, generator: Generator) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    pillow_heif.from_pillow(Image.open(PHOTO)).save(buffer, quality=95)
    (tmp_path / "photo.heic").write_bytes(buffer.getvalue())
    picture = reposer.transfer(tmp_path / "photo.heic", "waving", generator, source_pose=KEYPOINTS)
    expected = reposer.transfer(PHOTO, "waving", generator, source_pose=KEYPOINTS)
    assert (from_pil(picture).int() - from_pil(expected).int()).abs().float().mean() < 3


def test_the_contract_takes_its_names() -> None:
    generator, pose = reposer.load_generator("mannequin"), named_pose("standing", (128, 64))
    image = Image.new("RGB", (64, 128), "grey")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        named = transfer.transfer(image=image, source_pose=pose, target_pose=pose, generator=generator)
        assert named.size == (64, 128)


def test_of_a_generator_of_unknown_origin_it_is_said_that_people_are_framed_as_mannequins() -> None:
    generator = reposer.load_generator("mannequin")
    generator.about, generator.origin = replace(generator.about, domain=None), None
    made = transfer_photo(read_image(PHOTO), *poses_of("arms-up"), generator)
    assert made.notes == (
        "nothing tells how this generator's training images look: the person is framed as mannequins are",
    )
    known = transfer_photo(read_image(PHOTO), *poses_of("arms-up"), reposer.load_generator("mannequin"))
    assert made.subject.frame.scale == pytest.approx(known.subject.frame.scale, rel=0.01)
