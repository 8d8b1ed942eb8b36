"""The flow network: before it has learned anything it moves the person; what it explains is what it shows."""

import pytest
import torch
from tests.poses.test_frames import STANDING, VISIBLE
from torch import Tensor

from reposer.correspondence import Explained, carried
from reposer.models import FlowGenerator
from reposer.models.flow.face import Head, moved
from reposer.models.flow.motion import Pose
from reposer.poses import HeatmapConfig, part_frames, pose_maps

SIZE = (96, 64)
BODY = slice(20, 80), slice(24, 40)  # rows and columns of the standing person


def network(**fields: object) -> FlowGenerator:
    torch.manual_seed(0)
    return FlowGenerator(**{"channels": 4, "blocks": 1, **fields}).eval()


def smooth(size: tuple[int, int] = SIZE, batch: int = 1) -> Tensor:
    """A picture without sharp edges, in [-1, 1]."""
    small = torch.rand(batch, 3, size[0] // 8, size[1] // 8, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return torch.nn.functional.interpolate(small, size=size, mode="bilinear")


def maps(joints: Tensor, visible: Tensor = VISIBLE, size: tuple[int, int] = SIZE) -> Tensor:
    return pose_maps(joints, visible, size, HeatmapConfig())


def everywhere(size: tuple[int, int] = SIZE) -> Tensor:
    """The places of all pixels, (1, 2, H, W)."""
    y, x = torch.meshgrid(*(torch.arange(float(n)) for n in size), indexing="ij")
    return torch.stack((x, y))[None]


@torch.no_grad()
def test_untrained_it_gives_the_source_back_in_its_own_pose() -> None:
    source, pose = smooth(), maps(STANDING)
    explained = network()(source, pose, pose, explain=True)
    torch.testing.assert_close(explained.flows[-1], everywhere(), atol=1e-3, rtol=0)
    assert (explained.visibilities[-1][0, 0, *BODY] > 0).all()
    assert (explained.image - source)[..., *BODY].abs().mean() < 0.15 < source[..., *BODY].abs().mean()


@torch.no_grad()
def test_untrained_it_moves_the_person() -> None:
    step = torch.tensor([6.0, -3.0])
    explained = network()(smooth(), maps(STANDING), maps(STANDING + step), explain=True)
    for flow in explained.flows:
        height, width = flow.shape[-2:]
        times = SIZE[0] // height
        expected = everywhere((height, width)) * times + (times - 1) / 2 - step[:, None, None]
        torch.testing.assert_close(flow, expected, atol=1e-3, rtol=0)


@torch.no_grad()
def test_it_carries_along_the_flow_that_it_explains() -> None:
    """A network that is sure to carry everything shows the source along its flow, and nothing else."""
    generator = network(face=False)
    generator.painting.last.bias.copy_(torch.tensor([50.0, 0, 0, 0, 0, 0, 0]))
    torch.nn.init.normal_(generator.top.corrections.weight, 0.0, 0.1)  # a flow that only this network has
    source, turned = smooth(), STANDING.roll(3, dims=1) * 0.9 + 4
    explained = generator(source, maps(STANDING), maps(turned), explain=True)
    torch.testing.assert_close(explained.image, carried(source, explained.flows[-1]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [(96, 64), (61, 47), (8, 8)])
@torch.no_grad()
def test_what_it_explains_has_four_sizes(size: tuple[int, int]) -> None:
    source = torch.rand(2, 3, *size) * 2 - 1
    pose = maps(STANDING.expand(2, -1, -1) * 0.1, VISIBLE.expand(2, -1), size)
    generator = network()
    explained = generator(source, pose, pose, explain=True)
    sizes = [tuple(-(-n // times) for n in size) for times in (8, 4, 2, 1)]
    assert [tuple(flow.shape) for flow in explained.flows] == [(2, 2, *each) for each in sizes]
    assert [tuple(each.shape) for each in explained.visibilities] == [(2, 1, *each) for each in sizes]
    assert generator(source, pose, pose).equal(explained.image)


def test_flow_and_visibility_teach_what_they_come_from() -> None:
    generator, source = network().train(), smooth(batch=2)
    poses = (maps(STANDING + step).expand(2, -1, -1, -1) for step in (0, 2))
    explained: Explained = generator(source, *poses, explain=True)
    sum(each.square().mean() for each in (*explained.flows, *explained.visibilities)).backward()
    for part in (generator.frames, generator.source, generator.pose, generator.bottom, generator.middle):
        assert all(weight.grad is not None for weight in part.parameters())
    assert generator.radii.grad is not None


@torch.no_grad()
def test_nobody_in_the_picture() -> None:
    empty = torch.zeros(1, 18, 32, 24)
    explained = network()(torch.rand(1, 3, 32, 24) * 2 - 1, empty, empty, explain=True)
    assert all(each.isfinite().all() for each in (explained.image, *explained.flows, *explained.visibilities))


@torch.no_grad()
def test_the_face_alone_is_repaired_and_only_where_there_is_one() -> None:
    generator = network()
    assert generator.face is not None
    generator.face.last.bias.copy_(torch.tensor([0, 0, -50.0, -50.0, 50.0, 9.0, 9.0, 9.0]))  # paints it white
    source, pose = smooth(), maps(STANDING)
    shown = generator(source, pose, pose)
    headless = VISIBLE.clone()
    headless[:, [0, 14, 15, 16, 17]] = False
    without = generator(source, pose, maps(STANDING, headless))
    generator.face = None
    torch.testing.assert_close(shown[..., 13, 32], torch.ones(1, 3), atol=1e-6, rtol=0)
    assert shown[..., 40:, :].equal(generator(source, pose, pose)[..., 40:, :])
    assert without.equal(generator(source, pose, maps(STANDING, headless)))


def test_landmarks_move_the_head() -> None:
    """A head that came nearer and leaned over: each landmark is found where the source has it."""

    def head(joints: Tensor) -> Head:
        return Head.of(Pose(part_frames(joints, VISIBLE), joints, VISIBLE))

    turn = torch.tensor([[0.94, 0.34], [-0.34, 0.94]])
    there = STANDING @ turn * 1.4 + torch.tensor([5.0, 9.0])
    source, target = head(STANDING), head(there)
    found = moved(source, target, target.landmarks.mT[..., None])[..., 0].mT
    torch.testing.assert_close(found, source.landmarks, atol=0.3, rtol=0)
    middle = moved(source, target, target.centre[..., None, None])[..., 0, 0]
    torch.testing.assert_close(middle, source.centre, atol=0.3, rtol=0)


def test_the_widest_that_recipes_use_has_few_weights() -> None:
    with torch.device("meta"):
        assert sum(weight.numel() for weight in FlowGenerator(channels=28, blocks=4).parameters()) < 10_000_000


def test_it_knows_one_skeleton() -> None:
    with pytest.raises(ValueError, match="FlowGenerator needs the 18 joints of openpose-18, got 17"):
        FlowGenerator(joints=17)
