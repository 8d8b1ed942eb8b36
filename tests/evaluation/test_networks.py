"""Evaluation: metrics that need networks, metrics of sets, resizing; with seeded random weights."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from tests.features.random_inception import inception_state
from tests.metrics.networks import SmallNetwork, exact_fid, fid_rounding
from torch import Tensor
from torchvision import models

from reposer import metrics
from reposer.checks import InputError
from reposer.cli import main
from reposer.evaluation import Evaluation, evaluate, sets
from reposer.features import INCEPTIONS, LPIPS_BACKBONES, InceptionFeatures, LPIPSNetwork
from reposer.images import pad_width, read_image, write_image
from reposer.metrics import BatchSettings, ImageSet, InceptionScoreSettings, Moments, black_outside, networks
from reposer.poses import body_mask, read_annotations
from reposer.protocols import PATN_MARKET, PROTOCOLS, pairs_digest
from reposer.results import find_results
from reposer.similarity import SSIMSettings

WIDTH = {"market": 64, "fashion": 176}
ALEX = LPIPS_BACKBONES["alex"].name


@cache
def alex() -> dict[str, Tensor]:
    with torch.device("meta"):
        shapes = {name: t.shape for name, t in models.alexnet(weights=None).features.state_dict().items()}
    generator = torch.Generator().manual_seed(5)
    return {
        f"features.{name}": torch.randn(shape, generator=generator) * (2 / max(shape[1:].numel(), 100)) ** 0.5
        for name, shape in shapes.items()
    }


def panels(golden: Path, tag: str) -> tuple[list[Tensor], list[Tensor]]:
    """Generated and target images of the golden strips, in the order of the pairs."""
    strips = [read_image(r.file).split(WIDTH[tag], dim=-1) for r in find_results(golden / f"results_{tag}").values()]
    return [strip[4] for strip in strips], [strip[2] for strip in strips]


def column(found: Evaluation, name: str) -> list[float]:
    return [row[name] for row in found.per_image.values()]


def test_reposer_1_takes_both_sizes_and_scores_without_a_download(golden: Path) -> None:
    for tag in WIDTH:
        found = evaluate(
            golden / f"results_{tag}", annotations=golden / f"{tag}-annotation-test.csv", protocol="reposer-1"
        )
        assert found.protocol.name == f"reposer-1-{tag}"
        assert tuple(score.name for score in found.scores) == found.protocol.metrics
        generated, target = map(torch.stack, panels(golden, tag))
        expected = {
            "ssim": metrics.ssim(generated, target, settings=SSIMSettings(data_range="full")),
            "psnr": metrics.psnr(generated, target),
            "ms_ssim": metrics.multi_scale_ssim(generated, target),
            "ds": metrics.person_detector("hog")(generated),
        }
        for name, values in expected.items():
            assert column(found, name) == pytest.approx(values.tolist(), abs=1e-9)
        assert found.score("ds").signature.get("net") == f"hog-opencv{cv2.__version__}"
        assert found.score("ssim").signature.get("net") is None
    with pytest.raises(InputError, match=r"pixels .* reposer-1-fashion expects"):
        evaluate(golden / "results_market", protocol="reposer-1", format="images")


def test_second_ssim_and_uniform_windows(golden: Path) -> None:
    found = evaluate(golden / "results_market", protocol="gfla-market", metrics=("second_ssim", "ssim"))
    generated, target = map(torch.stack, panels(golden, "market"))
    assert [score.name for score in found.scores] == ["ssim", "second_ssim"]
    assert column(found, "second_ssim") == pytest.approx(metrics.ssim(generated, target).tolist(), abs=1e-9)
    settings = SSIMSettings(window="uniform", window_size=51, data_range="full", sample_covariance=True)
    assert column(found, "ssim") == pytest.approx(metrics.ssim(generated, target, settings=settings).tolist(), abs=1e-9)


def by_opencv(image: Tensor, size: tuple[int, int], flag: int = cv2.INTER_LINEAR) -> Tensor:
    pixels = cv2.resize(image.permute(1, 2, 0).numpy(), size[::-1], interpolation=flag)
    return torch.from_numpy(pixels).permute(2, 0, 1)


def test_images_are_resized_before_some_metrics(golden: Path, tmp_path: Path) -> None:
    """As PIDM: SSIM at 256x256, LPIPS after OpenCV's bilinear resizing to 256x176."""
    results, real = tmp_path / "results", tmp_path / "real"
    results.mkdir()
    real.mkdir()
    generated, target = ([by_opencv(image, (256, 256)) for image in images] for images in panels(golden, "fashion"))
    for pair, g, t in zip(find_results(golden / "results_fashion"), generated, target, strict=True):
        write_image(results / f"{pair}_vis.png", g)
        write_image((real / pair.split("___")[1]).with_suffix(".png"), t)
    found = evaluate(results, targets=real, protocol="pidm-fashion", metrics=("ssim", "lpips"), weights={ALEX: alex()})
    settings = found.protocol.ssim
    expected = metrics.ssim(torch.stack(generated), torch.stack(target), settings=settings).tolist()
    assert column(found, "ssim") == pytest.approx(expected, abs=1e-9)
    small = [torch.stack([by_opencv(image, (256, 176)) for image in images]) for images in (generated, target)]
    network = LPIPSNetwork("alex", version="0.0", weights=alex())
    expected = metrics.lpips(*small, network=network).tolist()
    assert column(found, "lpips") == pytest.approx(expected, abs=1e-5)
    assert found.score("lpips").signature.get("net") == network.identity
    assert found.signature.get("from") is None


