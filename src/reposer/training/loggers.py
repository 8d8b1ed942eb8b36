"""Where the rows and contact sheets of a run go besides its own files: TensorBoard, Weights & Biases."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from reposer.files import write_text


class _TensorBoard:
    """Writes events; the writer of Lightning does the same, but its import takes as long as that of torch."""

    def __init__(self, path: Path) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.experiment: Any = SummaryWriter(path / "tensorboard")

    def log_metrics(self, values: Mapping[str, float], step: int) -> None:
        for name, value in values.items():
            self.experiment.add_scalar(name, value, step)

    def finalize(self, status: str) -> None:
        self.experiment.close()


def _wandb(path: Path) -> Any:
    from lightning.pytorch.loggers import WandbLogger

    name = path / "wandb-run.txt"  # so that a resumed run continues in the same place
    if not name.exists():
        write_text(name, uuid.uuid4().hex)
    return WandbLogger(name=path.name, save_dir=path, version=name.read_text(), project="reposer", resume="allow")


LOGGERS: dict[str, Callable[[Path], Any]] = {"tensorboard": _TensorBoard, "wandb": _wandb}
"""Functions that open the logger of a run folder, by name."""


def show(logger: Any, image: Tensor, step: int) -> None:
    """Give a contact sheet (3, H, W) uint8 to a logger."""
    if hasattr(logger, "log_image"):  # Weights & Biases
        logger.log_image("samples", [image.permute(1, 2, 0).numpy()], step=step)
    else:
        logger.experiment.add_image("samples", image, step)
