"""Result folders: formats, names, manifest, completeness, problems."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reposer.checks import InputError
from reposer.images import write_image
from reposer.protocols import PATN_FASHION, PATN_MARKET, Protocol
from reposer.results import (
    FORMATS,
    Problems,
    Result,
    check_complete,
    codec_of,
    find_results,
    find_targets,
    format_of,
    pair_id,
    pair_of,
    read_manifest,
    target_of,
)

A, B = "0001_c1s1_000151_00.jpg", "0001_c2s1_000176_00.jpg"


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
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
    assert codec_of([result.file for result in found.values()]) == "jpeg+png"
    picture(tmp_path / "a.jpg___b.jpg_vis.png")
    problems = Problems()
    assert list(find_results(tmp_path, problems)) == ["c.jpg___d.jpg"]
    what = "a.jpg___b.jpg_vis.png and a___b_vis.jpg show one pair; remove one of them"
    assert problems.found == {"shown twice": {"a.jpg___b.jpg": what}}


def test_find_results_refuses(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder"):
        find_results(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"no result images \(\.jpg, .*\) in this folder$"):
        find_results(tmp_path)
    (tmp_path / "images").mkdir()
    picture(tmp_path / "images" / "a___b_vis.png")
    with pytest.raises(InputError, match=r"in this folder; there are some in .*images"):
        find_results(tmp_path)
    picture(tmp_path / "images" / "grid.png")
    problems = Problems()
    assert list(find_results(tmp_path / "images", problems)) == ["a.jpg___b.jpg"]
    assert "grid.png: not the name of a result" in problems.found["not named after a pair"]["grid.png"]
    (tmp_path / "images" / "a___b_vis.png").unlink()
    with pytest.raises(InputError, match=r"grid.png: not the name .*; move other images elsewhere"):
        find_results(tmp_path / "images")


def test_completeness() -> None:
    results = {f"{i}.jpg___x.jpg": Result(pair="", file=Path(), target="x.jpg") for i in range(6)}
    problems = Problems()
    check_complete(results, [(f"{i}", "x") for i in range(6)], "pairs.csv", problems)
    assert len(problems) == 0
    check_complete(results, [(f"{i}.jpg", "x.jpg") for i in range(10)], "pairs.csv", problems)
    assert list(problems) == [f"{i}.jpg___x.jpg" for i in range(6, 10)]
    with pytest.raises(InputError, match=r"1 of 6 results are not in this list of pairs, e.g. 5.jpg___x.jpg;"):
        check_complete(results, [(f"{i}.jpg", "x.jpg") for i in range(5)], "pairs.csv", problems)


def test_problems_are_summed_up() -> None:
    problems = Problems()
    for name in "abcd":
        problems.add("unreadable", name, f"{name}.png: not a readable image")
    problems.add("missing", "a", "a problem has one kind, the first")
    problems.add("missing", "e", "e has no result")
    problems.check("here", 9, skip_bad=5)
    message = (
        "here: 5 of 9 results cannot be scored: 4 unreadable (a.png: not a readable image; also b, c, ...), "
        "1 missing (e has no result); --skip-bad 5 leaves them out"
    )
    with pytest.raises(InputError) as caught:
        problems.check("here", 9, skip_bad=0)
    assert str(caught.value) == message
    with pytest.raises(InputError, match=r"more than --skip-bad 4$"):
        problems.check("here", 9, skip_bad=4)


MARKET = st.builds(
    "{:04d}_c{}s{}_{:06d}_{:02d}.jpg{}".format,
    st.integers(0, 1501), st.integers(1, 6), st.integers(1, 6), st.integers(0, 999999), st.integers(0, 9),
    st.sampled_from(["", "", ".jpg"]),
)  # fmt: skip
DEEPFASHION = st.builds(
    "fashion{}id{:08d}{:02d}_{}{}.jpg".format,
    st.sampled_from(["WOMENTees_Tanks", "MENJackets_Vests", "WOMENDresses", "WOMENRompers_Jumpsuits"]),
    st.integers(0, 99999999), st.integers(1, 9), st.integers(1, 7),
    st.sampled_from(["front", "side", "back", "full", "additional"]),
)  # fmt: skip


@given(
    pair=st.tuples(MARKET, MARKET) | st.tuples(DEEPFASHION, DEEPFASHION),
    form=st.sampled_from(
        ["{}___{}_vis.jpg", "{}___{}_vis.png", "{}___{}.webp", "{}_2_{}_vis.png", "{}_{}.png", "{}_{}_vis.jpg"]
    ),
)
def test_names_of_the_data_sets_come_back(pair: tuple[str, str], form: str) -> None:
    assert pair_of(form.format(*pair)) == pair
    assert pair_of(pair_id(*pair) + ".png") == pair
    assert target_of(pair_id(*pair)) == pair[1]


@given(pair=st.tuples(DEEPFASHION, DEEPFASHION), form=st.sampled_from(["{}___{}_vis.jpg", "{}_2_{}_vis.png"]))
def test_names_without_suffixes_get_them(pair: tuple[str, str], form: str) -> None:
    assert pair_of(form.format(*(name[:-4] for name in pair))) == pair


def test_numbers_are_places_in_the_list_of_pairs(tmp_path: Path) -> None:
    for name in ("1.png", "002_vis.png", "10.jpg"):
        picture(tmp_path / name)
    pairs = [(f"a{i}", f"b{i}") for i in range(10)]
    found = find_results(tmp_path, pairs=pairs)
    assert {pair: result.file.name for pair, result in found.items()} == {
        "a0.jpg___b0.jpg": "1.png", "a1.jpg___b1.jpg": "002_vis.png", "a9.jpg___b9.jpg": "10.jpg"
    }  # fmt: skip
    picture(tmp_path / "0.png")
    with pytest.raises(InputError, match=r"1 numbers are beyond the 10 pairs, e.g. 10.jpg"):
        find_results(tmp_path, pairs=pairs)
    assert find_results(tmp_path, pairs=[*pairs, ("x", "y")])["x.jpg___y.jpg"].file.name == "10.jpg"
    unnamed = find_results(tmp_path)
    assert list(unnamed) == ["00", "01", "02", "10"]
    assert not any(result.named for result in unnamed.values())


def test_a_folder_beside_its_targets(tmp_path: Path) -> None:
    for folder in ("generated", "targets"):
        (tmp_path / folder).mkdir()
        for name in ("0001", "0002"):
            picture(tmp_path / folder / f"{name}.{'png' if folder == 'targets' else 'jpg'}")
    picture(tmp_path / "generated" / "0003.jpg")
    found = find_results(tmp_path / "generated", targets=tmp_path / "targets")
    assert list(found) == ["0001.jpg", "0002.jpg", "0003.jpg"]
    problems = Problems()
    files = find_targets(tmp_path / "targets", found, problems)
    assert files["0001.jpg"] == tmp_path / "targets" / "0001.png"
    assert problems.found["without a target"].keys() == {"0003.jpg"}


def test_a_list_of_files(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("generated,target,source\nout/1.png,real/b.jpg,a.jpg\nout/2.png,real/b.jpg,c.jpg\n")
    for given_as in (tmp_path, path):
        found = find_results(given_as)
        assert list(found) == ["a.jpg___b.jpg", "c.jpg___b.jpg"]
        assert found["a.jpg___b.jpg"].target_file == tmp_path / "real" / "b.jpg"
    path.write_text("generated,target\n1.png,b.jpg\n2.png,b.jpg\n3.png,c.jpg\n")
    problems = Problems()
    assert list(find_results(path, problems, targets=tmp_path / "x")) == ["c.jpg"]
    assert problems.found["shown twice"]["b.jpg"] == "1.png and 2.png show one pair; remove one of them"
    path.write_text("generated,target\n1.png,\n")
    with pytest.raises(InputError, match=r"pairs.csv, row 2: expected GENERATED,TARGET"):
        find_results(path)
    path.write_text("from,to\na,b\n")
    with pytest.raises(InputError, match=r"expected the header 'generated,target'"):
        find_results(path)


@pytest.mark.parametrize(
    ("protocol", "size", "name", "panel"),
    [
        (PATN_MARKET, (128, 320), "strips", 64),
        (PATN_MARKET, (128, 192), "triptychs", 64),
        (PATN_MARKET, (128, 64), "images", 64),
        (PATN_FASHION, (256, 880), "strips", 176),
        (PATN_FASHION, (256, 1280), "strips", 256),
        (PATN_FASHION, (256, 768), "triptychs", 256),
        (PATN_FASHION, (256, 528), "triptychs", 176),
        (PATN_FASHION, (256, 256), "images", 256),
    ],
)
def test_layouts_by_size(tmp_path: Path, protocol: Protocol, size: tuple[int, int], name: str, panel: int) -> None:
    for i, own in enumerate([(9, 9), size, size]):  # the first file is of another size, and does not decide
        write_image(tmp_path / f"{i}.png", torch.zeros(3, *own, dtype=torch.uint8))
    (tmp_path / "3.png").write_bytes(b"damaged")
    format, width = format_of(sorted(tmp_path.iterdir()), protocol)
    assert (format.name, width) == (name, panel)


def test_an_undecidable_layout_names_the_option(tmp_path: Path) -> None:
    protocol = replace(PATN_MARKET, wide_width=192, wide_columns=(64, 128))
    file = tmp_path / "a.png"
    write_image(file, torch.zeros(3, 128, 192, dtype=torch.uint8))
    with pytest.raises(InputError, match=r"128x192 pixels can be triptychs or images; say which with --format"):
        format_of([file], protocol)
    assert format_of([file], protocol, "images") == (FORMATS["images"], 192)
    assert format_of([file], protocol, "triptychs") == (FORMATS["triptychs"], 64)
    with pytest.raises(InputError, match=r"expects 128x320 \(strips\) or 128x960 \(strips\)$"):
        format_of([file], protocol, "strips")
    with pytest.raises(InputError, match="unknown format 'strip'; did you mean 'strips'"):
        format_of([file], protocol, "strip")
    file.write_bytes(b"")
    with pytest.raises(InputError, match=r"a.png: not a readable image, nor are the next ones"):
        format_of([file], protocol)


def test_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path).pairs is None
    path = tmp_path / "manifest.json"
    path.write_text('{"images": "real", "annotations": "/data/a.csv", "pairs": [["a", "b"]], "format": "images"}')
    manifest = read_manifest(tmp_path)
    assert manifest.images == tmp_path / "real"
    assert manifest.annotations == Path("/data/a.csv")
    assert manifest.pairs == (("a", "b"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "manifest.json: not readable as JSON"),
        ("[]", "expected a JSON object"),
        ('{"images": 3}', "manifest.json: images: expected a text, got 3; generate again"),
        ('{"pairs": [["a"]]}', r"pairs: expected a list of 2, got \['a'\]"),
        ('{"pairs": "a"}', "pairs: expected a list, got 'a'"),
    ],
)
def test_bad_manifest(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_manifest(tmp_path)


@pytest.mark.parametrize("twins", [("0.png", "00.png"), ("0.jpg", "0.png"), ("0.png", "000_vis.png", "00.jpg")])
def test_numbered_duplicates_are_reported(tmp_path: Path, twins: tuple[str, ...]) -> None:
    for name in (*twins, "1.png"):
        picture(tmp_path / name)
    for pairs in (None, [("a", "b"), ("c", "d")]):
        problems = Problems()
        found = find_results(tmp_path, problems, pairs=pairs)
        assert [result.file.name for result in found.values()] == ["1.png"]
        (what,) = problems.found["shown twice"].values()
        assert all(name in what for name in twins)
        with pytest.raises(InputError, match=r"1 of 2 results cannot be scored: 1 shown twice"):
            problems.check(tmp_path, 2, 0)


@pytest.mark.parametrize("named", ["0.png", "0.webp"])
def test_two_targets_of_one_name_are_reported(tmp_path: Path, named: str) -> None:
    for file in (f"generated/{named}", "generated/1.png", "targets/0.png", "targets/0.jpg", "targets/1.png"):
        picture(tmp_path / file)
    problems = Problems()
    found = find_results(tmp_path / "generated", problems, targets=tmp_path / "targets")
    assert list(found) == ["1.jpg"]
    what = problems.found["with several targets"]["0.jpg"]
    assert what == f"0.jpg and 0.png in {tmp_path / 'targets'} fit {named}; remove one of them"


def test_a_target_is_not_guessed_among_suffixes(tmp_path: Path) -> None:
    for file in ("a.jpg___b.jpg.png", "c.jpg___d.jpg.png", "real/b.png", "real/b.webp", "real/d.jpg", "real/d.png"):
        picture(tmp_path / file)
    problems = Problems()
    files = find_targets(tmp_path / "real", find_results(tmp_path), problems)
    assert files == {"c.jpg___d.jpg": tmp_path / "real" / "d.jpg"}  # the very name
    assert problems.found["with several targets"].keys() == {"a.jpg___b.jpg"}


@pytest.mark.parametrize(("content", "message"), [
    (b"generated,target\n1.png,caf\xe9.jpg\n", r"pairs\.csv: not UTF-8 text \(byte 26\)"),
    (b"generated,target\n1.png," + b"b" * 200_000, r"pairs\.csv: not readable as CSV"),
    (b"generated,target\n1.png,b\x1b.jpg", r"pairs\.csv, row 2: 'b\\x1b\.jpg' cannot name an image"),
])  # fmt: skip
def test_a_bad_list_of_files_is_one_error(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "pairs.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        find_results(tmp_path)


@pytest.mark.parametrize("name", ["a___b\n.png", "a___b\x1b[2J.png", os.fsdecode(b"a___b\xff.png")])
def test_names_that_are_no_text_are_problems(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "c___d.png")
    (tmp_path / name).write_bytes((tmp_path / "c___d.png").read_bytes())
    problems = Problems()
    assert list(find_results(tmp_path, problems)) == ["c.jpg___d.jpg"]
    assert problems.found["of a name that is no text"].keys() == {name}
    (tmp_path / "c___d.png").unlink()
    with pytest.raises(InputError, match="no image here has a name that is text"):
        find_results(tmp_path)
