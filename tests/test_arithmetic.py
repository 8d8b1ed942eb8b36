"""TF32 is on where a run says so, off elsewhere, and PyTorch's own settings are left as they were."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from reposer.arithmetic import float32_products


def settings() -> tuple[Any, ...]:
    backends = torch.backends
    each = (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn, backends.mkldnn.matmul)  # type: ignore[attr-defined]
    return tuple(backend.fp32_precision for backend in each)


def allowed() -> tuple[bool, bool]:
    """By the older options, which other libraries look at."""
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


@pytest.fixture(autouse=True)
def unchanged() -> Iterator[None]:
    before = settings()
    yield
    assert settings() == before


@pytest.mark.parametrize("tf32", [True, False])
def test_inside_and_afterwards(tf32: bool) -> None:
    before = settings()

    @float32_products(tf32=tf32)
    def fails() -> None:
        assert allowed() == (tf32, tf32)
        assert (settings()[0] == "tf32") == tf32
        assert settings()[3] == before[3]  # the processor's
        assert torch.get_float32_matmul_precision() == ("high" if tf32 else "highest")
        raise EOFError

    with pytest.raises(EOFError):
        fails()
    assert settings() == before
    assert torch.get_float32_matmul_precision() == "highest"


def test_what_the_user_has_set_comes_back() -> None:
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # type: ignore[attr-defined]
    try:
        before = settings()
        with float32_products(tf32=False):
            assert allowed() == (False, False)
        assert settings() == before
    finally:
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = True
        torch.backends.cuda.matmul.fp32_precision = "none"
        torch.backends.cudnn.conv.fp32_precision = "tf32"  # type: ignore[attr-defined]


def test_float32_throughout_wins_in_whatever_order_blocks_end() -> None:
    entered, leave = threading.Event(), threading.Event()

    def generates() -> None:
        with float32_products(tf32=False):
            entered.set()
            leave.wait(10)

    with float32_products(tf32=True):
        thread = threading.Thread(target=generates)
        thread.start()
        assert entered.wait(10)
        assert allowed() == (False, False)
    assert allowed() == (False, False)
    leave.set()
    thread.join()


def test_a_network_of_a_package_generates_without_tf32(monkeypatch: pytest.MonkeyPatch) -> None:
    from reposer.models import PATNGenerator
    from reposer.models.interface import repose
    from reposer.poses import HeatmapConfig

    found: list[tuple[bool, bool]] = []
    network = PATNGenerator(channels=2, blocks=0).eval()
    monkeypatch.setattr(network, "forward", lambda source, *_: (found.append(allowed()), source)[1])
    joints, visible = torch.zeros(1, 18, 2), torch.ones(1, 18, dtype=torch.bool)
    repose(network, torch.zeros(1, 3, 16, 16), joints + 5, visible, joints + 6, visible, heatmaps=HeatmapConfig())
    assert found == [(False, False)]
