"""``reposer weights import``: from a released file to a generator that generates, and what is refused."""

import contextlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import reposer
from reposer.cli import main
from reposer.data import open_pairs
from reposer.models import PATNGenerator, load_released_weights, read_network
from reposer.poses.estimators import ESTIMATORS
from tests.released import small_weights


@pytest.mark.parametrize(
    ("tag", "words", "size", "heatmaps"),
    [
        ("patn_market", ("patn generator for 128x64, gaussian heatmaps", "batch norm"), (128, 64), "gaussian"),
        ("xing_market", ("xing generator for 128x64, gaussian heatmaps", "batch norm"), (128, 64), "gaussian"),
        ("patn_fashion", ("patn generator for 256x176, pixel heatmaps", "instance norm"), (256, 176), "pixel"),
        ("xing_fashion", ("xing generator for 256x176, pixel heatmaps", "instance norm"), (256, 176), "pixel"),
    ],
)
def test_generator(
    golden: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    tag: str,
    words: tuple[str, ...],
    size: tuple[int, int],
    heatmaps: str,
) -> None:
    torch.save(small_weights(golden, tag), tmp_path / "latest_net_netG.pth")
    out = tmp_path / "new" / "released"
    main(["weights", "import", str(tmp_path / "latest_net_netG.pth"), "--out", str(out)])
    path = out / "generator-0000000.safetensors"
    printed, told = capsys.readouterr()
    assert told.startswith("import: 2/2")
    for word in (*words, "4 channels", "2 blocks", str(path)):
        assert word in printed
    generator = reposer.load_generator(path)
    config = generator.config
    assert (config.recipe, config.size, config.heatmaps.kind) == ("released", size, heatmaps)
    assert config.discriminators.norm == config.generator.norm
    assert f"{sum(p.numel() for p in generator.parameters()):,} weights" in printed
    assert {"config", "recipe", "step", "version"} == read_network(path)[1].keys()


def test_imported_generator_generates(golden: Path, market: Path, tmp_path: Path) -> None:
    state = small_weights(golden, "patn_market")
    torch.save(state, tmp_path / "net.pth")
    main(["weights", "import", str(tmp_path / "net.pth"), "--out", str(tmp_path / "released")])
    expected = PATNGenerator(channels=4, blocks=2)
    load_released_weights(expected, state)
    generator = reposer.load_generator(tmp_path / "released")
    for name, tensor in expected.state_dict().items():
        assert tensor.equal(generator.network.state_dict()[name])
    results = tmp_path / "results"
    main(["generate", str(tmp_path / "released"), "--data", str(market), "--out", str(results)])
    assert len(list(results.glob("*.png"))) == len(open_pairs(market, "test").pairs)


def test_discriminator(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(small_weights(golden, "disc_pb_fashion"), tmp_path / "net.pth")
    main(["weights", "import", str(tmp_path / "net.pth"), "--out", str(tmp_path)])
    assert "discriminator of 21 channels: instance norm, 4 channels, 2 blocks" in capsys.readouterr().out
    state, about = read_network(tmp_path / "discriminator.safetensors")
    assert "encoder.1.weight" in state
    assert about["config"] == {"norm": "instance", "channels": 4, "blocks": 2, "dropout": 0.5, "in_channels": 21}


def test_bad_input_is_one_line(golden: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*arguments: object) -> str:
        with pytest.raises(SystemExit) as stop:
            main(["weights", *(str(argument) for argument in arguments)])
        error = capsys.readouterr().err
        assert stop.value.code == 2
        assert error.startswith("reposer: ")
        assert error.count("\n") == 1
        return error

    path, out = tmp_path / "net.pth", tmp_path / "out"
    assert "expected what to do" in fails()
    assert "unknown action 'improt'; did you mean 'import'?" in fails("improt")
    assert "--out" in fails("import", path)
    assert f"{path}: No such file" in fails("import", path, "--out", out)
    path.write_bytes(b"PK\x03\x04 cut short")
    assert f"{path}: not a plain state dict" in fails("import", path, "--out", out)
    torch.save({"features.0.weight": torch.zeros(2)}, path)
    assert f"{path}: not weights of a released" in fails("import", path, "--out", out)
    assert not out.exists()
    torch.save(small_weights(golden, "patn_market"), path)
    main(["weights", "import", str(path), "--out", str(out)])
    capsys.readouterr()
    assert "exists already" in fails("import", path, "--out", out)
    assert str(path) in fails("import", path, "--out", path)  # a file, not a folder


def test_list_tells_what_is_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    (tmp_path / "checkpoints").mkdir()
    unpacked = tmp_path / "checkpoints" / "yolox_m_8xb8-300e_humanart-c2c7a14a.onnx"
    unpacked.write_bytes(b"x")
    main(["weights", "list"])
    printed = capsys.readouterr().out
    assert len(re.findall(r"MB, for", printed)) == 12
    assert "vgg19-dcbb9e9d.pth  548 MB, for perceptual losses, SHA-256 dcbb9e9d..." in printed
    assert "yolox_m_8xb8-300e_humanart-c2c7a14a.zip  95 MB, for poses (rtmpose), SHA-256 not known here" in printed
    assert f"here: {unpacked}" in printed
    for kind in ESTIMATORS.values():
        assert all(f"{file.name}  " in printed for file in kind.files)
    assert printed.count("not here: https://") == 11


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["weights", "--help"], ["weights", "import", "--help"]):
        with contextlib.suppress(SystemExit):
            main(arguments)
        assert "reposer weights import" in capsys.readouterr().out


@pytest.mark.slow
def test_import_needs_no_lightning() -> None:
    code = "import sys, reposer.commands.weights; assert not [m for m in sys.modules if m.startswith('lightning')]"
    subprocess.run([sys.executable, "-c", code], check=True)
