"""``reposer evaluate``."""

import json
from pathlib import Path

import pytest

from reposer.checks import InputError
from reposer.cli import main
from reposer.commands.evaluate import run
from reposer.evaluation import Evaluation, EvaluationOptions


def test_command(
    tmp_path: Path, golden: Path, strips: dict[str, Evaluation], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "scores.json"
    run(
        golden / "results_fashion",
        options=EvaluationOptions(
            annotations=golden / "fashion-annotation-test.csv",
            protocol="patn-fashion",
            predicted_keypoints=golden / "fashion-predicted-keypoints.csv",
        ),
        json=out,
    )
    printed = capsys.readouterr().out
    expected = strips["fashion"]
    for text in ("SSIM ↑", "L1 ↓", "PCKh ↑", "0.7106", "95 % interval", "strips of png files, 4 pairs"):
        assert text in printed
    assert set(expected.signature_lines()) < set(printed.splitlines())
    assert json.loads(out.read_text()) == json.loads(json.dumps(expected.to_json()))


def test_command_refuses_a_place_it_cannot_write_to(tmp_path: Path, golden: Path) -> None:
    for out in (tmp_path, tmp_path / "nowhere" / "scores.json", Path("/dev/null")):
        with pytest.raises(InputError, match="--json needs the name of a file in a folder that exists"):
            run(golden / "results_fashion", options=EvaluationOptions(protocol="patn-fashion"), json=out)


def test_command_line(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["evaluate", str(golden / "results_fashion"), "--protocol", "patn-fashon"])
    assert stopped.value.code == 2
    assert "unknown protocol 'patn-fashon'; did you mean 'patn-fashion'" in capsys.readouterr().err
