"""Every loss: compiled whole, under torch.func, differentiated twice; the range checks cost compiled code nothing."""

import pytest
import torch
from tests.losses.cases import IMAGE_LOSSES, MODULES, SMALLEST, Case, images
from torch import Tensor


@pytest.fixture(params=list(MODULES))
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


@pytest.mark.slow
def test_compiles_whole(case: Case) -> None:
    _assert_compiled_equals_eager(case, "aot_eager")


@pytest.mark.slow(20)
@pytest.mark.parametrize(
    "name",
    [
        "charbonnier_loss",
        *(pytest.param(name, marks=pytest.mark.nightly) for name in ("perceptual_loss", "multi_scale_ssim_loss")),
    ],
)
def test_compiles_with_inductor(name: str) -> None:
    _assert_compiled_equals_eager(Case(name), "inductor")


def _assert_compiled_equals_eager(case: Case, backend: str) -> None:
    torch.compiler.reset()
    function = case.function()
    x, y = (image.requires_grad_() for image in images())
    compiled = torch.compile(function, fullgraph=True, backend=backend)
    values = function(x, y), compiled(x, y)
    (expected,), (gradient,) = (torch.autograd.grad(value, x) for value in values)
    torch.testing.assert_close(values[1], values[0])
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


@pytest.mark.slow
@pytest.mark.parametrize("name", IMAGE_LOSSES)
def test_range_checks_leave_no_trace_in_compiled_code(name: str) -> None:
    torch.compiler.reset()
    targets = []

    def record(graph: torch.fx.GraphModule, _: list[Tensor]) -> torch.fx.GraphModule:
        targets.extend(str(node.target) for node in graph.graph.nodes)
        return graph

    x, y = (1000 * image for image in images())
    function = Case(name).function()
    assert torch.compile(function, fullgraph=True, backend=record)(x, y).isfinite()
    assert len(targets) > 3
    assert not [
        target for target in targets if any(read in target for read in ("aminmax", ".item", "tolist", "scalar"))
    ]
    with pytest.raises(ValueError, match="has values from"):
        function(x, y)


def test_vmap_equals_a_loop(case: Case) -> None:
    function = case.function(batch=1)
    x, y = images()

    def one(generated: Tensor, target: Tensor) -> Tensor:
        return function(generated[None], target[None])

    values, gradients = torch.func.vmap(one)(x, y), torch.func.vmap(torch.func.grad(one))(x, y)
    x.requires_grad_()
    expected = torch.stack([one(*pair) for pair in zip(x, y, strict=True)])
    torch.testing.assert_close(values, expected)
    (gradient,) = torch.autograd.grad(expected.sum(), x)
    torch.testing.assert_close(gradients, gradient, rtol=1e-4, atol=1e-4 * gradient.abs().max().item())


def test_second_derivatives(case: Case) -> None:
    size = SMALLEST.get(case.name, 11)
    x, y = images(torch.float64, (size, size), batch=1)
    function = case.function(torch.float64, (size, size), batch=1)
    x.requires_grad_()
    assert torch.autograd.gradgradcheck(lambda image: function(image, y), x, fast_mode=True)
