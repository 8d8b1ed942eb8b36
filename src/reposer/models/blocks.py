"""Building blocks of the networks: norms, convolution stacks, initialisation, padding to a stride."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from reposer.bounds import at_least, between
from reposer.models.dropout import ItemDropout, ReflectionPad
from reposer.values import Checked

Norm = Literal["batch", "instance"]
STRIDE = 4  # two stride-2 convolutions


@dataclass(frozen=True, kw_only=True)
class BlocksConfig(Checked):
    """Options of a network of like blocks."""

    norm: Norm = "batch"
    """Norm layers: batch (published for Market-1501), or instance (for DeepFashion)."""
    channels: Annotated[int, at_least(1, 1024)] = 64
    """Width of the first layer; 64 as published."""
    blocks: Annotated[int, at_least(0, 256)] = 9
    """Blocks of the network's kind."""
    dropout: Annotated[float, between(0, 1)] = 0.5
    """Dropout probability inside the blocks; 0.5 as published."""


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without parameters or running statistics, with right gradients for a batch of one.

    torch (2.15, on the CPU) computes wrong ones there if the incoming gradient has the channels-last memory layout.
    """

    def forward(self, features: Tensor) -> Tensor:
        if not features.requires_grad or len(features) > 1:
            return super().forward(features)
        x = features.to(torch.promote_types(features.dtype, torch.float32))
        variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
        return ((x - mean) * torch.rsqrt(variance + self.eps)).to(features.dtype)


class BatchNorm(nn.BatchNorm2d):
    """Batch norm that does not count its batches: nothing asks for it, and on a GPU to add 1 is a kernel of its own."""

    def forward(self, features: Tensor) -> Tensor:
        if not self.training:
            return super().forward(features)
        statistics, momentum = (self.running_mean, self.running_var), self.momentum or 0.0
        return F.batch_norm(features, *statistics, self.weight, self.bias, True, momentum, self.eps)


def norm_layer(norm: Norm, channels: int) -> nn.Module:
    """Batch norm with affine parameters, or instance norm without parameters or running statistics."""
    return BatchNorm(channels) if norm == "batch" else InstanceNorm(channels)


def conv(channels_in: int, channels_out: int, norm: Norm, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    """Convolution before a norm: a bias only where the norm has none of its own."""
    padding = 1 if stride > 1 else 0
    return nn.Conv2d(channels_in, channels_out, kernel, stride, padding, bias=norm == "instance")


def activated(layer: nn.Module, channels: int, norm: Norm) -> list[nn.Module]:
    """A layer, the norm of its output channels, ReLU."""
    return [layer, norm_layer(norm, channels), nn.ReLU(inplace=True)]


def encoder(channels_in: int, channels: int, norm: Norm) -> list[nn.Module]:
    """Reflection pad 3, conv 7x7, then two stride-2 convs: (B, C, H, W) to (B, 4 channels, H/4, W/4)."""
    layers = [ReflectionPad(3), *activated(conv(channels_in, channels, norm, kernel=7), channels, norm)]
    for width in (channels, 2 * channels):
        layers += activated(conv(width, 2 * width, norm, stride=2), 2 * width, norm)
    return layers


def run_block(block: nn.Module, *inputs: Tensor, recompute: bool) -> Any:
    """Run a block; with ``recompute`` its activations are not kept but recomputed in the backward pass."""
    if not (recompute and torch.is_grad_enabled()):
        return block(*inputs)
    return checkpoint(block, *inputs, use_reentrant=False, context_fn=lambda: (nullcontext(), _AsBefore(block)))


class _AsBefore:
    """Inside, a block computes what it computed when this was made: the same dropout, no statistics recorded again."""

    def __init__(self, block: nn.Module) -> None:
        self._norms = [module for module in block.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
        self._keys = [(module, module.keys) for module in block.modules() if isinstance(module, ItemDropout)]

    def __enter__(self) -> None:
        self._after = [(norm, norm.momentum) for norm in self._norms]
        self._later = [(layer, layer.keys) for layer, _ in self._keys]
        for norm, _ in self._after:
            norm.momentum = 0.0
        for layer, keys in self._keys:
            layer.keys = keys

    def __exit__(self, *_: object) -> None:
        for norm, momentum in self._after:
            norm.momentum = momentum
        for layer, keys in self._later:
            layer.keys = keys


def branch(channels_in: int, channels_out: int, norm: Norm, dropout: float, *, last_norm: bool) -> nn.Sequential:
    """Two reflection-padded 3x3 convs, hidden width as the input's, dropout between them."""
    return nn.Sequential(
        ReflectionPad(1),
        conv(channels_in, channels_in, norm),
        norm_layer(norm, channels_in),
        nn.Identity(),  # ReLU, dropout and padding are one layer; the published numbers of the others stay
        ItemDropout(dropout, rectify=True, padding=1),
        nn.Identity(),
        conv(channels_in, channels_out, norm),
        *([norm_layer(norm, channels_out)] if last_norm else []),
    )


