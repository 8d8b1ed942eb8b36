"""The documentation: every public name and link is there, its code runs, its tables are what the scripts print."""

import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
import torch
from PIL import Image

from reposer import losses
from reposer.cli import main
from reposer.data import SPLITS, open_pairs
from reposer.images import read_image
from reposer.poses import COCO_17, Pose, estimators, write_annotations
from reposer.results.names import pair_of
from tests.downloads import fashion_download, fashion_lists, market_download, market_lists, zipped
from tests.own_photos import photo_data

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LOSSES = [name for name in losses.__all__ if name.endswith("_loss")]
PACKAGES = (
    *("data", "data.mannequin", "losses", "metrics", "models", "photos", "poses", "poses.estimators"),
    *("poses.keypoints", "preparing", "similarity", "training"),
)
UNPUBLISHED = {"l1_loss", "l2_loss"}  # have no source to name
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize("name", LOSSES)
def test_docstring_of_a_loss_tells_all(name: str) -> None:
    text = inspect.getdoc(getattr(losses, name)) or ""
    assert ":math:" in text or ".. math::" in text, "no formula"
    assert re.search(r"\(B, [C23], H, W\)|any shape", text), "no shapes"
    assert re.search(r"Returns:\n    Scalar (in|at least)|Returns:\n    Scalar, at least", text), (
        "no range of the value"
    )
    assert "Raises:\n" in text
    arguments = text.split("Args:\n")[1].split("Returns:\n")[0]
    for parameter in inspect.signature(getattr(losses, name)).parameters:
        assert re.search(rf"^    {parameter}: ", arguments, re.MULTILINE), f"{parameter} is not explained"
    assert "Reference: " in text or name in UNPUBLISHED


