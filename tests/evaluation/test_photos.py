"""Own photos scored: what counts is the content of each picture, exactly as if it had been cut out."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.metrics.networks import SmallNetwork
from tests.own_photos import photo_data

from reposer.checks import InputError
from reposer.data import PairDataset, PairIndex, collate, open_pairs
from reposer.evaluation import Evaluation, evaluate, reading, sets
from reposer.evaluation.photos import photos_of
from reposer.images import read_image, write_image
from reposer.letterbox import Box, content_mask
from reposer.metrics import networks
from reposer.poses import Pose, read_annotations, write_annotations
from reposer.protocols import PROTOCOLS
from reposer.reporting.gallery import open_pictures
from reposer.results import FORMATS, read_manifest, result_name, under_manifest, write_results

SIZE = (128, 64)
PAIRED = ("ssim", "psnr", "ms_ssim", "l1", "mask_ssim", "mask_l1", "sharpness", "part_ssim")
PROTOCOL = replace(PROTOCOLS["reposer-1-market"], metrics=(*PAIRED, "is", "mask_is", "fid", "kid"), network_metrics=())


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network in place of Inception, and shards of 5 images."""
    monkeypatch.setattr(networks, "InceptionFeatures", lambda name, weights: SmallNetwork())
    monkeypatch.setattr(sets, "_SHARD", 5)


def results(root: Path, out: Path, format: str = "images", paint: int | None = None) -> PairIndex:
    """Random pictures for the test pairs of own photos; ``paint``: the colour of their padding."""
    index = open_pairs(root, "test", size=SIZE)
    batch = collate(list(PairDataset(index)))
    assert batch.target_box is not None
    generator = torch.Generator().manual_seed(1)
    generated = torch.randint(0, 256, (len(batch), 3, *SIZE), generator=generator, dtype=torch.uint8)
    if paint is not None:
        generated.masked_fill_(~content_mask(batch.target_box, SIZE), paint)
    out.mkdir()
    with under_manifest(out, index, FORMATS[format], {}):
        write_results(out, batch, generated, replace(FORMATS[format], suffix=".png"))
    return index


def numbers(found: Evaluation) -> dict[str, object]:
    return {"rows": found.per_image, "scores": {s.name: (s.value, str(s.signature)) for s in found.scores}}


