"""Comparison of results: paired differences, what may be compared, the command, the gallery."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import reposer
from reposer.checks import InputError
from reposer.cli import main
from reposer.evaluation import Evaluation
from reposer.images import write_image
from reposer.metrics import Score, Signature, bootstrap_interval, make_score, sign_flip_p_value
from reposer.protocols import PATN_MARKET
from reposer.reporting.comparison import compare, find_evaluation, short_names, side_by_side
from reposer.reporting.gallery import most_different, open_pictures

SIGNATURE = "patn-market|n:{n}|pairs:aa|codec:png"
Numbers = dict[str, list[float]]


def evaluated(
    numbers: Numbers, *, counts: list[tuple[int, int]] = (), signature: str = SIGNATURE, **options: Any
) -> Evaluation:  # type: ignore[assignment]
    """An evaluation with these numbers of each image, and PCKh where there are counts of right joints and of all."""
    n = len(next(iter(numbers.values())))
    line = Signature.parse(signature.format(n=n))
    scores = [make_score(name, values, signature=line) for name, values in numbers.items()]
    rows: dict[str, dict[str, float]] = {
        f"a{i}.jpg___b{i}.jpg": {name: values[i] for name, values in numbers.items()} for i in range(n)
    }
    if counts:
        for row, (right, total) in zip(rows.values(), counts, strict=True):
            row |= {"pckh": right / total, "pckh_correct": right, "pckh_all": total}
        right, total = zip(*counts, strict=True)
        scores.append(make_score("pckh", right, totals=total, signature=line))
    made = Evaluation(protocol=PATN_MARKET, format="strips", codec="png", scores=tuple(scores), per_image=rows)
    return replace(made, **options)


def signed_anew(evaluation: Evaluation, old: str, new: str) -> Evaluation:
    """The same with another text in the signatures of its scores."""
    signatures = [Signature.parse(str(score.signature).replace(old, new)) for score in evaluation.scores]
    scores = zip(evaluation.scores, signatures, strict=True)
    return replace(evaluation, scores=tuple(replace(score, signature=signature) for score, signature in scores))


def two(n: int = 40, shift: float = 0.02) -> tuple[Evaluation, Evaluation]:
    """Two results; the first has the higher SSIM by ``shift``, and about the same L1."""
    generator = np.random.default_rng(3)
    ssim, l1, noise = generator.uniform(0.2, 0.6, n), generator.uniform(0.1, 0.2, n), generator.normal(size=(2, n))
    first = {"ssim": (ssim + shift + 0.01 * noise[0]).tolist(), "l1": (l1 + 0.01 * noise[1]).tolist()}
    return evaluated(first), evaluated({"ssim": ssim.tolist(), "l1": l1.tolist()})


def test_differences_are_paired() -> None:
    a, b = two()
    ssim, l1 = compare(a, b).differences
    moved = [a.per_image[pair]["ssim"] - b.per_image[pair]["ssim"] for pair in a.per_image]
    assert ssim.difference == pytest.approx(a.score("ssim").value - b.score("ssim").value)
    assert ssim.interval == bootstrap_interval(moved)
    assert ssim.p_value == sign_flip_p_value(moved)
    assert (ssim.p_corrected, ssim.n) == (2 * ssim.p_value, 40)
    assert (ssim.winner, l1.winner) == ("first", None)
    # The scores' own intervals overlap: only the pairing shows that the first is better.
    assert a.score("ssim").interval[0] < b.score("ssim").interval[1]


def test_sentences() -> None:
    a, b = two()
    ssim, l1 = compare(a, b, names=("mine", "theirs")).sentences()
    assert re.fullmatch(r"SSIM: mine is better by 0\.02\d\d \(0\.01\d\d to 0\.02\d\d\); p < 0\.001\.", ssim)
    assert re.fullmatch(
        r"L1: no difference shown \(mine - theirs = [+-]0\.00\d\d, -0\.\d{4} to \+0\.\d{4}\); p = 0\.\d{3}\.", l1
    )
    lower = [value - 0.05 for value in (row["l1"] for row in a.per_image.values())]
    found = compare(evaluated({"l1": lower}), evaluated({"l1": [x + 0.05 for x in lower]}))
    assert found.sentences() == ["L1: A is better by 0.0500 (0.0500 to 0.0500); p < 0.001."]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=14))
def test_swapping_the_results_swaps_the_sign_and_nothing_else(values: list[tuple[float, float]]) -> None:
    first, second = map(list, zip(*values, strict=True))
    a, b = evaluated({"ssim": first}), evaluated({"ssim": second})
    (ours,), (theirs,) = compare(a, b).differences, compare(b, a).differences
    assert ours.difference == -theirs.difference
    assert ours.p_value == theirs.p_value
    assert ours.interval == pytest.approx((-theirs.interval[1], -theirs.interval[0]), abs=1e-12, nan_ok=True)
    assert {ours.winner, theirs.winner} in ({None}, {"first", "second"})
    assert most_different(ours) == most_different(theirs)[::-1]


def test_equal_results_show_no_difference() -> None:
    a, _ = two()
    found = compare(a, a)
    for difference in found.differences:
        assert (difference.difference, difference.interval, difference.p_value) == (0, (0, 0), 1)
        assert difference.winner is None
        assert most_different(difference) == ([], [])
    assert found.sentences()[0] == "SSIM: no difference, equal on all 40 images."


def test_pckh_is_a_ratio_of_sums() -> None:
    counts = [(1, 2), (9, 18), (4, 4), (10, 16)]
    others = [(2, 2), (3, 18), (4, 4), (10, 16)]
    a, b = (evaluated({"ssim": [0.5] * 4}, counts=c) for c in (counts, others))
    found = {row.metric: row for row in compare(a, b).differences}["pckh"]
    assert found.difference == pytest.approx(24 / 40 - 19 / 40)
    assert (found.first, found.second) == (pytest.approx(24 / 40), pytest.approx(19 / 40))
    assert found.interval == bootstrap_interval([-1, 6, 0, 0], totals=[2, 18, 4, 16])
    assert found.p_value == 1.0  # of +-1 +-6, two of four are as far out as 5; the other two are farther
    assert found.by_image["a1.jpg___b1.jpg"] == pytest.approx(6 / 18)
    other_joints = evaluated({"ssim": [0.5] * 4}, counts=[(2, 2), (3, 17), (4, 4), (10, 16)])
    assert "different joints in 1 images" in compare(a, other_joints).untested["pckh"]


def test_different_signatures_are_refused_and_named() -> None:
    a, b = two()
    other = signed_anew(b, "png", "jpeg")
    with pytest.raises(InputError, match=r"A and B are not comparable: .* differ in codec \(png and jpeg\).*--force"):
        compare(a, other)
    forced = compare(a, other, force=True)
    assert forced.caveats == ("their signatures differ in codec (png and jpeg)",)
    assert forced.differences == compare(a, b).differences
    assert forced.to_json()["comparable"] is False
    assert compare(a, b, force=True).to_json()["comparable"] is True
    # That of one score alone counts, too: another detector, say.
    own = Score("ssim", 0.5, (0.4, 0.6), 40, Signature.parse(f"{b.signature}|network:x"))
    with pytest.raises(InputError, match=r"network \(none and x\)"):
        compare(a, replace(b, scores=(own, *b.scores[1:])))


def test_different_pairs_are_refused_or_left_out() -> None:
    a, b = two()
    fewer = replace(b, per_image=dict(list(b.per_image.items())[3:]) | {"x.jpg___y.jpg": {"ssim": 0.0, "l1": 9.0}})
    with pytest.raises(InputError, match=r"3 pairs are only in A, 1 only in B \('reposer evaluate --pairs-of' scores"):
        compare(a, fewer)
    found = compare(a, fewer, force=True).differences[0]
    assert found.n == 37
    assert found.second == pytest.approx(np.mean([row["ssim"] for row in list(b.per_image.values())[3:]]))
    with pytest.raises(InputError, match="no pair of images in common"):
        compare(a, replace(b, per_image={"x___y": {"ssim": 0.0}}), force=True)
    with pytest.raises(InputError, match="no metric in common"):
        compare(a, replace(b, scores=()))


def test_what_cannot_be_tested_is_said() -> None:
    a, b = two()
    of_set = Score("pckh", 0.5, (float("nan"), float("nan")), 40, a.signature)
    found = compare(replace(a, scores=(*a.scores, of_set)), replace(b, scores=(b.scores[0], of_set)))
    assert [row.metric for row in found.differences] == ["ssim"]
    assert found.differences[0].p_corrected == found.differences[0].p_value  # corrected for one metric, not for three
    assert found.sentences()[1:] == [
        "L1: not tested, only one result has it.",
        "PCKh: not tested, a number of the whole set, not of each image.",
    ]
    cells = list(side_by_side({"a": replace(a, scores=(of_set,)), "b": b}).columns[1].cells)
    assert cells == ["0.5000", "-", "-"]


def test_names(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one/scores.json", "two/scores.json", "two/v1.5")]
    assert short_names(paths) == ["one/scores", "two/scores", "two/v1.5"]
    assert short_names(paths[1:]) == ["scores", "v1.5"]
    assert short_names(paths[:1] * 2) == ["scores (1)", "scores (2)"]


def test_evaluation_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    with pytest.raises(InputError, match=r"no evaluation of this folder .*results\.json.*reposer evaluate --json"):
        find_evaluation(folder)
    for path in (folder / "scores.json", folder / "evaluation.json", tmp_path / "results.json"):
        path.touch()
        assert find_evaluation(folder) == path
    assert find_evaluation(path) == path


def saved(tmp_path: Path, *evaluations: Evaluation) -> list[str]:
    paths = [tmp_path / f"{name}.json" for name, _ in zip("abc", evaluations, strict=False)]
    for path, evaluation in zip(paths, evaluations, strict=True):
        evaluation.save(path)
    return list(map(str, paths))


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    a, b = two()
    files = saved(tmp_path, a, b, a)
    main(["compare", *files, "--json", str(tmp_path / "out.json")])
    out = capsys.readouterr().out
    for text in ("scores with 95 % intervals", "a - b", "a - c", "SSIM: a is better by", "Holm", "equal on all 40"):
        assert text in out
    assert "NOT COMPARABLE" not in out
    content = json.loads((tmp_path / "out.json").read_text())
    assert [result["name"] for result in content["results"]] == ["a", "b", "c"]
    first, second = content["comparisons"]
    assert (first["first"], first["second"], second["second"]) == ("a", "b", "c")
    assert first["differences"][0]["winner"] == "first"
    assert "by_image" not in first["differences"][0]
    other = saved(tmp_path, a, signed_anew(b, "aa", "bb"))
    with pytest.raises(SystemExit):
        main(["compare", *other])
    assert "pairs (aa and bb)" in capsys.readouterr().err
    main(["compare", *other, "--force"])
    assert "NOT COMPARABLE: their signatures differ in pairs (aa and bb)" in capsys.readouterr().out


def test_command_on_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = saved(tmp_path, *two())
    before = sorted(tmp_path.iterdir())
    for arguments, message in (
        (files[:1], "expected two results or more"),
        ([files[0], str(tmp_path / "no.json")], "no.json: no such file"),
        ([*files, "--json", str(tmp_path / "no" / "x.json")], "--json needs the name of a file"),
        ([*files, "--gallery", str(tmp_path / "x.html")], "no result images"),
        ([*files, "--gallery", str(tmp_path / "x.html"), "--images", str(tmp_path)], "--images needs two folders"),
    ):
        with pytest.raises(SystemExit) as stop:
            main(["compare", *arguments])
        error = capsys.readouterr().err
        assert stop.value.code == 2
        assert message in error
        assert len(error.strip().splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


def pictures(folder: Path, a: Evaluation, *, strips: bool) -> None:
    """Results of two kinds: strips, or single images beside a folder of real ones; each pair of another grey."""
    folder.mkdir()
    for i, pair in enumerate(a.per_image):
        panels = [torch.full((3, 128, 64), 20 * k + i, dtype=torch.uint8) for k in range(5)]
        if strips:
            write_image(folder / f"{pair}_vis.png", torch.cat(panels, dim=-1))
            continue
        write_image(folder / f"{pair}_vis.png", panels[4])
        real = folder.with_name("real")
        real.mkdir(exist_ok=True)
        for name, panel in zip(pair.split("___"), (panels[0], panels[2]), strict=True):
            write_image((real / name).with_suffix(".png"), panel)


def test_pictures_of_both_kinds_are_the_same(tmp_path: Path) -> None:
    a, _ = two(6)
    pictures(tmp_path / "strips", a, strips=True)
    pictures(tmp_path / "images", a, strips=False)
    single = replace(a, format="images")
    pair = "a3.jpg___b3.jpg"
    strips = open_pictures(tmp_path / "strips", a)
    images = open_pictures(tmp_path / "images", single, targets=tmp_path / "real")
    for found in (strips, images):
        shown = [found.source(pair), found.target(pair), found.generated(pair)]
        assert [(image.shape, int(image.unique())) for image in shown if image is not None] == [
            ((3, 128, 64), 3), ((3, 128, 64), 43), ((3, 128, 64), 83),
        ]  # fmt: skip
    alone = open_pictures(tmp_path / "images", single)
    assert (alone.source(pair), alone.target(pair)) == (None, None)
    assert alone.generated("x___y") is None
    with pytest.raises(InputError, match="none of the 1 pairs of the evaluation"):
        open_pictures(tmp_path / "strips", replace(a, per_image={"x___y": {}}))


def gallery(tmp_path: Path, *options: str) -> tuple[Path, Evaluation, Evaluation]:
    a, b = two(12)
    for name, evaluation in (("a", a), ("b", b)):
        pictures(tmp_path / name, evaluation, strips=True)
        evaluation.save(tmp_path / f"{name}.json")
    path = tmp_path / "gallery.html"
    main(["compare", str(tmp_path / "a"), str(tmp_path / "b.json"), "--gallery", str(path), *options])
    return path, a, b


def test_gallery(tmp_path: Path) -> None:
    path, a, b = gallery(tmp_path)
    text = path.read_text()
    differences = compare(a, b).differences
    shown = [pair for difference in differences for side in most_different(difference) for pair in side]
    assert re.findall(r"<p class=name>([^<]*)</p>", text) == shown
    best = max(a.per_image, key=lambda pair: a.per_image[pair]["ssim"] - b.per_image[pair]["ssim"])
    assert shown[0] == best
    assert text.count("data:image/webp;base64,") == 4 * len(shown)
    assert f"<figcaption>a<br>{a.per_image[best]['ssim']:.4f}</figcaption>" in text
    assert not re.search(r'(src|href)=(?!"data:)', text), "fetched from elsewhere"
    assert "width=device-width" in text
    assert "not found" not in text


def test_gallery_lists_the_smaller_values_of_l1_as_better(tmp_path: Path) -> None:
    a, b = two(12)
    l1 = compare(a, b).differences[1]
    ahead, behind = most_different(l1)
    assert all(a.per_image[pair]["l1"] < b.per_image[pair]["l1"] for pair in ahead)
    assert all(a.per_image[pair]["l1"] > b.per_image[pair]["l1"] for pair in behind)


@pytest.mark.browser
@pytest.mark.skipif(which("chromium") is None, reason="needs chromium")
def test_gallery_fits_a_phone(tmp_path: Path) -> None:
    path, *_ = gallery(tmp_path)
    probe = "<script>document.title = document.documentElement.scrollWidth + ' ' + innerWidth</script></body>"
    path.write_text(path.read_text().replace("</body>", probe))
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=500,900", "--dump-dom"]
    page = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120).stdout
    width, window = map(int, re.search(r"<title>(\d+) (\d+)</title>", page).groups())  # type: ignore[union-attr]
    assert width <= window


def test_one_image_has_no_interval_in_a_comparison() -> None:
    found = compare(evaluated({"ssim": [0.5]}), evaluated({"ssim": [0.4]}))
    assert found.sentences() == ["SSIM: no difference shown (A - B = +0.1000, no interval: 1 image); p = 1.000."]
    assert list(found.table().columns[2].cells) == ["no interval: 1 image"]
    assert found.to_json()["differences"][0]["interval"] == [None, None]
    assert "NaN" not in json.dumps(found.to_json())
    cells = list(side_by_side({"a": evaluated({"ssim": [0.5]})}).columns[1].cells)
    assert cells == ["0.5000\nnone: 1 image"]


def test_pairs_are_the_same_whatever_their_files_are_called() -> None:
    a, b = two(6)
    renamed = replace(b, per_image={pair.replace(".jpg", ".png"): row for pair, row in b.per_image.items()})
    assert compare(a, renamed) == compare(a, b)


def test_gallery_of_results_whose_files_are_called_differently(tmp_path: Path) -> None:
    a, b = two(6)
    pictures(tmp_path / "a", a, strips=True)
    renamed = replace(b, per_image={pair.replace(".jpg", ".png"): row for pair, row in b.per_image.items()})
    pictures(tmp_path / "b", renamed, strips=True)
    for name, evaluation in (("a", a), ("b", renamed)):
        evaluation.save(tmp_path / f"{name}.json")
    main(["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--gallery", str(tmp_path / "gallery.html")])
    assert "not found" not in (tmp_path / "gallery.html").read_text()


def test_gallery_remembers_the_targets(tmp_path: Path) -> None:
    a, _ = two(6)
    pictures(tmp_path / "images", a, strips=False)
    found = reposer.evaluate(tmp_path / "images", targets=tmp_path / "real", metrics=("l1",))
    found.save(tmp_path / "images.json")
    loaded = Evaluation.load(tmp_path / "images.json")
    assert loaded.targets == tmp_path / "real"
    shown = open_pictures(tmp_path / "images", loaded)
    pair = "a3.jpg___b3.jpg"
    assert shown.target(pair) is not None
    assert shown.source(pair) is not None
    (tmp_path / "real").rename(tmp_path / "moved")
    assert open_pictures(tmp_path / "images", loaded, targets=tmp_path / "moved").target(pair) is not None
    assert open_pictures(tmp_path / "images", loaded).target(pair) is None


def test_command_ends_with_one_conclusion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = two()
    main(["compare", *saved(tmp_path, a, b), "--json", str(tmp_path / "out.json")])
    said = compare(a, b, names=("a", "b")).conclusion
    assert capsys.readouterr().out.rstrip().endswith(f"Conclusion: {said}")
    assert json.loads((tmp_path / "out.json").read_text())["comparisons"][0]["conclusion"] == said
    path, *_ = gallery(tmp_path)
    assert f"<b>Conclusion:</b> {said[:20]}" in path.read_text()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"ssim": 0.', '"ssim": NaN, "x": 0.', "NaN is no JSON number"),
        ('"ssim": 0.', '"ssim": "high", "x": 0.', "expected a number, got 'high'"),
        ('"name": "ssim"', '"name": "ssmi"', "unknown metric 'ssmi'; did you mean 'ssim'"),
        ('"signature": "patn-market|n:40|pairs:aa|codec:png"', '"signature": null', "expected a text, got None"),
    ],
)
def test_command_refuses_damaged_evaluations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, message: str
) -> None:
    files = saved(tmp_path, *two())
    text = Path(files[1]).read_text()
    Path(files[1]).write_text(text.replace(old, new))
    with pytest.raises(SystemExit) as stop:
        main(["compare", *files])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
