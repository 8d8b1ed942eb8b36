"""``reposer export``: the exported file equals PyTorch at any size, says what it is, and is refused if it differs."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import reposer
from reposer import export
from reposer.cli import main
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.data import MANNEQUINS, DataConfig
from reposer.generator import Generator
from reposer.models import FlowConfig, PATNConfig, WarpConfig, XingConfig, build_generator, save_network
from reposer.poses import HeatmapConfig

pytest.importorskip("onnxruntime")

SIZES = [(1, (64, 32)), (3, (61, 47)), (2, (30, 99)), (1, (9, 8))]
KINDS = {
    "patn batch": PATNConfig(norm="batch", channels=8, blocks=1),
    "xing instance": XingConfig(norm="instance", channels=8, blocks=1),
    "patn instance": PATNConfig(norm="instance", channels=8, blocks=1),
    "xing batch": XingConfig(norm="batch", channels=8, blocks=1),
    "warp batch": WarpConfig(norm="batch", channels=8, blocks=1),
    "flow batch": FlowConfig(norm="batch", channels=4, blocks=1),
}

TRIED = "warp batch"
OTHERS = ("flow batch", "patn batch", "xing instance", "patn instance", "xing batch")


@pytest.fixture(autouse=True)
def traced_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing takes seconds: both formats share the graph of a network."""
    monkeypatch.setattr(export, "trace", _trace)


_PROGRAMS: dict[str, torch.export.ExportedProgram] = {}


def _trace(generator: Generator, trace: Callable[..., torch.export.ExportedProgram] = export.trace) -> Any:
    key = repr(generator.config)
    if key not in _PROGRAMS:
        _PROGRAMS[key] = trace(generator)
    return _PROGRAMS[key]


def trained(folder: Path, config: Any, size: tuple[int, int] = (64, 32)) -> Path:
    """A checkpoint whose weights and statistics are as large as trained ones: its pictures have contrast."""
    torch.manual_seed(0)
    network = build_generator(config)
    for name, value in network.state_dict().items():
        if name.endswith("running_var"):
            value.uniform_(0.5, 1.5)
        elif name.endswith(("running_mean", "bias")):
            value.normal_(0, 0.1)
        elif value.ndim == 4:
            large = 0.1 if "corrections" in name else 1.5  # a flow is smooth
            value.normal_(0, large / value[0].numel() ** 0.5)
    heatmaps = HeatmapConfig(kind="pixel" if config.norm == "instance" else "gaussian")
    data = DataConfig(**MANNEQUINS)
    run = RunConfig(recipe="mannequin-tiny", size=size, data=data, generator=config, heatmaps=heatmaps)
    path = folder / "generator-0000012.safetensors"
    save_network(path, network, config=config_to_json(run), recipe=run.recipe, step=12)
    return path


def assert_equals_pytorch(generator: Generator, run: Callable[[tuple[Tensor, ...]], Tensor]) -> None:
    for batch, size in SIZES:
        inputs = export.example_inputs(generator, batch, size)
        expected, got = generator.repose(*inputs), run(inputs)
        assert got.shape == expected.shape == (batch, 3, *size)
        assert expected.std() > 0.1  # a picture, not grey
        torch.testing.assert_close(got, expected, atol=1e-3, rtol=0)