@pytest.mark.filterwarnings("ignore:FID of", "ignore:KID of")
def test_padding_changes_no_score(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos")
    found = {}
    for paint in (None, 0, 255):
        results(root, tmp_path / f"{paint}", paint=paint)
        found[paint] = evaluate(tmp_path / f"{paint}", protocol=PROTOCOL)
    assert len(found[None].per_image) == 12
    assert numbers(found[0]) == numbers(found[None]) == numbers(found[255])
    assert "content:letterbox" in str(found[0].signature)


@pytest.mark.filterwarnings("ignore:FID of", "ignore:KID of")
def test_scores_are_those_of_the_contents_cut_out(tmp_path: Path) -> None:
    """Photos of one shape, so that another protocol can take the contents as images of its size."""
    root, cut = photo_data(tmp_path / "photos", {"anna": 4, "ben": 2}, shape=1), tmp_path / "cut"
    index = results(root, tmp_path / "results")
    assert index.framed is not None
    (box,) = {framed.box for framed in index.framed.values()}
    assert box == Box(40, 0, 48, 64)
    (cut / "real").mkdir(parents=True)
    dataset = PairDataset(index)
    for i, pair in enumerate(index.pairs):
        name = f"{pair[0]}___{pair[1]}"
        generated = read_image(tmp_path / "results" / result_name(name, ".png"))
        write_image(cut / result_name(name, ".png"), box.crop(generated))
        write_image(cut / "real" / pair[1], box.crop(dataset[i].target))
    moved = {name: Pose(box.moved(p.joints), p.visible) for name, p in index.poses.items()}
    write_annotations(cut / "poses.csv", moved)
    whole = evaluate(tmp_path / "results", protocol=PROTOCOL)
    alone = evaluate(
        cut, protocol=replace(PROTOCOL, size=(48, 64)), targets=cut / "real", annotations=cut / "poses.csv"
    )
    for pair, row in whole.per_image.items():
        assert row == pytest.approx(alone.per_image[pair], rel=1e-6), pair  # poses are written to two decimals
    for score in whole.scores:
        assert score.value == pytest.approx(alone.score(score.name).value, rel=1e-6), score.name


def test_strips_show_their_targets_and_are_scored_likewise(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos")
    for format in ("images", "strips"):
        results(root, tmp_path / format, format)
    protocol = replace(PROTOCOL, metrics=("ssim", "l1", "part_ssim"))
    single, strips = (evaluate(tmp_path / format, protocol=protocol) for format in ("images", "strips"))
    assert strips.per_image == single.per_image


def test_baselines_and_the_folder_in_place_of_the_manifest(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos")
    results(root, tmp_path / "results")
    protocol = replace(PROTOCOL, metrics=("l1", "part_ssim"))
    expected = evaluate(tmp_path / "results", protocol=protocol)
    copied = evaluate(tmp_path / "results", protocol=protocol, baseline="copy-source")
    assert copied.per_image != expected.per_image
    evaluate(tmp_path / "results", protocol=protocol, baseline="mean-image", train_images=root)
    poses = tmp_path / "results" / "annotations.csv"
    (tmp_path / "results" / "manifest.json").unlink()
    given = evaluate(tmp_path / "results", protocol=protocol, targets=root, annotations=poses)
    assert given.per_image == expected.per_image
    with pytest.raises(InputError, match=r"patn-fashion expects 256x"):
        evaluate(tmp_path / "results", protocol="patn-fashion", targets=root, annotations=poses)


def test_what_cannot_be_scored_is_a_problem_of_its_pair(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos")
    index = results(root, tmp_path / "results")
    assert index.framed is not None
    protocol = replace(PROTOCOL, metrics=("second_ssim",), second_ssim=PROTOCOLS["gfla-market"].ssim)
    with pytest.raises(
        InputError, match=r"6 of 12 results cannot be scored: 6 too small \(window_size 51 does not fit"
    ):
        evaluate(tmp_path / "results", protocol=protocol)
    name = index.pairs[0][1]
    (root / index.framed[name].file).unlink()
    protocol = replace(PROTOCOL, metrics=("l1",))
    with pytest.raises(InputError, match=r"3 of 12 results .* 3 without a readable target .*no such image file"):
        evaluate(tmp_path / "results", protocol=protocol)
    assert len(evaluate(tmp_path / "results", protocol=protocol, skip_bad=3).per_image) == 9


def test_a_photo_that_was_changed_is_read_again(tmp_path: Path) -> None:
    photo, random = tmp_path / "a.png", torch.randint(0, 256, (3, 40, 20), dtype=torch.uint8)
    for image in (torch.zeros_like(random), random):
        write_image(photo, image)
        assert torch.equal(reading._framed(photo, (40, 20)), image)
    with pytest.raises(InputError, match=r"b\.png"):
        reading._framed(tmp_path / "b.png", (40, 20))


def test_manifest_and_gallery_know_the_photos(tmp_path: Path) -> None:
    root = photo_data(tmp_path / "photos")
    index = results(root, tmp_path / "results")
    manifest = read_manifest(tmp_path / "results")
    assert manifest.photos is not None
    assert index.framed is not None
    assert {name: root / framed.file for name, framed in index.framed.items()} == manifest.photos
    assert photos_of(None, manifest) == manifest.photos
    poses = read_annotations(tmp_path / "results" / "annotations.csv")
    assert torch.allclose(poses[index.pairs[0][0]].joints, index.poses[index.pairs[0][0]].joints, atol=0.005)
    found = evaluate(tmp_path / "results", protocol=replace(PROTOCOL, metrics=("l1",)))
    pair = f"{index.pairs[0][0]}___{index.pairs[0][1]}"
    shown = open_pictures(tmp_path / "results", found)
    target, source = shown.target(pair), shown.source(pair)
    item = PairDataset(index)[0]
    assert target is not None
    assert source is not None
    assert torch.equal(target, item.target)
    assert torch.equal(source, item.source)
    content = json.loads((tmp_path / "results" / "manifest.json").read_text())
    assert content["photos"][index.pairs[0][0]] == "anna/IMG_0.png"
