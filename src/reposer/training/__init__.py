"""Training: the loop, its step, checkpoints and the run folder."""

from reposer.training.loop import train
from reposer.training.plan import plan
from reposer.training.replay import replay

__all__ = ["plan", "replay", "train"]
