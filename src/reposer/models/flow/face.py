"""The face at a resolution of its own: cut out twice as large, moved by its own landmarks, and put back softly."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from reposer.models.blocks import Norm
from reposer.models.flow.layers import Residual, changed, enlarged, layer
from reposer.models.flow.motion import Pose
from reposer.poses.frames import sample
from reposer.poses.tables import table

_HEAD = 0  # of PARTS
_LANDMARKS = (0, 14, 15, 16, 17)  # nose, eyes, ears
_HALF = (0.65, 0.75)  # the cut reaches so many scales, and so many lengths of the neck, to each side
_REACH = 0.3  # of it, how far a landmark's motion reaches
_BLUR = 0.12  # of it, the spread of landmarks as the network sees them
_RIM = 0.25  # of it, along which the face fades into the picture
_SHIFT = 0.3  # of it, how far points may be from where the landmarks say
_OUTPUTS = (2, 3, 3)  # shift; logits of moved, picture and painted; painted


@dataclass(frozen=True)
class Head:
    """Heads of a batch, each with a square around it."""

    centre: Tensor
    """(B, 2) pixels."""
    half: Tensor
    """(B, 1), half the side of the square."""
    across: Tensor
    """(B, 2), of length 1: to the right where the head is upright."""
    found: Tensor
    """(B,) bool."""
    landmarks: Tensor
    """(B, 5, 2) pixels."""
    shown: Tensor
    """(B, 5) bool."""

    @classmethod
    def of(cls, pose: Pose) -> Head:
        """The heads of poses."""
        frames, joints, visible = pose.frames, pose.joints, pose.visible
        of_scale, of_neck = _HALF
        neck = frames.along[:, _HEAD].norm(dim=-1)
        half = (of_scale * frames.scale).maximum(of_neck * neck)[:, None]
        return cls(
            frames.start[:, _HEAD], half, frames.across[:, _HEAD], frames.found[:, _HEAD],
            joints[:, _LANDMARKS], visible[:, _LANDMARKS],
        )  # fmt: skip

    def square(self, side: int) -> Tensor:
        """Where the pixels of the square's picture (side, side) are: (B, 2, side, side) pixels."""
        steps = (torch.arange(side, device=self.half.device, dtype=self.half.dtype) + 0.5) * (2 / side) - 1
        grid = torch.stack((steps.expand(side, side), steps[:, None].expand(side, side)))
        return self.centre[..., None, None] + self.half[..., None, None] * grid

    def maps(self, places: Tensor) -> Tensor:
        """Where the landmarks are (B, 5, h, w) at places (B, 2, h, w)."""
        apart = (places[:, None] - self.landmarks[..., None, None]).square().sum(dim=2)
        spread = 2 * (_BLUR * self.half[..., None, None]).square()
        return torch.exp(-(apart / spread).clamp(max=40)) * self.shown[..., None, None]


def moved(source: Head, target: Head, places: Tensor) -> Tensor:
    """Where the source's head has the points at places (B, 2, h, w) of the target's head.

    Each landmark that both show moves its surroundings: turned, resized and shifted as the landmark is. Where the
    landmarks are far, or there are none, the whole head does.
    """
    shown = source.shown & target.shown
    ends = (torch.cat((head.landmarks, head.centre[:, None]), dim=1) for head in (target, source))
    to, start = (each[..., None, None] for each in ends)  # (B, 6, 2, 1, 1)
    away = places[:, None] - to
    spread = 2 * (_REACH * target.half[..., None, None]).square()
    near = torch.exp(-(away[:, :-1].square().sum(dim=2) / spread).clamp(max=40)) * shown[..., None, None]
    shares = torch.cat((near, torch.full_like(near[:, :1], 0.05)), dim=1)
    shares = shares / shares.sum(dim=1, keepdim=True)
    a, b = source.across, target.across
    cos, sin = ((a * b).sum(dim=1), a[:, 1] * b[:, 0] - a[:, 0] * b[:, 1])
    size = source.half / target.half
    turned = torch.stack((cos, -sin, sin, cos), dim=1).unflatten(1, (2, 2)) * size[..., None]
    away = (turned[:, None, :, :, None, None] * away[:, :, None]).sum(dim=3)
    return ((start + away) * shares[:, :, None]).sum(dim=1)


class FacePath(nn.Module):
    """Repairs the face of a picture from that of the source; ``channels``: width of its first layer."""

    def __init__(self, channels: int, norm: Norm) -> None:
        super().__init__()
        widths = (channels, 2 * channels, 4 * channels)
        self.first = layer(3 + 3 + 2 * len(_LANDMARKS), widths[0], norm)
        self.facing = nn.Linear(4 + 2 * len(_LANDMARKS), widths[2])
        self.down = nn.ModuleList(
            nn.Sequential(layer(a, b, norm, stride=2), layer(b, b, norm)) for a, b in pairwise(widths)
        )
        self.block = Residual(widths[2], norm)
        self.up = nn.ModuleList(layer(a + b, a, norm) for a, b in pairwise(widths))
        self.last = nn.Conv2d(channels, sum(_OUTPUTS), 3, 1, 1)

    def forward(self, picture: Tensor, source: Tensor, here: Pose, there: Pose) -> Tensor:
        """The picture (B, 3, H, W) with its face repaired, from the source and the poses of both."""
        before, head = Head.of(here), Head.of(there)
        side = picture.shape[-2] // 4 + 16
        square = head.square(side)
        places = moved(before, head, square)
        body = sample(picture, square)
        marks = torch.cat((head.maps(square), before.maps(places)), dim=1).to(body)
        features = [self.first(torch.cat((sample(source, places), body, marks), dim=1))]
        for down in self.down:
            features.append(down(features[-1]))
        shown = torch.cat((before.shown, head.shown), dim=1).to(square)
        turns = torch.cat((here.frames.facing[:, _HEAD], there.frames.facing[:, _HEAD], shown), dim=1)
        deep = features.pop()
        deep = self.block(deep + self.facing(turns.to(deep))[..., None, None].to(deep))
        for up in reversed(self.up):
            deep = up(torch.cat((features[-1], enlarged(deep, features.pop())), dim=1))
        shift, shares, painted = self.last(deep).split(_OUTPUTS, dim=1)
        shift = torch.tanh(shift.to(places)) * (_SHIFT * before.half[..., None, None])
        pictures = torch.stack((sample(source, places + shift), body, changed(body, painted.to(body))), dim=1)
        prior = table((0.0, 1.0, -1.0), shares)[:, None, None]
        face = (pictures * torch.softmax(shares + prior, dim=1)[:, :, None]).sum(dim=1)
        return _pasted(face, picture, head, before.found & head.found)


def _pasted(face: Tensor, picture: Tensor, head: Head, found: Tensor) -> Tensor:
    """A picture of the square (B, 3, side, side) put into the picture, fading towards its rim."""
    height, width = picture.shape[-2:]
    y, x = (torch.arange(n, device=face.device, dtype=head.half.dtype) for n in (height, width))
    across = (x - head.centre[:, :1]) / head.half
    down = (y - head.centre[:, 1:]) / head.half
    fades = [((1 - each.abs()) / _RIM).clamp(0, 1) for each in (across, down)]
    window = fades[1][:, :, None] * fades[0][:, None] * found[:, None, None]
    side = face.shape[-1]
    places = torch.stack((across[:, None].expand(-1, height, -1), down[..., None].expand(-1, -1, width)), dim=1)
    pasted = sample(face, (places.clamp(-2, 2) + 1) * (side / 2) - 0.5)
    return torch.lerp(picture, pasted, window[:, None].to(picture))
