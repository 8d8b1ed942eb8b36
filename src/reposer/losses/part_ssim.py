"""Part-based SSIM (PSSIM) as a loss."""

from __future__ import annotations

from torch import Tensor, nn

from reposer.images import SIGNED
from reposer.poses import OPENPOSE_18, Skeleton, limb_masks
from reposer.similarity import MissingParts, part_ssim_index


def part_ssim_loss(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    window_size: int = 7,
    sigma: float = 0.8,
    missing_parts: MissingParts = "as_released",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    """1 - PSSIM: the part-based SSIM index of :func:`reposer.similarity.part_ssim_index`, averaged over the batch.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W) in [0, 1]: masks of the target's body parts.
        window_size: odd width of the Gaussian window of the background term, in pixels.
        sigma: its standard deviation in pixels.
        missing_parts: "as_released" counts a missing part as perfect; "exclude" leaves it out.
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    return 1 - part_ssim_index(
        generated,
        target,
        part_masks,
        window_size=window_size,
        sigma=sigma,
        missing_parts=missing_parts,
        value_range=value_range,
    )


class PartSSIMLoss(nn.Module):
    """Module form of :func:`part_ssim_loss` that makes the masks from the target's joints.

    ``forward(generated, target, joints, visible)`` takes the images (B, C, H, W), joints (B, J, 2) in pixels, x
    then y, and visible (B, J) bool; keywords as in the function, and the ``skeleton`` that names the parts.
    """

    def __init__(
        self,
        *,
        window_size: int = 7,
        sigma: float = 0.8,
        missing_parts: MissingParts = "as_released",
        skeleton: Skeleton = OPENPOSE_18,
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.window_size, self.sigma, self.missing_parts = window_size, sigma, missing_parts
        self.skeleton, self.value_range = skeleton, value_range

    def forward(self, generated: Tensor, target: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
        height, width = target.shape[-2:]
        return part_ssim_loss(
            generated,
            target,
            limb_masks(joints, visible, (height, width), skeleton=self.skeleton),
            window_size=self.window_size,
            sigma=self.sigma,
            missing_parts=self.missing_parts,
            value_range=self.value_range,
        )
