"""PSSIM beyond the paper: visible background, local statistics, values of parts, mask sizes."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from reposer import similarity
from reposer.losses import PartSSIMLoss, part_ssim_loss
from reposer.poses import LABELLED_PARTS, OPENPOSE_18, labelled_masks, limb_masks
from reposer.similarity import part_ssim, part_ssim_index, part_ssim_values, ssim_map, window_weights

WHAT_IS_SHOWN: dict[str, Any] = {"missing_parts": "exclude", "background": "normalized"}
masked_ssim = partial(similarity.masked_ssim, value_range=(0, 1))


def images(size: tuple[int, int] = (24, 16)) -> tuple[Tensor, Tensor]:
    x, y = torch.rand(2, 2, 3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x, y


def hard_masks(size: tuple[int, int] = (24, 16)) -> Tensor:
    """Two rectangles, one at the border of the image, and a missing part."""
    masks = torch.zeros(2, 3, *size, dtype=torch.float64)
    masks[:, 0, 3:12, 4:9] = 1
    masks[:, 1, -2:, 2:7] = 1
    return masks


def joints_and_visible(size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    joints = torch.rand(2, 18, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return joints * torch.tensor([size[1], size[0]]), torch.ones(2, 18, dtype=torch.bool)


def standing() -> Tensor:
    """Joints (2, 18, 2) of a figure with its arms spread, in an image of 128x128 pixels."""
    body = [(32, 6), (32, 14), (24, 16), (14, 20), (4, 26), (40, 16), (50, 20), (60, 26), (28, 36), (24, 48), (20, 60)]
    joints = torch.tensor([*body, (36, 36), (40, 48), (44, 60), *[(32, 6)] * 4], dtype=torch.float64)
    return (2 * joints).expand(2, -1, -1)


def test_masked_ssim_equals_the_definition_position_by_position() -> None:
    size = (12, 9)
    x, y = images(size)
    masks = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    masks[0, 0] = 0
    masks[0, 0, 2:5, 3:] = 1
    line = window_weights(7, 0.8)
    window = line[:, None] * line
    c1, c2 = 0.01**2, 0.03**2
    for b, p, c in ((0, 0, 0), (0, 1, 2), (1, 2, 1)):
        total, shares = 0.0, 0.0
        for top in range(size[0] - 6):
            for left in range(size[1] - 6):
                cut = (slice(top, top + 7), slice(left, left + 7))
                share = (window * masks[b, p][cut]).sum().item()
                if share == 0:
                    continue
                weights = window * masks[b, p][cut] / share
                u, v = x[b, c][cut], y[b, c][cut]
                mu, mv = (weights * u).sum(), (weights * v).sum()
                covariance = (weights * (u - mu) * (v - mv)).sum()
                variances = (weights * ((u - mu) ** 2 + (v - mv) ** 2)).sum()
                value = (2 * mu * mv + c1) * (2 * covariance + c2) / ((mu**2 + mv**2 + c1) * (variances + c2))
                total, shares = total + share * value.item(), shares + share
        assert masked_ssim(x, y, masks)[b, p, c].item() == pytest.approx(total / shares, abs=1e-9)


def test_masked_ssim_of_a_full_mask_is_ssim_and_of_an_empty_one_is_1() -> None:
    x, y = images()
    full = torch.ones(2, 1, 24, 16, dtype=torch.float64)
    plain = ssim_map(x, y, window_size=7, sigma=0.8).mean(dim=(2, 3))
    torch.testing.assert_close(masked_ssim(x, y, full)[:, 0], plain)
    assert masked_ssim(x, y, 0 * full).eq(1).all()
    signed = similarity.masked_ssim(2 * x.half() - 1, 2 * y.half() - 1, full)
    assert signed.dtype == torch.float32
    torch.testing.assert_close(signed[:, 0].double(), plain, atol=2e-3, rtol=0)


def test_normalized_background_is_that_of_the_background_alone() -> None:
    x, y = images()
    masks = hard_masks()
    outside = 1 - masks.amax(1, keepdim=True)
    index = part_ssim_index(x, y, masks, value_range=(0, 1), reduction="none", **WHAT_IS_SHOWN)
    foreground = part_ssim(x, y, masks, value_range=(0, 1))[:, :2].mean(dim=(1, 2))
    torch.testing.assert_close(index, (foreground + masked_ssim(x, y, outside).mean(dim=(1, 2))) / 2)
    # Nothing but body: no background to compare.
    everywhere = torch.ones_like(masks)
    index = part_ssim_index(x, y, everywhere, value_range=(0, 1), **WHAT_IS_SHOWN)
    assert index.item() == pytest.approx((part_ssim(x, y, everywhere, value_range=(0, 1)).mean().item() + 1) / 2)


@pytest.mark.parametrize("statistics", ["global", "local"])
def test_pixels_outside_a_mask_change_neither_value_nor_gradient(statistics: Any) -> None:
    x, y = images()
    masks = hard_masks()
    other = torch.rand(x.shape, generator=torch.Generator().manual_seed(5), dtype=x.dtype)
    for part in (0, 1):
        inside = masks[:, part, None].bool()
        values, gradients = [], []
        for a, b in ((x, y), (torch.where(inside, x, other), torch.where(inside, y, 1 - other))):
            a = a.clone().requires_grad_(True)
            value = part_ssim(a, b, masks, statistics=statistics, value_range=(0, 1))[:, part]
            values.append(value)
            gradients.append(torch.autograd.grad(value.sum(), a)[0])
        assert values[0].equal(values[1])
        assert gradients[0].equal(gradients[1])
        assert gradients[0].masked_select(inside).ne(0).all()
        assert gradients[0].masked_select(~inside).eq(0).all()


def test_normalized_background_does_not_see_the_body() -> None:
    x, y = images()
    body = hard_masks().amax(1, keepdim=True)
    other = torch.where(body.bool(), 1 - x, x).requires_grad_(True)
    value = masked_ssim(other, y, 1 - body)
    assert value.equal(masked_ssim(x, y, 1 - body))
    (gradient,) = torch.autograd.grad(value.sum(), other)
    assert gradient.masked_select(body.bool()).eq(0).all()


@pytest.mark.parametrize("statistics", ["global", "local"])
def test_nothing_shown_is_no_loss_and_no_gradient(statistics: Any) -> None:
    x, y = images()
    x.requires_grad_(True)
    nothing = torch.zeros(2, 4, 24, 16)
    loss = 1 - part_ssim(x, y, nothing, statistics=statistics, value_range=(0, 1))
    assert loss.eq(0).all()
    assert torch.autograd.grad(loss.sum(), x)[0].eq(0).all()
    # No part at all: only the background is left, and it is the whole picture.
    index = part_ssim_index(x, y, nothing, statistics=statistics, value_range=(0, 1), **WHAT_IS_SHOWN)
    background = ssim_map(x, y, window_size=7, sigma=0.8).mean()
    assert index.item() == pytest.approx((1 + background.item()) / 2)


def test_local_statistics_see_where_a_colour_is() -> None:
    x, _ = images()
    masks = torch.zeros(2, 1, 24, 16, dtype=torch.float64)
    masks[:, :, 4:20, 2:14] = 1
    # Two different halves change places: mean and variance of the part stay, the covariance is small.
    halves = x.clone()
    halves[:, :, 4:12], halves[:, :, 12:20] = x[:, :, 4:12] * 0.2, 0.8 + x[:, :, 12:20] * 0.2
    flat = torch.full_like(x, 0.5)
    options: dict[str, Any] = {"value_range": (0, 1)}
    for statistics in ("global", "local"):
        assert part_ssim(halves, halves, masks, statistics=statistics, **options).sub(1).abs().max() < 1e-6
    far = part_ssim(halves, flat, masks, statistics="local", **options)
    assert (far > part_ssim(halves, flat, masks, **options)).all()  # flat inside each half, not over both


def test_part_values_name_the_bad_limb() -> None:
    size = (128, 128)
    x, _ = images(size)
    joints, visible = standing(), torch.ones(2, 18, dtype=torch.bool)
    visible[0, 4] = False
    masks = limb_masks(joints, visible, size)
    bad = OPENPOSE_18.parts[4]
    y = torch.where(masks[:, 4:5] > 0.8, 1 - x, x)
    for options in ({}, {"statistics": "local"}, {"multi_scale": True}):
        module = PartSSIMLoss(value_range=(0, 1), missing_parts="exclude", **options)
        values = module.part_values(x, y, joints, visible)
        assert list(values) == [part.name for part in OPENPOSE_18.parts]
        assert all(value.shape == (2,) for value in values.values())
        assert values["right lower arm"].isnan().tolist() == [True, False]
        assert min(values, key=lambda name: values[name][1].item()) == bad.name
    released = PartSSIMLoss(value_range=(0, 1)).part_values(x, y, joints, visible)
    assert released["right lower arm"][0] == 1
    expected = part_ssim(x, y, masks, value_range=(0, 1)).mean(-1)
    torch.testing.assert_close(torch.stack(list(released.values()), 1), expected)
    torch.testing.assert_close(part_ssim_values(x, y, masks, value_range=(0, 1)), expected)


def test_multi_scale_masks() -> None:
    size = (64, 48)
    x, y = images(size)
    joints, visible = joints_and_visible(size)
    visible[0, 4] = False
    masks = limb_masks(joints, visible, size, multi_scale=True)
    assert masks.shape == (2, 50, *size)
    sets = masks.unflatten(1, (5, 10))
    assert (sets[0].sum(dim=(2, 3)).eq(0) == ~visible[0, 4] * (torch.arange(10) == 2)).all()
    # F is the mean over the five sets, whatever happens to missing parts.
    for missing in ("as_released", "exclude"):
        each = [_foreground(x, y, part_set, missing) for part_set in sets.unbind(1)]
        torch.testing.assert_close(_foreground(x, y, masks, missing), torch.stack(each).mean(0))


def _foreground(x: Tensor, y: Tensor, masks: Tensor, missing: Any) -> Tensor:
    return part_ssim_values(x, y, masks, missing_parts=missing, value_range=(0, 1)).nanmean(1)


@pytest.mark.parametrize(
    ("number", "width", "divisor"), [(0, 5, 1.5), (1, 7, 1.2), (2, 9, 0.9), (3, 11, 1.5), (4, 13, 1.2)]
)
def test_multi_scale_profile(number: int, width: float, divisor: float) -> None:
    """An upright head and torso: the masks' values along and across are those of the stated Gaussians."""
    size = (101, 81)
    joints = torch.zeros(1, 18, 2, dtype=torch.float64)
    joints[0, 0], joints[0, 1] = torch.tensor([40.0, 30.0]), torch.tensor([40.0, 70.0])
    joints[0, [2, 5]], joints[0, [8, 11]] = torch.tensor([40.0, 30.0]).double(), torch.tensor([40.0, 70.0]).double()
    masks = limb_masks(joints, torch.ones(1, 18, dtype=torch.bool), size, multi_scale=True)[0].unflatten(0, (5, 10))
    for part, across in ((0, width), (9, width + 2)):
        mask = masks[number, part]
        assert mask[50, 40 + 6].item() == pytest.approx(torch.tensor(-(6**2) / (2 * across**2)).exp().item(), abs=1e-5)
        along = 40**2 / divisor
        assert mask[50 + 9, 40].item() == pytest.approx(torch.tensor(-(9**2) / (2 * along)).exp().item(), abs=1e-5)


