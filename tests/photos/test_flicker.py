"""Flicker: nothing where nothing changes but by the motion, and what is added where something does."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import isnan, radians

import numpy as np
import pytest
import torch
from tools.make_motions import walking
from torch import Tensor

from reposer.data.mannequin import make_mannequin, photograph, surface_flow
from reposer.data.mannequin.scene import View
from reposer.photos import Flicker, estimated_flicker, flicker

SIZE = (64, 32)
STILL = View(yaw=radians(60), elevation=0, zoom=1, shift=(0, 0), pan=(0, 0), gain=(1, 1, 1), camera=1)


def noise(count: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 256, (count, 3, *SIZE), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


def walk(count: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Pictures of a mannequin that walks, their joints and visibility, the true flow and where it is seen."""
    mannequin = make_mannequin(0, 3, (128, 64), clothing="easy")
    moments = [(walking(k / 28), STILL) for k in range(count)]
    taken = [photograph(mannequin, *moment) for moment in moments]
    ways = [surface_flow(mannequin, *pair) for pair in pairwise(moments)]
    return (
        torch.from_numpy(np.stack([each.image for each in taken])).permute(0, 3, 1, 2),
        torch.from_numpy(np.stack([each.joints for each in taken])),
        torch.from_numpy(np.stack([each.visible for each in taken])),
        torch.from_numpy(np.stack([flow for flow, _ in ways])),
        torch.from_numpy(np.stack([seen for _, seen in ways])),
    )


def test_pictures_that_move_as_told_do_not_flicker() -> None:
    picture = noise(1)
    moved = torch.cat([picture.roll((2 * k, 3 * k), (2, 3)) for k in range(3)])
    flow = torch.tensor([-3.0, -2.0])[None, :, None, None].expand(2, 2, *SIZE)
    seen = torch.zeros(2, *SIZE, dtype=torch.bool)
    seen[:, 8:, 8:] = True
    assert flicker(moved, flow, seen) < 1e-3
    assert flicker(moved, torch.zeros_like(flow), seen) > 50


def test_a_change_counts_by_its_mean() -> None:
    grey = torch.full((2, 3, *SIZE), 100, dtype=torch.uint8)
    grey[1, 0] = 130
    flow, seen = torch.zeros(1, 2, *SIZE), torch.ones(1, *SIZE, dtype=torch.bool)
    assert flicker(grey, flow, seen) == pytest.approx(10)
    assert isnan(flicker(grey, flow, ~seen))
    with pytest.raises(ValueError, match="need flow"):
        flicker(grey, flow, seen[0])


def test_the_flow_of_a_mannequin_leads_to_the_same_place_of_its_surface() -> None:
    mannequin = make_mannequin(0, 3, (128, 64), clothing="easy")
    mannequin = replace(mannequin, scene=replace(mannequin.scene, ambient=1.0))
    one = (walking(0.0), STILL)
    flow, seen = surface_flow(mannequin, one, one)
    parts = photograph(mannequin, *one).parts
    assert np.abs(flow[:, seen]).max() < 0.01
    assert seen[parts > 0].mean() > 0.95
    assert not seen[parts == 0].any() or seen[parts == 0].mean() < 0.02
    aside = (walking(0.0), replace(STILL, shift=(0.125, 0.0)))
    flow, seen = surface_flow(mannequin, one, aside)
    np.testing.assert_allclose(flow[0, seen], -8, atol=0.01)
    np.testing.assert_allclose(flow[1, seen], 0, atol=0.01)
    turned = (walking(0.0), replace(STILL, yaw=STILL.yaw + np.pi))
    assert surface_flow(mannequin, one, turned)[1].mean() < 0.3 * seen.mean(), "the back was not seen"


def test_true_pictures_flicker_little_and_jitter_is_seen() -> None:
    pictures, joints, visible, flow, seen = walk(4)
    true = flicker(pictures, flow, seen)
    uneven = pictures.clone()
    uneven[1::2] = (uneven[1::2].float() * 0.8).to(torch.uint8)
    assert true < 6
    assert flicker(uneven, flow, seen) > true + 10
    shaking = torch.stack([picture.roll(2 * (k % 2), 2) for k, picture in enumerate(pictures)])
    assert flicker(shaking, flow, seen) > 2 * true
    assert flicker(pictures, torch.zeros_like(flow), seen) > 2 * true, "the person moves"
    estimate, of_uneven = (estimated_flicker(each, joints, visible) for each in (pictures, uneven))
    assert estimate.person < 12
    assert of_uneven.person > estimate.person + 10
    assert of_uneven.surroundings > estimate.surroundings + 10


def test_without_anybody_only_the_surroundings_count() -> None:
    joints, visible = torch.zeros(3, 18, 2), torch.zeros(3, 18, dtype=torch.bool)
    still = noise(1).expand(3, -1, -1, -1)
    found = estimated_flicker(still, joints, visible)
    assert isnan(found.person)
    assert found.surroundings == 0


def test_what_there_is_none_of_is_said_in_words() -> None:
    nan = float("nan")
    assert Flicker(1.25, 0.5).in_words() == "1.2 of 255 on the person, 0.5 around"
    assert Flicker(nan, 0.5).in_words() == "no place on the person is seen in two pictures in a row, 0.5 around"
    assert Flicker(1.0, nan).in_words() == "1.0 of 255 on the person, there is nothing around"
