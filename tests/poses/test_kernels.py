"""Heatmaps, masks, peaks and frames: Triton's kernels against PyTorch's operators.

On a GPU the kernels are compiled; elsewhere Triton's interpreter runs them.
"""

import importlib.util
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from reposer import kernels
from reposer.poses import joint_heatmaps, limb_masks
from reposer.poses.frames import part_frames
from reposer.poses.heatmaps import heatmap_peaks

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
pytestmark = [pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")]
if DEVICE == "cuda":
    pytestmark.append(pytest.mark.gpu)
SIZE = (24, 13)


def poses() -> tuple[Tensor, Tensor]:
    """Joints between pixels and on them, some missing and NaN, some beyond the picture; parts of length 0; nobody."""
    random = torch.Generator().manual_seed(3)
    joints = torch.rand(6, 18, 2, generator=random) * torch.tensor([15.0, 26.0]) - 1
    visible = torch.rand(6, 18, generator=random) < 0.8
    visible[:2] = True
    joints[2] = joints[2].round()
    joints[1, 3] = joints[1, 2]
    joints[3, ~visible[3]] = torch.nan
    visible[4, 0] = False  # a face without a nose
    visible[5] = False
    return joints.to(DEVICE), visible.to(DEVICE)


def both_ways(monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any], *arguments: Any) -> tuple[Any, Any]:
    """By the kernel, and by PyTorch's operators."""
    from reposer.poses import operators

    calls: list[Any] = []
    monkeypatch.setattr(operators, "launch", lambda *a, **k: (calls.append(a), kernels.launch(*a, **k)))
    monkeypatch.setattr(kernels, "DEVICES", {DEVICE})
    fused = function(*arguments)
    assert len(calls) == 1
    monkeypatch.setattr(kernels, "DEVICES", set())
    plain = function(*arguments)
    assert len(calls) == 1
    return fused, plain


@pytest.mark.parametrize("kind", ["gaussian", "pixel"])
def test_heatmaps(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fused, plain = both_ways(monkeypatch, lambda *a: joint_heatmaps(*a, sigma=1.5, kind=kind), *poses(), SIZE)
    torch.testing.assert_close(fused, plain, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"multi_scale": True}, {"reference_height": 64.0}])
def test_limb_masks(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    joints, visible = (part[1:2] if "multi_scale" in options else part[1:5] for part in poses())
    fused, plain = both_ways(monkeypatch, lambda *a: limb_masks(*a, **options), joints, visible, SIZE)
    torch.testing.assert_close(fused, plain, rtol=1e-4, atol=1e-6)
    assert plain.amax() > 0.9


def test_peaks(monkeypatch: pytest.MonkeyPatch) -> None:
    joints, visible = (part[::2] for part in poses())
    for kind, sigma in (("gaussian", 2.0), ("pixel", 1.0)):
        maps = joint_heatmaps(joints, visible, SIZE, sigma=sigma, kind=kind)  # type: ignore[arg-type]
        (places, seen), (expected, visible_there) = both_ways(monkeypatch, heatmap_peaks, maps)
        assert seen.equal(visible_there)
        torch.testing.assert_close(places[seen], expected[seen], rtol=0, atol=1e-4)


def test_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    fused, plain = both_ways(monkeypatch, part_frames, *poses())
    for name, expected in vars(plain).items():
        found = getattr(fused, name)
        assert found.dtype == expected.dtype
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


def test_a_gradient_goes_through_to_the_joints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then PyTorch's operators compute, where there are kernels too."""
    monkeypatch.setattr(kernels, "DEVICES", {DEVICE})
    joints, visible = poses()
    joints = joints[:2].requires_grad_()
    (gradient,) = torch.autograd.grad(joint_heatmaps(joints, visible[:2], SIZE).sum(), joints)
    assert gradient.abs().sum() > 0
