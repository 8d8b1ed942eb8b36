"""Coordinate frames of the body parts, where the parts are in a picture, and their warping to another pose."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from reposer.kernels import opaque
from reposer.poses import operators
from reposer.poses.skeleton import OPENPOSE_18, shown_joints
from reposer.poses.tables import table

# From behind, no nose is visible: the head starts in the middle of the visible joints of the face.
PARTS = tuple(replace(part, start=(0, 14, 15, 16, 17)) if part.name == "head" else part for part in OPENPOSE_18.parts)
_STARTS, _ENDS = tuple(part.start for part in PARTS), tuple(part.end for part in PARTS)
RADII = ((0.2, 0.24), (0.15, 0.15), (0.12, 0.12), (0.15, 0.15), (0.12, 0.12),
         (0.24, 0.24), (0.17, 0.17), (0.24, 0.24), (0.17, 0.17), (0.54, 0.33))  # fmt: skip
"""Half the width and half the depth of each part of ``PARTS``, in units of ``PartFrames.scale``: an adult's."""
TORSO_LENGTH = 1.5  # scales
_SHORTEST = 0.2  # scales: a limb that points at the camera is taken to be this long
BREADTH = 0.825  # scales that shoulders and hips are apart, on average
_LIMBS, _TORSO = slice(1, 9), 9
_NECK, _EYES_AND_EARS = 1, (14, 15, 16, 17)
# In scales: how far a part reaches beyond its ends (skull, hands, feet, hips), and its spread across.
_BEFORE = {"head": 0.5, "torso": 0.2}
_AFTER = {"right lower arm": 0.5, "left lower arm": 0.5, "right lower leg": 0.4, "left lower leg": 0.4, "torso": 0.4}
_SPREAD = {"head": 0.35, "torso": 0.5}
_EXTENTS = tuple(
    tuple(of.get(part.name, default) for part in PARTS)
    for of, default in ((_BEFORE, 0.1), (_AFTER, 0.1), (_SPREAD, 0.2))
)


@dataclass(frozen=True)
class PartFrames:
    """Where the body parts of a batch are, as coordinate frames in pixels, x then y."""

    start: Tensor
    """(B, 10, 2)"""
    along: Tensor
    """(B, 10, 2), from start to end."""
    across: Tensor
    """(B, 10, 2), of length 1, at right angles: to the right where a part hangs down."""
    facing: Tensor
    """(B, 10, 2), cosine and sine of the angle by which the person has turned away from the camera, to the right of
    the picture: (1, 0) from the front, (0, 1) looking to the right, (-1, 0) from behind."""
    found: Tensor
    """(B, 10) bool: has both ends."""
    scale: Tensor
    """(B,), two thirds of the torso's length; without a torso the mean length of the limbs."""


def part_frames(joints: Tensor, visible: Tensor) -> PartFrames:
    """Frames of the 10 body parts of ``OPENPOSE_18``.

    A part's middle line runs between its ends, each the mean of those of its joints that are visible. The cosine of
    the person's turn is how far shoulders and hips are apart, left ones to the right, over how far they are apart on an
    average person; its sine has the sign of the side on which the face is from the neck. Without torso or face: (1, 0)
    or (-1, 0).

    Args:
        joints: (B, 18, 2) float pixels, x then y.
        visible: (B, 18) bool.

    Raises:
        ValueError: if the joints are not those of ``OPENPOSE_18``.
    """
    OPENPOSE_18.check(joints, visible)
    tables = [_members(joints, ends) for ends in (_STARTS, _ENDS, (_EYES_AND_EARS,))]
    compute = operators.part_frames if opaque(joints, visible) else plain_frames
    start, along, across, facing, found, scale = compute(joints, visible, *tables)
    return PartFrames(start, along, across, facing[:, None].expand(-1, len(PARTS), -1), found, scale)