class ResidualBlock(nn.Module):
    """x + F(x), F two reflection-padded 3x3 convs with norm."""

    def __init__(self, channels: int, norm: Norm, dropout: float) -> None:
        super().__init__()
        self.branch = branch(channels, channels, norm, dropout, last_norm=True)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.branch(features)


def upsampling(channels_in: int, channels_out: int, norm: Norm) -> list[nn.Module]:
    """Transposed 3x3 conv of stride 2, norm, ReLU: doubles H and W."""
    bias = norm == "instance"
    layer = nn.ConvTranspose2d(channels_in, channels_out, 3, 2, padding=1, output_padding=1, bias=bias)
    return activated(layer, channels_out, norm)


def image_decoder(channels: int, channels_out: int, norm: Norm) -> nn.Sequential:
    """(B, 4 channels, H/4, W/4) to (B, channels_out, H, W) in [-1, 1]."""
    return nn.Sequential(
        *upsampling(4 * channels, 2 * channels, norm),
        *upsampling(2 * channels, channels, norm),
        ReflectionPad(3),
        nn.Conv2d(channels, channels_out, 7),
        nn.Tanh(),
    )


def init_published(module: nn.Module) -> None:
    """Initialisation of the published generators: conv N(0, 0.02), batch norm N(1, 0.02), biases 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
    else:
        return
    if module.bias is not None:
        nn.init.zeros_(module.bias)


def pad_to_stride(image: Tensor, stride: int = STRIDE) -> Tensor:
    """Pad (B, C, H, W) at the bottom and right, by repeating the border, to multiples of the stride."""
    height, width = image.shape[-2:]
    bottom, right = -height % stride, -width % stride
    # An exported graph pads always, perhaps by 0: whether there is something to pad depends on the size it will see.
    if torch.compiler.is_exporting() or bottom or right:
        image = F.pad(image, (0, right, 0, bottom), mode="replicate")
    return image


def crop(image: Tensor, size: torch.Size | tuple[int, int]) -> Tensor:
    """Undo ``pad_to_stride``: the top left H x W pixels of (B, C, H', W')."""
    height, width = size
    if torch.compiler.is_exporting():  # the strides of a slice would tie the graph to sizes that were padded
        rows, columns = (torch.arange(n, device=image.device) for n in (height, width))
        return image.index_select(-2, rows).index_select(-1, columns)
    return image[..., :height, :width]


def check_generator_inputs(source: Tensor, source_heatmaps: Tensor, target_heatmaps: Tensor, joints: int) -> None:
    """Raise ValueError unless the three inputs of a generator fit together."""
    expected = (source.shape[0], joints, *source.shape[-2:])
    if source.ndim != 4 or source.shape[1] != 3:
        raise ValueError(f"source must have shape (B, 3, H, W), got {tuple(source.shape)}")
    for name, maps in (("source_heatmaps", source_heatmaps), ("target_heatmaps", target_heatmaps)):
        if tuple(maps.shape) != expected:
            raise ValueError(f"{name} must have shape {expected}, got {tuple(maps.shape)}")
