"""Augmentation of pairs: what is known of a picture stays true, and bits depend on the key alone."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from tests.data.augmentation.pairs import ALL, SIZE, keys, pairs
from torch import Tensor

from reposer.correspondence import MIRRORED_PARTS, PART_NAMES, carried
from reposer.counters import uniforms
from reposer.data import PairBatch
from reposer.data.augmentation import AugmentationConfig, augmented, misread_poses
from reposer.data.augmentation.framing import DRAWS, draw_frame
from reposer.data.augmentation.moving import changed_where, mirrored


def same(a: PairBatch, b: PairBatch) -> bool:
    return all(x.equal(y) for x, y in zip(a.tensors(), b.tensors(), strict=True))


def test_without_changes_nothing_changes() -> None:
    batch = pairs(3)
    assert augmented(batch, keys(3), AugmentationConfig()) is batch
    poses = misread_poses(batch, keys(3), AugmentationConfig())
    assert all(a is b for a, b in zip(poses, batch.poses, strict=True))


@pytest.mark.parametrize("only", [{"zoom": 4}, {"turn": 9}, {"degraded": "both"}], ids=str)
def test_how_much_of_nothing_is_nothing(only: dict[str, Any]) -> None:
    assert not AugmentationConfig(**only).changes_pictures


def test_pairs_that_are_not_drawn_stay_bit_for_bit() -> None:
    batch, config = pairs(16), AugmentationConfig(framing=0.3, mirror=0.3, occluders=0.3, jpeg=0.3, plain=0.3)
    changed = augmented(batch, keys(16), config)
    kept = [changed.source[i].equal(batch.source[i]) for i in range(16)]
    assert 0 < sum(kept) < 16
    assert changed.source.dtype == torch.uint8


def test_each_key_draws_the_same_in_any_batch() -> None:
    batch, drawn = pairs(5), keys(5)
    whole = augmented(batch, drawn, ALL)
    poses = misread_poses(whole, drawn, ALL)
    parts = batch.split(3)
    rows = [drawn[:2], drawn[2:4], drawn[4:]]
    again = [augmented(part, own, ALL) for part, own in zip(parts, rows, strict=True)]
    assert same(PairBatch.joined(again), whole)
    read = [misread_poses(part, own, ALL) for part, own in zip(again, rows, strict=True)]
    assert all(torch.cat(each).equal(pose) for each, pose in zip(zip(*read, strict=True), poses, strict=True))
    other = augmented(batch, drawn + 1, ALL)
    assert not same(other, whole)


def test_the_processor_computes_only_what_is_chosen_and_the_same() -> None:
    batch, which = pairs(5), torch.tensor([True, False, False, True, False])
    counted = []

    def change(images: Tensor, more: Tensor) -> Tensor:
        counted.append(len(images))
        return images // 2 + more

    more = torch.arange(5, dtype=torch.uint8)[:, None, None, None]
    found = changed_where(which, change, batch.source, more)
    assert counted == [2]
    assert found.equal(torch.where(which[:, None, None, None], batch.source // 2 + more, batch.source))
    assert changed_where(which & False, change, batch.source, more).equal(batch.source)


def test_the_flow_of_what_is_seen_stays_true() -> None:
    """The source carried along the flow is the target, before and after, framed, turned and mirrored."""
    batch = pairs(24, noise=False)
    config = AugmentationConfig(framing=0.9, mirror=0.5, turn=20)
    for each in (batch, augmented(batch, keys(24), config)):
        assert each.flow is not None
        assert each.seen is not None
        found = carried(each.source.float(), each.flow)
        error = (found - each.target).abs().amax(dim=1)
        inner = torch.nn.functional.avg_pool2d(each.seen[:, None].float(), 3, 1, 1)[:, 0] == 1
        assert inner.float().mean() > 0.15
        assert error[inner].quantile(0.99) < 8  # of 255, where a pixel is up to 12 from the next
        assert error[inner].mean() < 2


def test_joints_go_where_their_points_go() -> None:
    """Joints at seen points: the flow at the target's joint is the source's joint."""
    batch = pairs(24, noise=False)
    changed = augmented(batch, keys(24), AugmentationConfig(framing=1, mirror=0.5, turn=20))
    assert changed.flow is not None
    shown = changed.source_visible & changed.target_visible
    assert 0.3 < shown.float().mean() < 0.95  # some have left their picture
    x, y = changed.target_joints.unbind(-1)
    inside = shown & (x > 2) & (y > 2) & (x < SIZE[1] - 3) & (y < SIZE[0] - 3)
    error = []
    for i, j in inside.nonzero().tolist():
        place = changed.flow[i, :, y[i, j].round().long(), x[i, j].round().long()]
        error.append((place - changed.source_joints[i, j]).norm())
    assert torch.stack(error).median() < 1.5
    for joints, visible in (changed.poses[:2], changed.poses[2:]):
        assert not joints[~visible].any()
        assert (joints[visible] >= 0).all()
        assert (joints[visible] <= torch.tensor([SIZE[1] - 1.0, SIZE[0] - 1.0])).all()


def test_labels_move_with_the_picture() -> None:
    """The pictures' red is the label."""
    batch = pairs(8)
    assert batch.parts is not None
    assert batch.source_parts is not None
    red = [(15 * labels)[:, None].expand(-1, 3, -1, -1) for labels in (batch.source_parts, batch.parts)]
    changed = augmented(replace(batch, source=red[0], target=red[1]), keys(8), AugmentationConfig(framing=1))
    for image, labels in ((changed.source, changed.source_parts), (changed.target, changed.parts)):
        assert labels is not None
        flat = torch.nn.functional.max_pool2d(labels[:, None].float(), 3, 1, 1)
        flat = flat == -torch.nn.functional.max_pool2d(-labels[:, None].float(), 3, 1, 1)
        assert ((image[:, :1].int() - 15 * labels[:, None].int()).abs()[flat] < 8).float().mean() > 0.97


