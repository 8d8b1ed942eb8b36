"""Losses of padded pictures: the mean is that of the content, whatever lies around it."""

import pytest
import torch
from tests.losses.cases import IMAGE_LOSSES, MODULES, Case
from torch import Tensor
from torch.nn import functional as F

from reposer.letterbox import content_mask
from reposer.losses import mask_l1_loss, part_ssim_loss
from reposer.poses import limb_masks

LARGE = (64, 48)
EXACT = ("l1_loss", "l2_loss", "charbonnier_loss", "total_variation_loss", "adversarial_loss", "mask_l1_loss")
BOXES = torch.tensor([[16, 0, 32, 48], [0, 12, 64, 24]])


def pictures() -> tuple[Tensor, Tensor, Tensor]:
    """Smooth pictures that differ alike everywhere within their boxes, grey around them, and which pixels count."""
    generator = torch.Generator().manual_seed(0)
    small = torch.rand(2, 3, 16, 12, generator=generator) * 2 - 1
    target = F.interpolate(small, LARGE, mode="bilinear")
    changed = (target + 0.3 * torch.randn(target.shape, generator=generator)).clamp(-1, 1)
    content = content_mask(BOXES, LARGE)
    target = torch.where(content, target, 0.0)
    return torch.where(content, changed, target), target, content


@pytest.mark.parametrize("name", MODULES)
def test_where_all_is_content_nothing_changes(name: str) -> None:
    generated, target, _ = pictures()
    loss = Case(name).function(size=LARGE)
    everything = torch.ones(2, 1, *LARGE, dtype=torch.bool)
    torch.testing.assert_close(loss(generated, target, content=everything), loss(generated, target))


@pytest.mark.parametrize("name", [name for name in MODULES if name not in ("lpips_loss", "face_loss")])
def test_padding_does_not_dilute_the_mean(name: str) -> None:
    """Half of these pictures is padding: without content a term would be about half as large."""
    generated, target, content = pictures()
    case, options = Case(name), {"scales": 2} if name == "multi_scale_ssim_loss" else {}
    whole = torch.stack([
        _of_crop(case, generated[i : i + 1], target[i : i + 1], *BOXES[i].tolist(), **options) for i in range(2)
    ]).mean()  # fmt: skip
    found = case.function(size=LARGE)(generated, target, content=content, **options)
    exact = name in EXACT
    torch.testing.assert_close(found, whole, rtol=1e-5 if exact else 0.25, atol=1e-6)


def test_the_distance_of_a_network_is_scaled_to_the_content() -> None:
    """Where the pictures are equal LPIPS is 0: its means over all positions are half of those over the content."""
    generated, target, content = pictures()
    case = Case("lpips_loss")
    distances = case.networks["network"](generated, target)
    torch.testing.assert_close(case.function()(generated, target, content=content), 2 * distances.mean())


def _of_crop(
    case: Case, generated: Tensor, target: Tensor, top: int, left: int, height: int, width: int, **options: int
) -> Tensor:
    """The loss of the content alone; body parts are where they are in the whole picture."""
    x, y = (image[..., top : top + height, left : left + width].contiguous() for image in (generated, target))
    if case.name == "mask_l1_loss":
        row = 0 if top else 1
        mask = case.mask[row : row + 1, top : top + height, left : left + width]
        return mask_l1_loss(x, y, mask)
    if case.name != "part_ssim_loss":
        return case.function(size=(height, width), batch=1)(x, y, **options)
    row = 0 if top else 1
    masks = limb_masks(case.joints[row : row + 1] * 2, case.visible[:1], LARGE)
    return part_ssim_loss(x, y, masks[..., top : top + height, left : left + width].contiguous())


@pytest.mark.parametrize("name", IMAGE_LOSSES)
def test_no_gradient_comes_out_of_the_padding(name: str) -> None:
    generated, target, content = pictures()
    painted = generated.masked_fill(~content, 0.9).requires_grad_()
    loss = Case(name).function(size=LARGE)
    value = loss(torch.where(content, painted, target), target, content=content)
    (gradient,) = torch.autograd.grad(value, painted)
    assert gradient[content.expand_as(gradient)].abs().max() > 0
    assert gradient[~content.expand_as(gradient)].eq(0).all()
    assert value.item() == loss(generated, target, content=content).item()
