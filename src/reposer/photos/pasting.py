"""What of a generated picture belongs into the photo: where the person was, and where they are now."""

from __future__ import annotations

import torch
from torch import Tensor

from reposer.poses import Pose, part_frames, part_maps

_NONE, _ALL = 0.03, 0.2
"""Of the Gaussians about the limbs: 2.6 and 1.8 deviations away from them."""


def person_share(source: Pose, target: Pose, size: tuple[int, int]) -> Tensor:
    """Weights (H, W) in [0, 1]: 1 about the limbs of either pose, with room for clothes and hair, falling to 0 around.

    Where the person was, the generator's background is taken too, as the photo shows them there. Distances are those of
    :func:`reposer.poses.part_maps`, so they grow with the person.

    Args:
        source: where the person is in the photo, in pixels of the frame.
        target: where they come to be.
        size: (H, W) of the frame.
    """
    joints = torch.stack([source.joints, target.joints]).float()
    visible = torch.stack([source.visible, target.visible])
    near = part_maps(part_frames(joints, visible), size).amax(dim=(0, 1)).clamp(min=1e-6)
    none, full = (torch.tensor(value).log().neg().sqrt() for value in (_NONE, _ALL))
    x = ((none - near.log().neg().clamp(min=0).sqrt()) / (none - full)).clamp(0, 1)
    return x * x * (3 - 2 * x)
