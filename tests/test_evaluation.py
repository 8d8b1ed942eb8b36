"""Evaluation: the published numbers, both layouts, and a clear line for every bad input."""

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import reposer
from reposer.checks import InputError
from reposer.cli import main
from reposer.commands.evaluate import run
from reposer.evaluation import Evaluation, entries, evaluate, measuring
from reposer.images import read_image, write_image
from reposer.poses import Pose, read_annotations, write_annotations, write_pairs
from reposer.protocols import PATN_FASHION, PATN_MARKET
from reposer.results import find_results

WIDTH = {"market": 64, "fashion": 176}
ONLY_L1 = replace(PATN_MARKET, metrics=("l1",))


def on_golden(golden: Path, tag: str, results: Path | None = None, **options: Any) -> Evaluation:
    options = {
        "annotations": golden / f"{tag}-annotation-test.csv",
        "predicted_keypoints": golden / f"{tag}-predicted-keypoints.csv",
    } | options
    return evaluate(results or golden / f"results_{tag}", protocol=f"patn-{tag}", **options)


@pytest.fixture(scope="module")
def strips(golden: Path) -> dict[str, Evaluation]:
    """The golden strips, evaluated once."""
    return {tag: on_golden(golden, tag, pairs=golden / f"{tag}-pairs-test.csv") for tag in WIDTH}


@pytest.fixture(params=["market", "fashion"])
def evaluated(strips: dict[str, Evaluation], request: pytest.FixtureRequest) -> tuple[str, Evaluation]:
    return request.param, strips[request.param]


def singles(golden: Path, tag: str, out: Path, name: str = "{source}___{target}_vis.png") -> tuple[Path, Path]:
    """Cut strips into single images and a folder of real images."""
    results, real = out / "results", out / "real"
    results.mkdir(parents=True)
    real.mkdir()
    for pair, result in find_results(golden / f"results_{tag}").items():
        source, target = pair.split("___")
        panels = read_image(result.file).split(WIDTH[tag], dim=-1)
        stems = {"source": source, "target": target, "a": source[:-4], "b": target[:-4]}
        write_image(results / name.format(**stems), panels[4])
        write_image((real / target).with_suffix(".png"), panels[2])
    return results, real


def market_strips(golden: Path, out: Path) -> Path:
    return Path(shutil.copytree(golden / "results_market", out / "strips"))


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
    assert (found.layout, found.codec) == ("strips", "png")
    for score in found.scores:
        assert score.interval[0] < score.value < score.interval[1]
        assert score.signature == found.signature
    assert found.signature.startswith(f"patn-{tag}|n:{len(found.per_image)}|")
    assert "published" in found.notes()[1]
    assert str(found).count(found.signature) == len(found.scores)
    with pytest.raises(InputError, match="unknown score 'ssmi'; did you mean 'ssim'"):
        found.score("ssmi")


def test_json(tmp_path: Path, evaluated: tuple[str, Evaluation]) -> None:
    tag, found = evaluated
    found.save(tmp_path / "scores.json")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.json"]
    content = json.loads((tmp_path / "scores.json").read_text())
    assert content["protocol"] == f"patn-{tag}"
    assert [row["name"] for row in content["scores"]] == [score.name for score in found.scores]
    assert all(row.keys() == {"name", "value", "interval", "n", "signature"} for row in content["scores"])
    assert content["per_image"] == found.per_image
    assert list(content["per_image"]) == sorted(content["per_image"])
    assert content["protocol_fields"]["size"] == list(found.protocol.size)


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
    assert found.layout == "images"
    assert found.scores == strips[tag].scores  # signatures too: nothing that decides the numbers differs
    assert found.per_image == strips[tag].per_image


def test_batch_size_decides_nothing(golden: Path, strips: dict[str, Evaluation]) -> None:
    calls: list[tuple[int, int]] = []
    small = on_golden(golden, "market", batch_size=3, progress=lambda *call: calls.append(call))
    assert len(calls) == 3
    assert calls[-1] == (8, 8)
    assert small.per_image == strips["market"].per_image  # bit for bit
    assert small.scores == strips["market"].scores


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


