"""The quickstart, end to end on a very small set."""

import json
from pathlib import Path

import pytest

from reposer.checks import InputError
from reposer.data.mannequin import MannequinConfig
from reposer.generator import load_generator
from reposer.quickstart import quickstart
from tests.small_run import SMALL

pytestmark = [pytest.mark.xdist_group("quickstart"), pytest.mark.slow(10)]
FEW = MannequinConfig(identities=6, test_identities=2, images_per_identity=4, test_pairs=10, clothing="easy", workers=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("quickstart")
    quickstart(out, mannequins=FEW, config=SMALL, shown=False)
    return out


def test_report_is_whole_and_stands_alone(folder: Path) -> None:
    html = (folder / "run" / "report.html").read_text()
    for part in ("generated", "copy-source", "mean-image", "SSIM ↑", "L1 ↓", "patn-market|n:10|", "part_ssim", "<svg"):
        assert part in html, part
    assert 'src="data:image/png;base64,' in html
    assert "http://" not in html
    assert "https://" not in html


def test_scores_are_those_of_the_evaluation(folder: Path) -> None:
    html = (folder / "run" / "report.html").read_text()
    signatures = set()
    for name in ("generated", "copy-source", "mean-image"):
        saved = json.loads((folder / "run" / "results" / f"{name}.json").read_text())
        signatures.add(saved["signature"])
        for score in saved["scores"]:
            assert score["n"] == 10
            assert f"{score['value']:.4f}" in html
    assert len(signatures) == 1


def test_second_call_uses_what_is_there(folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (folder / "data").rglob("*.jpg")}
    weights = sorted((folder / "run" / "checkpoints").iterdir())[0].read_bytes()
    result = quickstart(folder, mannequins=FEW, config=SMALL, shown=False)
    assert result.evaluations["generated"].score("ssim").n == 10
    assert {path: path.stat().st_mtime_ns for path in (folder / "data").rglob("*.jpg")} == before
    assert sorted((folder / "run" / "checkpoints").iterdir())[0].read_bytes() == weights


def test_copying_the_source_is_scored_as_such(folder: Path) -> None:
    """The baseline equals an evaluation by hand of the source images."""
    from reposer import metrics
    from reposer.data import open_pairs
    from reposer.images import read_image

    index = open_pairs(folder / "data", "test")
    saved = json.loads((folder / "run" / "results" / "copy-source.json").read_text())
    for source, target in index.pairs:
        images = [read_image(index.images / name)[None] for name in (source, target)]
        expected = metrics.ssim(*images).item()
        assert saved["per_image"][f"{source}___{target}"]["ssim"] == pytest.approx(expected, abs=1e-9)


def test_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.tex").write_text("important")
    with pytest.raises(InputError, match="data"):
        quickstart(tmp_path, mannequins=FEW, config=SMALL, shown=False)
    assert (tmp_path / "data" / "thesis.tex").read_text() == "important"


def test_its_model_card_has_its_scores_and_pictures(folder: Path, tmp_path: Path) -> None:
    load_generator(folder / "run").save_pretrained(tmp_path / "saved")
    card = (tmp_path / "saved" / "README.md").read_text()
    for score in json.loads((folder / "run" / "results" / "generated.json").read_text())["scores"]:
        assert f"| {score['name']} | {score['value']:.4f} |" in card
        assert f"`{score['signature']}`" in card
    assert (tmp_path / "saved" / "samples.png").exists()
