"""Readers of what runs leave behind: configuration, log, states, generators, released weights."""

from __future__ import annotations

import io
import json
import struct
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import torch
from tests.attacks.mutations import TEXTS, mutate_bytes, mutate_json, mutate_tree
from tests.attacks.mutations import to_json as tree_to_json
from tests.attacks.reader import Reader, check_kept, check_sane
from tests.released import small_weights
from tests.small_run import SMALL

from reposer.config import RunConfig, config_to_json
from reposer.generator import Generator, load_generator
from reposer.models import PATNConfig, build_generator, load_released_network, save_network
from reposer.training.checkpoint import STATE, digest, load_newest_checkpoint, save_checkpoint, state_dict, write_state
from reposer.training.guards import DUMP
from reposer.training.record import RECORD, RunRecord
from reposer.training.replay import read_step
from reposer.training.run_folder import check_run_folder, read_log, read_run
from reposer.training.state import TrainingState, build_state
from reposer.training.world import World
from reposer.values import to_json

GOLDEN = Path(__file__).parents[1] / "golden"
TINY = RunConfig(**vars(SMALL) | {"generator": PATNConfig(channels=1, blocks=1)})


def _configuration(folder: Path) -> Path:
    (folder / "config.json").write_text(config_to_json(SMALL))
    return folder / "config.json"


def _check_configuration(config: RunConfig, valid: RunConfig, content: bytes) -> None:
    check_sane(config)
    check_kept(json.loads(content), json.loads(config_to_json(config)))
    assert 0 < config.optimization.learning_rate_at(0) < 1e6
    assert config.optimization.steps >= 1


def _record(folder: Path) -> Path:
    RunRecord(data="/data", pairs=12, digest="0" * 64, saved=3).write(folder)
    return folder / RECORD


def _check_record(record: RunRecord, valid: Any, content: bytes) -> None:
    check_kept(json.loads(content), json.loads(to_json(record)))
    assert record.pairs >= 1, f"accepted {record.pairs} pairs"
    assert record.saved is None or record.saved >= 0, f"accepted a checkpoint of step {record.saved}"


def _check_log(rows: list[Any], valid: Any, content: bytes) -> None:
    assert all(isinstance(row, dict) and type(row.get("step")) is int for row in rows), "accepted a row without step"
    check_sane(rows)


def _log(folder: Path) -> Path:
    rows = [{"step": step, "epoch": 1, "total": 1.5 / step, "loss/l1": 0.25, "skipped": 0} for step in range(1, 6)]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder / "metrics.jsonl"


@cache
def _any_state() -> TrainingState:
    return build_state(TINY, World())


def _state(folder: Path) -> Path:
    state = _any_state()
    state.step = 3
    save_checkpoint(folder, state, TINY)
    return folder / STATE.format(3)


def _read_state(path: Path) -> tuple[bool, str, list[str]]:
    said: list[str] = []
    state = _any_state()
    found = load_newest_checkpoint(path.parent, state, said.append)
    return found, digest(state_dict(state)), said


def _check_state(value: tuple[bool, str, list[str]], valid: tuple[bool, str, list[str]], content: bytes) -> None:
    found, holds, said = value
    assert all(len(line.splitlines()) == 1 and len(line) < 2000 for line in said), f"not one line: {said}"
    assert holds == valid[1] if found else said, "another state was taken for the one that was saved"


def _step(folder: Path) -> Path:
    """What a run writes down of a step that was not finite."""
    path = folder / DUMP.format(3)
    write_state(path, {"config": config_to_json(TINY), "batches": [], "state": state_dict(_any_state())})
    return path


def _check_step(value: dict[str, Any], valid: dict[str, Any], content: bytes) -> None:
    assert digest(value) == digest(valid), "accepted another step than was written down"


def _generator(folder: Path) -> Path:
    torch.manual_seed(0)
    path = folder / "generator-0000003.safetensors"
    save_network(
        path, build_generator(TINY.generator), config=config_to_json(TINY), recipe="small", step=3,
        more={"data": "some", "license": "mit", "scores": []},
    )  # fmt: skip
    return path


def _check_generator(generator: Generator, valid: Generator, content: bytes) -> None:
    own, theirs = generator.state_dict(), valid.state_dict()
    assert own.keys() == theirs.keys(), "accepted other weights"
    assert all(own[name].equal(theirs[name]) for name in own), "accepted weights that have changed"
    check_sane((generator.config, generator.about))
    assert type(generator.about.step) is int, f"accepted step {generator.about.step!r}"
    assert isinstance(generator.about.data, str | None), f"accepted data {generator.about.data!r}"