def plain_frames(
    joints: Tensor, visible: Tensor, starts: Tensor, ends: Tensor, faces: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """The fields of ``part_frames`` by PyTorch's operators; facing is (B, 2).

    Args:
        starts: (K, J), 1 for the joints at the start of a part, else 0.
        ends: the same of the ends.
        faces: (1, J), the same of eyes and ears.
    """
    joints = shown_joints(joints, visible)
    start, has_start = _mean_places(joints, visible, starts)
    end, has_end = _mean_places(joints, visible, ends)
    found, along = has_start & has_end, end - start
    lengths = along.norm(dim=-1)
    limbs = found[:, _LIMBS].to(joints)
    mean = (lengths[:, _LIMBS] * limbs).sum(dim=1) / limbs.sum(dim=1).clamp(min=1)
    scale = torch.where(found[:, _TORSO], lengths[:, _TORSO] / TORSO_LENGTH, mean).clamp(min=4.0)
    across = torch.stack((along[..., 1], -along[..., 0]), dim=-1) / lengths.clamp(min=1e-3)[..., None]
    across = torch.where(lengths[..., None] < 1e-3, table((1.0, 0.0), joints), across)
    facing = _facing(joints, visible, across[:, _TORSO], scale, faces)
    return start, along, across, facing, found, scale


def _members(joints: Tensor, ends: tuple[tuple[int, ...], ...]) -> Tensor:
    """Which joints (K, J) are at an end, as 0 and 1."""
    return table(tuple(tuple(joint in end for joint in range(joints.shape[1])) for end in ends), joints)


def _mean_places(joints: Tensor, visible: Tensor, members: Tensor) -> tuple[Tensor, Tensor]:
    weights = members * visible[:, None]
    count = weights.sum(dim=-1)
    sums = (weights[..., None] * joints[:, None]).sum(dim=2)
    return sums / count.clamp(min=1)[..., None], count > 0


def _facing(joints: Tensor, visible: Tensor, across: Tensor, scale: Tensor, faces: Tensor) -> Tensor:
    """(B, 2), cosine and sine."""
    both = (visible[:, (5, 11)] & visible[:, (2, 8)]).to(joints)
    apart = ((joints[:, (5, 11)] - joints[:, (2, 8)]) * across[:, None]).sum(dim=-1)
    breadth = (apart * both).sum(dim=1) / both.sum(dim=1).clamp(min=1)
    cos = (breadth / (BREADTH * scale)).clamp(-1, 1)
    eyes_and_ears, has_any = _mean_places(joints, visible, faces)
    face = torch.where(visible[:, :1], joints[:, 0], eyes_and_ears[:, 0])
    has_face = visible[:, _NECK] & (visible[:, 0] | has_any[:, 0])
    ahead = ((face - joints[:, _NECK]) * across).sum(dim=-1) * has_face
    facing = torch.stack((cos, torch.sign(ahead) * (1 - cos.square()).clamp(min=0).sqrt()), dim=-1)
    return _unit(torch.where(facing.norm(dim=-1, keepdim=True) < 0.1, table((1.0, 0.0), joints), facing))


def _unit(vectors: Tensor) -> Tensor:
    return vectors / vectors.norm(dim=-1, keepdim=True).clamp(min=1e-3)


def adjusted(frames: PartFrames, facing: Tensor, start: Tensor) -> PartFrames:
    """Frames whose parts face where ``frames.facing + facing`` points and start ``start`` scales further.

    Both are (B, 10, 2).
    """
    start = frames.start + start * frames.scale[:, None, None]
    return replace(frames, facing=_unit(frames.facing + facing), start=start)


def in_turn(frames: PartFrames) -> tuple[PartFrames, PartFrames]:
    """Frames of which every second one is another pose: those of the first, and of the second."""
    pairs = {name: value.unflatten(0, (-1, 2)).unbind(dim=1) for name, value in vars(frames).items()}
    return (
        PartFrames(**{name: pair[0] for name, pair in pairs.items()}),
        PartFrames(**{name: pair[1] for name, pair in pairs.items()}),
    )


def shrunk(frames: PartFrames, times: int) -> PartFrames:
    """The frames in a picture shrunk so many times, whose pixels each show ``times`` x ``times`` of the old ones."""
    start = (frames.start + 0.5) / times - 0.5
    return replace(frames, start=start, along=frames.along / times, scale=frames.scale / times)


def part_maps(frames: PartFrames, size: tuple[int, int]) -> Tensor:
    """Where the parts are in a picture of ``size`` (H, W): (B, K, H, W) in [0, 1].

    1 along a part's middle line and a little beyond its ends (hands, feet, skull), falling off as a Gaussian;
    0 everywhere for a part that was not found.
    """
    before, after, spread = table(_EXTENTS, frames.scale)[..., None, None].unbind()
    u, aside = _everywhere(_to_part(frames), size).unbind(dim=2)
    scale = frames.scale[:, None, None, None]
    length = frames.along.norm(dim=-1)[..., None, None]
    place = u * length.maximum(_SHORTEST * scale)
    beyond = (-place - before * scale).maximum(place - length - after * scale).clamp(min=0)
    exponent = (beyond.square() + aside.square()) / (2 * (spread * scale).square())
    maps = torch.exp(-exponent.clamp(max=40))  # beyond lie subnormal numbers, with which processors are slow
    return maps * frames.found[..., None, None]


def warp_parts(
    source: Tensor, source_frames: PartFrames, target_frames: PartFrames, radii: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    r"""Move the parts of ``source`` (B, 3, H, W) to the target pose, as elliptic cylinders that turn with the person.

    In picture k, the target's point p shows the source at p' = s' + u a' + d' c', where

    .. math::
        u = (p - s) \cdot a / |a|^2, \qquad d = (p - s) \cdot c, \qquad
        d' = r' \left(\frac{d}{r} \cos\Delta + \sqrt{1 - d^2 / r^2} \, \sin\Delta\right)

    with start s, along a, across c of the target's frame and s', a', c' of the source's. A cylinder with half axes
    :math:`r_x, r_z` of a person who has turned by :math:`\theta` looks
    :math:`r = \sqrt{r_x^2 \cos^2\theta + r_z^2 \sin^2\theta}` wide to either side, and its surface has moved by
    the angle :math:`\delta = \mathrm{atan2}(r_z a_y \sin\theta / |a|, r_x \cos\theta)`, that is around a limb that
    hangs down by as much as the person has turned, and around a raised arm by as much the other way;
    :math:`\Delta = \delta' - \delta`. Of a limb that points at the camera, whose a is short, only as much is shown as
    has room. The picture of a part that one of the frames lacks means nothing.

    Args:
        radii: (K, 2), the half axes in scales; None: ``RADII``.

    Returns:
        Pictures (B, K, 3, H, W), and (B, K, H, W) in [-1, 1]: the cosine of the angle at which the source sees the
        point, negative where it lies on the far side, hidden by what is shown.

    After Siarohin et al., "Deformable GANs for Pose-Based Human Image Generation", CVPR 2018: affine maps of ten parts,
    there of flat rectangles.
    """
    size = (source.shape[-2], source.shape[-1])
    places, facing = part_places(source_frames, target_frames, size, radii)
    pictures = source[:, None].expand(-1, len(PARTS), -1, -1, -1)
    return sample(pictures.flatten(0, 1), places.flatten(0, 1)).unflatten(0, (-1, len(PARTS))), facing


def part_places(
    source_frames: PartFrames, target_frames: PartFrames, size: tuple[int, int], radii: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Where each point of a picture of ``size`` (H, W) in the target pose is in the source, as each of the parts.

    Returns:
        Places (B, K, 2, H, W) in pixels, x then y, and (B, K, H, W) in [-1, 1] as :func:`warp_parts`, which shows them.
    """
    here, there = source_frames, target_frames
    radii = table(RADII, here.start) if radii is None else radii.to(here.start)
    (wide, *angle), (wide_before, *angle_before) = (_turn(frames, radii) for frames in (there, here))
    cos = (angle[0] * angle_before[0] + angle[1] * angle_before[1])[..., None, None]
    sin = (angle[0] * angle_before[1] - angle[1] * angle_before[0])[..., None, None]
    u, aside = _everywhere(_to_part(there), size).unbind(dim=2)
    aside = aside / wide[..., None, None]
    ahead = (1 - aside.square()).clamp(min=0.04).sqrt()  # no infinite gradients at the rim
    across = here.across * wide_before[..., None]
    start, along, across = (vector[..., None, None] for vector in (here.start, here.along, across))
    places = start + along * u[:, :, None] + across * (aside * cos + ahead * sin)[:, :, None]
    return places, (ahead * cos - aside * sin).clamp(-1, 1)


def _turn(frames: PartFrames, radii: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Half the width of each part in pixels, and the cosine and sine of the angle by which its surface has moved."""
    cos, sin = (frames.facing * radii).unbind(dim=-1)
    wide = (cos.square() + sin.square()).clamp(min=1e-6).sqrt()
    angle = _unit(torch.stack((cos, sin * frames.across[..., 0]), dim=-1))
    return wide * frames.scale[:, None], angle[..., 0], angle[..., 1]


def sample(images: Tensor, places: Tensor) -> Tensor:
    """The colours of ``images`` (B, C, H, W) at ``places`` (B, 2, H, W), x and y in pixels; the border beyond.

    An image of whose places one is not finite is nan everywhere, so that a loss shows it.
    """
    height, width = images.shape[-2:]
    x, y = places.unbind(dim=1)
    grid = torch.stack((2 * x / (width - 1), 2 * y / (height - 1)), dim=-1) - 1
    # At nan torch shows any colour, and on the CPU the gradient reads beyond the image, which ends the process.
    unknown = 0 * grid.detach().sum(dim=(1, 2, 3), keepdim=True)
    grid = torch.where(unknown == 0, grid, 0.0)
    found = functional.grid_sample(images.to(grid.dtype), grid, padding_mode="border", align_corners=True)
    return (found + unknown).to(images.dtype)


def shifted(images: Tensor, shift: Tensor) -> Tensor:
    """``images`` (B, C, H, W), where each pixel shows what lies ``shift`` (B, 2, H, W) pixels (x, y) away."""
    here = torch.eye(2, 3, device=shift.device, dtype=torch.promote_types(shift.dtype, torch.float32))
    return sample(images, _everywhere(here, (images.shape[-2], images.shape[-1])) + shift)


def _to_part(frames: PartFrames) -> Tensor:
    """Matrices (B, K, 2, 3) that take points (x, y, 1) to lengths along the parts and pixels across."""
    length = frames.along.norm(dim=-1, keepdim=True)
    along = frames.along / (length * length.maximum(_SHORTEST * frames.scale[:, None, None])).clamp(min=1e-3)
    matrix = torch.stack((along, frames.across), dim=-2)
    start = (matrix * frames.start[..., None, :]).sum(dim=-1, keepdim=True)
    return torch.cat((matrix, -start), dim=-1)


def _everywhere(matrix: Tensor, size: tuple[int, int]) -> Tensor:
    """Where matrices (..., 2, 3) take each pixel (x, y, 1): (..., 2, H, W)."""
    # No matrix product: autocast would compute it in half precision.
    y, x = (torch.arange(n, device=matrix.device, dtype=matrix.dtype) for n in size)
    of_x, of_y, of_1 = (each[..., None, None] for each in matrix.unbind(dim=-1))
    return of_x * x + (of_y * y[:, None] + of_1)
