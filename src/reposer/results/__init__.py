"""Result folders: formats of files, names of pairs, the manifest, and what is wrong with them."""

from reposer.results.folder import Result, check_complete, codec_of, find_results, find_sources, find_targets
from reposer.results.formats import FORMATS, Format, Panels, crop, cut, format_of
from reposer.results.manifest import MANIFEST, Manifest, read_manifest
from reposer.results.names import image_name, pair_id, pair_of, some, source_of, target_of
from reposer.results.problems import Problems

__all__ = [
    "FORMATS",
    "MANIFEST",
    "Format",
    "Manifest",
    "Panels",
    "Problems",
    "Result",
    "check_complete",
    "codec_of",
    "crop",
    "cut",
    "find_results",
    "find_sources",
    "find_targets",
    "format_of",
    "image_name",
    "pair_id",
    "pair_of",
    "read_manifest",
    "some",
    "source_of",
    "target_of",
]