def test_images_of_other_sizes_are_resized_and_it_is_said(golden: Path) -> None:
    found = evaluate(golden / "results_fashion", protocol="gfla-fashion", metrics=("psnr",))
    assert found.signature.get("size") == "256x256"
    assert found.signature.get("from") == "256x176"


def test_lpips_does_not_depend_on_the_batch(golden: Path) -> None:
    protocol = replace(PROTOCOLS["reposer-1-market"], metrics=(), network_metrics=("lpips", "mask_lpips"))
    options: dict[str, Any] = {
        "annotations": golden / "market-annotation-test.csv", "protocol": protocol, "metrics": "all",
        "weights": {ALEX: alex()},
    }  # fmt: skip
    whole, parts = (evaluate(golden / "results_market", batch_size=size, **options) for size in (32, 3))
    assert whole.per_image == parts.per_image  # bit for bit
    assert whole.scores == parts.scores
    assert min(column(whole, "lpips")) > 0


def test_dropped_remainder(golden: Path) -> None:
    base = PROTOCOLS["gfla-market"]
    batch = BatchSettings(size=5, remainder="drop")
    protocol = replace(base, lpips=replace(base.lpips, batch=batch))
    found = evaluate(golden / "results_market", protocol=protocol, metrics=("ssim", "lpips"), weights={ALEX: alex()})
    assert (found.score("ssim").n, found.score("lpips").n) == (8, 5)
    assert found.score("lpips").value == pytest.approx(sum(column(found, "lpips")[:5]) / 5)


def test_a_missing_network_names_the_way_without_it(golden: Path, tmp_path: Path) -> None:
    (tmp_path / ALEX).write_bytes(b"another file")
    with pytest.raises(InputError, match=r"^lpips: .* to score all but lpips: --metrics psnr$"):
        evaluate(golden / "results_market", protocol="gfla-market", metrics=("psnr", "lpips"), weights=tmp_path)
    with pytest.raises(InputError, match=r"nowhere: no such folder of weights"):
        evaluate(
            golden / "results_market", protocol="gfla-market", metrics=("lpips",), weights=str(tmp_path / "nowhere")
        )
    with pytest.raises(InputError, match=r"unknown metric of protocol gfla-market 'l1' \(known: ssim"):
        evaluate(golden / "results_market", protocol="gfla-market", metrics=("l1",))
    broken = replace(PATN_MARKET, padded_metrics=("mask_ssim",), pad_width=128)
    with pytest.raises(InputError, match=r"mask_ssim uses masks, it cannot be padded or resized"):
        evaluate(golden / "results_market", protocol=broken)


def test_expected_pairs(golden: Path) -> None:
    pairs = pairs_digest(find_results(golden / "results_market"))
    protocol = replace(PATN_MARKET, metrics=("l1",), expected_pairs=pairs)
    evaluate(golden / "results_market", protocol=protocol)
    with pytest.raises(InputError, match=rf"the 8 pairs have the hash {pairs}, .* expects 01234567"):
        evaluate(golden / "results_market", protocol=replace(protocol, expected_pairs="01234567"))


# --- metrics of sets ---


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> SmallNetwork:
    """A small network in place of Inception, and shards of 3 images."""
    network = SmallNetwork()
    monkeypatch.setattr(networks, "InceptionFeatures", lambda name, weights: network)
    monkeypatch.setattr(sets, "_SHARD", 3)
    return network


def of(network: Any, images: list[Tensor], keeps: str) -> ImageSet:
    found = ImageSet(network, metrics=(keeps,))  # type: ignore[arg-type]
    found.update(torch.stack(images))
    return found