@pytest.mark.slow(40)
@pytest.mark.parametrize("kind", [TRIED, *(pytest.param(kind, marks=pytest.mark.nightly) for kind in OTHERS)])
def test_onnx(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import onnxruntime

    checkpoint, out = trained(tmp_path, KINDS[kind]), tmp_path / "person.onnx"
    main(["export", str(tmp_path), "--format", "onnx", "--out", str(out)])
    printed = capsys.readouterr().out
    figures = re.search(
        r"at three sizes off a float64 run by (\S+) \(PyTorch in float32: (\S+); allowed: (\S+),", printed
    )
    assert figures
    off, pytorch, allowed = map(float, figures.groups())
    assert off <= allowed == pytest.approx(max(1e-4, 4 * pytorch), rel=0.1)

    session = onnxruntime.InferenceSession(out)
    shapes = {i.name: i.shape for i in session.get_inputs()} | {i.name: i.shape for i in session.get_outputs()}
    pose = {"joints": ["batch", 18, 2], "visible": ["batch", 18]}
    assert shapes == {
        **{f"{who}_{what}": shape for who in ("source", "target") for what, shape in pose.items()},
        **{name: ["batch", 3, "height", "width"] for name in ("source", "generated")},
    }

    def run(inputs: tuple[Tensor, ...]) -> Tensor:
        arrays = {name: value.numpy() for name, value in zip(export.INPUTS, inputs, strict=True)}
        return torch.from_numpy(session.run(None, arrays)[0])

    generator = reposer.load_generator(checkpoint)
    assert_equals_pytorch(generator, run)
    check_metadata(session.get_modelmeta().custom_metadata_map, generator, checkpoint)
    assert_names_no_files(out, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["patn batch", pytest.param("xing instance", marks=pytest.mark.nightly)])
def test_torch_export(kind: str, tmp_path: Path) -> None:
    checkpoint, out = trained(tmp_path, KINDS[kind]), tmp_path / "person.pt2"
    main(["export", str(checkpoint), "--format", "torch-export", "--out", str(out)])
    generator = reposer.load_generator(checkpoint)
    about = dict.fromkeys(export._about(generator, checkpoint), "")
    module = torch.export.load(out, extra_files=about).module()
    assert_equals_pytorch(generator, lambda inputs: module(*inputs))
    check_metadata(about, generator, checkpoint)
    assert_names_no_files(out, tmp_path)


def assert_names_no_files(out: Path, folder: Path) -> None:
    """The traces of where the graph came from are gone."""
    content = out.read_bytes()
    for local in (b"site-packages", str(folder).encode(), str(Path(reposer.__file__).parent).encode()):
        assert local not in content


def check_metadata(about: dict[str, str], generator: Generator, checkpoint: Path) -> None:
    assert about["checkpoint_sha256"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert config_from_json(about["config"]) == generator.config
    assert (about["license"], about["recipe"], about["step"]) == ("apache-2.0", "mannequin-tiny", "12")
    assert about["reposer_version"] == reposer.__version__
    assert json.loads(about["scores"]) == []
    for name in (*export.INPUTS, export.OUTPUT):
        assert name in about["interface"]


def test_a_file_that_differs_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = reposer.load_generator(trained(tmp_path, KINDS["patn batch"]))

    def save(program: object, path: Path, about: dict[str, str]) -> None:
        path.write_bytes(b"written")

    def load(path: Path) -> export.Run:
        assert path.read_bytes() == b"written"
        return lambda inputs: generator.repose(*inputs) + 0.00015 * (len(inputs[0]) == 3)

    monkeypatch.setitem(export._FORMATS, "torch-export", (save, load))
    monkeypatch.setattr(export, "trace", lambda _: None)
    out = tmp_path / "new" / "person.pt2"
    arguments = ["export", str(tmp_path), "--format", "torch-export", "--out", str(out)]
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "there is no folder" in capsys.readouterr().err
    out.parent.mkdir()
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 1
    error = capsys.readouterr().err
    assert "not written, it would be off a float64 run by 0.00015 (PyTorch in float32: " in error
    assert "; allowed: 0.0001, 4 times that and at least 0.0001)" in error
    assert list(out.parent.iterdir()) == []


def test_each_stage_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = reposer.load_generator(trained(tmp_path, KINDS["patn batch"]))
    stages = (lambda _, path, about: path.write_bytes(b"file"), lambda path: lambda inputs: generator.repose(*inputs))
    monkeypatch.setitem(export._FORMATS, "torch-export", stages)
    monkeypatch.setattr(export, "trace", lambda _: None)
    main(["export", str(tmp_path), "--format", "torch-export", "--out", str(tmp_path / "person.pt2")])
    assert capsys.readouterr().err.startswith("export: 3/3")
    told: list[tuple[object, ...]] = []
    out = tmp_path / "again.pt2"
    export.export_generator(
        generator,
        out,
        "torch-export",
        checkpoint=tmp_path / "generator-0000012.safetensors",
        progress=lambda done, total, note: told.append((done, total, note)),  # type: ignore[arg-type]
    )
    assert [done for done, _, _ in told] == [0, 1, 2, 3]
    assert [words for _, _, words in told][1] == "writing again.pt2"


FULL_DISK = """
import resource, sys
from pathlib import Path
import torch
from reposer import export
from reposer.files import write_whole

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
out = Path(sys.argv[1])
program = torch.export.export(torch.nn.Linear(50, 50), (torch.zeros(1, 50),))
try:
    write_whole(out, lambda path: export._save_program(program, path, {"license": "mit"}))
except OSError as error:
    print(error)
"""


@pytest.mark.slow(8)
def test_a_full_disk_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    """PyTorch ends the whole process where it cannot write into a file itself."""
    pytest.importorskip("resource")
    out = tmp_path / "person.pt2"
    done = subprocess.run([sys.executable, "-c", FULL_DISK, out], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"[Errno 27] File too large: '{out}'\n"
    assert list(tmp_path.iterdir()) == []


def test_not_a_number_is_a_difference(tmp_path: Path) -> None:
    generator = reposer.load_generator(trained(tmp_path, KINDS["patn batch"]))

    def broken(inputs: tuple[Tensor, ...]) -> Tensor:
        return generator.repose(*inputs) * (float("nan") if len(inputs[0]) == 1 else 1)

    same = export.compare(generator, lambda inputs: generator.repose(*inputs))
    assert 0 < same.exported == same.pytorch < 1e-4
    worse = export.compare(generator, broken)
    assert worse.exported != worse.exported
    assert not worse.exported <= worse.allowed


def test_what_pytorch_itself_loses_is_allowed() -> None:
    assert export.Comparison(exported=0, pytorch=1e-6).allowed == 1e-4
    assert export.Comparison(exported=0, pytorch=1e-3).allowed == 4e-3


def test_missing_packages_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(tmp_path, KINDS["patn batch"])
    monkeypatch.setattr(export, "_PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(SystemExit) as stop:
        main(["export", str(tmp_path), "--format", "onnx", "--out", str(tmp_path / "x.onnx")])
    assert stop.value.code == 2
    assert "needs no_such_package: pip install 'reposer[export]'" in capsys.readouterr().err


@pytest.mark.nightly
def test_full_width(tmp_path: Path) -> None:
    checkpoint = trained(tmp_path, PATNConfig(), size=(128, 64))
    generator = reposer.load_generator(checkpoint)
    out = tmp_path / "person.onnx"
    comparison = export.export_generator(generator, out, "onnx", checkpoint=checkpoint)
    assert comparison.exported <= comparison.allowed < 2 / 255
    assert 160e6 < out.stat().st_size < 180e6