def test_codec_is_in_the_signature(tmp_path: Path, golden: Path) -> None:
    strips = tmp_path / "strips"
    strips.mkdir()
    for path in (golden / "results_market").iterdir():
        write_image(strips / f"{path.stem}.jpg", read_image(path))
    jpeg = evaluate(strips, protocol=ONLY_L1)
    assert jpeg.codec == "jpeg"
    assert "|codec:jpeg|" in jpeg.signature
    assert len(jpeg.notes()) == 1
    results, real = singles(golden, "market", tmp_path, "{source}___{target}_vis.jpg")
    assert "|codec:jpeg.generated|" in evaluate(results, protocol=ONLY_L1, targets=real).signature


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
    assert found.signature.startswith("mine|")
    with pytest.raises(InputError, match="unknown metric 'sim'; did you mean 'ssim'"):
        evaluate(golden / "results_market", protocol=replace(protocol, metrics=("sim",), padded_metrics=()))


def test_some_joints_may_lie_outside(tmp_path: Path, golden: Path) -> None:
    poses = read_annotations(golden / "fashion-annotation-test.csv")
    joints = next(iter(poses.values())).joints
    joints[2, 0] = joints[3, 0] = 180
    write_annotations(tmp_path / "poses.csv", poses)
    protocol = replace(PATN_FASHION, metrics=("part_ssim",), padded_metrics=())
    evaluate(golden / "results_fashion", annotations=tmp_path / "poses.csv", protocol=protocol)


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
    assert found.layout == "triptychs"
    assert found.scores == strips[tag].scores


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


@pytest.mark.slow
def test_processes_decide_nothing(golden: Path, strips: dict[str, Evaluation]) -> None:
    shared = on_golden(golden, "market", devices=2)
    assert shared.per_image == strips["market"].per_image  # bit for bit
    assert shared.scores == strips["market"].scores


def test_reads_back_what_it_wrote(tmp_path: Path, evaluated: tuple[str, Evaluation]) -> None:
    evaluated[1].save(tmp_path / "scores.json")
    assert Evaluation.load(tmp_path / "scores.json") == evaluated[1]
    for text, message in (("{", "JSONDecodeError"), ("{}", "KeyError"), ("[]", "TypeError")):
        (tmp_path / "scores.json").write_text(text)
        with pytest.raises(InputError, match=f"not a file of 'reposer evaluate --json' .{message}"):
            Evaluation.load(tmp_path / "scores.json")
    with pytest.raises(InputError, match=r"nowhere.json: no such file"):
        Evaluation.load(tmp_path / "nowhere.json")


