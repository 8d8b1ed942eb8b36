"""Adversarial losses, and the pool of past images that discriminators are shown."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GANKind = Literal["cross_entropy", "least_squares"]


def adversarial_loss(logits: Tensor, *, real: bool, kind: GANKind = "cross_entropy") -> Tensor:
    r"""How far a discriminator's logits are from the answer 'real' (1) or 'generated' (0), averaged over all of them.

    Cross-entropy: :math:`-\log \sigma(l)` for real, :math:`-\log(1 - \sigma(l))` for generated.
    Least squares: :math:`(l - t)^2` with t = 1 or 0.

    Args:
        logits: any shape; before a sigmoid.
        real: the answer that the logits should give.
        kind: "cross_entropy" (published for Market-1501) or "least_squares" (DeepFashion).

    Returns:
        Scalar, at least 0.

    Reference: Goodfellow et al., NIPS 2014; Mao et al., "Least squares GANs", ICCV 2017, eq. 2.
    """
    if kind == "cross_entropy":
        return F.softplus(-logits if real else logits).mean()
    return (logits - float(real)).square().mean()


class AdversarialLoss(nn.Module):
    """Module form of :func:`adversarial_loss`."""

    def __init__(self, *, kind: GANKind = "cross_entropy") -> None:
        super().__init__()
        self.kind: GANKind = kind

    def forward(self, logits: Tensor, *, real: bool) -> Tensor:
        return adversarial_loss(logits, real=real, kind=self.kind)


class ImagePool:
    """Past generated images: a discriminator sees a new image or, half of the time, swaps it for an old one.

    Args:
        size: how many images are kept (50 published for Market-1501; 0 passes everything through).

    Reference: Shrivastava et al., "Learning from simulated and unsupervised images", CVPR 2017, section 2.3.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._images: list[Tensor] = []

    def query(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return as many images (B, C, H, W) as given, some of them from the pool; no gradient flows through."""
        images = images.detach()
        if self.size == 0:
            return images
        shown = []
        for image in images:
            if len(self._images) < self.size:
                self._images.append(image.clone())
                shown.append(image)
            elif torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=generator))
                shown.append(self._images[place])
                self._images[place] = image.clone()
            else:
                shown.append(image)
        return torch.stack(shown)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept images."""
        return {"images": torch.stack(self._images)} if self._images else {}

    def load_state_dict(self, state: dict[str, Tensor], device: torch.device | str = "cpu") -> None:
        """Restore the kept images."""
        self._images = list(state["images"].to(device).unbind()) if state else []
