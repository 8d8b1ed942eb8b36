"""Own photos: a folder for each person, or a list, with keypoints in any known format."""

from reposer.data.photos.layout import PHOTOS, OpenedPhotos, PhotoLayout

__all__ = ["PHOTOS", "OpenedPhotos", "PhotoLayout"]
