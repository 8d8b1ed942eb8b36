"""Photos of any size: the person framed for a network, and what it made put back."""

from reposer.photos.framing import Frame, Framing, frame_person

__all__ = ["Frame", "Framing", "frame_person"]
