"""Checkpoints: the whole training state to resume from, and the generator alone to use. Written whole or not at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from reposer.config import RunConfig, config_to_json
from reposer.files import write_whole
from reposer.models.saving import generator_files, generator_path, save_network
from reposer.training.step import TrainingState

STATE = "state-{:07d}.pt"


def save_checkpoint(folder: Path, state: TrainingState, config: RunConfig) -> None:
    """Save state and generator of this step, and drop older ones than the run keeps."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = generator_path(folder, state.step)
    text = config_to_json(config)
    save_network(generator, state.best_generator(), config=text, recipe=config.recipe, step=state.step)
    write_whole(folder / STATE.format(state.step), lambda path: torch.save(_state_dict(state), path))
    for files in (_state_files(folder), generator_files(folder)):
        for old in files[: -config.logging.keep_checkpoints]:
            old.unlink()


def load_newest_checkpoint(folder: Path, state: TrainingState, warn: Callable[[str], None]) -> bool:
    """Restore the newest whole state into ``state``; damaged files are named through ``warn`` and skipped.

    Returns:
        False if there is none.
    """
    for path in reversed(_state_files(folder)):
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
            warn(f"{path}: damaged checkpoint skipped ({str(error).splitlines()[0]})")
            continue
        _load_state_dict(state, saved)
        return True
    return False


def _state_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(STATE.replace("{:07d}", "*")))


def _state_dict(state: TrainingState) -> dict[str, Any]:
    players = {
        name: {
            "network": player.network.state_dict(),
            "optimizer": player.optimizer.state_dict(),
            "pool": player.pool.state_dict(),
        }
        for name, player in state.players()
    }
    average = state.average.state_dict() if state.average is not None else None
    return {"step": state.step, "players": players, "average": average}


def _load_state_dict(state: TrainingState, saved: dict[str, Any]) -> None:
    for name, player in state.players():
        entry = saved["players"][name]
        player.network.load_state_dict(entry["network"])
        player.optimizer.load_state_dict(entry["optimizer"])
        device = next(player.network.parameters()).device
        player.pool.load_state_dict(entry["pool"], device)
    if state.average is not None:
        state.average.load_state_dict(saved["average"])
    state.step = saved["step"]
