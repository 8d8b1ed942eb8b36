"""Training: the loop, its step, checkpoints and the run folder."""

from reposer.training.guards import replay
from reposer.training.loop import train
from reposer.training.plan import plan

__all__ = ["plan", "replay", "train"]
