"""Losses of flow, visibility and carried colours: their formulas written out, and what must not matter."""

import math

import pytest
import torch
from torch import Tensor

from reposer.checks import InputWarning
from reposer.correspondence import Explained, PairTruth, carried
from reposer.losses import Objective, flow_loss, objective_of, visibility_loss, warp_loss

SIZE = (16, 12)


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def truth(dtype: torch.dtype = torch.float64) -> PairTruth:
    """Places in the source, and what it shows of a person."""
    flow = random(2, 2, *SIZE, dtype=dtype) * torch.tensor([11.0, 15.0], dtype=dtype)[:, None, None]
    parts = torch.zeros(2, *SIZE, dtype=torch.uint8)
    parts[:, 2:14, 3:10] = 5
    seen = (parts > 0) & (random(2, *SIZE, seed=1) > 0.4)
    return PairTruth(flow, seen, parts)


def guesses(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Flows at a quarter of the pixels and at all of them."""
    return 10 * random(2, 2, 8, 6, seed=2, dtype=dtype), 10 * random(2, 2, *SIZE, seed=3, dtype=dtype)


def plain_flow(flow: Tensor, known: PairTruth, weights: Tensor, epsilon: float, power: float) -> float:
    """The formula, cell by cell."""
    batch, _, rows, columns = flow.shape
    down, across, total = SIZE[0] // rows, SIZE[1] // columns, 0.0
    for b in range(batch):
        value = share = 0.0
        for i in range(rows):
            for j in range(columns):
                cell = (b, slice(i * down, (i + 1) * down), slice(j * across, (j + 1) * across))
                weight = weights[cell]
                if weight.sum() == 0:
                    continue
                place = [(known.flow[b, c][cell[1:]] * weight).sum() / weight.sum() for c in range(2)]
                error = 100 / SIZE[0] * math.hypot(*(float(flow[b, c, i, j] - place[c]) for c in range(2)))
                value += float(weight.mean()) * ((error**2 + epsilon**2) ** power - epsilon ** (2 * power))
                share += float(weight.mean())
        total += value / share / batch
    return total


@pytest.mark.parametrize(("power", "hidden", "coarser"), [(0.5, 0.0, 0.5), (0.25, 0.3, 1.0), (1.0, 0.0, 0.0)])
def test_flow_is_its_formula(power: float, hidden: float, coarser: float) -> None:
    known, flows = truth(), guesses()
    person = known.parts > 0
    weights = torch.where(known.seen, 1.0, hidden * person)
    expected = [plain_flow(flow, known, weights, 0.2, power) for flow in flows]
    found = flow_loss(
        flows, known.flow, known.seen, person=person, epsilon=0.2, power=power, hidden=hidden, coarser=coarser
    )
    assert found.item() == pytest.approx((coarser * expected[0] + expected[1]) / (coarser + 1), rel=1e-6)


@pytest.mark.parametrize("balanced", [False, True])
def test_visibility_is_its_formula(balanced: bool) -> None:
    known, logits = truth(), 4 * random(2, 1, *SIZE, seed=4) - 2
    total = 0.0
    for b in range(2):
        person, probability = known.parts[b] > 0, torch.sigmoid(logits[b, 0])
        share = known.seen[b][person].double().mean().item()
        of_seen, of_unseen = (0.5 / share, 0.5 / (1 - share)) if balanced else (1.0, 1.0)
        each = torch.where(known.seen[b], -of_seen * probability.log(), -of_unseen * (1 - probability).log())
        total += each[person].mean().item() / 2
    found = visibility_loss(logits, known.seen, person=known.parts > 0, balanced=balanced)
    assert found.item() == pytest.approx(total, rel=1e-6)


def test_warp_is_its_formula() -> None:
    known, source, target = truth(), random(2, 3, *SIZE, seed=5) * 2 - 1, random(2, 3, *SIZE, seed=6) * 2 - 1
    total = 0.0
    for b, y, x in known.seen.nonzero().tolist():
        at, down = known.flow[b, :, y, x].tolist()
        i, j = math.floor(down), math.floor(at)
        colour = torch.zeros(3, dtype=torch.float64)
        for row, of_row in ((i, 1 - (down - i)), (i + 1, down - i)):
            for column, share in ((j, 1 - (at - j)), (j + 1, at - j)):
                colour += of_row * share * source[b, :, min(row, SIZE[0] - 1), min(column, SIZE[1] - 1)]
        robust = ((colour - target[b, :, y, x]) ** 2 + 0.1**2).sqrt() - 0.1
        total += robust.mean().item() / known.seen[b].sum().item() / 2
    found = warp_loss(source, target, known.flow, known.seen, epsilon=0.1)
    assert found.item() == pytest.approx(total, rel=1e-6)
    unit = warp_loss((source + 1) / 2, (target + 1) / 2, known.flow, known.seen, epsilon=0.1, value_range=(0, 1))
    torch.testing.assert_close(unit, found)


def test_the_truth_is_perfect() -> None:
    known = truth()
    assert flow_loss(known.flow, known.flow, known.seen).item() == pytest.approx(0, abs=1e-9)
    sure = torch.where(known.seen, 30.0, -30.0)[:, None]
    assert visibility_loss(sure, known.seen) < 1e-9
    source = 2 * random(2, 3, *SIZE) - 1
    assert warp_loss(source, carried(source, known.flow), known.flow, known.seen) < 1e-9


def losses(known: PairTruth, **options: Tensor) -> list[Tensor]:
    source, target = (2 * random(2, 3, *SIZE, seed=seed) - 1 for seed in (5, 6))
    logits = guesses()[1][:, :1] - 5
    return [
        flow_loss(guesses(), known.flow, known.seen, **options),
        visibility_loss(logits, known.seen, person=known.parts > 0, **options),
        warp_loss(source, target, guesses()[1], known.seen, **options),
    ]


def test_what_is_not_seen_may_be_anything() -> None:
    known = truth()
    lost = known.flow.masked_fill(~known.seen[:, None], torch.nan)
    assert losses(known._replace(flow=lost)) == losses(known)


def test_pictures_are_averaged_one_by_one() -> None:
    """So that a batch in parts, or in two processes, has the same mean."""
    known, flows = truth(), guesses()
    each = [flow_loss([f[i : i + 1] for f in flows], known.flow[i : i + 1], known.seen[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(torch.stack(each).mean(), flow_loss(flows, known.flow, known.seen))


def test_weights_carry_over_sizes() -> None:
    """The same error in a picture of twice the size, in twice as many pixels."""
    known, flow = truth(), guesses()[1]
    large = [each.repeat_interleave(2, -1).repeat_interleave(2, -2) for each in (flow, known.flow, known.seen)]
    doubled = flow_loss(2 * large[0], 2 * large[1], large[2])
    torch.testing.assert_close(doubled, flow_loss(flow, known.flow, known.seen))


def test_content_is_all_that_counts() -> None:
    known = truth()
    content = torch.zeros(2, 1, *SIZE, dtype=torch.bool)
    content[..., :9, :] = True
    inside = known._replace(seen=known.seen & content[:, 0], parts=known.parts * content[:, 0])
    for found, expected in zip(losses(known, content=content), losses(inside), strict=True):
        torch.testing.assert_close(found, expected)


def test_nothing_seen_is_nothing() -> None:
    known = truth()
    nothing = known._replace(seen=torch.zeros_like(known.seen), parts=torch.zeros_like(known.parts))
    assert losses(nothing) == [0, 0, 0]


def test_gradients_are_right() -> None:
    known, (small, large) = truth(), guesses()
    source, target = (2 * random(2, 3, *SIZE, seed=seed) - 1 for seed in (5, 6))
    inputs = [small.requires_grad_(), large.requires_grad_()]
    for function in (
        lambda a, b: flow_loss((a, b), known.flow, known.seen, power=0.4),
        lambda a, b: visibility_loss((a[:, :1], b[:, 1:]), known.seen, person=known.parts > 0, balanced=True),
        lambda a, b: warp_loss(source, target, b + 0 * a.sum(), known.seen),
    ):
        assert torch.autograd.gradcheck(function, inputs, fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32], ids=str)
def test_every_precision_is_finite_and_computed_in_float32(dtype: torch.dtype) -> None:
    known, flows = truth(torch.float32), [flow.to(dtype).requires_grad_() for flow in guesses(torch.float32)]
    for value in (
        flow_loss(flows, known.flow, known.seen),
        flow_loss([known.flow.to(dtype).requires_grad_()], known.flow.to(dtype).float(), known.seen),
        visibility_loss([30 * flow[:, :1] for flow in flows], known.seen),
    ):
        assert value.dtype == torch.float32
        assert value.isfinite()
        value.backward()
    assert all(flow.grad is not None and flow.grad.isfinite().all() for flow in flows)


def test_vmap_equals_a_loop() -> None:
    known, flows = truth(), guesses()[1]

    def one(flow: Tensor, true: Tensor, seen: Tensor) -> Tensor:
        return flow_loss(flow[None], true[None], seen[None]) + visibility_loss(flow[None, :1], seen[None])

    expected = torch.stack([one(*each) for each in zip(flows, known.flow, known.seen, strict=True)])
    torch.testing.assert_close(torch.func.vmap(one)(flows, known.flow, known.seen), expected)


@pytest.mark.slow
def test_they_compile_whole() -> None:
    known, flows = truth(), guesses()
    source, target = (2 * random(2, 3, *SIZE, seed=seed) - 1 for seed in (5, 6))

    def all_of_them(small: Tensor, large: Tensor) -> Tensor:
        of_flow = flow_loss((small, large), known.flow, known.seen)
        return of_flow + visibility_loss(large[:, :1], known.seen) + warp_loss(source, target, large, known.seen)

    torch.compiler.reset()
    compiled = torch.compile(all_of_them, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(*flows), all_of_them(*flows))


def test_bad_input_is_named() -> None:
    known, flow = truth(), guesses()[1]
    with pytest.raises(ValueError, match=r"flows must have shape \(2, 2, h, w\), at most 16x12, got \(2, 1, 16, 12\)"):
        flow_loss(flow[:, :1], known.flow, known.seen)
    with pytest.raises(ValueError, match=r"at most 16x12, got \(2, 2, 32, 24\)"):
        flow_loss(flow.repeat(1, 1, 2, 2), known.flow, known.seen)
    with pytest.raises(ValueError, match="must hold at least one scale"):
        flow_loss((), known.flow, known.seen)
    with pytest.raises(TypeError, match=r"flows must be floating point tensors, got torch.int64"):
        flow_loss(flow.long(), known.flow, known.seen)
    with pytest.raises(ValueError, match=r"seen must be bool \(B, H, W\) and not empty, got torch.uint8"):
        visibility_loss(flow[:, :1], known.seen.byte())
    with pytest.raises(ValueError, match=r"true_flow must have shape \(2, 2, 16, 12\), as seen has"):
        flow_loss(flow, known.flow[:, :1], known.seen)
    with pytest.raises(ValueError, match="person must say where the true flow is known: hidden points have a weight"):
        flow_loss(flow, known.flow, known.seen, hidden=0.5)
    with pytest.raises(ValueError, match=r"flow must have shape \(2, 2, 16, 12\), got \(2, 2, 8, 6\)"):
        warp_loss(flow.new_zeros(2, 3, *SIZE), flow.new_zeros(2, 3, *SIZE), guesses()[0], known.seen)


def test_a_flow_that_cannot_be_pixels_is_refused() -> None:
    known, flow = truth(), guesses()[1]
    with pytest.raises(ValueError, match=r"all of it lies in \[-1, 1\]; of the normalised places that grid_sample"):
        flow_loss(flow, known.flow / 8 - 1, known.seen)
    with pytest.raises(ValueError, match="must be finite where seen"):
        flow_loss(flow, known.flow * torch.nan, known.seen)
    with pytest.warns(InputWarning, match="leaves the source of 16x12 pixels .* not steps from the target's pixels"):
        flow_loss(flow, known.flow - 6, known.seen)


def test_a_term_of_hidden_points_takes_the_person_from_the_parts() -> None:
    known, flows = truth(torch.float32), guesses(torch.float32)
    image = torch.zeros(2, 3, *SIZE)
    explained = Explained(image, flows, tuple(flow[:, :1] for flow in flows))
    objective = Objective(objective_of(flow={"weight": 2, "hidden": 0.5}, visibility=1))
    value = objective(image, image, explained=explained, truth=known)
    expected = flow_loss(flows, known.flow, known.seen, person=known.parts > 0, hidden=0.5)
    torch.testing.assert_close(value.terms["flow"], expected)
    assert value.terms["flow"] != flow_loss(flows, known.flow, known.seen)
