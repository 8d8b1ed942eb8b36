"""Where the rows and contact sheets of a run go besides its own files: TensorBoard, Weights & Biases."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from torch import Tensor

from reposer.files import write_text


def _tensorboard(path: Path) -> Any:
    from lightning.fabric.loggers.tensorboard import TensorBoardLogger

    return TensorBoardLogger(path, name="tensorboard", version="")


def _wandb(path: Path) -> Any:
    from lightning.pytorch.loggers import WandbLogger

    name = path / "wandb-run.txt"  # so that a resumed run continues in the same place
    if not name.exists():
        write_text(name, uuid.uuid4().hex)
    return WandbLogger(name=path.name, save_dir=path, version=name.read_text(), project="reposer", resume="allow")


LOGGERS = {"tensorboard": _tensorboard, "wandb": _wandb}
"""Functions that open the logger of a run folder, by name."""


def show(logger: Any, image: Tensor, step: int) -> None:
    """Give a contact sheet (3, H, W) uint8 to a logger."""
    if hasattr(logger, "log_image"):  # Weights & Biases
        logger.log_image("samples", [image.permute(1, 2, 0).numpy()], step=step)
    else:
        logger.experiment.add_image("samples", image, step)
