"""Pairs of people of unlike builds in one pose and before one camera: what retargeting should give is known exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from reposer.data.mannequin.figure import FACE_LIMITS, Body, Floats, Stance, pick, pose_body, sample_body, sample_stance

SIZE = (256, 176)
FACE = [0, 14, 15, 16, 17]
KINDS = (("tall", "short"), ("wide", "narrow"), ("child", "adult"))


@dataclass(frozen=True, kw_only=True)
class Camera:
    """A camera that stays where it is; angles in radians, lengths in metres."""

    elevation: float
    distance: float
    focal: float
    """Pixels."""
    principal: tuple[float, float]

    def see(self, body: Body, stance: Stance, yaw: float) -> tuple[Floats, Floats]:
        """Joints (18, 2) of a person on the floor who has turned by ``yaw``, and which are not turned away."""
        skeleton = pose_body(body, stance)
        c, s, ct, st = np.cos(yaw), np.sin(yaw), np.cos(self.elevation), np.sin(self.elevation)
        rotation = np.array([[c, 0, s], [st * s, ct, -st * c], [-ct * s, st, ct * c]])
        points = (skeleton.joints - (0, 0.86, 0)) @ rotation.T
        scale = self.focal / (self.distance - points[:, 2:])
        towards = np.array([0, 0, self.distance]) - points[FACE]
        facing = ((skeleton.face_normals @ rotation.T) * towards).sum(1) / np.linalg.norm(towards, axis=1)
        visible = np.ones(18, bool)
        visible[FACE] = facing > FACE_LIMITS
        return points[:, :2] * (1, -1) * scale + self.principal, visible


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """N sources, targets of other builds, and the sources' people in the targets' poses."""

    source: tuple[Tensor, Tensor]
    """Joints (N, 18, 2) of persons A in poses Q, and which are visible (N, 18)."""
    target: tuple[Tensor, Tensor]
    """Of persons B in poses P."""
    truth: tuple[Tensor, Tensor]
    """Of persons A in poses P."""
    height: Tensor
    """(N,) of A standing upright, pixels."""
    kinds: list[str]
    """What A and B are, such as "child, adult"."""


def sample_build(rng: np.random.Generator, kind: str) -> Body:
    """A person who is tall, short, wide, narrow, a child (of about 3 to 12 years) or any adult."""
    body = sample_body(rng)
    if kind == "tall":
        return replace(body, stature=rng.uniform(1.85, 2.0), leg_ratio=rng.uniform(1.0, 1.05))
    if kind == "short":
        return replace(body, stature=rng.uniform(1.45, 1.58), leg_ratio=rng.uniform(0.95, 1.0))
    if kind == "wide":
        return replace(body, shoulders=rng.uniform(0.108, 0.118), hips=rng.uniform(1.1, 1.22), girth=1.3)
    if kind == "narrow":
        return replace(body, shoulders=rng.uniform(0.084, 0.094), hips=rng.uniform(0.86, 0.96), girth=0.85)
    if kind == "child":  # shorter legs, a larger head
        young = rng.uniform(0, 1)
        return replace(
            body, stature=1.45 - 0.5 * young, leg_ratio=0.98 - 0.1 * young, shoulders=0.095 - 0.006 * young,
            head=1.15 + 0.35 * young, bust=0.0,
        )  # fmt: skip
    return body


def unlike_pairs(count: int, seed: int = 0, stances: Sequence[Stance] = ()) -> Pairs:
    """Draw pairs: a third of each of ``KINDS``, either way round, turned to any side.

    Poses are drawn from the ``stances``, or are those of the mannequins' pictures.
    """
    rng = np.random.default_rng(seed)
    rows, kinds = [], []
    for index in range(count):
        names = KINDS[index % len(KINDS)][:: 1 if index // len(KINDS) % 2 else -1]
        a, b = (sample_build(rng, name) for name in names)
        distance, tall = rng.uniform(5.5, 8.6), rng.uniform(0.7, 0.82) * SIZE[0]
        camera = Camera(
            elevation=rng.uniform(0.02, 0.22),
            distance=distance,
            focal=tall * distance / 1.8,
            principal=(rng.uniform(0.4, 0.6) * SIZE[1], rng.uniform(0.48, 0.52) * SIZE[0]),
        )
        pose, other = (pick(rng, stances) if stances else sample_stance(rng) for _ in range(2))
        yaw, turn = rng.uniform(-np.pi, np.pi, 2)
        seen = camera.see(a, other, turn), camera.see(b, pose, yaw), camera.see(a, pose, yaw)
        rows.append((*seen, a.stature * camera.focal / camera.distance))
        kinds.append(", ".join(names))
    source, target, truth = (
        tuple(torch.from_numpy(np.stack(of)) for of in zip(*(row[place] for row in rows), strict=True))
        for place in range(3)
    )
    height = torch.tensor([row[3] for row in rows], dtype=torch.float64)
    return Pairs(source=source, target=target, truth=truth, height=height, kinds=kinds)


def errors(joints: Tensor, visible: Tensor, pairs: Pairs) -> Tensor:
    """Mean distance (N,) of the visible joints from the true ones, as a share of the person's height."""
    distance = (joints - pairs.truth[0]).norm(dim=-1)
    both = visible & pairs.truth[1]
    return torch.where(both, distance, 0).sum(1) / both.sum(1) / pairs.height
