"""Generation: loading a checkpoint, one picture, both result formats, the manifest, and what is refused."""

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import reposer
from reposer.checks import InputError, RunError
from reposer.cli import main
from reposer.config import RunConfig, config_to_json
from reposer.data import PairIndex, open_pairs
from reposer.generation import checkpoint_provenance, generate
from reposer.generation.batches import _in_processes
from reposer.generator import load_generator
from reposer.images import from_pil, read_image, to_signed, to_uint8
from reposer.locks import lock
from reposer.models import build_generator, save_network
from reposer.poses import draw_pose, named_pose, pose_maps, retarget
from reposer.results import FORMATS
from tests.small_run import SMALL


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    network = build_generator(SMALL.generator)
    path = tmp_path_factory.mktemp("run") / "checkpoints" / "generator-0000012.safetensors"
    path.parent.mkdir()
    save_network(path, network, config=config_to_json(SMALL), recipe="small", step=12)
    return path


def test_run_folder_and_file_load_the_same(checkpoint: Path) -> None:
    older = checkpoint.with_name("generator-0000002.safetensors")
    older.write_bytes(b"not the newest")
    from_run, from_file = (reposer.load_generator(path) for path in (checkpoint.parents[1], checkpoint))
    older.unlink()
    assert from_run.config == SMALL
    assert not from_run.training
    for name, tensor in from_run.state_dict().items():
        assert tensor.equal(from_file.state_dict()[name])


