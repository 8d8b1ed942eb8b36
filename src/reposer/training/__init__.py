"""Training: the loop, its step, checkpoints and the run folder."""

from reposer.training.loop import train

__all__ = ["train"]