def mutate_metadata(random: Random, content: bytes) -> bytes:
    """Change what the header of a safetensors file says."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    about = json.loads(header["__metadata__"]["reposer"])
    kind = random.randrange(4)
    if kind == 0:
        header["__metadata__"]["reposer"] = random.choice(("", "{", "[" * 10**5, "5", "null", *TEXTS[:8]))
        text = json.dumps(header)
    elif kind == 1:
        text = tree_to_json(mutate_tree(random, header))
    else:
        part = random.choice(("config", "config", None))
        if part:
            about[part] = mutate_tree(random, about[part])
        else:
            about = mutate_tree(random, about)
        if isinstance(about, dict) and random.random() < 0.7:
            about.pop("digest", None)  # as in files of earlier versions
        header["__metadata__"]["reposer"] = tree_to_json(about)
        text = json.dumps(header)
    encoded = text.encode("utf-8", "surrogatepass")
    encoded += b" " * (-len(encoded) % 8)
    return struct.pack("<Q", len(encoded)) + encoded + content[8 + length :]


def _weights(folder: Path) -> Path:
    path = folder / "latest_net_netG.pth"
    torch.save(small_weights(GOLDEN, "patn_market"), path)
    return path


class _Code:
    def __reduce__(self) -> Any:
        return __import__("os").system, ("touch /tmp/reposer-was-attacked",)


@cache
def _loaded(content: bytes) -> dict[str, torch.Tensor]:
    """Once: a load that fails may leave something in torch that lets the next one fail, too."""
    return torch.load(io.BytesIO(content), weights_only=True)


def mutate_weights(random: Random, content: bytes) -> bytes:
    """Change the tensors of a state dict: their kind, shape, values and names."""
    state: Any = dict(_loaded(content))
    names = [name for name in state if state[name].is_floating_point()]
    for _ in range(random.choice((1, 1, 3))):
        name = random.choice(names)
        tensor = state.get(name)
        usual = isinstance(tensor, torch.Tensor) and tensor.dtype == torch.float32 and not tensor.is_meta
        if not usual or tensor.is_sparse or tensor.numel() > 10**6:
            tensor = torch.zeros(2, 2)  # it was attacked before
        strange: list[Any] = [
            torch.full_like(tensor, float("nan")),
            torch.full_like(tensor, float("inf")),
            torch.zeros(1).expand(10**6, 10**5),
            torch.zeros(1).expand(*tensor.shape[:-1], 10**9) if tensor.ndim else tensor,
            torch.zeros(1).expand(10**9, *tensor.shape[1:]) if tensor.ndim else tensor,
            tensor.to(torch.complex64), tensor.to(torch.int64), tensor.bool(), tensor.half(), tensor.double(),
            tensor.to_sparse(), torch.empty_like(tensor, device="meta"), tensor.flatten(), tensor[None],
            torch.tensor(0.0), torch.zeros(0), torch.zeros_like(tensor).requires_grad_(),
            None, 3, "text", [tensor], {"a": tensor}, float("nan"), _Code(),
        ]  # fmt: skip
        kind = random.randrange(4)
        if kind == 0:
            state.pop(name, None)
        elif kind == 1:
            other = random.choice(
                (*TEXTS[:8], f"module.{name}", f"{name}x", "model.att.99.conv_block_stream1.0.weight", 7, None)
            )
            state[other] = tensor
        else:
            state[name] = random.choice(strange)
    if random.random() < 0.05:
        state = random.choice((list(state.values()), torch.zeros(3), 5, None, {}, {"state_dict": state}))
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=random.random() < 0.8)
    changed = buffer.getvalue()
    return mutate_bytes(random, changed) if random.random() < 0.1 else changed


def _check_weights(value: Any, valid: Any, content: bytes) -> None:
    config, network = value
    for name, tensor in network.state_dict().items():
        assert tensor.isfinite().all(), f"accepted {name} with a value that is not finite"
    check_sane(config)


READERS = (
    Reader(
        name="config.json",
        make=_configuration,
        read=lambda path: read_run(path.parent)[0],
        mutations=(mutate_json,),
        check=_check_configuration,
    ),
    Reader(
        name="run.json",
        make=_record,
        read=lambda path: RunRecord.read(path.parent),
        mutations=(mutate_json,),
        check=_check_record,
    ),
    Reader(
        name="config.json-of-a-run",
        make=_configuration,
        read=lambda path: check_run_folder(path.parent, SMALL, resume=True),
        mutations=(mutate_json,),
        check=lambda value, valid, content: None,
    ),
    Reader(
        name="metrics.jsonl",
        make=_log,
        read=lambda path: read_log(path.parent),
        mutations=(mutate_json,),
        check=_check_log,
    ),
    Reader(name="state.pt", seconds=4, make=_state, read=_read_state, check=_check_state),
    Reader(name="nonfinite-step.pt", seconds=4, make=_step, read=read_step, check=_check_step),
    Reader(
        name="generator.safetensors",
        make=_generator,
        read=load_generator,
        mutations=(mutate_metadata,),
        check=_check_generator,
    ),
    Reader(
        name="released.pth",
        seconds=4,
        make=_weights,
        read=load_released_network,
        mutations=(mutate_weights,),
        check=_check_weights,
    ),
)
