"""Readers of results and of what is said about them: listings, manifests, evaluations, caches, protocols."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml
from tests.attacks.data_readers import NAMES
from tests.attacks.mutations import mutate_json, mutate_table, mutate_yaml
from tests.attacks.reader import Reader, check_kept, check_sane
from tests.folders import pose

from reposer.commands import compare
from reposer.evaluation import Evaluation, evaluate
from reposer.images import write_image
from reposer.model_card import read_scores
from reposer.poses import write_annotations
from reposer.protocols import Protocol
from reposer.protocols.files import read_protocol
from reposer.results import MANIFEST, find_results, pair_id, read_manifest, result_name

SIZE = (24, 16)
PROTOCOL = Protocol(name="small", size=SIZE, metrics=("ssim", "l1", "part_ssim"))
PAIRS = [(NAMES[0], NAMES[1]), (NAMES[2], NAMES[3]), (NAMES[1], NAMES[0])]


def results(folder: Path) -> Path:
    """Images of three pairs, their targets, poses and manifest."""
    random = torch.Generator().manual_seed(0)
    for place in ("real", "results"):
        (folder / place).mkdir()
    for name in NAMES:
        write_image(folder / "real" / name, torch.randint(0, 256, (3, *SIZE), generator=random, dtype=torch.uint8))
    for pair in PAIRS:
        image = torch.randint(0, 256, (3, *SIZE), generator=random, dtype=torch.uint8)
        write_image(folder / "results" / result_name(pair_id(*pair), ".png"), image)
    write_annotations(folder / "results" / "annotations.csv", {name: pose(i, SIZE) for i, name in enumerate(NAMES)})
    manifest = {"format": "images", "images": "../real", "annotations": "annotations.csv", "pairs": PAIRS}
    (folder / "results" / MANIFEST).write_text(json.dumps(manifest))
    return folder / "results"


def scored(folder: Path, **options: Any) -> Evaluation:
    """Their evaluation."""
    return evaluate(folder, protocol=PROTOCOL, **options)


def _evaluation(folder: Path) -> Path:
    evaluation = scored(results(folder))
    evaluation.save(folder / "a.json")
    evaluation.save(folder / "b.json")
    return folder / "b.json"


def _compare(path: Path) -> Evaluation:
    compare.run((path.with_name("a.json"), path))
    return Evaluation.load(path)


def _check_evaluation(evaluation: Evaluation, valid: Evaluation, content: bytes) -> None:
    check_sane(evaluation.per_image)
    for row in evaluation.per_image.values():
        assert not any(isinstance(value, bool) for value in row.values()), "accepted true for a number"
    for score in evaluation.scores:
        check_sane(score.value)
        assert type(score.n) is int, f"accepted n {score.n!r}"
        assert score.n >= 1, f"accepted n {score.n}"
        low, high = score.interval
        assert not low > high, f"accepted an interval from {low} to {high}"


def _cache(folder: Path) -> Path:
    scored(results(folder), cache=folder / "cache")
    (file,) = (folder / "cache").iterdir()
    return file


def _evaluate_with_cache(path: Path) -> Evaluation:
    return scored(path.parents[1] / "results", cache=path.parent)


def _check_same(evaluation: Evaluation, valid: Evaluation, content: bytes) -> None:
    assert evaluation.per_image == valid.per_image, "the cache was believed"
    assert evaluation.scores == valid.scores


def _check_manifest(manifest: Any, valid: Any, content: bytes) -> None:
    given = json.loads(content)
    kept = {"pairs": None if manifest.pairs is None else [list(pair) for pair in manifest.pairs]}
    check_kept({"pairs": given.get("pairs")}, kept)


def _listing(folder: Path) -> Path:
    rows = [(result_name(pair_id(*pair), ".png"), f"../real/{pair[1]}", pair[0]) for pair in PAIRS]
    path = results(folder) / "pairs.csv"
    path.write_text("\n".join(["generated,target,source", *map(",".join, rows)]) + "\n")
    return path


def _check_listing(found: dict[str, Any], valid: dict[str, Any], content: bytes) -> None:
    for pair, result in found.items():
        assert len(pair.splitlines()) == 1, f"accepted the name {pair[:60]!r}"
        assert result.target, "accepted a result without a target"


def _protocol(folder: Path) -> Path:
    fields = {"based_on": "patn-fashion"} | {
        name: value
        for name, value in json.loads(json.dumps(asdict(PROTOCOL))).items()
        if name in ("name", "size", "metrics", "ssim", "part_ssim", "resize", "lpips", "fid", "pckh_fraction")
    }
    fields |= {"pad_value": 128, "pad_width": 40, "padded_metrics": ["ssim"], "wide_width": None, "wide_columns": None}
    fields |= {"resized_metrics": ["l1"], "resized_size": [24, 24], "network_metrics": [], "other_sizes": [[48, 32]]}
    (folder / "own.yaml").write_text(yaml.safe_dump(fields))
    return folder / "own.yaml"


def _check_protocol(protocol: Protocol, valid: Protocol, content: bytes) -> None:
    check_sane(protocol)
    sides = [side for size in (protocol.size, *protocol.other_sizes, protocol.resized_size or (1, 1)) for side in size]
    assert all(1 <= side <= 2**16 for side in sides), f"accepted sides {sides}"
    assert 0 <= protocol.pad_value <= 255, f"accepted pad_value {protocol.pad_value}"
    for name in ("ssim", "part_ssim"):
        settings = getattr(protocol, name)
        window = settings.window_size
        assert window % 2 == 1, f"accepted {name}.window_size {window}"
        fits = window <= min(protocol.size) or name not in protocol.all_metrics
        assert fits, f"accepted {name}.window_size {window} for {protocol.size}"
    assert 0 < protocol.pckh_fraction <= 10, f"accepted pckh_fraction {protocol.pckh_fraction}"
    given = yaml.safe_load(content)
    given.pop("based_on")
    check_kept(given, json.loads(json.dumps(asdict(protocol))))


def _predicted(folder: Path) -> Path:
    results(folder)
    path = folder / "predicted.csv"
    write_annotations(path, {result_name(pair_id(*pair), ".png"): pose(i, SIZE) for i, pair in enumerate(PAIRS)})
    return path


READERS = (
    Reader(
        name="evaluation.json",
        make=_evaluation,
        read=_compare,
        mutations=(mutate_json,),
        check=_check_evaluation,
    ),
    Reader(
        name="scores-of-a-model-card",
        make=_evaluation,
        read=read_scores,
        mutations=(mutate_json,),
        check=lambda scores, valid, content: [check_sane(score.value) for score in scores] and None,
    ),
    Reader(
        name="cache",
        seconds=4,
        make=_cache,
        read=_evaluate_with_cache,
        mutations=(mutate_json,),
        check=_check_same,
    ),
    Reader(
        name="manifest.json",
        make=lambda folder: results(folder) / MANIFEST,
        read=lambda path: read_manifest(path.parent),
        mutations=(mutate_json,),
        check=_check_manifest,
    ),
    Reader(
        name="results-by-their-manifest",
        make=lambda folder: results(folder) / MANIFEST,
        read=lambda path: scored(path.parent).scores,
        mutations=(mutate_json,),
    ),
    Reader(
        name="results-by-a-listing",
        make=_listing,
        read=lambda path: find_results(path.parent),
        mutations=(mutate_table,),
        check=_check_listing,
    ),
    Reader(
        name="protocol.yaml",
        seconds=4,
        make=_protocol,
        read=read_protocol,
        mutations=(mutate_yaml,),
        check=_check_protocol,
    ),
    Reader(
        name="predicted-keypoints.csv",
        seconds=4,
        make=_predicted,
        read=lambda path: scored(path.parent / "results", predicted_keypoints=path).scores,
        mutations=(mutate_table,),
    ),
)