@pytest.mark.parametrize("multi_scale", [False, True])
def test_mask_sizes_scale_with_the_image(multi_scale: bool) -> None:
    joints, visible = joints_and_visible((64, 48))
    small = limb_masks(joints, visible, (64, 48), multi_scale=multi_scale)
    same = limb_masks(joints, visible, (64, 48), multi_scale=multi_scale, reference_height=64)
    assert same.equal(small)
    large = limb_masks(2 * joints, visible, (128, 96), multi_scale=multi_scale, reference_height=64)
    torch.testing.assert_close(large[:, :, ::2, ::2], small, atol=0.01, rtol=0)  # the maximum lies on a finer grid
    unscaled = limb_masks(2 * joints, visible, (128, 96), multi_scale=multi_scale)
    assert (unscaled.sum() < 0.8 * large.sum()).item()
    with pytest.raises(ValueError, match="reference_height must be a positive number of pixels, got 0"):
        limb_masks(joints, visible, (64, 48), reference_height=0)


def test_masks_of_low_precision_joints_are_float32() -> None:
    joints, visible = joints_and_visible((64, 48))
    masks = limb_masks(joints.half(), visible, (64, 48))
    assert masks.dtype == torch.float32
    torch.testing.assert_close(masks, limb_masks(joints.half().double(), visible, (64, 48)).float())