def test_tables(tmp_path: Path, strips: dict[str, Evaluation]) -> None:
    found = strips["fashion"]
    found.save_per_image(tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open() as file:
        rows = {row.pop("pair"): row for row in csv.DictReader(file)}
    read = {pair: {name: float(value) for name, value in row.items() if value} for pair, row in rows.items()}
    assert read == found.per_image  # digits enough to give the same bits
    with pytest.raises(InputError, match=r"rows.txt: a table is written as .csv or .parquet"):
        found.save_per_image(tmp_path / "rows.txt")


def test_parquet(tmp_path: Path, strips: dict[str, Evaluation]) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    found = strips["fashion"]
    found.save_per_image(tmp_path / "rows.parquet")
    table = parquet.read_table(tmp_path / "rows.parquet")
    assert table.schema.metadata[b"signature"].decode() == found.signature
    rows = {row.pop("pair"): row for row in table.to_pylist()}
    assert {pair: {k: v for k, v in row.items() if v is not None} for pair, row in rows.items()} == found.per_image


# --- the cache ---


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of pairs in each group that was really measured."""
    groups: list[int] = []
    real = measuring._rows
    monkeypatch.setattr(
        measuring, "_rows", lambda work, networks, group: groups.append(len(group)) or real(work, networks, group)
    )
    return groups


def test_goes_on_from_the_cache(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_golden(golden, "market", results, cache=cache, batch_size=1, progress=interrupt)
    (file,) = cache.iterdir()
    assert len([line for line in file.read_text().splitlines() if line]) == 3
    file.write_text(file.read_text()[:-20])  # killed while it wrote
    counted.clear()
    assert on_golden(golden, "market", results, cache=cache).per_image == strips["market"].per_image
    assert counted == [6]
    again = on_golden(golden, "market", results, cache=cache)
    assert counted == [6]
    assert again.per_image == strips["market"].per_image
    assert again.scores == strips["market"].scores


def test_changed_files_and_protocols_are_measured_again(tmp_path: Path, golden: Path, counted: list[int]) -> None:
    results, cache = market_strips(golden, tmp_path), tmp_path / "cache"
    before = on_golden(golden, "market", results, cache=cache)
    first = min(results.iterdir())
    write_image(first, read_image(first).flip(-2))
    after = on_golden(golden, "market", results, cache=cache)
    assert counted == [8, 1]
    changed = [pair for pair, row in after.per_image.items() if row != before.per_image[pair]]
    assert len(changed) == 1
    evaluate(results, protocol=ONLY_L1, cache=cache)
    assert counted == [8, 1, 8]
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"cannot keep rows here .*; give another --cache"):
        evaluate(results, protocol=ONLY_L1, cache=tmp_path / "file")


# --- leaving out bad results ---


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
    assert found.signature.endswith("|skipped:6")
    assert found.score("ssim").n == 3
    assert found.per_image.items() <= strips["market"].per_image.items()
    assert len(found.skipped) == len(found.to_json()["skipped"]) == 6
    assert "6 bad results were left out" in found.notes()[-1]
    found.save(tmp_path / "scores.json")
    assert Evaluation.load(tmp_path / "scores.json") == found


def test_missing_pairs_and_targets_are_left_out_and_counted(tmp_path: Path, golden: Path) -> None:
    results, real = singles(golden, "market", tmp_path)
    (real / "0001_c2s1_000176_00.png").unlink()
    pairs = [tuple(pair.split("___")) for pair in find_results(results)]
    write_pairs(tmp_path / "pairs.csv", [*pairs, ("a.jpg", "b.jpg")])
    found = evaluate(results, protocol=ONLY_L1, targets=real, pairs=tmp_path / "pairs.csv", skip_bad=2)
    assert found.signature.endswith("|skipped:2")
    assert sorted(why.split(":")[0] for why in found.skipped.values()) == ["missing", "without a target"]


def test_numbers_that_are_not_finite_are_refused(golden: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = entries.ROW_METRICS["l1"]._replace(
        measure=lambda g, t, *_: torch.where(torch.arange(len(g)) == 1, torch.nan, 0.0)
    )
    monkeypatch.setattr(entries, "ROW_METRICS", {"l1": broken})
    with pytest.raises(InputError, match=r"1 of 8 .* 1 not finite \(.*_vis.png: l1 is nan\)"):
        evaluate(golden / "results_market", protocol=ONLY_L1)
    assert evaluate(golden / "results_market", protocol=ONLY_L1, skip_bad=1).score("l1").n == 7


# --- bad inputs ---


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
        (_no_annotations, r"^protocol patn-market needs the poses of the target .* with --annotations$"),
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


# --- the command ---


def test_command(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    run(
        golden / "results_fashion",
        annotations=golden / "fashion-annotation-test.csv",
        protocol="patn-fashion",
        predicted_keypoints=golden / "fashion-predicted-keypoints.csv",
        json=out,
    )
    printed = capsys.readouterr().out
    expected = strips["fashion"]
    for text in ("SSIM ↑", "L1 ↓", "PCKh ↑", "0.7106", "95 % interval", "strips of png files, 4 pairs"):
        assert text in printed
    assert expected.signature in printed.splitlines()
    assert json.loads(out.read_text()) == json.loads(json.dumps(expected.to_json()))


def test_command_refuses_a_place_it_cannot_write_to(tmp_path: Path, golden: Path) -> None:
    for out in (tmp_path, tmp_path / "nowhere" / "scores.json"):
        with pytest.raises(InputError, match="--json needs the name of a file in a folder that exists"):
            run(golden / "results_fashion", protocol="patn-fashion", json=out)


def test_command_line(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(golden / "results_fashion"), "--protocol", "patn-fashon"])
    assert stopped.value.code == 2
    assert "unknown protocol 'patn-fashon'; did you mean 'patn-fashion'" in capsys.readouterr().err
