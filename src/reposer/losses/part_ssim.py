"""Part-based SSIM (PSSIM) as a loss."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from torch import Tensor

from reposer.images import SIGNED
from reposer.losses.mask_l1 import Masks
from reposer.losses.module import LossInputs, LossModule, Need
from reposer.poses import LABELLED_PARTS, OPENPOSE_18, Skeleton, labelled_masks, limb_masks
from reposer.poses.skeleton import check_skeleton
from reposer.similarity import PartSSIMSettings, part_ssim_values
from reposer.similarity.parts import mean_part_distance
from reposer.tensors import check_channels, check_image


def part_ssim_loss(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: PartSSIMSettings = PartSSIMSettings(),
    **fields: Any,
) -> Tensor:
    r"""1 - PSSIM, averaged over the batch: the mean over P body parts and the background term B.

    .. math:: 1 - \frac12 \left(\frac1P \sum_{p=1}^P \mathrm{SSIM}_p + B\right)

    with :func:`reposer.similarity.part_ssim` of a part and B as in :func:`reposer.similarity.part_ssim_index`.

    The defaults are the published loss. With missing parts excluded and the background normalized only what is in
    the picture counts: pixels outside a mask change neither the value nor the gradient of its term.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W) in [0, 1]: masks of the target's body parts.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.
        content: (B, 1, H, W), which pixels count, see ``reposer.similarity.content``; None: all.
        settings: window, missing parts, background and statistics; local ones take 7 to 8 times as long.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together, values lie far outside
            ``value_range``, or a choice is unknown.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    return mean_part_distance(
        generated, target, part_masks, value_range=value_range, content=content, settings=settings, **fields
    )


@dataclass(frozen=True, kw_only=True)
class PartSSIMLossSettings(PartSSIMSettings):
    """Of PSSIM as a loss."""

    masks: Masks = "skeleton"
    """Of the parts: "skeleton", around the limbs; "exact", by the part labels of rendered people, and 12 of them."""


_SHARED = [field.name for field in fields(PartSSIMSettings)]


class PartSSIMLoss(LossModule[PartSSIMLossSettings]):
    """Module form of :func:`part_ssim_loss` that makes the masks from the target's joints, or its part labels.

    ``forward(generated, target, joints, visible)`` takes the images (B, C, H, W), joints (B, J, 2) in pixels, x
    then y, and visible (B, J) bool; with ``masks="exact"`` also ``labels`` (B, H, W), see
    :func:`reposer.poses.labelled_masks`, and then no joints.

    Args:
        skeleton: names the parts.
        options: settings, single fields of them, and the value range.

    Raises:
        TypeError: if the skeleton is none.
    """

    Settings = PartSSIMLossSettings
    needs = frozenset({"joints"})

    def __init__(
        self, *, skeleton: Skeleton = OPENPOSE_18, settings: PartSSIMSettings | None = None, **options: Any
    ) -> None:
        if settings is not None and not isinstance(settings, PartSSIMLossSettings):
            settings = PartSSIMLossSettings(**{name: getattr(settings, name) for name in _SHARED})
        super().__init__(settings=settings, **options)
        check_skeleton(skeleton)
        self.skeleton = skeleton

    @classmethod
    def needs_of(cls, settings: PartSSIMLossSettings) -> frozenset[Need]:
        return frozenset({"truth"}) if settings.masks == "exact" else cls.needs

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, skeleton={self.skeleton.name}"

    def forward(
        self,
        generated: Tensor,
        target: Tensor,
        joints: Tensor | None = None,
        visible: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        content: Tensor | None = None,
    ) -> Tensor:
        masks = self._masks(target, joints, visible, labels)
        return part_ssim_loss(
            generated, target, masks, value_range=self.value_range, content=content, settings=self.settings
        )

    def term(self, inputs: LossInputs) -> Tensor:
        if self.settings.masks == "exact":
            assert inputs.truth is not None
            return self(inputs.generated, inputs.target, labels=inputs.truth.parts, content=inputs.content)
        assert inputs.joints is not None
        return self(inputs.generated, inputs.target, *inputs.joints, content=inputs.content)

    def part_values(
        self,
        generated: Tensor,
        target: Tensor,
        joints: Tensor | None = None,
        visible: Tensor | None = None,
        *,
        labels: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """SSIM (B,) of each body part by its name, arguments as in ``forward``: tells which limb is bad.

        The mean over parts is F of PSSIM; an excluded missing part is NaN.
        """
        masks = self._masks(target, joints, visible, labels)
        values = part_ssim_values(generated, target, masks, value_range=self.value_range, settings=self.settings)
        exact = self.settings.masks == "exact"
        names = LABELLED_PARTS if exact else tuple(part.name for part in self.skeleton.parts)
        return dict(zip(names, values.unbind(1), strict=True))

    def _masks(self, target: Tensor, joints: Tensor | None, visible: Tensor | None, labels: Tensor | None) -> Tensor:
        check_image("target", target)
        check_channels(target=target)
        if self.settings.masks == "exact":
            if labels is None:
                raise ValueError('masks="exact" are made of part labels: pass labels=(B, H, W)')
            return labelled_masks(labels)
        if joints is None or visible is None:
            raise ValueError("masks of a skeleton are made of joints: pass the target's joints and visible")
        return limb_masks(
            joints,
            visible,
            (target.shape[-2], target.shape[-1]),
            skeleton=self.skeleton,
            multi_scale=self.settings.multi_scale,
            reference_height=self.settings.reference_height,
        )