def test_frames_show_what_they_are_drawn_for_and_nothing_outside() -> None:
    batch = pairs(200)
    joints, visible = batch.source_joints, batch.source_visible
    config = AugmentationConfig(framing=1, turn=0, zoom=3)
    frame = draw_frame(joints, visible, SIZE, uniforms(keys(200), 1, DRAWS), config)
    assert frame.zoom.min() >= 1
    assert frame.zoom.max() <= 3
    assert len(frame.zoom.unique()) > 100
    corners = torch.tensor([[-0.5, -0.5], [SIZE[1] - 0.5, SIZE[0] - 0.5]]).expand(200, 2, 2)
    found = frame.origins(corners)
    assert (found >= -0.51).all()
    assert (found <= torch.tensor([SIZE[1] - 0.49, SIZE[0] - 0.49])).all()
    torch.testing.assert_close(frame.moved(found), corners, rtol=0, atol=1e-3)
    moved = frame.moved(joints)[..., 1]
    without_head = (moved[:, 0] < 0) & (moved[:, 1] > -8)
    without_knees = moved[:, [9, 12]].amin(1) > SIZE[0]
    assert 0.08 < without_head.float().mean() < 0.4
    assert 0.2 < without_knees.float().mean() < 0.8


def test_mirrored_twice_is_as_before() -> None:
    batch = pairs(4)
    which = torch.tensor([True, False, True, True])
    once = mirrored(batch, which)
    assert not same(once, batch)
    assert same(mirrored(once, which), batch)
    assert once.source[0].equal(batch.source[0].flip(-1))
    assert once.source[1].equal(batch.source[1])
    assert once.source_joints[0, 2, 1] == batch.source_joints[0, 5, 1]
    for name, other in (("left hand", "right hand"), ("torso", "torso"), ("right foot", "left foot")):
        assert MIRRORED_PARTS[PART_NAMES.index(name)] == PART_NAMES.index(other)


def test_plain_backgrounds_are_exact_and_alike() -> None:
    batch = pairs(32)
    changed = augmented(batch, keys(32), AugmentationConfig(plain=0.5))
    assert batch.parts is not None
    assert batch.source_parts is not None
    plain = 0
    for i in range(32):
        behind = batch.parts[i] == 0
        assert changed.target[i][:, ~behind].equal(batch.target[i][:, ~behind])
        if changed.target[i].equal(batch.target[i]):
            assert changed.source[i].equal(batch.source[i])
            continue
        plain += 1
        wall = changed.target[i][:, behind].float()
        assert wall.std(dim=1).max() < 12
        assert wall.mean() > 120
        of_source = changed.source[i][:, batch.source_parts[i] == 0].float()
        torch.testing.assert_close(of_source.mean(), wall.mean(), rtol=0.05, atol=3)
    assert 8 < plain < 24


def test_colours_change_alike_in_both_pictures() -> None:
    batch = pairs(16)
    batch = replace(batch, target=batch.source)
    changed = augmented(batch, keys(16), AugmentationConfig(colour=1, gamma=1))
    assert changed.source.equal(changed.target)
    shifts = (changed.source.float() - batch.source.float()).mean(dim=(1, 2, 3))
    assert shifts.abs().min() > 0.1
    assert shifts.min() < -5 < 5 < shifts.max()


def test_what_covers_the_source_is_not_seen() -> None:
    batch = pairs(32)
    changed = augmented(batch, keys(32), AugmentationConfig(occluders=0.5))
    assert batch.seen is not None
    assert changed.seen is not None
    assert batch.flow is not None
    covered = (changed.source != batch.source).any(dim=1)
    assert 0.02 < covered.float().mean() < 0.25
    assert 0.3 < covered.flatten(1).any(1).float().mean() < 0.7
    assert changed.target.equal(batch.target)
    x, y = batch.flow.round().long().unbind(1)
    rows = torch.arange(32)[:, None, None].expand_as(x)
    there = covered[rows, y.clamp(0, SIZE[0] - 1), x.clamp(0, SIZE[1] - 1)]
    assert not (changed.seen & there & batch.seen).any()
    assert changed.seen[~there].equal(batch.seen[~there])
    both = augmented(batch, keys(32), AugmentationConfig(occluders=0.5, degraded="both"))
    assert both.parts is not None
    hidden = (both.target != batch.target).any(dim=1)
    assert hidden.any()
    assert not both.parts[hidden].any()


