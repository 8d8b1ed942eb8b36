"""Part-based SSIM (PSSIM) as a loss."""

from __future__ import annotations

from torch import Tensor, nn

from reposer.images import SIGNED
from reposer.poses import OPENPOSE_18, Skeleton, limb_masks
from reposer.similarity import Background, MissingParts, Statistics, part_ssim_index, part_ssim_values


def part_ssim_loss(
    generated: Tensor,
    target: Tensor,
    part_masks: Tensor,
    *,
    window_size: int = 7,
    sigma: float = 0.8,
    missing_parts: MissingParts = "as_released",
    background: Background = "blacked_out",
    statistics: Statistics = "global",
    value_range: tuple[float, float] = SIGNED,
) -> Tensor:
    r"""1 - PSSIM, averaged over the batch: the mean over P body parts and the background term B.

    .. math:: 1 - \frac12 \left(\frac1P \sum_{p=1}^P \mathrm{SSIM}_p + B\right)

    with :func:`reposer.similarity.part_ssim` of a part and B as in :func:`reposer.similarity.part_ssim_index`.

    The defaults are the published loss. With ``missing_parts="exclude"`` and ``background="normalized"`` only what
    is in the picture counts: pixels outside a mask change neither the value nor the gradient of its term.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        part_masks: (B, P, H, W) in [0, 1]: masks of the target's body parts.
        window_size: odd width of the Gaussian window of the background term and of local statistics, in pixels.
        sigma: its standard deviation in pixels.
        missing_parts: "as_released" counts a missing part as perfect; "exclude" leaves it out.
        background: "blacked_out" compares the images with the body blacked out; "normalized" only the visible
            background.
        statistics: of a part, "global": one mean, variance and covariance; "local": an SSIM map under the mask
            (7 to 8 times the time of the whole loss).
        value_range: lowest and highest possible value; mapped to [0, 1] inside.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if images, masks or window do not fit together, values lie far outside
            ``value_range``, or a choice is unknown.

    Reference: Shi et al., "Loss functions for pose guided person image generation", Pattern Recognition 2022.
    """
    return 1 - part_ssim_index(
        generated,
        target,
        part_masks,
        window_size=window_size,
        sigma=sigma,
        missing_parts=missing_parts,
        background=background,
        statistics=statistics,
        value_range=value_range,
    )


class PartSSIMLoss(nn.Module):
    """Module form of :func:`part_ssim_loss` that makes the masks from the target's joints.

    ``forward(generated, target, joints, visible)`` takes the images (B, C, H, W), joints (B, J, 2) in pixels, x
    then y, and visible (B, J) bool; keywords as in the function, and those of :func:`reposer.poses.limb_masks`:
    the ``skeleton`` that names the parts, ``multi_scale`` and ``reference_height``.
    """

    def __init__(
        self,
        *,
        window_size: int = 7,
        sigma: float = 0.8,
        missing_parts: MissingParts = "as_released",
        background: Background = "blacked_out",
        statistics: Statistics = "global",
        skeleton: Skeleton = OPENPOSE_18,
        multi_scale: bool = False,
        reference_height: float | None = None,
        value_range: tuple[float, float] = SIGNED,
    ) -> None:
        super().__init__()
        self.window_size, self.sigma, self.value_range = window_size, sigma, value_range
        self.missing_parts: MissingParts = missing_parts
        self.background: Background = background
        self.statistics: Statistics = statistics
        self.skeleton, self.multi_scale, self.reference_height = skeleton, multi_scale, reference_height

    def forward(self, generated: Tensor, target: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
        return part_ssim_loss(
            generated,
            target,
            self._masks(target, joints, visible),
            window_size=self.window_size,
            sigma=self.sigma,
            missing_parts=self.missing_parts,
            background=self.background,
            statistics=self.statistics,
            value_range=self.value_range,
        )

    def part_values(self, generated: Tensor, target: Tensor, joints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """SSIM (B,) of each body part by its name, arguments as in ``forward``: tells which limb is bad.

        The mean over parts is F of PSSIM; with ``missing_parts="exclude"`` a missing part is NaN.
        """
        values = part_ssim_values(
            generated,
            target,
            self._masks(target, joints, visible),
            statistics=self.statistics,
            window_size=self.window_size,
            sigma=self.sigma,
            missing_parts=self.missing_parts,
            value_range=self.value_range,
        )
        names = [part.name for part in self.skeleton.parts]
        values = values.unflatten(1, (-1, len(names))).mean(1)  # over the sets of multi-scale masks
        return dict(zip(names, values.unbind(1), strict=True))

    def _masks(self, target: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
        height, width = target.shape[-2:]
        return limb_masks(
            joints,
            visible,
            (height, width),
            skeleton=self.skeleton,
            multi_scale=self.multi_scale,
            reference_height=self.reference_height,
        )
