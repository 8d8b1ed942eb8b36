"""Result folders: names, manifest, completeness."""

from pathlib import Path

import pytest
import torch

from reposer.checks import InputError
from reposer.images import write_image
from reposer.results import check_complete, codec_of, find_results, pair_id, pair_of, read_manifest, target_of

A, B = "0001_c1s1_000151_00.jpg", "0001_c2s1_000176_00.jpg"


def picture(path: Path) -> None:
    write_image(path, torch.zeros(3, 4, 4, dtype=torch.uint8))


@pytest.mark.parametrize(
    "name",
    [
        f"{A}___{B}_vis.png",
        f"{A}___{B}_vis.jpg",
        f"{A}___{B}.png",
        f"{A[:-4]}___{B[:-4]}_vis.JPEG",
        f"{A[:-4]}_2_{B[:-4]}_vis.png",
        f"{A[:-4]}_2_{B[:-4]}.webp",
    ],
)
def test_names(name: str) -> None:
    assert pair_of(name) == (A, B)


def test_names_with_other_suffixes() -> None:
    assert pair_of("a.png___b.png_vis.jpg") == ("a.png", "b.png")
    assert pair_of("v1.2___v1.3_vis.png") == ("v1.2.jpg", "v1.3.jpg")


def test_ids() -> None:
    assert pair_id("a", "b.png") == "a.jpg___b.png"
    # Some names of Market-1501.
    odd = "1488_c1s6_023021_02.jpg.jpg", "1488_c3s3_071344_02.jpg.jpg"
    assert pair_of(f"{'___'.join(odd)}_vis.jpg") == odd
    assert target_of(pair_id(*odd)) == odd[1]


@pytest.mark.parametrize("name", ["grid.png", "___b_vis.png", "a_2_b_2_c.png", "a___b___c_vis.png"])
def test_names_of_no_pair(name: str) -> None:
    with pytest.raises(InputError, match=f"{name}: not the name of a result; expected SOURCE___TARGET_vis.png"):
        pair_of(name)


def test_find_results(tmp_path: Path) -> None:
    for name in ("c___d_vis.png", "a___b_vis.jpg", ".hidden.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    found = find_results(tmp_path)
    assert list(found) == ["a.jpg___b.jpg", "c.jpg___d.jpg"]
    assert codec_of(found.values()) == "jpeg+png"
    picture(tmp_path / "a.jpg___b.jpg_vis.png")
    with pytest.raises(InputError, match=r"a.jpg___b.jpg_vis.png and a___b_vis.jpg show one pair; remove one"):
        find_results(tmp_path)


def test_find_results_refuses(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder"):
        find_results(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no result images \(\.jpg, .*\) in this folder$"):
        find_results(tmp_path)
    (tmp_path / "images").mkdir()
    picture(tmp_path / "images" / "a___b_vis.png")
    with pytest.raises(InputError, match=r"in this folder; there are some in .*images"):
        find_results(tmp_path)
    picture(tmp_path / "grid.png")
    with pytest.raises(InputError, match=r"grid.png: not the name .*; move other images elsewhere"):
        find_results(tmp_path)


def test_completeness() -> None:
    results = {f"{i}.jpg___x.jpg": Path() for i in range(6)}
    check_complete(results, [(f"{i}", "x") for i in range(6)], "pairs.csv")
    with pytest.raises(InputError, match=r"pairs.csv: 4 of 10 pairs have no result, e.g. 6.jpg___x.jpg, .*, \.\.\.;"):
        check_complete(results, [(f"{i}.jpg", "x.jpg") for i in range(10)], "pairs.csv")
    with pytest.raises(InputError, match=r"1 of 6 results are not in this list of pairs, e.g. 5.jpg___x.jpg;"):
        check_complete(results, [(f"{i}.jpg", "x.jpg") for i in range(5)], "pairs.csv")


def test_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path).pairs is None
    path = tmp_path / "manifest.json"
    path.write_text('{"images": "real", "annotations": "/data/a.csv", "pairs": [["a", "b"]], "layout": "images"}')
    manifest = read_manifest(tmp_path)
    assert manifest.images == tmp_path / "real"
    assert manifest.annotations == Path("/data/a.csv")
    assert manifest.pairs == (("a", "b"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "manifest.json: not readable as JSON"),
        ("[]", "expected a JSON object"),
        ('{"images": 3}', "expected a path for 'images', got 3"),
        ('{"pairs": [["a"]]}', r"expected a list of \[source, target\] for 'pairs', got \['a'\]"),
        ('{"pairs": "a"}', "for 'pairs', got a"),
    ],
)
def test_bad_manifest(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_manifest(tmp_path)
