"""Part-based SSIM (PSSIM) as a loss."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from reposer.images import SIGNED
from reposer.losses.module import LossInputs, LossModule
from reposer.poses import OPENPOSE_18, Skeleton, limb_masks
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


class PartSSIMLoss(LossModule[PartSSIMSettings]):
    """Module form of :func:`part_ssim_loss` that makes the masks from the target's joints.

    ``forward(generated, target, joints, visible)`` takes the images (B, C, H, W), joints (B, J, 2) in pixels, x
    then y, and visible (B, J) bool.

    Args:
        skeleton: names the parts.
        options: settings, single fields of them, and the value range.

    Raises:
        TypeError: if the skeleton is none.
    """

    Settings = PartSSIMSettings
    needs = frozenset({"joints"})

    def __init__(self, *, skeleton: Skeleton = OPENPOSE_18, **options: Any) -> None:
        super().__init__(**options)
        check_skeleton(skeleton)
        self.skeleton = skeleton

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, skeleton={self.skeleton.name}"

    def forward(
        self,
        generated: Tensor,
        target: Tensor,
        joints: Tensor,
        visible: Tensor,
        *,
        content: Tensor | None = None,
    ) -> Tensor:
        masks = self._masks(target, joints, visible)
        return part_ssim_loss(
            generated, target, masks, value_range=self.value_range, content=content, settings=self.settings
        )

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.joints is not None
        return self(inputs.generated, inputs.target, *inputs.joints, content=inputs.content)

    def part_values(self, generated: Tensor, target: Tensor, joints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """SSIM (B,) of each body part by its name, arguments as in ``forward``: tells which limb is bad.

        The mean over parts is F of PSSIM; an excluded missing part is NaN.
        """
        masks = self._masks(target, joints, visible)
        values = part_ssim_values(generated, target, masks, value_range=self.value_range, settings=self.settings)
        return dict(zip((part.name for part in self.skeleton.parts), values.unbind(1), strict=True))

    def _masks(self, target: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
        check_image("target", target)
        check_channels(target=target)
        return limb_masks(
            joints,
            visible,
            (target.shape[-2], target.shape[-1]),
            skeleton=self.skeleton,
            multi_scale=self.settings.multi_scale,
            reference_height=self.settings.reference_height,
        )
