"""Layers of the flow network, and how it looks up what lies elsewhere."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from reposer.models.blocks import Norm, activated, norm_layer
from reposer.poses.frames import sample


def layer(channels_in: int, channels_out: int, norm: Norm, *, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Convolution, norm, ReLU."""
    convolution = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=norm == "instance")
    return nn.Sequential(*activated(convolution, channels_out, norm))


class Residual(nn.Module):
    """x + F(x), F two 3x3 convolutions with norm."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        last = nn.Conv2d(channels, channels, 3, 1, 1, bias=norm == "instance")
        self.branch = nn.Sequential(layer(channels, channels, norm), last, norm_layer(norm, channels))

    def forward(self, features: Tensor) -> Tensor:
        return features + self.branch(features)


def looked_up(features: Tensor, places: Tensor, times: int) -> Tensor:
    """Features (B, C, h, w) of a picture shrunk ``times``, at places (B, 2, H', W') in pixels of the whole picture."""
    return sample(features, (places + 0.5) / times - 0.5)


def enlarged(features: Tensor, like: Tensor, *, smooth: bool = False) -> Tensor:
    """Features at the size of others; ``smooth``: interpolated, else repeated."""
    size = (like.shape[-2], like.shape[-1])
    if smooth:
        return functional.interpolate(features, size=size, mode="bilinear", align_corners=False)
    return functional.interpolate(features, size=size, mode="nearest")


def changed(picture: Tensor, change: Tensor) -> Tensor:
    """A picture in [-1, 1] changed towards white where the change is above 0, towards black where it is below."""
    change = torch.tanh(change.contiguous())
    return picture + torch.relu(change) * (1 - picture) - torch.relu(-change) * (1 + picture)