@pytest.mark.parametrize("options", [
    {"background": "normalised"}, {"missing_parts": "skip"}, {"statistics": "part"},
])  # fmt: skip
def test_unknown_choice_is_named(options: dict[str, Any]) -> None:
    x, y = images()
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"unknown {name} '{value}'.*known: "):
        part_ssim_loss(x, y, hard_masks(), **options)


def test_masks_that_do_not_fit_are_named() -> None:
    x, y = images()
    with pytest.raises(ValueError, match=r"part_masks must have shape \(2, 'P', 24, 16\), got \(2, 3, 16, 24\)"):
        part_ssim_loss(x, y, hard_masks((16, 24)))
    with pytest.raises(ValueError, match="part_masks must have at least one part"):
        part_ssim_loss(x, y, hard_masks()[:, :0])


def test_module_passes_every_option_on() -> None:
    size = (32, 24)
    x, y = images(size)
    joints, visible = joints_and_visible(size)
    visible[:, 7] = False
    options: dict[str, Any] = {
        "window_size": 5, "sigma": 1.1, "statistics": "local", "value_range": (0, 2), **WHAT_IS_SHOWN
    }  # fmt: skip
    sizes: dict[str, Any] = {"multi_scale": True, "reference_height": 64}
    masks = limb_masks(joints, visible, size, **sizes)
    expected = part_ssim_loss(x, y, masks, **options)
    assert PartSSIMLoss(**options, **sizes)(x, y, joints, visible) == expected
    for name in (*options, *sizes):
        fewer = {key: value for key, value in (options | sizes).items() if key != name}
        assert PartSSIMLoss(**fewer)(x, y, joints, visible) != expected, name


def test_exact_masks_are_those_of_the_labels() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 2, 3, 32, 24, generator=generator) * 2 - 1
    labels = torch.randint(0, 18, (2, 4, 4), generator=generator).repeat_interleave(8, 1).repeat_interleave(6, 2)
    loss = PartSSIMLoss(masks="exact", missing_parts="exclude")
    expected = part_ssim_loss(x, y, labelled_masks(labels), missing_parts="exclude")
    torch.testing.assert_close(loss(x, y, labels=labels), expected)
    values = loss.part_values(x, y, labels=labels)
    assert list(values) == list(LABELLED_PARTS)
    missing = labelled_masks(labels).amax(dim=(2, 3)) == 0
    assert torch.stack(list(values.values()), dim=1).isnan().equal(missing)
    assert missing.any()
    with pytest.raises(ValueError, match=r"made of part labels: pass labels=\(B, H, W\)"):
        loss(x, y, torch.zeros(2, 18, 2), torch.ones(2, 18).bool())
    with pytest.raises(ValueError, match="masks of a skeleton are made of joints: pass"):
        PartSSIMLoss()(x, y, labels=labels)
