"""Result folders, written and read: formats of files, names of pairs, the manifest, and what is wrong with them."""

from reposer.data.names import image_name, pair_id, source_of, target_of
from reposer.results.folder import Result, check_complete, codec_of, find_results
from reposer.results.formats import FORMATS, Format, FormatName, format_of
from reposer.results.manifest import (
    MANIFEST,
    Manifest,
    begin_manifest,
    check_replaceable,
    end_manifest,
    read_manifest,
    under_manifest,
)
from reposer.results.names import pair_of, result_name
from reposer.results.originals import Photos, find_photos, find_sources, find_targets, image_in
from reposer.results.panels import Panels, crop, cut, write_results
from reposer.results.problems import Problems

__all__ = [
    "FORMATS",
    "MANIFEST",
    "Format",
    "FormatName",
    "Manifest",
    "Panels",
    "Photos",
    "Problems",
    "Result",
    "begin_manifest",
    "check_complete",
    "check_replaceable",
    "codec_of",
    "crop",
    "cut",
    "end_manifest",
    "find_photos",
    "find_results",
    "find_sources",
    "find_targets",
    "format_of",
    "image_in",
    "image_name",
    "pair_id",
    "pair_of",
    "read_manifest",
    "result_name",
    "source_of",
    "target_of",
    "under_manifest",
    "write_results",
]
