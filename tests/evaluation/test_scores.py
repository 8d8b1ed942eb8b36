"""Scores, intervals, signatures: the published numbers, whatever the batch, the processes or the codec."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.evaluation.golden_strips import ONLY_L1, market_strips, on_golden, singles

from reposer.checks import InputError
from reposer.evaluation import Evaluation, evaluate
from reposer.evaluation.reading import Item, Reader
from reposer.evaluation.rows import Work, measure_rows
from reposer.images import read_image, resize, write_image
from reposer.poses import read_annotations, write_annotations
from reposer.protocols import PATN_FASHION, PATN_MARKET
from reposer.results import find_results


def test_golden(golden: Path, evaluated: tuple[str, Evaluation]) -> None:
    tag, found = evaluated
    expected = json.loads((golden / "evaluation.json").read_text())[tag]
    metrics = ["ssim", "l1", *(["mask_ssim"] if tag == "market" else []), "part_ssim"]
    assert [score.name for score in found.scores] == [*metrics, "pckh"]
    for name in metrics:
        assert found.score(name).value == pytest.approx(expected[name], abs=1e-5)
        assert found.score(name).n == len(expected["per_image"])
    assert found.per_image.keys() == expected["per_image"].keys()
    for pair, row in expected["per_image"].items():
        assert {name: found.per_image[pair][name] for name in row} == pytest.approx(row, abs=1e-5)


def test_golden_pckh_is_exact(golden: Path, evaluated: tuple[str, Evaluation]) -> None:
    tag, found = evaluated
    expected = json.loads((golden / "evaluation.json").read_text())[tag]["pckh"]
    assert found.score("pckh").value == expected["value"]
    counts = found.to_json()["pckh_counts"]
    assert (counts["correct"], counts["all"]) == (expected["correct"], expected["all"])
    assert counts["images"] == found.score("pckh").n
    assert sum("pckh" in row for row in found.per_image.values()) == counts["images"]


def test_scores_carry_interval_count_and_signature(evaluated: tuple[str, Evaluation]) -> None:
    tag, found = evaluated
    assert (found.format, found.codec) == ("strips", "png")
    for score in found.scores:
        assert score.interval[0] < score.value < score.interval[1]
        assert str(score.signature).startswith(f"{found.signature}")
    assert str(found.signature).startswith(f"patn-{tag}|n:{len(found.per_image)}|")
    assert "published" in found.notes()[1]
    assert str(found).count(str(found.signature)) == len(found.scores)
    with pytest.raises(InputError, match="unknown score 'ssmi'; did you mean 'ssim'"):
        found.score("ssmi")


def test_batch_size_decides_nothing(golden: Path, strips: dict[str, Evaluation]) -> None:
    calls: list[tuple[int, int]] = []
    small = on_golden(golden, "market", batch_size=3, progress=lambda *call: calls.append(call))
    assert len(calls) == 3
    assert calls[-1] == (8, 8)
    assert small.per_image == strips["market"].per_image  # bit for bit
    assert small.scores == strips["market"].scores


@pytest.mark.slow
def test_processes_decide_nothing(golden: Path, strips: dict[str, Evaluation]) -> None:
    shared = on_golden(golden, "market", devices=2)
    assert shared.per_image == strips["market"].per_image  # bit for bit
    assert shared.scores == strips["market"].scores


def test_codec_is_in_the_signature(tmp_path: Path, golden: Path) -> None:
    strips = tmp_path / "strips"
    strips.mkdir()
    for path in (golden / "results_market").iterdir():
        write_image(strips / f"{path.stem}.jpg", read_image(path))
    jpeg = evaluate(strips, protocol=ONLY_L1)
    assert jpeg.codec == "jpeg"
    assert "|codec:jpeg|" in str(jpeg.signature)
    assert len(jpeg.notes()) == 1
    results, real = singles(golden, "market", tmp_path, "{source}___{target}_vis.jpg")
    assert "|codec:jpeg.generated|" in str(evaluate(results, protocol=ONLY_L1, targets=real).signature)


def test_identical_images(tmp_path: Path, golden: Path) -> None:
    strips = market_strips(golden, tmp_path)
    for path in strips.iterdir():
        panels = list(read_image(path).split(64, dim=-1))
        write_image(path, torch.cat([*panels[:4], panels[2]], dim=-1))
    found = on_golden(golden, "market", strips, predicted_keypoints=None)
    assert [score.value for score in found.scores] == pytest.approx([1, 0, 1, 1])


def test_a_protocol_is_a_value(golden: Path, strips: dict[str, Evaluation]) -> None:
    """Other metrics and padding need no code, and no annotations where no metric needs a pose."""
    protocol = replace(PATN_MARKET, name="mine", metrics=("l1", "ssim"), padded_metrics=("l1",), pad_width=128)
    found = evaluate(golden / "results_market", protocol=protocol)
    assert [score.name for score in found.scores] == ["l1", "ssim"]
    expected = strips["market"]
    assert found.score("l1").value == pytest.approx(expected.score("l1").value / 2)
    assert found.score("ssim").value == expected.score("ssim").value
    assert found.signature.protocol == "mine"
    with pytest.raises(InputError, match="unknown metric 'sim'; did you mean 'ssim'"):
        evaluate(golden / "results_market", protocol=replace(protocol, metrics=("sim",), padded_metrics=()))


def test_some_joints_may_lie_outside(tmp_path: Path, golden: Path) -> None:
    poses = read_annotations(golden / "fashion-annotation-test.csv")
    joints = next(iter(poses.values())).joints
    joints[2, 0] = joints[3, 0] = 180
    write_annotations(tmp_path / "poses.csv", poses)
    protocol = replace(PATN_FASHION, metrics=("part_ssim",), padded_metrics=())
    evaluate(golden / "results_fashion", annotations=tmp_path / "poses.csv", protocol=protocol)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_many_rows_come_back_from_processes(golden: Path) -> None:
    """More than fits into a pipe."""
    (file, *_) = (result.file for result in find_results(golden / "results_market").values())
    nobody = torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool)
    items = [
        Item(pair=f"{i:04d}", generated=file, target=None, joints=nobody[0], visible=nobody[1]) for i in range(900)
    ]
    work = Work(reader=Reader(protocol=PATN_MARKET, format="strips", panel_width=64), metrics=("l1",))
    measured = measure_rows(work, items, work.networks(), devices=2)
    assert [each.pair for each in measured] == [item.pair for item in items]
    assert len({each.row["l1"] for each in measured if each.row}) == 1


def test_an_interval_over_one_image_is_not_made_up(tmp_path: Path, golden: Path) -> None:
    results = market_strips(golden, tmp_path)
    for path in sorted(results.iterdir())[1:]:
        path.unlink()
    found = evaluate(results, protocol=ONLY_L1)
    (score,) = found.scores
    assert score.to_json()["interval"] == [None, None]
    assert score.limits == "none: 1 image"
    assert "[no interval] (n = 1)" in str(found)
    assert "1 image is too few for an interval" in found.notes()[-1]
    assert "none: 1 image" in list(found.table().columns[2].cells)


def test_too_few_images_for_an_interval_are_said(strips: dict[str, Evaluation]) -> None:
    assert "4 images are too few for a 95 % interval: it covers 88 % at best" in strips["fashion"].notes()
    assert "too few" not in "\n".join(strips["market"].notes())


def uncut(golden: Path, tmp_path: Path) -> tuple[Path, Path, Path]:
    """Uncut DeepFashion results, their uncut targets, and these as 256x176: squeezed, where they should be cut."""
    results, real = singles(golden, "fashion", tmp_path)
    squeezed = tmp_path / "squeezed"
    squeezed.mkdir()
    for folder, colour in ((results, 255), (real, 90)):
        for path in folder.iterdir():
            wide = torch.nn.functional.pad(read_image(path), (40, 40), value=colour)
            write_image(path, wide)
            if folder == real:
                write_image(squeezed / path.name, resize(wide, (256, 176), "pil-bicubic"))
    return results, real, squeezed


def test_the_signature_says_which_side_was_cut(tmp_path: Path, golden: Path) -> None:
    results, real, squeezed = uncut(golden, tmp_path)
    options: dict[str, Any] = {"protocol": "reposer-1", "metrics": ("ssim", "l1")}
    both, one = (evaluate(results, targets=folder, **options) for folder in (real, squeezed))
    assert both.score("ssim").value - one.score("ssim").value > 0.1
    assert both.signature.get("cut") == "256.40-216"  # as published
    assert one.signature.get("cut") == "256.40-216.generated"
    assert "(generated), the others were as narrow already: right if they had been cut" in "\n".join(one.notes())
    assert "narrow" not in "\n".join(both.notes())
    first = next(real.iterdir())
    write_image(first, read_image(squeezed / first.name))
    assert evaluate(results, targets=real, **options).signature.get("cut") == "256.40-216.generated+3-targets"


def test_the_signature_counts_targets_of_other_sizes(tmp_path: Path, golden: Path) -> None:
    results, real, squeezed = uncut(golden, tmp_path)
    options: dict[str, Any] = {"protocol": "gfla-fashion", "metrics": ("psnr",)}
    assert evaluate(results, targets=real, **options).signature.get("from") is None
    assert evaluate(results, targets=squeezed, **options).signature.get("from") == "targets.256x176"
    last = max(real.iterdir())  # not the first pair's
    write_image(last, read_image(squeezed / last.name))
    assert evaluate(results, targets=real, **options).signature.get("from") == "1-targets.256x176"