def flat(level: int = 128) -> PairBatch:
    return replace(pairs(64), source=torch.full((64, 3, *SIZE), level, dtype=torch.uint8))


def test_noise_has_the_strength_that_was_asked_for() -> None:
    changed = augmented(flat(), keys(64), AugmentationConfig(noise=20))
    deviation = changed.source.float().std(dim=(1, 2, 3))
    assert 14 < deviation.max() < 21
    assert deviation.min() < 3
    assert (changed.source.float().mean(dim=(1, 2, 3)) - 128).abs().max() < 1.5
    assert changed.target.equal(flat().target)


def test_blur_takes_detail_and_no_light() -> None:
    image = torch.zeros(64, 3, *SIZE, dtype=torch.uint8)
    image[:, :, 30:34, 14:18] = 240
    changed = augmented(replace(flat(), source=image), keys(64), AugmentationConfig(blur=4)).source.float()
    torch.testing.assert_close(changed.sum(dim=(1, 2, 3)), image.float().sum(dim=(1, 2, 3)), rtol=0.1, atol=0)
    peaks = changed.amax(dim=(1, 2, 3))
    assert peaks.min() < 200
    assert peaks.max() == 240


def test_jpeg_keeps_what_is_flat_and_loses_what_is_fine() -> None:
    config = AugmentationConfig(jpeg=1)
    error = (augmented(flat(), keys(64), config).source.float() - 128).abs()
    assert error.max() < 4  # rounding of the mean alone
    batch = pairs(64)
    off = (augmented(batch, keys(64), config).source.float() - batch.source).square().mean(dim=(1, 2, 3)).sqrt()
    assert 0.5 < off.min() < off.max() < 40
    smooth = (augmented(pairs(64, noise=False), keys(64), config).source.float() - pairs(64, noise=False).source).abs()
    assert smooth.mean() < off.mean() / 2


def test_misread_joints_are_off_swapped_and_missing_as_often_as_asked() -> None:
    batch, drawn = pairs(400), keys(400)
    joints, visible, _, _ = misread_poses(batch, drawn, AugmentationConfig(joint_noise=2))
    shown = visible[..., None].expand_as(joints)
    off = (joints - batch.source_joints)[shown]
    assert off.std().item() == pytest.approx(0.02 * SIZE[0], rel=0.05)
    assert off.abs().max() < 3.1 * 0.02 * SIZE[0]
    joints, visible, _, _ = misread_poses(batch, drawn, AugmentationConfig(joint_drops=0.25))
    assert visible.float().mean() / batch.source_visible.float().mean() == pytest.approx(0.75, abs=0.02)
    assert not joints[~visible].any()
    joints, _, _, _ = misread_poses(batch, drawn, AugmentationConfig(joint_swaps=0.2))
    swapped = (joints[:, 2:5] != batch.source_joints[:, 2:5]).any(-1).all(1)
    assert swapped.float().mean() == pytest.approx(0.2, abs=0.06)
    assert joints[swapped][:, 2:5].equal(batch.source_joints[swapped][:, 5:8])
    assert joints[:, [0, 1, 14, 15]].equal(batch.source_joints[:, [0, 1, 14, 15]])


def test_padded_pairs_are_never_framed() -> None:
    batch = replace(pairs(4), target_box=torch.tensor([[0, 4, SIZE[0], SIZE[1] - 8]]).expand(4, -1))
    changed = augmented(batch, keys(4), AugmentationConfig(framing=1))
    assert same(changed, batch)


def test_pairs_without_truth_change_too() -> None:
    batch = pairs(6)
    bare = replace(batch, flow=None, seen=None, parts=None, source_parts=None)
    whole = augmented(batch, keys(6), replace(ALL, plain=0))
    without = augmented(bare, keys(6), ALL)
    assert without.flow is None
    assert without.source.equal(whole.source)
    assert without.target.equal(whole.target)


def test_numbers_are_even_and_differ_by_key_and_stream() -> None:
    drawn = torch.cat([uniforms(keys(500), stream, 40) for stream in (0, 1)])
    assert 0 <= drawn.min() < 0.001
    assert 0.999 < drawn.max() < 1
    counts = torch.histc(drawn, 20, 0, 1)
    assert (counts / drawn.numel() * 20 - 1).abs().max() < 0.08
    assert len(drawn.unique()) > 0.99 * drawn.numel()

    def correlation(a: Tensor, b: Tensor) -> float:
        return torch.corrcoef(torch.stack((a.flatten(), b.flatten())))[0, 1].abs().item()

    assert correlation(drawn[:500], drawn[500:]) < 0.03
    assert correlation(drawn[:-1], drawn[1:]) < 0.03
    assert correlation(drawn[:, :-1], drawn[:, 1:]) < 0.03
