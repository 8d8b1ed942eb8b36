"""Training: the loop, its step, checkpoints and the run folder."""

from reposer.training.checkpoint import newest_generator
from reposer.training.loop import train

__all__ = ["newest_generator", "train"]
