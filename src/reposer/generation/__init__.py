"""Generation: the pictures of a whole pair list, with a manifest of what they were made from."""

from reposer.generation.batches import Shard
from reposer.generation.pairs import checkpoint_provenance, generate

__all__ = ["Shard", "checkpoint_provenance", "generate"]
