"""The report: curves, pictures of many, the best and the worst pairs, stages of training, advice, configuration."""

import base64
import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import torch
from PIL import Image
from tests.reporting.test_comparison import evaluated
from tests.small_run import SMALL

from reposer import evaluate
from reposer.data import open_pairs
from reposer.evaluation import Evaluation
from reposer.images import cut_grid, grid, read_image, write_image
from reposer.reporting.exhibits import Exhibits, stages
from reposer.reporting.report import write_report
from reposer.results import FORMATS, result_name, under_manifest


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


@pytest.fixture(scope="module")
def results(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated images of the test pairs: the targets, from pair to pair with more noise."""
    out, index = tmp_path_factory.mktemp("generated"), open_pairs(market, "test")
    with under_manifest(out, index, FORMATS["images"], {}):
        for i, (source, target) in enumerate(index.pairs):
            image = read_image(index.images / target)
            noise = torch.randint(-5 * i - 1, 5 * i + 1, image.shape, generator=torch.Generator().manual_seed(i))
            noisy = (image + noise).clamp(0, 255).to(torch.uint8)
            write_image(out / result_name(f"{source}___{target}", ".png"), noisy)
    return out


def pictures(html: str) -> dict[str, Image.Image]:
    """The pictures of a page by their alternative text."""
    found = re.findall(r'<img alt="([^"]*)" src="data:image/\w+;base64,([^"]*)"', html)
    return {name: Image.open(BytesIO(base64.b64decode(content))) for name, content in found}


def test_many_pairs_and_the_best_and_worst_are_shown(results: Path, tmp_path: Path) -> None:
    evaluation = evaluate(results)
    html = write_report(tmp_path, SMALL, {"generated": evaluation}, {}).read_text()
    ranked = sorted(evaluation.per_image, key=lambda pair: -evaluation.per_image[pair]["part_ssim"])
    shown = re.findall(r"<figcaption>\S+ <span>(.*?)</span>", html)
    half = len(shown) // 2
    assert half == min(4, len(ranked) // 2)
    assert shown == ranked[:half] + ranked[::-1][:half]
    assert html.index("Best pairs by PSSIM") < html.index(shown[0]) < html.index("Worst pairs by PSSIM")
    found = pictures(html)
    assert found[shown[0]].size == (4 * 66 - 2, 128)
    assert found["contact sheet"].size == (16 * 66 - 2, -(-len(ranked) // 4) * 130 - 2)
    assert "<details><summary>" in html
    assert html.index("<details>") < html.index("&quot;recipe&quot;") < html.index("</details>")


def test_sharpness_is_told(results: Path, tmp_path: Path) -> None:
    evaluation = evaluate(results)
    value = Exhibits(evaluation, SMALL).sharpness()
    assert value is not None
    assert value > 1  # noise is sharp
    html = write_report(tmp_path, SMALL, {"generated": evaluation}, {}).read_text()
    assert f"Sharpness of the bodies: <b>{value:.2f}</b>" in html
    scored = evaluate(results, protocol="reposer-1")
    assert Exhibits(scored, SMALL).sharpness() == scored.score("sharpness").value
    assert value == pytest.approx(scored.score("sharpness").value, rel=1e-6)


def test_results_that_are_gone_leave_a_report_without_their_pictures(results: Path, tmp_path: Path) -> None:
    evaluation = replace(evaluate(results), results=tmp_path / "gone")
    html = write_report(tmp_path, SMALL, {"generated": evaluation}, {}).read_text()
    assert "What it makes" not in html
    assert "Scores" in html


def panel(value: int) -> torch.Tensor:
    return torch.full((3, 128, 64), value, dtype=torch.uint8)


def write_sheet(run: Path, step: int) -> Path:
    """A contact sheet of three pairs: the generated images as bright as the step says."""
    pairs = [[panel(10 * i), panel(0), panel(100 + i), panel(step + i)] for i in range(3)]
    path = run / "samples" / f"step-{step:07d}.png"
    path.parent.mkdir(exist_ok=True)
    write_image(path, grid([pairs[0] + pairs[1], pairs[2]]))
    return path


def test_stages_show_each_pair_from_step_to_step(tmp_path: Path) -> None:
    for step in (20, 40, 60):
        write_sheet(tmp_path, step)
    sheet, steps, left_out = stages(tmp_path, SMALL)
    assert (steps, left_out) == ([20, 40, 60], [])
    assert sheet is not None
    colours = [[int(image[0, 5, 5]) for image in row] for row in cut_grid(sheet, (128, 64))]
    assert colours == [[100, 101, 102], [20, 21, 22], [40, 41, 42], [60, 61, 62]]
    html = write_report(tmp_path, SMALL, {"generated": evaluated({"ssim": [0.5]})}, {}).read_text()
    assert "was generated after 20, 40, 60 steps" in html
    assert pictures(html)["stages of training"].size == (3 * 66 - 2, 4 * 130 - 2)


def test_of_many_stages_some_are_shown_the_first_and_the_last_among_them(tmp_path: Path) -> None:
    for step in range(1, 31):
        write_sheet(tmp_path, step)
    _, steps, _ = stages(tmp_path, SMALL)
    assert (len(steps), steps[0], steps[-1]) == (8, 1, 30)


def test_links_that_leave_the_run_folder_are_not_embedded(tmp_path: Path) -> None:
    run, secret = tmp_path / "run", tmp_path / "secret"
    run.mkdir()
    secret.mkdir()
    kept = write_sheet(run, 20)
    (run / "samples" / "step-0000040.png").symlink_to(write_sheet(secret, 40))
    (secret / "passwords").write_text("hunter2")
    (run / "samples" / "step-0000060.png").symlink_to(secret / "passwords")
    (run / "samples" / "step-0000080.png").symlink_to(kept)
    sheet, steps, left_out = stages(run, SMALL)
    assert sheet is not None
    assert steps == [20, 80]
    assert [re.search(r"step-\d+.png: (.*)", reason)[1] for reason in left_out] == [  # type: ignore[index]
        "a link that leaves the run folder"
    ] * 2
    html = write_report(run, SMALL, {"generated": evaluated({"ssim": [0.5]})}, {}).read_text()
    assert base64.b64encode(b"hunter2").decode() not in html
    assert "Left out: " in html


def test_a_contact_sheet_is_cut_apart_again() -> None:
    images = [[panel(i + j) for j in range(2)] for i in range(3)]
    found = cut_grid(grid(images), (128, 64))
    assert all(a.equal(b) for row, other in zip(found, images, strict=True) for a, b in zip(row, other, strict=True))
    with pytest.raises(ValueError, match="a contact sheet of 388x130 pixels does not hold images of 64x64"):
        cut_grid(grid(images), (64, 64))
