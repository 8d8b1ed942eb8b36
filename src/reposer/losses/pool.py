"""The pool of past images that discriminators are shown."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class PoolDraw:
    """What a pool shows in place of N new images, and where it keeps these: (3, N) row numbers, drawn on the host.

    Rows of the pool, of which the one behind the last means none; rows of the new images; rows of the pool again.
    """

    rows: Tensor
    filled: int
    """Images in the pool afterwards."""

    def to(self, rows: Tensor) -> PoolDraw:
        """The same with its rows on another device."""
        return PoolDraw(rows, self.filled)


class ImagePool:
    """Past generated images: a discriminator sees a new image or, half of the time, swaps it for an old one.

    Which, is drawn before the images are there, so that a GPU can work on while the processor draws.

    Args:
        size: how many images are kept (50 published for Market-1501; 0 passes everything through).

    Reference: Shrivastava et al., "Learning from simulated and unsupervised images", CVPR 2017, section 2.3.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.filled = 0
        """How many images are kept so far."""
        self._images: Tensor | None = None  # (size + 1, C, H, W); the last row takes what is not kept

    def query(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return as many images (B, C, H, W) as given, some of them from the pool; no gradient flows through."""
        if self.size == 0:
            return images.detach()
        draw = self.draw(len(images), generator)
        draw = draw.to(draw.rows.to(images.device))
        shown = self.shown(images, draw)
        self.keep(images, draw)
        self.filled = draw.filled
        return shown

    def draw(self, count: int, generator: torch.Generator) -> PoolDraw:
        """Draw what becomes of so many new images, one after another; the pool stays as it is."""
        filled = self.filled
        inside: dict[int, int] = {}  # by place in the pool: the new image that is there by now
        rows = torch.empty(3, count, dtype=torch.long)
        for image in range(count):
            old, new = self.size, image
            if filled < self.size:
                place, filled = filled, filled + 1
            elif torch.rand((), generator=generator) < 0.5:
                place = int(torch.randint(self.size, (), generator=generator))
                old, new = (self.size, inside[place]) if place in inside else (place, image)
            else:
                place = self.size
            if place < self.size:
                inside[place] = image
            rows[0, image], rows[1, image] = old, new
        rows[2] = self.size  # what another image of this draw has replaced is not kept at all
        for place, image in inside.items():
            rows[2, image] = place
        return PoolDraw(rows, filled)

    def shown(self, images: Tensor, draw: PoolDraw) -> Tensor:
        """What the draw shows in place of new images (N, C, H, W); no gradient flows through."""
        images, kept = images.detach(), self._rows(images)
        old, new, _ = draw.rows
        return torch.where((old < self.size)[:, None, None, None], kept[old], images[new])

    def keep(self, images: Tensor, draw: PoolDraw, unless: Tensor | None = None) -> None:
        """Put new images (N, C, H, W) where the draw says, unless a flag () bool on their device is set.

        How many there are then is for the caller to note: ``filled``.
        """
        places = draw.rows[2]
        if unless is not None:
            places = places.masked_fill(unless, self.size)
        rows = self._rows(images)
        rows.index_copy_(0, places, images.detach().to(rows.dtype))  # a replay may compute in another precision

    def tensors(self) -> tuple[Tensor, ...]:
        """The tensor in which it keeps images, once there is one."""
        return () if self._images is None else (self._images,)

    def state_dict(self) -> dict[str, Tensor]:
        """Return the kept images."""
        return {} if self._images is None or not self.filled else {"images": self._images[: self.filled].clone()}

    def load_state_dict(self, state: dict[str, Tensor], device: torch.device | str = "cpu") -> None:
        """Restore the kept images."""
        images = state["images"].to(device) if state else None
        self.filled = 0 if images is None else len(images)
        if images is not None:
            self._rows(images)[: self.filled] = images

    def _rows(self, like: Tensor) -> Tensor:
        if self._images is None:
            self._images = like.new_zeros(self.size + 1, *like.shape[1:])
        return self._images
