"""Bad results and bad input: one clear line, or left out and counted."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from tests.evaluation.golden_strips import ONLY_L1, market_strips, on_golden, singles

from reposer.checks import InputError
from reposer.evaluation import Evaluation, evaluate
from reposer.images import write_image
from reposer.metrics import METRICS, catalogue
from reposer.poses import Pose, read_annotations, write_annotations, write_pairs
from reposer.results import find_results


def test_bad_results_are_left_out_and_counted(tmp_path: Path, golden: Path, strips: dict[str, Evaluation]) -> None:
    results = market_strips(golden, tmp_path)
    files = sorted(results.iterdir())
    files[0].write_bytes(files[0].read_bytes()[:2000])  # truncated
    write_image(files[1], torch.zeros(3, 64, 64, dtype=torch.uint8))  # of another size
    shutil.copy(files[2], results / files[2].name.replace("_vis", ""))  # shown twice
    poses = read_annotations(golden / "market-annotation-test.csv")
    names = [path.name.removesuffix("_vis.png").split("___")[1] for path in files]
    del poses[names[3]]
    poses[names[4]] = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))
    write_annotations(tmp_path / "poses.csv", poses)
    shutil.copy(files[5], results / "grid.png")  # not named after a pair
    options = {"annotations": tmp_path / "poses.csv"}
    kinds = (
        "not named after a pair", "shown twice", "without an annotation", "without a visible joint", "unreadable",
        "of another size",
    )  # fmt: skip
    for allowed in (0, 5):
        with pytest.raises(InputError, match=r"6 of 9 results cannot be scored: ") as caught:
            on_golden(golden, "market", results, skip_bad=allowed, **options)
        assert all(f"1 {kind} (" in str(caught.value) for kind in kinds)
        assert "\n" not in str(caught.value)
    found = on_golden(golden, "market", results, skip_bad=6, **options)
    assert found.score("ssim").signature.get("skipped") == "6"
    assert found.score("ssim").n == 3
    assert found.per_image.items() <= strips["market"].per_image.items()
    assert len(found.skipped) == len(found.to_json()["skipped"]) == 6
    assert "6 bad results were left out" in found.notes()[-1]
    found.save(tmp_path / "scores.json")
    assert Evaluation.load(tmp_path / "scores.json") == found


def test_files_that_are_no_images_are_left_out_and_counted(tmp_path: Path, golden: Path) -> None:
    results = market_strips(golden, tmp_path)
    program, pipe, bomb, wide, grey, *_ = sorted(results.iterdir())
    program.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 320 128\n{ } loop\n")
    pipe.unlink()
    os.mkfifo(pipe)
    Image.new("1", (16_000, 16_000)).save(bomb)  # 32 KB
    Image.new("1", (60_000, 1)).save(wide)
    Image.new("I;16", (320, 128), 0x8000).save(grey)
    for cache in (None, tmp_path / "cache"):
        with pytest.raises(InputError, match=r"4 of 8 results cannot be scored: 4 unreadable \(") as caught:
            evaluate(results, protocol=ONLY_L1, cache=cache)
        assert "\n" not in str(caught.value)
        found = evaluate(results, protocol=ONLY_L1, skip_bad=4, cache=cache)
        assert found.score("l1").n == 4
        assert found.score("l1").signature.get("skipped") == "4"
        whys = found.skipped.values()
        for why in ("neither PNG, JPEG nor WebP", "no regular file", "16,000x16,000 pixels", "1x60,000 pixels"):
            assert sum(why in text for text in whys) == 1
    assert found.per_image[grey.name.removesuffix("_vis.png")]["l1"] == 0  # 128 beside 128, not white


def test_missing_pairs_and_targets_are_left_out_and_counted(tmp_path: Path, golden: Path) -> None:
    results, real = singles(golden, "market", tmp_path)
    (real / "0001_c2s1_000176_00.png").unlink()
    pairs = [tuple(pair.split("___")) for pair in find_results(results)]
    write_pairs(tmp_path / "pairs.csv", [*pairs, ("a.jpg", "b.jpg")])
    found = evaluate(results, protocol=ONLY_L1, targets=real, pairs=tmp_path / "pairs.csv", skip_bad=2)
    assert found.score("l1").signature.get("skipped") == "2"
    assert sorted(why.split(":")[0] for why in found.skipped.values()) == ["missing", "without a target"]


def test_numbers_that_are_not_finite_are_refused(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(generated: torch.Tensor) -> torch.Tensor:
        return torch.where(torch.arange(len(generated)) == 1, torch.nan, 0.0)

    monkeypatch.setitem(catalogue._BY_NAME, "l1", replace(METRICS["l1"], function=broken))
    with pytest.raises(InputError, match=r"1 of 8 .* 1 not finite \(.*_vis.png: l1 is nan\)"):
        evaluate(golden / "results_market", protocol=ONLY_L1)
    assert evaluate(golden / "results_market", protocol=ONLY_L1, skip_bad=1).score("l1").n == 7


def _no_annotations(golden: Path, tmp: Path) -> None:
    evaluate(golden / "results_market")


def _unannotated_target(golden: Path, tmp: Path) -> None:
    poses = read_annotations(golden / "market-annotation-test.csv")
    del poses["0004_c2s1_000476_00.jpg"]
    write_annotations(tmp / "poses.csv", poses)
    on_golden(golden, "market", annotations=tmp / "poses.csv")


def _other_coordinates(golden: Path, tmp: Path) -> None:
    poses = read_annotations(golden / "fashion-annotation-test.csv", shift_x=90)
    write_annotations(tmp / "poses.csv", poses)
    on_golden(golden, "fashion", annotations=tmp / "poses.csv")


def _missing_prediction(golden: Path, tmp: Path) -> None:
    poses = read_annotations(golden / "market-predicted-keypoints.csv")
    poses.pop("0002_c1s1_000301_00.jpg___0002_c2s1_000326_00.jpg_vis.png")
    write_annotations(tmp / "predicted.csv", poses)
    on_golden(golden, "market", predicted_keypoints=tmp / "predicted.csv")


def _predictions_of_other_images(golden: Path, tmp: Path) -> None:
    on_golden(golden, "market", predicted_keypoints=golden / "market-annotation-test.csv")


def _no_heads(golden: Path, tmp: Path) -> None:
    poses = read_annotations(golden / "market-annotation-test.csv")
    nobody = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))
    write_annotations(tmp / "poses.csv", dict.fromkeys(poses, nobody))
    on_golden(golden, "market", annotations=tmp / "poses.csv")


def _no_targets(golden: Path, tmp: Path) -> None:
    on_golden(golden, "market", singles(golden, "market", tmp)[0])


def _no_target_folder(golden: Path, tmp: Path) -> None:
    on_golden(golden, "market", singles(golden, "market", tmp)[0], targets=tmp / "nowhere")


def _missing_target(golden: Path, tmp: Path) -> None:
    results, real = singles(golden, "market", tmp)
    (real / "0001_c2s1_000176_00.png").unlink()
    on_golden(golden, "market", results, targets=real)


def _wrong_target_size(golden: Path, tmp: Path) -> None:
    results, real = singles(golden, "market", tmp)
    write_image(real / "0001_c2s1_000176_00.png", torch.zeros(3, 128, 48, dtype=torch.uint8))
    on_golden(golden, "market", results, targets=real)


def _targets_of_strips(golden: Path, tmp: Path) -> None:
    on_golden(golden, "market", targets=tmp)


def _wrong_protocol(golden: Path, tmp: Path) -> None:
    evaluate(golden / "results_fashion")


def _unknown_size(golden: Path, tmp: Path) -> None:
    write_image(tmp / "a___b_vis.png", torch.zeros(3, 100, 50, dtype=torch.uint8))
    evaluate(tmp, protocol="patn-fashion")


def _mixed_sizes(golden: Path, tmp: Path) -> None:
    strips = market_strips(golden, tmp)
    write_image(strips / "z.jpg___z.jpg_vis.png", torch.zeros(3, 128, 64, dtype=torch.uint8))
    evaluate(strips, protocol=ONLY_L1)


def _truncated(golden: Path, tmp: Path) -> None:
    strips = market_strips(golden, tmp)
    path = strips / "0004_c3s1_000501_00.jpg___0004_c4s1_000526_00.jpg_vis.png"
    path.write_bytes(path.read_bytes()[:2000])
    on_golden(golden, "market", strips)


def _missing_pair(golden: Path, tmp: Path) -> None:
    write_pairs(tmp / "pairs.csv", [("a.jpg", "b.jpg")])
    on_golden(golden, "market", pairs=tmp / "pairs.csv")


def _no_batch(golden: Path, tmp: Path) -> None:
    on_golden(golden, "market", batch_size=0)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (_no_annotations, r"^protocol patn-market needs the poses of the target images for mask_ssim, part_ssim: "
                          r".* with --annotations; to score what needs no pose: --metrics ssim l1$"),
        (_unannotated_target, r"1 of 8 .* 1 without an annotation \(.*poses.csv: no annotation of 0004_c2s1_0004"),
        (_other_coordinates, r"poses.csv: \d+ of 68 joints lie outside the 256x176 .* subtract 40 from x$"),
        (_missing_prediction, r"predicted.csv: no predicted keypoints of 1 of 8 results, e.g. 0002_c1s1"),
        (_predictions_of_other_images, r"market-annotation-test.csv: 0001_c1s1_000151_00.jpg: not the name"),
        (_no_heads, r"8 of 8 .* 8 without a visible joint \(.*poses.csv: no joint of 0001_c2s1_0001"),
        (_no_targets, r"single images: give the folder of the real images with --targets"),
        (_no_target_folder, r"nowhere: no such folder of real images; give it with --targets$"),
        (_missing_target, r"1 of 8 .* 1 without a target \(.*_00.jpg: no such target image\); --skip-bad 1 leaves"),
        (_wrong_target_size, r"1 of 8 .* 1 of another size \(.*_000176_00.png: expected an image .* 128x48\);"),
        (_targets_of_strips, r"results_market: these are strips, which .*; leave out --targets$"),
        (_wrong_protocol, r"256x880 pixels .* patn-market expects 128x320 \(strips\) or .* or 128x64 \(images\); "
                          r"that is the size of protocol patn-fashion, "),
        (_unknown_size, r"a___b_vis.png: 100x50 pixels .* expects 256x880 \(strips\) or 256x1280 "),
        (_mixed_sizes, r"1 of 9 .* 1 of another size \(.*z.jpg_vis.png: expected an image of 128x320 .* 128x64\);"),
        (_truncated, r"1 of 8 .* 1 unreadable \(.*0004_c4s1_000526_00.jpg_vis.png: not a readable image"),
        (_missing_pair, r"pairs.csv: 8 of 8 results are not in this list of pairs, e.g. 0001"),
        (_no_batch, r"batch_size must be at least 1, got 0"),
    ],
)  # fmt: skip
def test_bad_input(attempt: Callable[[Path, Path], None], message: str, golden: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message) as caught:
        attempt(golden, tmp_path)
    assert "\n" not in str(caught.value)
