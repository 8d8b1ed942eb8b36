"""Photos of any size: the person framed for a network, and what it made put back."""

from reposer.photos.flicker import Flicker, estimated_flicker, flicker
from reposer.photos.framing import Frame, Framing, frame_person
from reposer.photos.video import write_video

__all__ = ["Flicker", "Frame", "Framing", "estimated_flicker", "flicker", "frame_person", "write_video"]
