"""The smallest generator that reads joints, as somebody would add one: a configuration, a network, a catalogue line."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from reposer.models import GeneratorNetwork, NetworkConfig, NetworkEntry


@dataclass(frozen=True, kw_only=True)
class TinyConfig(NetworkConfig):
    """A tiny generator."""

    network: Literal["tiny"] = "tiny"
    width: int = 4
    """Width of its layer."""


class TinyGenerator(GeneratorNetwork):
    """The source, shaded by what the joints say."""

    reads = "joints"

    def __init__(self, joints: int = 18, **fields: Any) -> None:
        super().__init__(joints)
        width = TinyConfig(**fields).width
        self.image = nn.Conv2d(3, width, 3, padding=1)
        self.pose = nn.Linear(6 * joints, width)
        self.last = nn.Conv2d(width, 3, 1)

    def forward(
        self,
        source: Tensor,
        source_joints: Tensor,
        source_visible: Tensor,
        target_joints: Tensor,
        target_visible: Tensor,
    ) -> Tensor:
        assert not source_visible.is_floating_point()
        assert not target_visible.is_floating_point()
        shown = (source_visible.to(source), target_visible.to(source))
        poses = [
            (j * v[..., None] / 100).flatten(1) for j, v in zip((source_joints, target_joints), shown, strict=True)
        ]
        shade = self.pose(torch.cat((*poses, *shown), dim=1))
        return torch.tanh(self.last(torch.relu(self.image(source) + shade[:, :, None, None])))


TINY = NetworkEntry(TinyGenerator, TinyConfig, "a test's")
