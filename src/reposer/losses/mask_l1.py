"""L1 on the person alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor

from reposer.checks import changed
from reposer.images import SIGNED
from reposer.losses.module import LossInputs, LossModule, Need
from reposer.poses import limb_masks
from reposer.similarity.ssim import at_least_float32
from reposer.tensors import check_images, check_tensor
from reposer.values import Checked

Masks = Literal["skeleton", "exact"]


@dataclass(frozen=True, kw_only=True)
class MaskL1Settings(Checked):
    """Of L1 on the person."""

    masks: Masks = "skeleton"
    """Where the person is, as a term: "skeleton", around the limbs; "exact", by the part labels of rendered people."""


def mask_l1_loss(
    generated: Tensor,
    target: Tensor,
    mask: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: MaskL1Settings = MaskL1Settings(),
    **fields: Any,
) -> Tensor:
    r"""Mean absolute difference under a mask, :math:`\sum m |x - y| / (C \sum m)` of each picture, then their mean.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        mask: (B, H, W), bool or in [0, 1]: where the target shows the person.
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: of the term alone.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images. An empty mask counts as 1 % of the picture.

    Raises:
        TypeError, ValueError: if images and mask do not fit together, or values lie far outside ``value_range``.

    Reference: Ma et al., "Pose Guided Person Image Generation", NIPS 2017, eq. 3, there with all of the picture beside.
    """
    changed(settings, fields)
    check_images(generated, target, value_range)
    check_tensor("mask", mask, "(B, H, W)")
    if mask.shape != (len(target), *target.shape[2:]):
        raise ValueError(f"mask must have shape {(len(target), *target.shape[2:])}, got {tuple(mask.shape)}")
    x, y = at_least_float32(generated, target)
    weights = mask[:, None].to(x.dtype)
    if content is not None:
        weights = weights * content
    sums = ((x - y).abs() * weights).sum(dim=(1, 2, 3))
    area = weights.sum(dim=(1, 2, 3)).clamp(min=0.01 * weights[0].numel())
    return (sums / area).mean() * (2 / (value_range[1] - value_range[0]) / target.shape[1])


class MaskL1Loss(LossModule[MaskL1Settings]):
    """Module form of :func:`mask_l1_loss`; as a term, of the target's limbs or of the exact mask of its person."""

    Settings = MaskL1Settings

    @classmethod
    def needs_of(cls, settings: MaskL1Settings) -> frozenset[Need]:
        return frozenset({"truth" if settings.masks == "exact" else "joints"})

    def forward(self, generated: Tensor, target: Tensor, mask: Tensor, *, content: Tensor | None = None) -> Tensor:
        return mask_l1_loss(
            generated, target, mask, value_range=self.value_range, content=content, settings=self.settings
        )

    def term(self, inputs: LossInputs) -> Tensor:
        if self.settings.masks == "exact":
            assert inputs.truth is not None
            mask = inputs.truth.parts > 0
        else:
            assert inputs.joints is not None
            size = (inputs.target.shape[-2], inputs.target.shape[-1])
            mask = limb_masks(*inputs.joints, size).amax(dim=1)
        return self(inputs.generated, inputs.target, mask, content=inputs.content)
