"""The network ``flow``: a dense flow, what is carried along it, and what is painted."""

from reposer.models.flow.network import FlowConfig, FlowGenerator

__all__ = ["FlowConfig", "FlowGenerator"]
