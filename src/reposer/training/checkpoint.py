"""Checkpoints: the whole training state to resume from, and the generator alone to use. Written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from reposer.checks import InputError, RunError
from reposer.config import RunConfig, config_to_json
from reposer.data.loading import dead_workers_in_one_line
from reposer.digests import digest
from reposer.files import check_regular, write_whole
from reposer.models.fitting import mismatch
from reposer.models.saving import GENERATOR, files_by_step, generator_path, save_network
from reposer.training.state import TrainingState
from reposer.training.updates import OWN_FLAGS

STATE = "state-{:07d}.pt"
BEST = "generator-best.safetensors"
_COUNTERS = ("step", "skipped", "skipped_in_a_row", "best")


def save_checkpoint(folder: Path, state: TrainingState, config: RunConfig) -> None:
    """Save state and generator of this step, and drop older ones than the run keeps; these are whole if it fails.

    What is newer stays, as it may where a run goes on from an older state because its newest is damaged.
    """
    save_generator(generator_path(folder, state.step), state, config)
    write_state(folder / STATE.format(state.step), state_dict(state))
    for name in (STATE, GENERATOR):
        files = [file for step, file in files_by_step(folder, name).items() if step <= state.step]
        for old in files[: -config.logging.keep_checkpoints]:
            old.unlink()


def save_generator(path: Path, state: TrainingState, config: RunConfig) -> None:
    """Save the generator to keep, with its configuration."""
    with writing(path):
        network, text = state.best_generator(), config_to_json(config)
        save_network(path, network, config=text, recipe=config.recipe, step=state.step)


def write_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values, and their digest, to a file of torch."""
    saved = {**state, "digest": digest(state)}
    with writing(path):
        write_whole(path, lambda temporary: torch.save(saved, temporary))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Make the folder of ``path``, and turn what goes wrong while it is written into a RunError of one line."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with dead_workers_in_one_line():
            yield
    except RunError:
        raise
    except (OSError, RuntimeError, SafetensorError) as error:  # a failed write of torch is a RuntimeError
        free = f"; {shutil.disk_usage(path.parent).free / 2**20:.0f} MB free" if path.parent.exists() else ""
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise RunError(
            f"{path}: cannot be written ({reason}{free}); what was written before is whole: fix this and "
            "continue with --resume"
        ) from None


def load_newest_checkpoint(folder: Path, state: TrainingState, warn: Callable[[str], None]) -> bool:
    """Restore the newest whole state, if there is one; damaged files are named through ``warn`` and skipped.

    Raises:
        InputError: if there are states, and none of them can be restored.
    """
    files = files_by_step(folder, STATE)
    for step, path in reversed(files.items()):
        try:
            _restore(path, step, state)
        except Exception as error:  # a damaged file can fail in any way
            warn(f"{path}: damaged checkpoint skipped ({(str(error) or type(error).__name__).splitlines()[0]})")
        else:
            return True
    if files:
        raise InputError(
            f"{folder}: no checkpoint can be read, the newest of step {max(files)}: nothing was changed; put an intact "
            "one there, or choose another --out to start over"
        )
    return False


def read_state(path: Path) -> dict[str, Any]:
    """Read what ``write_state`` wrote; of another file or a damaged one, any error may come."""
    check_regular(path)
    saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if saved.pop("digest") != digest(saved):
        raise ValueError("its content has changed since it was written")
    return saved


def _restore(path: Path, step: int, state: TrainingState) -> None:
    saved = read_state(path)
    if saved["step"] != step:
        raise ValueError(f"it was written after step {saved['step']}")
    for name, trained in state.networks():
        weights = saved["networks"].get(name, {"network": {}})["network"]
        if wrong := mismatch(trained.network, {key: weight.shape for key, weight in weights.items()}):
            raise ValueError(f"of a run with another {name} network than in config.json: {wrong}")
    load_state_dict(state, saved)


def state_dict(state: TrainingState) -> dict[str, Any]:
    """Everything that a run needs to continue."""
    return {
        **{name: getattr(state, name) for name in _COUNTERS},
        "networks": {
            name: {part: getattr(trained, part).state_dict() for part in ("network", "optimizer", "pool")}
            for name, trained in state.networks()
        },
        "ema_generator": state.ema_generator.state_dict() if state.ema_generator is not None else None,
        "scaler": state.scaler.state_dict(),
    }


def load_state_dict(state: TrainingState, saved: Mapping[str, Any]) -> None:
    """Restore what ``state_dict`` gave."""
    for name, trained in state.networks():
        entry = saved["networks"][name]
        trained.network.load_state_dict(entry["network"])
        (own,), (group,) = trained.optimizer.param_groups, entry["optimizer"]["param_groups"]
        group = group | {name: own[name] for name in OWN_FLAGS}
        trained.optimizer.load_state_dict(entry["optimizer"] | {"param_groups": [group]})
        trained.pool.load_state_dict(entry["pool"], next(trained.network.parameters()).device)
    if state.ema_generator is not None:
        state.ema_generator.load_state_dict(saved["ema_generator"])
    state.scaler.load_state_dict(saved["scaler"])
    for name in _COUNTERS:
        setattr(state, name, saved[name])
