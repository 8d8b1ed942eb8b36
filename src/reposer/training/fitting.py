"""Whether an objective fits the images of a run, found out before its first step."""

from __future__ import annotations

import torch

from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.losses import Objective


def check_fits(objective: Objective, config: RunConfig, device: torch.device) -> None:
    """Raise InputError where a term of the objective, such as its window, does not fit the images of the run."""
    image = torch.zeros(1, 3, *config.size, device=device)
    place = torch.linspace(0.1, 0.9, 18, device=device)
    joints = torch.stack((place * config.size[1], place * config.size[0]), dim=-1)[None]
    logits = torch.zeros(1, 1, 2, 2, device=device)
    try:
        with torch.no_grad():
            objective(image, image, joints, torch.ones_like(joints[..., 0]).bool(), fake_logits=(logits,))
    except ValueError as error:
        raise InputError(f"objective: {error}") from None
