"""One case a loss, with whatever it needs besides the images: what the tests of every loss run through."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import pytest
import torch
from tests.losses.random_weights import squeeze_state, vgg_state
from torch import Tensor, nn

from reposer import losses
from reposer.features import LPIPSNetwork, VGG19Features
from reposer.poses import limb_masks

MODULES = {
    "l1_loss": "L1Loss",
    "l2_loss": "L2Loss",
    "charbonnier_loss": "CharbonnierLoss",
    "total_variation_loss": "TotalVariationLoss",
    "ssim_loss": "SSIMLoss",
    "multi_scale_ssim_loss": "MultiScaleSSIMLoss",
    "part_ssim_loss": "PartSSIMLoss",
    "mask_l1_loss": "MaskL1Loss",
    "face_loss": "FaceLoss",
    "perceptual_loss": "PerceptualLoss",
    "style_loss": "StyleLoss",
    "perceptual_ssim_loss": "PerceptualSSIMLoss",
    "lpips_loss": "LPIPSLoss",
    "adversarial_loss": "AdversarialLoss",
}
OF_TRUTH = {"flow_loss": "FlowLoss", "visibility_loss": "VisibilityLoss", "warp_loss": "WarpLoss"}
"""Those of what a network explains, in place of the two images; their tests are in test_flow.py."""
IMAGE_LOSSES = [name for name in MODULES if name != "adversarial_loss"]
VGG19 = ("perceptual_loss", "style_loss", "perceptual_ssim_loss")
AT_IDENTITY = {"charbonnier_loss": 1e-3}
WITH_JOINTS = ("part_ssim_loss", "face_loss")
SMALLEST = {"multi_scale_ssim_loss": 22, "lpips_loss": 17}  # two scales; three poolings

Loss = Callable[..., Tensor]
"""Of (generated, target), and keywords."""


@cache
def _networks(name: str) -> dict[str, Any]:
    """What the function takes as a network; ``Case.function`` gives it its dtype."""
    if name in VGG19:
        return {"features": VGG19Features(weights=vgg_state())}
    if name == "lpips_loss":
        pytest.importorskip("lpips")
        return {"network": LPIPSNetwork("squeeze", weights=squeeze_state())}
    return {}


class Case:
    """One loss in both forms; the adversarial one takes the generated image for logits."""

    def __init__(self, name: str) -> None:
        self.name = name
        generator = torch.Generator().manual_seed(0)
        self.joints = torch.rand(2, 18, 2, generator=generator) * torch.tensor([24.0, 32.0])
        self.visible = torch.ones(2, 18, dtype=torch.bool)
        self.mask = torch.zeros(2, 64, 48)
        self.mask[:, ::3] = torch.rand(48, generator=generator)
        self.networks = _networks(name)

    def function(self, dtype: torch.dtype = torch.float32, size: tuple[int, int] = (32, 24), batch: int = 2) -> Loss:
        """The function, its networks and masks made for images of that kind."""
        function, name = getattr(losses, self.name), self.name
        for network in self.networks.values():
            network.to(torch.promote_types(dtype, torch.float32))
        if name == "adversarial_loss":
            return lambda generated, _, **options: function(generated, real=True, **options)
        if name == "total_variation_loss":
            return lambda generated, _, **options: function(generated, **options)
        if name == "mask_l1_loss":
            mask = self.mask[:batch, : size[0], : size[1]].to(torch.promote_types(dtype, torch.float32))
            return lambda generated, target, **options: function(generated, target, mask, **options)
        if name == "face_loss":
            places = self.joints[:batch] * torch.tensor([size[1] / 24, size[0] / 32])
            shown = self.visible[:batch]
            return lambda generated, target, **options: function(generated, target, places, shown, **options)
        if name == "part_ssim_loss":
            joints = self.joints[:batch].double() * torch.tensor([size[1] / 24, size[0] / 32], dtype=torch.float64)
            masks = limb_masks(joints, self.visible[:batch], size).to(torch.promote_types(dtype, torch.float32))
            return lambda generated, target, **options: function(generated, target, masks, **options)
        return partial(function, **self.networks)

    @property
    def besides(self) -> tuple[Tensor, ...]:
        """What the function takes besides two images of 32x24."""
        return {
            "part_ssim_loss": (torch.ones(2, 10, 32, 24),),
            "mask_l1_loss": (self.mask[:, :32, :24],),
            "face_loss": (self.joints, self.visible),
        }.get(self.name, ())

    def value(self, generated: Tensor, target: Tensor, **options: Any) -> Tensor:
        """Of the function."""
        size = (target.shape[-2], target.shape[-1])
        return self.function(target.dtype, size, len(target))(generated, target, **options)

    def make_module(self, **options: Any) -> nn.Module:
        if self.name in VGG19:
            options["weights"] = vgg_state()
        elif self.name == "lpips_loss":
            options |= {"backbone": "squeeze", "weights": squeeze_state()}
        return getattr(losses, MODULES[self.name])(**options)

    def call(self, module: nn.Module, generated: Tensor, target: Tensor) -> Tensor:
        """Value of the Module."""
        if self.name == "adversarial_loss":
            return module(generated, real=True)
        if self.name == "total_variation_loss":
            return module(generated)
        if self.name == "mask_l1_loss":
            return module(generated, target, *self.besides)
        return module(generated, target, *((self.joints, self.visible) if self.name in WITH_JOINTS else ()))


def images(
    dtype: torch.dtype = torch.float32, size: tuple[int, int] = (32, 24), batch: int = 2
) -> tuple[Tensor, Tensor]:
    """Two batches of noise in [-1, 1]."""
    generator = torch.Generator().manual_seed(1)
    x, y = torch.rand(2, batch, 3, *size, generator=generator, dtype=torch.float64).to(dtype) * 2 - 1
    return x, y
