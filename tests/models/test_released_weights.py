"""Released weights: which network they belong to, their names, and files that are refused with one line."""

import io
import os
import random
import re
import zipfile
from collections import OrderedDict
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.released import golden_entries, small_weights
from torch import Tensor

from reposer.checks import InputError
from reposer.models import (
    NETWORKS,
    PATNGenerator,
    ReleasedDiscriminator,
    ResNetDiscriminator,
    build_generator,
    detect_released,
    load_released_network,
    load_released_weights,
)

GENERATORS = ["patn_market", "patn_fashion", "xing_market", "xing_fashion"]
DISCRIMINATORS = ["disc_pp_market", "disc_pb_market", "disc_pp_fashion", "disc_pb_fashion"]


class Code:
    """Something whose unpickling would run code."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("run",)


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_released_network(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("tag", GENERATORS + DISCRIMINATORS)
def test_detects_the_published_networks(golden: Path, tag: str) -> None:
    entry = golden_entries(golden)[tag]
    config = detect_released({name: torch.empty(shape, device="meta") for name, shape in entry["shapes"]})
    norm: Any = "batch" if tag.endswith("market") else "instance"
    if tag in GENERATORS:
        assert config == NETWORKS[tag.split("_")[0]].config(norm=norm)
    else:
        assert config == ReleasedDiscriminator(in_channels=entry["input_channels"], norm=norm)


@pytest.mark.parametrize("tag", GENERATORS + DISCRIMINATORS)
def test_loads_what_it_detects(golden: Path, tmp_path: Path, tag: str) -> None:
    state = small_weights(golden, tag)
    torch.save(state, tmp_path / "net.pth")
    config, network = load_released_network(tmp_path / "net.pth")
    assert (config.channels, config.blocks) == (4, 2)
    sums = [sorted((*t.shape, t.double().sum().item()) for t in s.values()) for s in (network.state_dict(), state)]
    assert sums[0] == sums[1]  # every tensor arrived; the golden outputs tell that each is where it belongs


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model.", "model.module."])
@pytest.mark.parametrize("tag", ["patn_market", "xing_fashion", "disc_pp_market"])
def test_prefixes(golden: Path, tag: str, prefix: str) -> None:
    state = small_weights(golden, tag)
    renamed = {prefix + name.removeprefix("model."): tensor for name, tensor in state.items()}
    assert detect_released(renamed) == detect_released(state)
    load_released_weights(_network(state), renamed)


@pytest.mark.parametrize("tag", ["patn_fashion", "xing_fashion", "disc_pb_fashion"])
def test_stale_statistics_of_instance_norm_are_dropped(golden: Path, tag: str) -> None:
    state = small_weights(golden, tag)
    norms = {name.rsplit(".", 2)[0] + ".2" for name in state if name.endswith((".1.bias", ".1.weight"))}
    stale = {
        f"{norm}.{statistic}": torch.ones(4)
        for norm in norms
        for statistic in ("running_mean", "running_var", "num_batches_tracked")
    }
    assert detect_released({**state, **stale}) == detect_released(state)
    load_released_weights(_network(state), {**state, **stale})


@pytest.mark.parametrize("tag", GENERATORS + DISCRIMINATORS)
def test_without_dropout(golden: Path, tmp_path: Path, tag: str) -> None:
    """``--no_dropout`` leaves a layer out of each branch: the numbers of the later ones are lower by one."""
    state = small_weights(golden, tag)
    shifted = {
        re.sub(r"(conv_block\w*)\.([67])\.", lambda m: f"{m[1]}.{int(m[2]) - 1}.", name): tensor
        for name, tensor in state.items()
    }
    assert len(shifted) == len(state)
    assert shifted.keys() != state.keys()
    assert detect_released(shifted) == replace(detect_released(state), dropout=0.0)
    torch.save(shifted, tmp_path / "net.pth")
    config, network = load_released_network(tmp_path / "net.pth")
    assert config.dropout == 0
    assert not any(isinstance(layer, torch.nn.Dropout) and layer.p for layer in network.modules())
    expected = _network(state)
    load_released_weights(expected, state)
    for name, tensor in expected.state_dict().items():
        assert tensor.equal(network.state_dict()[name]), name


def test_batch_counters_may_be_missing(golden: Path) -> None:
    state = small_weights(golden, "patn_market")
    older = {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")}
    assert len(older) < len(state)
    load_released_weights(_network(state), older)


def test_mismatches_are_listed(golden: Path, tmp_path: Path) -> None:
    state = small_weights(golden, "patn_market")
    del state["model.stream1_up.7.bias"]
    state["model.stream3.weight"] = torch.zeros(2)
    state["model.att.1.conv_block_stream2.6.weight"] = torch.zeros(4, 5)
    torch.save(state, tmp_path / "net.pth")
    assert refused(tmp_path / "net.pth") == (
        "does not fit PATNGenerator: 1 missing: image_decoder.7.bias; 1 unexpected: stream3.weight; "
        "1 of another shape: blocks.1.pose_branch.6.weight (4, 5) instead of (16, 32, 3, 3)"
    )


def test_many_mismatches_are_counted(golden: Path) -> None:
    state = small_weights(golden, "patn_market")
    with pytest.raises(
        InputError, match=r"^state dict: does not fit PATNGenerator: \d\d of another shape: .*, \.\.\.$"
    ):
        load_released_weights(PATNGenerator(channels=2, blocks=2), state)
    with pytest.raises(InputError, match=r"\d\d unexpected: .*, \.\.\."):
        load_released_weights(PATNGenerator(channels=4, blocks=1), state)
    with pytest.raises(InputError, match=r"\d\d missing: .*, \.\.\."):
        load_released_weights(PATNGenerator(channels=4, blocks=3), state)


@pytest.mark.parametrize("zipped", [True, False])
def test_truncated_files(golden: Path, tmp_path: Path, zipped: bool) -> None:
    """Both formats of torch.save, cut anywhere."""
    file = io.BytesIO()
    torch.save(small_weights(golden, "disc_pp_fashion"), file, _use_new_zipfile_serialization=zipped)
    content, path = file.getvalue(), tmp_path / "net.pth"
    draw = random.Random(0)
    for length in (0, 1, 2, 9, 40, *(draw.randrange(len(content)) for _ in range(25)), len(content) - 1):
        path.write_bytes(content[:length])
        assert refused(path) == "not a plain state dict of tensors (damaged, cut short or of another format)"
    path.write_bytes(content)
    load_released_network(path)


def test_pickled_code_is_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"model.1.weight": Code()}, tmp_path / "code.pth")
    assert "holds pickled code, which is never run" in refused(tmp_path / "code.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "module.pth")
    assert "holds pickled code, which is never run" in refused(tmp_path / "module.pth")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(2)], "expected a state dict (name to tensor), got list"),
        ({"epoch": 3}, "expected a state dict (name to tensor), got 'epoch' to int"),
        ({"state_dict": {}}, "expected a state dict (name to tensor), got 'state_dict' to dict"),
        ({3: torch.zeros(2)}, "expected a state dict (name to tensor), got 3 to Tensor"),
        ({}, "not weights of a released PATN or XingGAN generator"),
        (OrderedDict(conv1=torch.zeros(2)), "got conv1"),
        ({"model.1.weight": torch.zeros(2)}, "not weights of a released"),
    ],
)
def test_files_of_something_else(tmp_path: Path, content: Any, message: str) -> None:
    torch.save(content, tmp_path / "net.pth")
    assert message in refused(tmp_path / "net.pth")


def test_files_that_are_none(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing.pth") == "No such file or directory"
    assert refused(tmp_path) == "Is a directory"
    (tmp_path / "page.pth").write_text("<html>Sign in</html>")
    assert "of another format" in refused(tmp_path / "page.pth")


def _network(state: dict[str, Tensor]) -> torch.nn.Module:
    config = detect_released(state)
    if isinstance(config, ReleasedDiscriminator):
        return ResNetDiscriminator(config.in_channels, norm=config.norm, channels=4, blocks=2)
    return build_generator(config)


def test_a_tensor_that_was_expanded_is_refused_before_anything_of_its_size_is_made(
    golden: Path, tmp_path: Path
) -> None:
    """A file of a few kilobytes may name a network of terabytes."""
    state = small_weights(golden, "patn_market")
    first = "model.stream1_down.1.weight"
    torch.save({**state, first: torch.zeros(1, 1, 1, 1).expand(100_000, 3, 7, 7)}, tmp_path / "net.pth")
    assert f"{first!r} (100000, 3, 7, 7) is larger than what the file holds" in refused(tmp_path / "net.pth")
    torch.save({**state, first: torch.zeros(100_000, 3, 7, 7, device="meta")}, tmp_path / "net.pth")
    assert "larger than what the file holds" in refused(tmp_path / "net.pth")
    torch.save({**state, first: torch.zeros(50_000, 3, 1, 1)}, tmp_path / "net.pth")
    assert "channels must be at most 1,024, got 50000" in refused(tmp_path / "net.pth")
    torch.save({**state, first: torch.zeros(1_000, 3, 1, 1)}, tmp_path / "net.pth")
    assert "of another shape" in refused(tmp_path / "net.pth")


def test_compressed_files_are_refused(golden: Path, tmp_path: Path) -> None:
    """torch.save never compresses; unpacked, a file could take a thousand times its size."""
    path = tmp_path / "net.pth"
    torch.save({"model.1.weight": torch.zeros(64, 3, 7, 700)}, path)
    with zipfile.ZipFile(path) as archive:
        entries = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert "not a plain state dict" in refused(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.pth")
    assert "expected a file" in refused(tmp_path / "net.pth")


def test_weights_that_are_not_finite(golden: Path, tmp_path: Path) -> None:
    state = small_weights(golden, "patn_market")
    state["model.stream1_down.1.weight"][0, 0, 0, 0] = float("nan")
    torch.save(state, tmp_path / "net.pth")
    assert re.match(r"1 of \d\d+ weights hold NaN or infinity: ", refused(tmp_path / "net.pth"))