def test_generated_images_are_the_networks_output(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator = load_generator(checkpoint)
    index = open_pairs(market, "test")
    written = generate(generator, index, tmp_path / "out", provenance=checkpoint_provenance(checkpoint))
    assert [path.name for path in written] == [f"{a}___{b}_vis.png" for a, b in index.pairs]
    source, target = index.pairs[3]
    maps = (
        pose_maps(index.poses[name].joints[None], index.poses[name].visible[None], (128, 64), SMALL.heatmaps)
        for name in (source, target)
    )
    with torch.no_grad():
        expected = generator.network(to_signed(read_image(index.images / source))[None], *maps)
    difference = to_uint8(expected)[0].int() - read_image(written[3]).int()
    assert difference.abs().max() <= 1  # batches of another size round differently


def test_strips_are_the_published_panels(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator, index = load_generator(checkpoint), open_pairs(market, "test")
    written = generate(generator, index, tmp_path, format="strips")
    source, target = index.pairs[0]
    assert written[0].name == f"{source}___{target}_vis.jpg"
    strip = read_image(written[0])
    assert strip.shape == (3, 128, 5 * 64)
    panels = strip.split(64, dim=-1)
    originals = (
        read_image(index.images / source),
        draw_pose(index.poses[source], (128, 64)),
        read_image(index.images / target),
        draw_pose(index.poses[target], (128, 64)),
    )
    for panel, original in zip(panels, originals, strict=False):
        assert (panel.float() - original.float()).abs().mean() < 12  # JPEG quality 75 of noise


def test_manifest_names_checkpoint_hash_and_config(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    index = open_pairs(market, "test")
    generate(load_generator(checkpoint), index, tmp_path, provenance=checkpoint_provenance(checkpoint))
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["checkpoint"]["sha256"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert manifest["config"]["generator"]["channels"] == SMALL.generator.channels
    assert manifest["pairs"] == [list(pair) for pair in index.pairs]


@pytest.mark.parametrize("format", FORMATS)
def test_results_can_be_evaluated_without_options(checkpoint: Path, market: Path, tmp_path: Path, format: str) -> None:
    index = open_pairs(market, "test")
    generate(load_generator(checkpoint), index, tmp_path, format=format)
    evaluation = reposer.evaluate(tmp_path)
    assert evaluation.format == format
    assert len(evaluation.per_image) == len(index.pairs)


def test_transfer_is_one_call(checkpoint: Path, market: Path) -> None:
    generator, index = reposer.load_generator(checkpoint), open_pairs(market, "test")
    a, b = index.pairs[0]
    with Image.open(index.images / a) as image:
        picture = reposer.transfer(image, index.poses[a], index.poses[b], generator)
        assert picture.size == (64, 128)
        assert reposer.transfer(image.resize((60, 128)), index.poses[a], index.poses[b], generator).size == (64, 128)


def test_transfer_fits_the_pose_to_the_person_unless_told_not_to(checkpoint: Path, market: Path) -> None:
    generator, index = reposer.load_generator(checkpoint), open_pairs(market, "test")
    name = index.pairs[0][0]
    source, other = index.poses[name], named_pose("hands-on-hips", (100, 64))
    with Image.open(index.images / name) as image:
        signed = to_signed(from_pil(image))[None]
        for options, target in (({}, retarget(other, source, size=(128, 64))), ({"retarget": False}, other)):
            picture = reposer.transfer(image, source, other, generator, **options)
            poses = (tensor[None] for pose in (source, target) for tensor in (pose.joints, pose.visible))
            assert torch.equal(from_pil(picture), to_uint8(generator.repose(signed, *poses))[0])


def test_wrong_files_are_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such run folder or checkpoint"):
        load_generator(tmp_path / "absent")
    with pytest.raises(InputError, match="expected a run folder"):
        load_generator(tmp_path)
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(checkpoint.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"broken.safetensors: not a readable safetensors file"):
        load_generator(broken)
    bare = tmp_path / "bare.safetensors"
    save_file({"a": torch.zeros(1)}, bare)
    with pytest.raises(InputError, match="holds no configuration"):
        load_generator(bare)
    other = tmp_path / "other.safetensors"
    save_network(other, torch.nn.Linear(1, 1), config=config_to_json(RunConfig()), recipe="other", step=0)
    with pytest.raises(InputError, match="weights do not fit"):
        load_generator(other)


def die(*, rank: int, processes: int) -> None:
    os._exit(1)


@pytest.mark.slow(25)
def test_a_process_that_dies_is_one_line() -> None:
    with pytest.raises(RunError, match=r"^a process that generates died, .*; use fewer --devices$"):
        _in_processes(die, 2)


@pytest.mark.slow(25)
def test_processes_decide_nothing(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator, index = load_generator(checkpoint), open_pairs(market, "test")
    one = generate(generator, index, tmp_path / "one", batch_size=5)
    two = generate(generator, index, tmp_path / "two", batch_size=5, devices=2)
    assert [path.name for path in one] == [path.name for path in two]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))
    assert sorted(path.name for path in (tmp_path / "two").iterdir()) == sorted(
        [*(path.name for path in two), "manifest.json", "annotations.csv"]
    )
    with pytest.raises(InputError, match="devices must be at least 1, got 0"):
        generate(generator, index, tmp_path / "none", devices=0)
    with pytest.raises(InputError, match=r"no such image file"):
        generate(generator, replace(index, images=tmp_path), tmp_path / "none", devices=2)


class StopError(Exception):
    """Stands for a kill."""


def stop(done: int, total: int) -> None:
    raise StopError


def test_results_that_are_being_written_have_no_valid_manifest(
    checkpoint: Path, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    generator, index, out = load_generator(checkpoint), open_pairs(market, "test"), tmp_path / "out"
    provenance = checkpoint_provenance(checkpoint)
    generate(generator, index, out, provenance=provenance)
    reposer.evaluate(out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(StopError):
        generate(generator, index, out, provenance=provenance, progress=stop, batch_size=2)  # type: ignore[arg-type]
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(out)])
    assert stopped.value.code == 2
    assert "these results are not finished" in capsys.readouterr().err
    generate(generator, index, out, provenance=provenance)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_results_of_something_else_are_not_overwritten(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator, index, out = load_generator(checkpoint), open_pairs(market, "test"), tmp_path / "out"
    provenance = checkpoint_provenance(checkpoint)
    with pytest.raises(StopError):
        generate(generator, index, out, provenance=provenance, progress=stop, batch_size=2)  # type: ignore[arg-type]
    before = {path: path.read_bytes() for path in out.iterdir()}
    other = {"checkpoint": {"file": "b", "sha256": "0"}}
    fewer = replace(index, pairs=index.pairs[1:])
    attempts: list[tuple[PairIndex, dict[str, Any], str]] = [
        (index, {"provenance": other}, "checkpoint"),
        (fewer, {"provenance": provenance}, "pairs"),
        (index, {"provenance": provenance, "format": "strips"}, "format"),
        (fewer, {"provenance": other, "format": "strips"}, "format, pairs, checkpoint"),
    ]
    for pairs, options, differing in attempts:
        with pytest.raises(InputError, match=rf"out: holds results of other {differing} .*; choose another folder"):
            generate(generator, pairs, out, **options)
    (out / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest.json: not readable as JSON .*; generate into another folder"):
        generate(generator, index, out, provenance=provenance)
    (out / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"out: holds images that no manifest.json describes; choose another folder"):
        generate(generator, index, out, provenance=provenance)
    assert {path: path.read_bytes() for path in out.iterdir()} == {
        path: content for path, content in before.items() if path.name != "manifest.json"
    }


def test_a_checkpoint_that_moved_is_the_same(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator, index, out = load_generator(checkpoint), open_pairs(market, "test"), tmp_path / "out"
    provenance = checkpoint_provenance(checkpoint)
    generate(generator, index, out, provenance=provenance)
    moved = {"checkpoint": provenance["checkpoint"] | {"file": "elsewhere"}}
    generate(generator, index, out, provenance=moved)
    assert json.loads((out / "manifest.json").read_text())["checkpoint"]["file"] == "elsewhere"


def test_one_at_a_time_generates_into_a_folder(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator, index = load_generator(checkpoint), open_pairs(market, "test")
    with lock(tmp_path / "out", "another"), pytest.raises(InputError, match="out: in use by another"):
        generate(generator, index, tmp_path / "out")
    generate(generator, index, tmp_path / "out")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("batch_size", -1, "batch_size must be at least 1, got -1"),
        ("batch_size", 2.5, "batch_size: expected a whole number, got 2.5"),
        ("workers", -1, "workers must be at least 0, got -1"),
        ("workers", 4 * (os.cpu_count() or 1) + 1, "workers must be at most"),
        ("devices", 4 * (os.cpu_count() or 1) + 1, "devices must be at most"),
    ],
)
def test_counts_that_cannot_be(
    checkpoint: Path, market: Path, tmp_path: Path, option: str, value: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        generate(load_generator(checkpoint), open_pairs(market, "test"), tmp_path / "out", **{option: value})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("device", ["nope", "meta", "cuda:99"])
def test_devices_that_there_are_not(checkpoint: Path, device: str) -> None:
    with pytest.raises(InputError, match=rf"^device '{device}' is not available \(on this machine: cpu.*\)$"):
        load_generator(checkpoint, device)


@pytest.mark.parametrize("option", [("--batch-size", "-1"), ("--batch-size", "0"), ("--device", "nope")])
def test_bad_options_on_the_command_line_are_one_line(
    option: tuple[str, str], checkpoint: Path, market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    with pytest.raises(SystemExit) as stop:
        main(["generate", str(checkpoint), "--data", str(market), "--out", str(out), *option])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("reposer: ")
    assert error.count("\n") == 1
    assert not out.exists()


def test_pictures_that_are_not_finite_are_never_written(checkpoint: Path, market: Path, tmp_path: Path) -> None:
    generator, index = load_generator(checkpoint), open_pairs(market, "test")
    for parameter in generator.parameters():
        parameter.fill_(float("nan"))
    with pytest.raises(RunError, match=r"gave \d+ of \d+ pictures that hold NaN, first for .*___"):
        generate(generator, index, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*.png"))
    with Image.open(index.images / index.pairs[0][0]) as image, pytest.raises(RunError, match="1 of 1 pictures"):
        reposer.transfer(image, *(index.poses[name] for name in index.pairs[0]), generator)
