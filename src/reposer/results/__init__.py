"""Result folders: layouts of files, names of pairs, the manifest, and what is wrong with them."""

from reposer.results.folder import Result, check_complete, codec_of, find_results, find_sources, find_targets
from reposer.results.layouts import LAYOUTS, Layout, Panels, crop, cut, layout_of
from reposer.results.manifest import MANIFEST, Manifest, read_manifest
from reposer.results.names import image_name, pair_id, pair_of, some, source_of, target_of
from reposer.results.problems import Problems

__all__ = [
    "LAYOUTS",
    "MANIFEST",
    "Layout",
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
    "image_name",
    "layout_of",
    "pair_id",
    "pair_of",
    "read_manifest",
    "some",
    "source_of",
    "target_of",
]
