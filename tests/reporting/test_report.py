"""The report's curves: one for every loss that the log holds, over the steps in which it is there."""

import json
import re
from pathlib import Path

from tests.reporting.test_comparison import evaluated
from tests.small_run import SMALL

from reposer.evaluation import Evaluation
from reposer.reporting.report import write_report


def test_losses_that_join_late_are_drawn(tmp_path: Path) -> None:
    rows = [
        {"step": 1, "loss/l1": 0.5, "total": 0.5, "images_per_second": 9.0},
        {"step": 2, "loss/l1": 0.4, "total": 0.4, "images_per_second": 9.0},
        {"step": 3, "loss/l1": 0.3, "loss/adversarial": 0.9, "discriminator/image": 0.7, "total": 1.2},
        {"step": 4, "loss/l1": 0.2, "loss/adversarial": 0.8, "discriminator/image": 0.6, "total": 1.0},
    ]
    (tmp_path / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    evaluation: Evaluation = evaluated({"ssim": [0.5, 0.6]})
    html = write_report(tmp_path, SMALL, {"generated": evaluation}, {"train": 1.0}).read_text()
    drawn = re.findall(r'aria-label="(\S+) over steps"', html)
    assert drawn == ["l1", "total", "adversarial", "discriminator/image"]
    lines = re.findall(r'<polyline points="([^"]*)"', html)
    assert [len(line.split()) for line in lines] == [4, 4, 2, 2]


def test_a_run_without_a_log_line_yet(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("")
    html = write_report(tmp_path, SMALL, {"generated": evaluated({"ssim": [0.5]})}, {}).read_text()
    assert "<polyline" not in html
    assert "Unweighted terms over the steps." in html