@pytest.mark.filterwarnings("ignore:FID of 8 images")
def test_metrics_of_sets(golden: Path, small: SmallNetwork) -> None:
    settings = InceptionScoreSettings(splits=2)
    protocol = replace(PROTOCOLS["reposer-1-market"], metrics=("is", "mask_is", "fid", "kid"), inception_score=settings)
    options = {"annotations": golden / "market-annotation-test.csv", "protocol": protocol}
    found = evaluate(golden / "results_market", **options)  # type: ignore[arg-type]
    generated, target = panels(golden, "market")
    poses = read_annotations(golden / "market-annotation-test.csv")
    masked = []
    for image, result in zip(generated, find_results(golden / "results_market").values(), strict=True):
        pose = poses[result.target]
        masked.append(black_outside(image[None], body_mask(pose.joints[None], pose.visible[None], (128, 64)))[0])
    expected = {
        "is": metrics.inception_score(of(small, generated, "is"), splits=2).mean,
        "mask_is": metrics.inception_score(of(small, masked, "is"), splits=2).mean,
        "fid": metrics.fid(of(small, generated, "fid"), of(small, target, "fid")),
        "kid": metrics.kid(of(small, generated, "kid"), of(small, target, "kid")).mean,
    }
    values = {score.name: score.value for score in found.scores}
    # 8 images in 12 dimensions: the order of additions shows in roots of eigenvalues that are 0.
    features = [small(torch.stack(images)).pool for images in (generated, target)]
    allowed = fid_rounding(*map(Moments.of, features))
    assert values.pop("fid") == pytest.approx(exact_fid(*features), rel=0, abs=allowed)
    assert expected.pop("fid") == pytest.approx(exact_fid(*features), rel=0, abs=allowed)
    assert allowed < 1e-4 * exact_fid(*features)
    assert values == pytest.approx(expected, rel=1e-6)
    assert found.score("fid").signature.get("net") == "small-0"
    assert found.score("fid").signature.get("fid.reference") == "targets"
    again = evaluate(golden / "results_market", batch_size=1, **options)  # type: ignore[arg-type]
    assert [score.value for score in again.scores] == [score.value for score in found.scores]  # bit for bit


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:FID of 8 images")
def test_processes_decide_nothing_in_sets(golden: Path, small: SmallNetwork) -> None:
    protocol = replace(PATN_MARKET, metrics=("l1", "fid", "kid"))
    one, two = (evaluate(golden / "results_market", protocol=protocol, devices=devices) for devices in (1, 2))
    assert [score.value for score in one.scores] == [score.value for score in two.scores]


@pytest.mark.filterwarnings("ignore:FID of")
def test_fid_with_the_training_images(golden: Path, small: SmallNetwork, tmp_path: Path) -> None:
    base = PROTOCOLS["dptn-fashion"]
    protocol = replace(base, fid=replace(base.fid, batch=BatchSettings(size=3, remainder="drop")))
    options: dict[str, Any] = {"protocol": protocol, "metrics": ("psnr", "fid")}
    with pytest.raises(InputError, match=r"fid .* all training images: .* --train-images; .* fid: --metrics psnr$"):
        evaluate(golden / "results_fashion", **options)
    with pytest.raises(InputError, match=r"no training images here"):
        evaluate(golden / "results_fashion", train_images=tmp_path, **options)
    generated, target = panels(golden, "fashion")
    (tmp_path / "deeper").mkdir()
    for index, image in enumerate(target):
        folder = tmp_path / "deeper" if index < 2 else tmp_path
        write_image(folder / f"{index}.png", pad_width(image, 256, 90) if index % 2 else image)
    found = evaluate(golden / "results_fashion", train_images=tmp_path, **options)
    order = [2, 3, 0, 1]  # as their paths sort
    real = [pad_width(target[index], 256, 255) for index in order][:3]
    expected = metrics.fid(
        of(small, [pad_width(image, 256, 255) for image in generated][:3], "fid"), of(small, real, "fid")
    )
    assert found.score("fid").value == pytest.approx(expected, rel=1e-9)
    assert found.score("fid").n == 3
    assert str(found.score("fid").signature.get("real")).startswith("train.4.")


@pytest.mark.slow
def test_inception_itself(golden: Path, tmp_path: Path) -> None:
    name = "inception-torchvision"
    weights: Mapping[str, Any] = {INCEPTIONS[name].name: inception_state(name)}
    base = PROTOCOLS["gfla-market"]
    protocol = replace(base, metrics=("kid",), fid=replace(base.fid, reference="targets"))
    found = evaluate(golden / "results_market", protocol=protocol, weights=weights)
    network = InceptionFeatures(name, weights=inception_state(name))
    generated, target = panels(golden, "market")
    expected = metrics.kid(of(network, generated, "kid"), of(network, target, "kid")).mean
    assert found.score("kid").value == pytest.approx(expected, rel=1e-4)
    assert found.score("kid").signature.get("net") == network.identity
    found.save(tmp_path / "scores.json")
    assert "NaN" not in (tmp_path / "scores.json").read_text()
    loaded = Evaluation.load(tmp_path / "scores.json")
    assert loaded.score("kid").interval == found.score("kid").interval
    assert loaded.protocol == protocol


def test_command_says_what_was_not_scored(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_text("based_on: patn-market\nmetrics: [l1]\n")
    main(["evaluate", str(golden / "results_market"), "--protocol", str(tmp_path / "mine.yaml")])
    printed = capsys.readouterr().out
    assert "not scored: is, mask_is, ds; ask for them with --metrics all, or by name" in printed
    main(["evaluate", str(golden / "results_market"), "--protocol", "gfla-market", "--metrics", "psnr", "ssim"])
    assert "PSNR" in capsys.readouterr().out
