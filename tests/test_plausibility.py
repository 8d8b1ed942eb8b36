"""Never silently wrong: what cannot be right is refused, what hardly ever is gets one warning, the rest none."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

import reposer
from reposer import plausibility
from reposer.checks import InputError
from reposer.data import PairDataset, open_pairs
from reposer.losses import L1Loss, PartSSIMLoss, adversarial_loss, l1_loss, part_ssim_loss
from reposer.losses.style import gram_matrix
from reposer.metrics import mask_l1, part_ssim, part_ssim_by_part, sharpness, ssim
from reposer.models import build_generator
from reposer.models.interface import generator_inputs
from reposer.poses import (
    COCO_17,
    OPENPOSE_18,
    HeatmapConfig,
    Pose,
    body_mask,
    convert_joints,
    draw_pose,
    flip_joints,
    joint_heatmaps,
    limb_masks,
    part_frames,
    part_maps,
)
from reposer.similarity import masked_ssim
from tests.folders import MakeMarket
from tests.tiny_network import TinyConfig

SIZE = (64, 32)
USES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "joint_heatmaps": lambda joints, visible: joint_heatmaps(joints, visible, SIZE),
    "pixel heatmaps": lambda joints, visible: joint_heatmaps(joints, visible, SIZE, kind="pixel"),
    "limb_masks": lambda joints, visible: limb_masks(joints, visible, SIZE),
    "part_maps": lambda joints, visible: part_maps(part_frames(joints, visible), SIZE),
    "part_frames": lambda joints, visible: part_frames(joints, visible).facing,
    "convert_joints": lambda joints, visible: convert_joints(joints, visible, OPENPOSE_18, COCO_17)[0],
    "flip_joints": lambda joints, visible: flip_joints(joints, visible, 32)[0],
    "PartSSIMLoss": lambda joints, visible: PartSSIMLoss()(*images(), joints, visible),
}
WITH_SIZE = ["joint_heatmaps", "limb_masks", "PartSSIMLoss"]


def images(low: float = -1, high: float = 1) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 2, 3, *SIZE, generator=generator) * (high - low) + low
    return x, y


def pose() -> tuple[Tensor, Tensor]:
    """Two standing people, taller than the image is wide; one in five joints is missing."""
    generator = torch.Generator().manual_seed(0)
    joints = torch.rand(2, 18, 2, generator=generator) * torch.tensor([20.0, 50.0]) + torch.tensor([6.0, 10.0])
    return joints, torch.rand(2, 18, generator=generator) > 0.2


@pytest.fixture
def silence() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("nothing", [torch.nan, torch.inf, -1e30])
def test_coordinates_of_missing_joints_never_matter(use: str, nothing: float, silence: None) -> None:
    joints, visible = pose()
    assert not visible.all()
    clean, dirty = (torch.where(visible[..., None], joints, torch.tensor(there)) for there in (0.0, nothing))
    assert USES[use](dirty, visible).equal(USES[use](clean, visible))


@pytest.mark.parametrize("use", ["joint_heatmaps", "part_maps", "part_frames", "flip_joints"])
def test_missing_joints_have_no_gradient_and_spoil_none(use: str) -> None:
    joints, visible = pose()
    clean, dirty = (torch.where(visible[..., None], joints, torch.tensor(there)) for there in (0.0, torch.nan))
    gradients = []
    for placed in (clean, dirty):
        placed.requires_grad_()
        gradients += torch.autograd.grad(USES[use](placed, visible).square().sum(), placed)
    assert gradients[1].isfinite().all()
    assert gradients[1].equal(gradients[0])
    assert not gradients[1][~visible].any()


def test_nan_of_missing_joints_is_in_no_mask_picture_or_network_input(silence: None, tiny_network: str) -> None:
    joints, visible = pose()
    clean, dirty = (torch.where(visible[..., None], joints, torch.tensor(there)) for there in (0.0, torch.nan))
    assert body_mask(dirty, visible, SIZE).equal(body_mask(clean, visible, SIZE))
    first, second = (draw_pose(Pose(each[0], visible[0]), SIZE) for each in (clean, dirty))
    assert first.equal(second)
    tiny = build_generator(TinyConfig())
    read = generator_inputs(tiny, images()[0], dirty, visible, dirty, visible, heatmaps=HeatmapConfig())
    assert all(tensor.isfinite().all() for tensor in read)


def test_losses_of_missing_joints_keep_their_gradient() -> None:
    (x, y), (joints, visible) = images(), pose()
    dirty = torch.where(visible[..., None], joints, torch.tensor(torch.nan))
    x.requires_grad_()
    (expected,) = torch.autograd.grad(PartSSIMLoss()(x, y, joints, visible), x)
    (found,) = torch.autograd.grad(PartSSIMLoss()(x, y, dirty, visible), x)
    assert found.equal(expected)


@pytest.mark.parametrize("use", WITH_SIZE)
def test_visible_joints_must_be_numbers(use: str) -> None:
    joints, visible = pose()
    joints[1, 4, 0], visible[1, 4] = torch.nan, True
    with pytest.raises(ValueError, match=r"must be finite; joint 4 of image 1 is at \(nan, .*set visible to False"):
        USES[use](joints, visible)


@pytest.mark.parametrize("use", WITH_SIZE)
def test_normalised_joints_are_refused(use: str) -> None:
    joints, visible = pose()
    for scaled in (joints / torch.tensor([32.0, 64.0]), joints / torch.tensor([16.0, 32.0]) - 1):
        with pytest.raises(ValueError, match=r"all visible ones lie within one pixel .*torch.tensor\(\[32, 64\]\)"):
            USES[use](scaled, visible)


@pytest.mark.parametrize("use", WITH_SIZE)
@pytest.mark.parametrize("missing", [0.0, -1.0])
def test_markers_of_missing_joints_that_are_visible_are_told_once(use: str, missing: float) -> None:
    joints, visible = pose()
    joints[0, 3:5], visible[0, 3:5] = missing, True
    _told_once(lambda: USES[use](joints, visible), "how files write missing ones, are marked visible")


@pytest.mark.parametrize("use", WITH_SIZE)
def test_joints_that_lie_outside_are_told_once(use: str) -> None:
    joints, visible = pose()
    _told_once(lambda: USES[use](joints * 4, visible), "most visible joints lie outside the 64x32 images")


@pytest.mark.parametrize("use", WITH_SIZE)
def test_y_before_x_is_told_once(use: str) -> None:
    joints, visible = pose()
    _told_once(lambda: USES[use](joints.flip(-1), visible), r"as \(y, x\) they would lie inside.*joints.flip\(-1\)")


def test_photos_in_the_unit_range_are_told_once() -> None:
    x, y = images(0, 1)
    generated = images()[0]
    for call in (lambda: l1_loss(x, y), lambda: l1_loss(generated, y), lambda: PartSSIMLoss()(x, y, *pose())):
        plausibility._DONE.clear()
        _told_once(call, r"target has no value below 0, as images in \[0, 1\] .*pass value_range=\(0, 1\)")


def test_what_may_be_right_is_not_told(silence: None) -> None:
    x, y = images()
    joints, visible = pose()
    l1_loss(x, y)
    l1_loss(x, y * 0.3 + 0.7)  # a bright picture
    l1_loss(torch.zeros_like(x), torch.ones_like(x))
    l1_loss(images(0, 1)[0], y)  # a network that has only learned bright colours so far
    l1_loss(*images(0, 1), value_range=(0, 1))
    limb_masks(joints * 1.3, visible, SIZE)  # some joints are outside
    in_the_corner = joints.clone()
    in_the_corner[0, 3] = 0
    limb_masks(in_the_corner, visible, SIZE)
    joint_heatmaps(torch.zeros(2, 18, 2), torch.zeros(2, 18, dtype=torch.bool), SIZE)
    part_ssim_loss(x, y, torch.rand(2, 10, *SIZE).round())
    part_ssim_loss(x, y, torch.ones(2, 10, *SIZE, dtype=torch.uint8))


def test_a_photo_with_nan_is_refused_and_a_generated_one_told_once() -> None:
    x, y = images()
    broken = x.clone()
    broken[0, 0, 0, 0] = torch.nan
    with pytest.raises(ValueError, match="target has NaN values; look for them where it is read"):
        l1_loss(x, broken)
    _told_once(lambda: l1_loss(broken, y), "generated has NaN values")


@pytest.mark.parametrize("scale", [255.0, 1.1, -1.0, torch.nan])
def test_masks_outside_0_to_1_are_refused(scale: float) -> None:
    x, y = images()
    masks = limb_masks(*pose(), SIZE) * scale
    eight_bit = [((image + 1) * 127.5).to(torch.uint8) for image in (x, y)]
    message = r"part_masks must lie in \[0, 1\], got values from .*" + ("divide them by 255" if scale == 255 else "")
    for call in (
        lambda: part_ssim_loss(x, y, masks, missing_parts="exclude", background="normalized"),
        lambda: masked_ssim(x, y, masks),
        lambda: part_ssim(*eight_bit, part_masks=masks),
        lambda: part_ssim_by_part(*eight_bit, part_masks=masks),
    ):
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("metric", [mask_l1, sharpness])
def test_body_masks_that_are_neither_bool_nor_0_and_1_are_refused(metric: Callable[..., Tensor]) -> None:
    eight_bit = [((image + 1) * 127.5).to(torch.uint8) for image in images()]
    mask = body_mask(*pose(), SIZE)
    assert metric(*eight_bit, body_mask=mask.float()).equal(metric(*eight_bit, body_mask=mask))
    with pytest.raises(ValueError, match="body_mask must be bool, or 0 and 1; use body_mask > 0"):
        metric(*eight_bit, body_mask=mask * 255)


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.int64])
def test_visible_must_be_bool(dtype: torch.dtype) -> None:
    joints, visible = pose()
    for use in USES.values():
        with pytest.raises(TypeError, match=f"visible must be bool, got {dtype}; use visible > 0, or confidence >"):
            use(joints, visible.to(dtype))
    with pytest.raises(TypeError, match="visible must be bool"):
        Pose(joints[0], visible[0].to(dtype))


def test_empty_batches_are_refused() -> None:
    x, y = images()
    none = torch.zeros(0, 3, *SIZE, dtype=torch.uint8)
    for call in (lambda: l1_loss(x[:0], y[:0]), lambda: PartSSIMLoss()(x[:0], y[:0], pose()[0][:0], pose()[1][:0])):
        with pytest.raises(ValueError, match=r"must not be empty, got shape \(0, 3, 64, 32\): leave such batches out"):
            call()
    with pytest.raises(ValueError, match="generated must not be empty"):
        ssim(none, none)
    with pytest.raises(ValueError, match="logits must not be empty"):
        adversarial_loss(torch.zeros(0, 1), real=True)
    assert gram_matrix(torch.zeros(0, 4, 5, 5)).shape == (0, 4, 4)


def test_a_generator_tells_a_photo_in_the_unit_range() -> None:
    generator = reposer.load_generator("mannequin")
    joints, visible = (each[:1] for each in pose())
    photo = images(0, 1)[0][:1]
    with pytest.warns(reposer.InputWarning, match="source has no value below 0"):
        generator.repose(photo, joints, visible, joints, visible)


def test_nothing_is_read_where_tensors_are_trusted(silence: None) -> None:
    with plausibility.trusted():
        l1_loss(*images(0, 1))
        limb_masks(pose()[0].flip(-1), pose()[1], SIZE)
        assert l1_loss(*(image * 100 for image in images())) > 10
    with pytest.raises(ValueError, match="generated has values from"):
        l1_loss(*(image * 100 for image in images()))


def test_a_data_set_looks_at_its_poses(make_market: MakeMarket) -> None:
    index = open_pairs(make_market(), "train")
    normalised = {name: Pose(pose.joints / 128, pose.visible) for name, pose in index.poses.items()}
    with pytest.raises(InputError, match=r"^annotations of .*train: joints must be pixels, x then y"):
        PairDataset(replace(index, poses=normalised))
    swapped = {name: Pose(pose.joints.flip(-1), pose.visible) for name, pose in index.poses.items()}
    with pytest.warns(reposer.InputWarning, match=r"as \(y, x\) they would lie inside"):
        PairDataset(replace(index, poses=swapped))


def test_the_warning_points_at_the_callers_line() -> None:
    with pytest.warns(reposer.InputWarning) as told:
        L1Loss()(*images(0, 1))
    assert [warning.filename for warning in told] == [__file__]


def test_values_are_read_once_where_reading_waits() -> None:
    """As on a GPU: a second call of the same kind is not looked at, one that was refused is looked at again."""
    looked: list[tuple[int, ...]] = []

    class Elsewhere:
        """A tensor that says it is on another device."""

        device, dtype = torch.device("cuda"), torch.float32

        def __init__(self, *shape: int) -> None:
            self.shape = torch.Size(shape)

    def look(limit: int, tensor: Elsewhere) -> None:
        looked.append(tuple(tensor.shape))
        if tensor.shape[1] > limit:
            raise ValueError("too large")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.func, "debug_unwrap", lambda tensor: tensor)
        for shape in ((2, 3), (4, 3), (2, 5), (2, 5)):
            plausibility._look(look, (5,), Elsewhere(*shape))  # type: ignore[arg-type]
        assert looked == [(2, 3), (2, 5)]
        for _ in range(2):
            with pytest.raises(ValueError, match="too large"):
                plausibility._look(look, (5,), Elsewhere(2, 9))  # type: ignore[arg-type]
    assert looked == [(2, 3), (2, 5), (2, 9), (2, 9)]


@pytest.mark.gpu
def test_losses_on_a_gpu_wait_for_it_once() -> None:
    masks = limb_masks(*pose(), SIZE).cuda()
    x, y, joints, visible = (tensor.cuda() for tensor in (*images(), *pose()))
    for mode in ("default", "error"):
        torch.cuda.set_sync_debug_mode(mode)
        try:
            l1_loss(x, y)
            plausibility.check_places(joints, visible, SIZE)
            plausibility.check_mask_values(masks)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    with pytest.raises(ValueError, match="generated has values from"):
        l1_loss(100 * x[..., 1:], y[..., 1:])


def _told_once(call: Callable[[], object], message: str) -> None:
    with pytest.warns(reposer.InputWarning, match=message) as told:
        [call() for _ in range(2)]
    assert len(told) == 1
