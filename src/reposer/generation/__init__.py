"""Generation: the pictures of a whole pair list, with a manifest of what they were made from."""

from reposer.generation.asked import PoseOf, asked_poses
from reposer.generation.batches import Shard
from reposer.generation.pairs import checkpoint_provenance, generate

__all__ = ["PoseOf", "Shard", "asked_poses", "checkpoint_provenance", "generate"]
