"""How many operators one step hands to PyTorch: what a GPU waits for, where its kernels are short."""

import pytest
from benchmarks.operators import FIRST, operators_of


@pytest.mark.parametrize("name", FIRST)
def test_a_step_takes_a_third_of_the_operators(name: str) -> None:
    """On a processor, but the way of a GPU; and in none of them the processor would wait for a number."""
    pytest.importorskip("triton")
    found = operators_of(name, as_on_gpu=True)
    assert found.total() <= FIRST[name] / 3, found.most_common(20)
    waits = [operator for operator in found if "_local_scalar_dense" in operator or "nonzero" in operator]
    assert not waits
