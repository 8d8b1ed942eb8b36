"""Photos of any size: the person framed for a network, and what it made put back."""

from reposer.photos.flicker import Flicker, estimated_flicker, flicker
from reposer.photos.framing import Frame, Framing, frame_person

__all__ = ["Flicker", "Frame", "Framing", "estimated_flicker", "flicker", "frame_person"]
