"""Every format of results gives the same numbers."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.evaluation.golden_strips import ONLY_L1, WIDTH, market_strips, on_golden, singles

import reposer
from reposer.checks import InputError
from reposer.cli import main
from reposer.evaluation import Evaluation, evaluate
from reposer.images import read_image, write_image
from reposer.metrics import METRICS
from reposer.poses import read_annotations, write_annotations, write_pairs
from reposer.protocols import PATN_FASHION, PATN_MARKET
from reposer.results import find_results


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("market", "{source}___{target}_vis.png"),
        ("market", "{a}_2_{b}_vis.png"),
        ("fashion", "{source}___{target}.png"),
    ],
)
def test_single_images_give_the_numbers_of_strips(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], tag: str, name: str
) -> None:
    results, real = singles(golden, tag, tmp_path, name)
    found = on_golden(golden, tag, results, targets=real)
    assert found.format == "images"
    assert found.scores == strips[tag].scores  # signatures too: nothing that decides the numbers differs
    assert found.per_image == strips[tag].per_image


def test_manifest_stands_in_for_options(tmp_path: Path, golden: Path, strips: dict[str, Evaluation]) -> None:
    results, _ = singles(golden, "market", tmp_path)
    shutil.copy(golden / "market-annotation-test.csv", results / "annotations.csv")
    manifest = {
        "images": "../real",
        "annotations": "annotations.csv",
        "pairs": [pair.split("___") for pair in find_results(results)],
    }
    (results / "manifest.json").write_text(json.dumps(manifest))
    assert reposer.evaluate(results).scores == strips["market"].scores[:-1]
    manifest["pairs"].append(["a.jpg", "b.jpg"])
    (results / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(
        InputError,
        match=r"1 of 9 results .* 1 missing \(a.jpg___b.jpg of .*manifest.json has no result; generate it, or",
    ):
        evaluate(results)


def test_wide_fashion_images_are_cut(tmp_path: Path, golden: Path, strips: dict[str, Evaluation]) -> None:
    results, real = singles(golden, "fashion", tmp_path)
    for folder, colour in ((results, 255), (real, 90)):
        for path in folder.iterdir():
            write_image(path, torch.nn.functional.pad(read_image(path), (40, 40), value=colour))
    found = evaluate(results, protocol=replace(PATN_FASHION, metrics=("l1",)), targets=real)
    assert found.score("l1").value == strips["fashion"].score("l1").value


def test_odd_names_and_predictions_by_pair_id(tmp_path: Path, golden: Path) -> None:
    """Some Market-1501 names end in .jpg.jpg; predicted keypoints may be named by pair id."""
    poses = read_annotations(golden / "market-annotation-test.csv")
    old = "0001_c2s1_000176_00.jpg"
    results, real = singles(golden, "market", tmp_path)
    (real / "0001_c2s1_000176_00.png").rename(real / f"{old}.jpg")
    (result,) = results.glob(f"*{old}*")
    result.rename(results / f"0001_c1s1_000151_00.jpg___{old}.jpg_vis.png")
    write_annotations(
        tmp_path / "poses.csv", {name if name != old else f"{old}.jpg": pose for name, pose in poses.items()}
    )
    pairs = [tuple(pair.split("___")) for pair in find_results(results)]
    write_pairs(tmp_path / "pairs.csv", pairs)
    write_annotations(tmp_path / "found.csv", {f"{a}___{b}": poses[b.replace(".jpg.jpg", ".jpg")] for a, b in pairs})
    found = evaluate(
        results,
        annotations=tmp_path / "poses.csv",
        protocol=ONLY_L1,
        predicted_keypoints=tmp_path / "found.csv",
        targets=real,
        pairs=tmp_path / "pairs.csv",
    )
    assert found.score("pckh").value == 1


@pytest.mark.parametrize("tag", ["market", "fashion"])
def test_triptychs_give_the_numbers_of_strips(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], tag: str
) -> None:
    """Input | target | generated, named as Def-GAN does; DeepFashion in panels of 256x256."""
    for pair, result in find_results(golden / f"results_{tag}").items():
        source, _, target, _, generated = read_image(result.file).split(WIDTH[tag], dim=-1)
        border = (40, 40) if tag == "fashion" else (0, 0)
        panels = [torch.nn.functional.pad(panel, border, value=7) for panel in (source, target, generated)]
        write_image(tmp_path / f"{pair.replace('___', '_')}.png", torch.cat(panels, dim=-1))
    found = on_golden(golden, tag, tmp_path)
    assert found.format == "triptychs"
    assert found.scores == strips[tag].scores


def numbered_triptychs(golden: Path, folder: Path) -> Path:
    """The golden Market strips as 00000.png, ..., input | target | generated."""
    folder.mkdir()
    for number, result in enumerate(find_results(golden / "results_market").values()):
        source, _, target, _, generated = read_image(result.file).split(64, dim=-1)
        write_image(folder / f"{number:05d}.png", torch.cat([source, target, generated], dim=-1))
    return folder


def test_numbered_triptychs_are_scored_without_names(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation]
) -> None:
    results = numbered_triptychs(golden, tmp_path / "numbered")
    found = evaluate(results)
    assert [score.name for score in found.scores] == ["ssim", "l1"]
    for score in found.scores:
        expected = strips["market"].score(score.name)
        assert score.value == expected.value
        pairs, named = str(score.signature.get("pairs")), str(expected.signature.get("pairs"))
        assert pairs.startswith("unnamed-")
        assert score.signature.differences(expected.signature) == [f"pairs ({pairs} and {named})"]
    assert "do not tell their pairs" in "\n".join(found.notes())
    assert list(found.per_image) == list("01234567")
    # Which images they are of must be told for poses.
    annotations = golden / "market-annotation-test.csv"
    with pytest.raises(InputError, match=r"which do not tell the poses that mask_ssim need.* --pairs; .*--metrics l1$"):
        evaluate(results, annotations=annotations, metrics=["mask_ssim", "l1"])
    pairs_file = tmp_path / "pairs.csv"
    write_pairs(pairs_file, [tuple(pair.split("___")) for pair in find_results(golden / "results_market")])
    whole = evaluate(results, annotations=annotations, pairs=pairs_file)
    assert whole.scores == strips["market"].scores[:-1]


def test_numbered_single_images_need_their_pairs(tmp_path: Path, golden: Path) -> None:
    results, real = singles(golden, "market", tmp_path)
    for number, path in enumerate(sorted(results.iterdir())):
        path.rename(results / f"{number}.png")
    with pytest.raises(InputError, match=r"named by numbers: give the list of their pairs, in order, with --pairs$"):
        evaluate(results, targets=real)
    other = replace(PATN_MARKET, metrics=("part_ssim",))
    with pytest.raises(InputError, match=r"every metric of patn-market needs poses: .* --pairs$"):
        evaluate(numbered_triptychs(golden, tmp_path / "numbered"), protocol=other)


def test_a_folder_beside_its_targets(tmp_path: Path, golden: Path, strips: dict[str, Evaluation]) -> None:
    results, real = singles(golden, "market", tmp_path, "{b}.png")
    found = on_golden(golden, "market", results, targets=real, predicted_keypoints=None)
    assert set(found.per_image) == {pair.split("___")[1] for pair in strips["market"].per_image}
    for score in found.scores:
        assert score.value == pytest.approx(strips["market"].score(score.name).value, abs=1e-12)


def test_listed_files(tmp_path: Path, golden: Path, strips: dict[str, Evaluation]) -> None:
    results, _ = singles(golden, "market", tmp_path)
    rows = ["generated,target,source"]
    for i, (pair, result) in enumerate(find_results(results).items()):
        source, target = pair.split("___")
        result.file.rename(results / f"{i}.png")
        rows.append(f"{i}.png,../real/{target[:-4]}.png,{source}")
    (results / "pairs.csv").write_text("\n".join(rows) + "\n")
    poses = read_annotations(golden / "market-annotation-test.csv")
    write_annotations(tmp_path / "poses.csv", {name.replace(".jpg", ".png"): pose for name, pose in poses.items()})
    found = evaluate(results, annotations=tmp_path / "poses.csv")
    values = [score.value for score in found.scores]
    assert values == pytest.approx([score.value for score in strips["market"].scores[:-1]], abs=1e-12)


def test_the_pairs_of_other_results_alone_are_scored(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation]
) -> None:
    """So that two results of overlapping pairs can be compared, whatever their files are called."""
    whole = market_strips(golden, tmp_path)
    pairs = list(strips["market"].per_image)
    other, real = singles(golden, "market", tmp_path / "other", "{a}_2_{b}_vis.png")
    for pair in pairs[:2]:
        a, b = (name[:-4] for name in pair.split("___"))
        (other / f"{a}_2_{b}_vis.png").unlink()
    (whole / f"{pairs[-1]}_vis.png").unlink()
    mine = evaluate(whole, protocol=ONLY_L1, pairs_of=other)
    theirs = evaluate(other, protocol=ONLY_L1, pairs_of=whole, targets=real)
    assert list(mine.per_image) == list(theirs.per_image) == pairs[2:-1]
    assert mine.scores == theirs.scores
    assert f"scored are only the pairs that {other} has too" in mine.notes()
    mine.save(tmp_path / "mine.json")
    assert Evaluation.load(tmp_path / "mine.json") == mine
    assert evaluate(other, protocol=ONLY_L1, pairs_of=tmp_path / "mine.json", targets=real).scores == mine.scores
    write_pairs(tmp_path / "pairs.csv", [tuple(pair.split("___")) for pair in pairs])  # pairs[-1] is not missed
    assert evaluate(whole, protocol=ONLY_L1, pairs_of=other, pairs=tmp_path / "pairs.csv").scores == mine.scores
    (tmp_path / "none").mkdir()
    write_image(tmp_path / "none" / "x___y_vis.png", torch.zeros(3, 128, 64, dtype=torch.uint8))
    with pytest.raises(InputError, match=r"strips and .*none \(--pairs-of\) have no pair in common, e.g. 0001.* x.jpg"):
        evaluate(whole, protocol=ONLY_L1, pairs_of=tmp_path / "none")


def test_annotations_of_uncut_images_are_shifted(tmp_path: Path, golden: Path, strips: dict[str, Evaluation]) -> None:
    poses = read_annotations(golden / "fashion-annotation-test.csv", shift_x=40)
    write_annotations(tmp_path / "uncut.csv", poses)
    options = {"protocol": "patn-fashion", "annotations": tmp_path / "uncut.csv"}
    found = evaluate(golden / "results_fashion", annotations_shift=-40, **options)
    assert found.scores == strips["fashion"].scores[:-1]
    assert "-40 was added to x in the annotations" in found.notes()
    found.save(tmp_path / "scores.json")
    assert Evaluation.load(tmp_path / "scores.json") == found
    other = evaluate(golden / "results_fashion", annotations_shift=-42, **options)
    for right, wrong in zip(found.scores, other.scores, strict=True):
        assert (right.signature == wrong.signature) == (not METRICS[right.name].needs_pose)
    with pytest.raises(InputError, match=r"joints lie outside .* image with --annotations-shift -140, e.g. of "):
        evaluate(golden / "results_fashion", annotations_shift=-140, **options)
    write_annotations(tmp_path / "far.csv", read_annotations(golden / "fashion-annotation-test.csv", shift_x=90))
    with pytest.raises(InputError, match=r"of width 256, give --annotations-shift -40, or subtract 40 from x$"):
        evaluate(golden / "results_fashion", **(options | {"annotations": tmp_path / "far.csv"}))


def test_the_command_line_takes_a_negative_shift(tmp_path: Path, golden: Path) -> None:
    write_annotations(tmp_path / "uncut.csv", read_annotations(golden / "fashion-annotation-test.csv", shift_x=40))
    arguments = ["--annotations", str(tmp_path / "uncut.csv"), "--annotations-shift", "-40", "--metrics", "part_ssim"]
    out = tmp_path / "scores.json"
    main(["evaluate", str(golden / "results_fashion"), "--protocol", "patn-fashion", *arguments, "--json", str(out)])
    assert Evaluation.load(out).annotations_shift == -40


@pytest.mark.parametrize(
    "name", ["{source}___{target}_vis.png", "{a}_2_{b}_vis.png", "{a}.png___{b}.png_vis.png", "{source}_{target}.png"]
)
def test_the_hash_of_the_pairs_does_not_depend_on_what_files_are_called(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], name: str
) -> None:
    results, real = singles(golden, "market", tmp_path, name)
    found = evaluate(results, protocol=ONLY_L1, targets=real)
    assert found.signature.get("pairs") == strips["market"].signature.get("pairs")


def test_lists_and_poses_are_found_by_names_of_another_extension(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation]
) -> None:
    results, real = singles(golden, "market", tmp_path, "{a}.png___{b}.png_vis.png")
    write_pairs(tmp_path / "pairs.csv", [tuple(pair.split("___")) for pair in strips["market"].per_image])
    found = on_golden(golden, "market", results, targets=real, pairs=tmp_path / "pairs.csv")
    assert found.scores == strips["market"].scores