def test_every_loss_is_in_the_reference() -> None:
    listed = re.findall(r"^::: reposer\.losses\.(\w+)$", (DOCS / "api/losses.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(losses.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_exist(page: Path) -> None:
    for link in _LINK.findall(re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
        if not link.startswith(("http", "#", "mailto:")):
            assert (page.parent / link.split("#")[0]).exists(), link


def test_pictures_are_small() -> None:
    for picture in (*(DOCS / "pictures").glob("*.png"), *(DOCS / "pictures").glob("*.gif")):
        assert picture.stat().st_size < 400_000, picture.name


def _run(code: str, names: dict[str, object]) -> None:
    exec(compile(code, "<documentation>", "exec"), names)


def test_code_of_the_losses_runs_from_top_to_bottom() -> None:
    torch.manual_seed(0)
    names: dict[str, object] = {}
    for block in _CODE.findall((DOCS / "losses.md").read_text()):
        _run(block, names)
    assert torch.isfinite(names["loss"])  # type: ignore[arg-type]


def test_home_page_works_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "index.md").read_text()
    (made,) = re.findall(r"^reposer (mannequin .*)$", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    main(made.split())
    names: dict[str, object] = {}
    for block in _CODE.findall(page):
        _run(block, names)
    assert read_image("reposed.png").shape == (3, 128, 64)
    assert torch.isfinite(names["loss"])  # type: ignore[arg-type]


def test_the_pose_of_a_photo_is_found_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = _CODE.findall((DOCS / "api/poses.md").read_text())
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (480, 640), "grey").save("photo.jpg")
    Path("data").mkdir()
    standing = Pose(torch.rand(18, 2) * 20 + 2, torch.ones(18, dtype=torch.bool))
    write_annotations("data/market-annotation-test.csv", {"a.jpg": standing})
    found = estimators.Person(0.9, torch.rand(17, 2) * 20 + 2, torch.full((17,), 9.0), torch.zeros(4))

    class Estimator:
        skeleton, score_threshold, joint_threshold = COCO_17, 0.5, 2.0

        def __call__(self, images: list[torch.Tensor]) -> list[list[estimators.Person]]:
            return [[found]] * len(images)

    monkeypatch.setattr(estimators, "load_estimator", Estimator)
    _run(block, {})
    assert read_image("reposed.png").shape == (3, 128, 64)


def test_truth_of_people_is_read_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "people.md").read_text()
    (command,) = re.findall(r"^reposer (people few .*)$", page, re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    main([*command.split(), "--size", "64", "32"])
    names: dict[str, object] = {}
    (block,) = _CODE.findall(page)
    _run(block, names)
    assert names["same_seen"].shape == (1, 64, 32)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_an_animation_is_made_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (DOCS / "animation.md").read_text()
    (tmp_path / "docs").symlink_to(DOCS)
    monkeypatch.chdir(tmp_path)
    (command,) = re.findall(r"^reposer (animate .*?)$", page.replace("\\\n", ""), re.MULTILINE)
    main(command.split())
    (block,) = _CODE.findall(page)
    _run(block, {})
    assert [_frames(name) for name in ("walk.gif", "docs/pictures/walk.gif", "turn.gif")] == [22, 22, 40]


def _frames(path: str) -> int:
    with Image.open(path) as image:
        return int(image.n_frames)  # type: ignore[attr-defined]


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/transfer.md"])
def test_a_photo_is_transferred_as_typed(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing but what is in the repository."""
    (tmp_path / "docs").symlink_to(DOCS)
    monkeypatch.chdir(tmp_path)
    commands = re.findall(r"^reposer (transfer .*)$", (ROOT / page).read_text(), re.MULTILINE)
    assert commands
    for command in commands:
        main(command.split())
        out = command.split(" -o ")[1].split()[0]
        assert read_image(out).shape == ((3, 480, 640) if "--paste" in command else (3, 128, 64))


def test_code_of_a_photo_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").symlink_to(DOCS)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in _CODE.findall((DOCS / "transfer.md").read_text()):
        _run(block, names)
    assert names["picture"].size == (640, 480)  # type: ignore[attr-defined]


def test_downloads_become_data_sets_as_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    zipped(market_download(tmp_path / "market"), tmp_path / "Market-1501-v15.09.15.zip")
    market_lists(tmp_path / "market-lists")
    zipped(fashion_download(tmp_path / "fashion"), tmp_path / "img.zip")
    fashion_download(tmp_path, "img_highres", (1101, 750))
    fashion_lists(tmp_path / "fashion-lists")
    photo_data(tmp_path / "PHOTOS")
    commands = re.findall(r"^reposer (.*)$", (DOCS / "own-data.md").read_text(), re.MULTILINE)
    assert len(commands) >= 3
    for command in commands:
        main(command.split())
    names = ("MARKET", "FASHION", "FASHION-512", "PHOTOS")
    sizes = {name: open_pairs(name, split).size for name in names for split in SPLITS}
    assert sizes == {"MARKET": (128, 64), "FASHION": (256, 176), "FASHION-512": (512, 352), "PHOTOS": (256, 176)}


def test_names_of_results_in_the_docs_are_read() -> None:
    rows = re.findall(r"^\| `SOURCE\S*?TARGET.*?\| `(\S+)` \|", (DOCS / "scoring.md").read_text(), re.MULTILINE)
    assert len(rows) == 3
    assert {pair_of(name) for name in rows} == {("0002_c1s1_000451_03.jpg", "0002_c2s1_000301_01.jpg")}


def test_loss_of_the_readme_trains() -> None:
    (block,) = (code for code in _CODE.findall((ROOT / "README.md").read_text()) if "PartSSIMLoss()" in code)
    torch.manual_seed(0)
    source, target = torch.rand(2, 2, 3, 64, 32) * 2 - 1
    batch = (source, target, torch.rand(2, 18, 2) * 32, torch.ones(2, 18, dtype=torch.bool))
    network = torch.nn.Conv2d(3, 3, 1)
    names: dict[str, object] = {
        "loader": [batch] * 8,
        "generator": lambda image, joints: network(image),
        "optimizer": torch.optim.Adam(network.parameters(), lr=0.01),
    }
    _run(block.replace("    optimizer.zero_grad()", "    values.append(float(loss))\n    optimizer.zero_grad()"),
         names | {"values": (values := [])})  # fmt: skip
    assert len(values) == 8
    assert values[-1] < values[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for module in ("mkdocs", "mkdocstrings_handlers", "material", "latex2mathml"):
        if find_spec(module) is None:
            pytest.skip("the documentation needs its libraries: pip install -e '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.mark.slow
@pytest.mark.xdist_group("site")
@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_on_a_page(site: Path, package: str) -> None:
    anchors = set(re.findall(r'id="([\w.]+)"', "".join(page.read_text() for page in (site / "api").glob("*.html"))))
    module = import_module(f"reposer.{package}")
    names = [name for name in module.__all__ if not inspect.ismodule(getattr(module, name))]
    assert names
    homes = {name: getattr(getattr(module, name), "__module__", "") for name in names}
    absent = [name for name in names if not anchors & {f"reposer.{package}.{name}", f"{homes[name]}.{name}"}]
    assert not absent, f"on no page of the reference: {absent}"


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_formulas_and_references_are_rendered(site: Path) -> None:
    page = (site / "api/losses.html").read_text()
    assert page.count("<math") >= 8
    for rest in (":math:", ".. math::", ":func:", ":class:", r"\frac", r"\sum", "&gt;&gt;&gt; "):
        assert rest not in page, rest
    assert 'href="similarity.html#reposer.similarity' in page
    assert not re.search(r'(<script src|<link rel="stylesheet" href)="(https?:)?//', page), "fetched from elsewhere"


@pytest.mark.browser
@pytest.mark.xdist_group("site")
@pytest.mark.skipif(which("chromium") is None, reason="needs chromium")
def test_search_works_from_the_disk(site: Path) -> None:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=15000", "--dump-dom"]
    address = f"{(site / 'index.html').as_uri()}?q=sharpness"
    page = subprocess.run([*command, address], capture_output=True, text=True, timeout=120).stdout
    found = page.split('data-md-component="search-result"')[1].split("</ol>")[0]
    assert "scoring.html" in found
    assert not re.search(r'<script src="(https?:)?//', page), "fetched from elsewhere"


@pytest.mark.slow
def test_tables_are_what_the_script_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    script = import_module("compare_options")
    page = (DOCS / "losses.md").read_text()
    made = script.missing_table(script.pairs_of_people(script.COUNT, script.SMALL))
    written = page.split("<!-- table: missing -->")[1].split("<!-- end -->")[0]
    assert _numbers(written) == pytest.approx(_numbers(made), abs=0.0021)
    assert written.strip().splitlines()[0] == made.splitlines()[0]


def _numbers(table: str) -> list[float]:
    return [float(number) for number in re.findall(r"(?<=\| )\d*\.?\d+(?= \|)", table)]
