"""What an evaluation offers beside the scores of a folder: baselines, single body parts, poses that it finds itself."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from reposer import metrics
from reposer.checks import InputError
from reposer.cli import main
from reposer.evaluation import Baseline, Evaluation, evaluate
from reposer.images import read_image, write_image
from reposer.metrics import networks
from reposer.poses import OPENPOSE_18, convert_pose, limb_masks, read_annotations
from reposer.poses.estimators import ESTIMATORS, Person
from reposer.poses.skeletons import COCO_17
from reposer.protocols import PATN_MARKET, Protocol
from reposer.reporting.gallery import open_pictures
from reposer.results import find_results
from reposer.similarity import PartSSIMSettings

PARTS = [part.name for part in OPENPOSE_18.parts]


def panels(golden: Path, which: int) -> dict[str, Tensor]:
    """One panel of each golden Market strip, by pair."""
    results = find_results(golden / "results_market")
    return {pair: read_image(result.file).split(64, dim=-1)[which] for pair, result in results.items()}


@pytest.fixture
def singles(golden: Path, tmp_path: Path) -> tuple[Path, Path]:
    """The golden Market strips as single images, and a folder of the real images, sources too."""
    results, real = tmp_path / "results", tmp_path / "real"
    results.mkdir()
    real.mkdir()
    for which in (0, 2, 4):
        for pair, image in panels(golden, which).items():
            source, target = pair.split("___")
            if which == 4:
                write_image(results / f"{pair}_vis.png", image)
            else:
                write_image((real / (target if which else source)).with_suffix(".png"), image)
    return results, real


def by_hand(golden: Path, shown: dict[str, Tensor]) -> dict[str, float]:
    targets = panels(golden, 2)
    return {pair: metrics.ssim(shown[pair][None], target[None]).item() for pair, target in targets.items()}


@pytest.mark.parametrize("baseline", ["copy-source", "mean-image"])
def test_a_baseline_is_scored_in_place_of_the_images(
    golden: Path, singles: tuple[Path, Path], baseline: Baseline
) -> None:
    shown = panels(golden, 0)
    if baseline == "mean-image":
        mean = torch.stack(list(panels(golden, 2).values())).double().mean(0).round().to(torch.uint8)
        shown = dict.fromkeys(shown, mean)
    annotations = golden / "market-annotation-test.csv"
    own = evaluate(golden / "results_market", annotations=annotations)
    strips = evaluate(golden / "results_market", annotations=annotations, baseline=baseline)
    found = {pair: row["ssim"] for pair, row in strips.per_image.items()}
    assert found == pytest.approx(by_hand(golden, shown), abs=1e-9)
    assert strips.signature == own.signature
    results, real = singles
    alone = evaluate(results, annotations=annotations, targets=real, baseline=baseline)
    assert alone.per_image.keys() == strips.per_image.keys()
    if baseline == "mean-image":
        assert alone.scores == strips.scores


def test_the_mean_of_the_training_images(golden: Path, tmp_path: Path) -> None:
    for name, value in (("a", 20), ("b", 81)):
        write_image(tmp_path / f"{name}.png", torch.full((3, 128, 64), value, dtype=torch.uint8))
    found = evaluate(golden / "results_market", metrics=["l1"], baseline="mean-image", train_images=tmp_path)
    target = next(iter(panels(golden, 2).values()))
    grey = torch.full_like(target, 50)  # 50.5, rounded to even
    row = next(iter(found.per_image.values()))
    assert row["l1"] == pytest.approx(metrics.l1(grey[None], target[None]).item())


def test_a_source_that_is_missing_is_named(golden: Path, singles: tuple[Path, Path]) -> None:
    results, real = singles
    pair = sorted(panels(golden, 0))[0]
    (real / pair.split("___")[0]).with_suffix(".png").unlink()
    with pytest.raises(InputError, match=r"without a source .*no such source image"):
        evaluate(results, metrics=["l1"], targets=real, baseline="copy-source")


def test_the_cache_knows_baselines_apart(golden: Path, tmp_path: Path) -> None:
    cases: tuple[Baseline | None, ...] = (None, "copy-source", "mean-image")
    options = {"metrics": ["l1"], "cache": tmp_path}
    first = [evaluate(golden / "results_market", baseline=case, **options).scores for case in cases]  # type: ignore[arg-type]
    again = [evaluate(golden / "results_market", baseline=case, **options).scores for case in cases]  # type: ignore[arg-type]
    assert first == again
    assert len({scores[0].value for scores in first}) == 3


def test_command(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scores = tmp_path / "scores.json"
    main(["evaluate", str(golden / "results_market"), "--metrics", "l1", "--baselines", "--json", str(scores)])
    out = capsys.readouterr().out
    for name in ("generated", "copy-source", "mean-image"):
        assert name in out
        path = scores if name == "generated" else tmp_path / f"scores.{name}.json"
        (score,) = json.loads(path.read_text())["scores"]
        assert f"{score['value']:.4f}" in out


FIVE_SETS = replace(PATN_MARKET, part_ssim=PartSSIMSettings(multi_scale=True, reference_height=256))


@pytest.mark.parametrize("protocol", ["patn-market", "reposer-1", FIVE_SETS], ids=["patn", "reposer", "multi-scale"])
def test_single_body_parts(golden: Path, protocol: str | Protocol) -> None:
    annotations = golden / "market-annotation-test.csv"
    found = evaluate(
        golden / "results_market", annotations=annotations, protocol=protocol, metrics=["part_ssim_by_part"]
    )
    poses = read_annotations(annotations)
    generated, targets = panels(golden, 4), panels(golden, 2)
    values: dict[str, list[float]] = {name: [] for name in PARTS}
    settings = found.protocol.part_ssim
    sizes = {"multi_scale": settings.multi_scale, "reference_height": settings.reference_height}
    for pair, target in targets.items():
        pose = poses[pair.split("___")[1]]
        masks = limb_masks(pose.joints[None], pose.visible[None], (128, 64), **sizes).double()
        assert masks.shape[1] == (50 if protocol is FIVE_SETS else 10)
        by_part = metrics.part_ssim_by_part(generated[pair][None], target[None], part_masks=masks, settings=settings)
        for name, value in by_part.items():
            if not value.isnan():
                values[name].append(value.item())
                assert found.per_image[pair][f"part_ssim.{name}"] == pytest.approx(value.item(), abs=1e-9)
            else:
                assert f"part_ssim.{name}" not in found.per_image[pair]
    assert [score.name for score in found.scores] == [f"part_ssim.{name}" for name in PARTS]
    assert [score.n for score in found.scores] == [len(each) for each in values.values()]
    assert any(score.n < len(targets) for score in found.scores) == (protocol == "reposer-1")


@pytest.mark.parametrize("name", ESTIMATORS)
def test_poses_are_found_in_the_generated_images(golden: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """An estimator that finds the target's pose makes every joint right that both skeletons have."""
    annotations = golden / "market-annotation-test.csv"
    known = read_annotations(annotations)
    by_image = {image.numpy().tobytes(): known[pair.split("___")[1]] for pair, image in panels(golden, 4).items()}

    class Estimator:
        identity = "oracle"
        skeleton = COCO_17
        score_threshold = 0.5
        joint_threshold = 2.0

        def __call__(self, images: Sequence[Tensor]) -> list[list[Person]]:
            people = []
            for image in images:
                pose = convert_pose(by_image[image.numpy().tobytes()], OPENPOSE_18, COCO_17)
                right = Person(0.9, pose.joints, torch.where(pose.visible, 9.0, -9.0), torch.zeros(4))
                larger = Person(0.8, 3 * pose.joints - 60, torch.full((17,), 9.0), torch.zeros(4))
                people.append([right, larger])  # the surest counts, whoever is larger
            return people

    def load(wanted: str, *, weights: dict[str, object]) -> Estimator:
        assert wanted == name
        assert weights == dict.fromkeys(each for file in ESTIMATORS[name].files for each in file.names)
        return Estimator()

    monkeypatch.setattr(networks, "load_estimator", load)
    found = evaluate(
        golden / "results_market", annotations=annotations, metrics=["l1"], detect_poses=True, estimator=name
    )
    score = found.score("pckh")
    assert score.value > 0.9
    assert score.signature.get("net") == "oracle"
    with pytest.raises(InputError, match="leave out --detect-poses or --predicted-keypoints"):
        evaluate(golden / "results_market", detect_poses=True, predicted_keypoints=annotations)


def test_gallery_beside_a_baseline(golden: Path, tmp_path: Path) -> None:
    """The JSON knows its folder, and what was scored: the gallery shows the source where it was."""
    scores, page = tmp_path / "scores.json", tmp_path / "gallery.html"
    main(["evaluate", str(golden / "results_market"), "--metrics", "l1", "--baselines", "--json", str(scores)])
    main(["compare", str(scores), str(tmp_path / "scores.copy-source.json"), "--gallery", str(page)])
    baseline = Evaluation.load(tmp_path / "scores.copy-source.json")
    assert (baseline.baseline, baseline.results) == ("copy-source", (golden / "results_market").resolve())
    assert "baseline: copy-source" in "\n".join(baseline.notes())
    pictures = open_pictures(golden / "results_market", baseline)
    for pair, source in panels(golden, 0).items():
        shown = pictures.generated(pair)
        assert shown is not None
        assert shown.equal(source)
    assert "scores.copy-source" in page.read_text()
