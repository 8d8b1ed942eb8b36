"""A loss of the head alone, in a crop of its own resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from torch import Tensor

from reposer.bounds import OddWindow, at_least, between
from reposer.checks import changed
from reposer.images import SIGNED
from reposer.losses.module import LossInputs, LossModule
from reposer.losses.pixel import l1_loss
from reposer.losses.ssim import ssim_loss
from reposer.poses import head_crops
from reposer.similarity.ssim import at_least_float32
from reposer.tensors import check_images
from reposer.values import Checked


@dataclass(frozen=True, kw_only=True)
class FaceSettings(Checked):
    """Of the face loss."""

    size: Annotated[int, at_least(11, 1024)] | None = None
    """Pixels of a side of the crop; None: a quarter of the picture's height, twice a standing person's head."""
    structure: Annotated[float, between(0, 1)] = 0.5
    """Share of SSIM; the rest is L1."""
    window_size: OddWindow = 7
    """Odd width of SSIM's Gaussian window, in pixels of the crop."""

    def crop_size(self, height: int) -> int:
        """Pixels of a side of the crops of pictures of that height."""
        return self.size or max(height // 4, self.window_size, 11)


def face_loss(
    generated: Tensor,
    target: Tensor,
    joints: Tensor,
    visible: Tensor,
    *,
    value_range: tuple[float, float] = SIGNED,
    content: Tensor | None = None,
    settings: FaceSettings = FaceSettings(),
    **fields: Any,
) -> Tensor:
    r"""L1 and SSIM of the head, enlarged: :math:`(1 - a)\,\mathrm{L1} + a\,(1 - \mathrm{SSIM})`.

    Both pictures are cropped to the square around nose, eyes, ears and neck (``reposer.poses.head_boxes``), in which a
    small head has as many pixels as a large one. A picture without a head counts as perfect.

    Args:
        generated: (B, C, H, W) with values in ``value_range``.
        target: (B, C, H, W).
        joints: (B, 18, 2) of the target, float pixels, x then y.
        visible: (B, 18) bool.
        value_range: lowest and highest possible value; mapped to [-1, 1] inside.
        content: not needed, as both pictures are equal outside of it: a head lies in the content.
        settings: size of the crop, share of SSIM and its window.
        fields: single fields of the settings.

    Returns:
        Scalar in [0, 2], at least float32; 0 for identical images.

    Raises:
        TypeError, ValueError: if images and joints do not fit together, or values lie far outside ``value_range``.

    Reference: Zhao, Gallo, Frosio and Kautz, "Loss functions for image restoration with neural networks", IEEE TCI 2017
    (L1 and structure, mixed); Chan, Ginosar, Zhou and Efros, "Everybody dance now", ICCV 2019 (the face on its own).
    """
    settings = changed(settings, fields)
    check_images(generated, target, value_range)
    size = settings.crop_size(target.shape[-2])
    middle, low = sum(value_range) / 2, value_range[0]
    x, y = (
        (head_crops(image - middle, joints, visible, size) + (middle - low)) / (value_range[1] - low)
        for image in at_least_float32(generated, target)
    )
    unit = (0.0, 1.0)
    value = (1 - settings.structure) * l1_loss(x, y, value_range=unit)
    if settings.structure:
        structure = ssim_loss(x, y, value_range=unit, window_size=settings.window_size)
        value = value + settings.structure * structure
    return value


class FaceLoss(LossModule[FaceSettings]):
    """Module form of :func:`face_loss`: ``forward(generated, target, joints, visible)``."""

    Settings = FaceSettings
    needs = frozenset({"joints"})

    def forward(
        self, generated: Tensor, target: Tensor, joints: Tensor, visible: Tensor, *, content: Tensor | None = None
    ) -> Tensor:
        return face_loss(
            generated, target, joints, visible, value_range=self.value_range, content=content, settings=self.settings
        )

    def term(self, inputs: LossInputs) -> Tensor:
        assert inputs.joints is not None
        return self(inputs.generated, inputs.target, *inputs.joints, content=inputs.content)
