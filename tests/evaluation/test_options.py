"""Options of an evaluation: one list of fields, for keywords and command lines."""

import inspect
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import reposer
from reposer.checks import InputError
from reposer.cli import main
from reposer.evaluation import EvaluationOptions, evaluate
from reposer.evaluation.options import ResultOptions

NAMES = [field.name for field in fields(EvaluationOptions)]


def test_keywords_are_the_fields() -> None:
    assert list(inspect.signature(reposer.evaluate).parameters) == ["results_dir", "options", "progress", *NAMES]
    with pytest.raises(TypeError, match="annotation"):
        evaluate("results", annotation="poses.csv")


@pytest.mark.parametrize(
    ("command", "options", "hidden"),
    [(["evaluate"], EvaluationOptions, {"baseline"}), (["protocols", "diff"], ResultOptions, set())],
)
def test_the_command_lines_offer_the_fields(
    command: list[str], options: Any, hidden: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([*command, "--help"])
    offered = set(re.findall(r"--([a-z-]+)", capsys.readouterr().out))
    assert {field.name.replace("_", "-") for field in fields(options)} - hidden <= offered


def test_text_becomes_paths_and_names_a_tuple() -> None:
    options = EvaluationOptions(annotations="poses.csv", weights="weights", metrics="all", cache="")  # type: ignore[arg-type]
    assert (options.annotations, options.weights) == (Path("poses.csv"), Path("weights"))
    assert (options.metrics, options.cache) == (("all",), None)
    assert EvaluationOptions(metrics=None).metrics == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"devices": 0}, "devices must be at least 1, got 0"),
        ({"skip_bad": -1}, "skip_bad must be at least 0, got -1"),
        ({"detect_poses": True, "predicted_keypoints": Path("x")}, "leave out --detect-poses or --predicted-keypoints"),
        ({"estimator": "rtmpose"}, "--estimator finds poses with --detect-poses alone"),
        ({"estimator": "rtmpos", "detect_poses": True}, "unknown estimator 'rtmpos'; did you mean 'rtmpose'"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        EvaluationOptions(**changes)


def test_pckh_by_name_needs_a_source_of_poses(golden: Path) -> None:
    with pytest.raises(
        InputError, match=r"pckh needs the poses in the generated .* to score all but pckh: --metrics l1$"
    ):
        evaluate(golden / "results_market", metrics=["l1", "pckh"])
    found = evaluate(
        golden / "results_market",
        metrics=["pckh"],
        annotations=golden / "market-annotation-test.csv",
        predicted_keypoints=golden / "market-predicted-keypoints.csv",
    )
    assert [score.name for score in found.scores] == ["pckh"]


def test_the_way_without_poses_is_named_exactly(golden: Path) -> None:
    with pytest.raises(InputError, match=r"--metrics ssim l1, without --predicted-keypoints and --detect-poses$"):
        evaluate(golden / "results_market", predicted_keypoints=golden / "market-predicted-keypoints.csv")
    evaluate(golden / "results_market", metrics=["ssim", "l1"])
