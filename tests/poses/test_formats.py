"""Annotation and pair files: what is read, what is written, and what every mistake is told."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from reposer.checks import InputError, printable
from reposer.poses import Pose, read_annotations, read_pairs, write_annotations, write_pairs

HEADER = "name:keypoints_y:keypoints_x"
Y = [10, -1, *range(20, 36)]
X = [5, 6, -1, *range(40, 55)]
NAMES = st.text(min_size=1).map(str.strip).filter(lambda name: name != "" and printable(name) == name)


def annotations(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "annotations.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def pairs(folder: Path, text: str) -> Path:
    path = folder / "pairs.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_annotations(tmp_path: Path) -> None:
    """In the file y comes first, in the pose x; -1 in either list is a missing joint."""
    poses = read_annotations(annotations(tmp_path, f"b.jpg: {Y}: {X}", f"a.jpg:{Y}:{X}"))
    assert list(poses) == ["b.jpg", "a.jpg"]
    for pose in poses.values():
        assert pose.joints.dtype == torch.float32
        assert pose.visible.tolist() == [True, False, False, *[True] * 15]
        assert pose.joints[0].tolist() == [5, 10]
        assert pose.joints[1:3].eq(0).all()
        assert pose.joints[3:].tolist() == [[x, y] for x, y in zip(X[3:], Y[3:], strict=True)]


@pytest.mark.parametrize("text", [
    f"\ufeff{HEADER}\na.jpg: {Y}: {X}",
    f"{HEADER}\r\na.jpg: {Y}: {X}\r\n",
    f"{HEADER}\n\n a.jpg : {Y}: {X} \n\n",
])  # fmt: skip
def test_byte_order_mark_line_ends_and_spaces(tmp_path: Path, text: str) -> None:
    path = tmp_path / "annotations.csv"
    path.write_bytes(text.encode())
    assert list(read_annotations(path)) == ["a.jpg"]


def test_no_rows(tmp_path: Path) -> None:
    assert read_annotations(annotations(tmp_path)) == {}


@pytest.mark.parametrize(("x", "seen"), [(39, None), (40, 0), (215, 175), (216, None)])
def test_shift_and_width(tmp_path: Path, x: int, seen: int | None) -> None:
    path = annotations(tmp_path, f"a.jpg: {[7] * 18}: {[100] * 17 + [x]}")
    pose = read_annotations(path, shift_x=-40, width=176)["a.jpg"]
    assert pose.joints[:17].tolist() == [[60, 7]] * 17
    assert pose.visible.tolist() == [True] * 17 + [seen is not None]
    assert pose.joints[17].tolist() == ([0, 0] if seen is None else [seen, 7])


def test_annotations_round_trip(tmp_path: Path) -> None:
    visible = torch.arange(18) % 3 > 0
    joints = torch.stack([torch.arange(18) * 3.0, 255 - torch.arange(18.0)], dim=1) * visible[:, None]
    nobody = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))
    path = tmp_path / "annotations.csv"
    write_annotations(path, {"a.jpg": Pose(joints, visible), "-1_c1.jpg": nobody})
    again = read_annotations(path)
    assert list(again) == ["a.jpg", "-1_c1.jpg"]
    assert torch.equal(again["a.jpg"].joints, joints)
    assert torch.equal(again["a.jpg"].visible, visible)
    assert not again["-1_c1.jpg"].visible.any()
    first = path.read_text()
    write_annotations(path, again)
    assert path.read_text() == first
    assert list(tmp_path.iterdir()) == [path]


def test_annotations_keep_two_decimals(tmp_path: Path) -> None:
    joints = torch.arange(36.0).view(18, 2) + 0.126
    joints[0] = torch.tensor([3.0, 4.999])
    write_annotations(tmp_path / "a.csv", {"a.jpg": Pose(joints, torch.ones(18, dtype=torch.bool))})
    _, ys, xs = (tmp_path / "a.csv").read_text().splitlines()[1].split(": ")
    assert ys.startswith("[5, 3.13, ")
    assert xs.startswith("[3, 2.13, ")
    again = read_annotations(tmp_path / "a.csv")["a.jpg"].joints
    assert (again - joints).abs().max() <= 0.005 + 1e-5


@pytest.mark.parametrize(("row", "message"), [
    (f"a.jpg: {Y}", "expected 'NAME: [y of 18 joints]: [x of 18 joints]', got 'a.jpg: [10, -1, 20, 21,"),
    (f"a.jpg,{Y},{X}", "expected 'NAME: [y of 18 joints]: [x of 18 joints]', got 'a.jpg,[10, -1, 20, 21,"),
    (f"a.jpg: {Y[1:]}: {X}",
     "expected 18 joints (OpenPose order) for y, got 17; convert other skeletons first"),
    (f"a.jpg: {Y}: {[*X, *X[:7]]}",
     "expected 18 joints (OpenPose order) for x, got 25; convert other skeletons first"),
    (f"a.jpg: {Y}: 1 2 3", "expected a list of 18 numbers for x, got '1 2 3'"),
    (f"a.jpg: {{}}: {X}", "expected a list of 18 numbers for y, got '{}'"),
    (f'a.jpg: {Y}: ["1"]', "expected a list of 18 numbers for x, got '[\"1\"]'"),
    (f"a.jpg: {Y}: [NaN]", "expected a list of 18 numbers for x, got '[NaN]'"),
    (f"a.jpg: {Y}: [1e999]", "expected a list of 18 numbers for x, got '[1e999]'"),
    (f"a.jpg: {Y}: [1, 2, 1e39]", "expected a list of 18 numbers for x, got '[1, 2, 1e39]'; number 3 is 1e+39"),
    (f"a.jpg: {[1, 2**24 + 1]}: {X}", "expected a list of 18 numbers for y, got '[1, 16777217]'; number 2 is 16777217"),
    (f"a.jpg: {Y}: [true, 2]", "expected a list of 18 numbers for x, got '[true, 2]'; number 1 is true"),
    (f'a.jpg: {Y}: [1, "2"]', "expected a list of 18 numbers for x, got '[1, \"2\"]'; number 2 is \"2\""),
    (f"a.jpg: {Y}: [1, null]", "expected a list of 18 numbers for x, got '[1, null]'; number 2 is null"),
    (f"a.jpg: {Y}: [{'9' * 400}]", f"expected a list of 18 numbers for x, got '[{'9' * 39}'; number 1 is 9"),
    (f"a.jpg: {Y}: [{'9' * 5000}]", "expected a list of 18 numbers for x, got '[9"),
    (f"a.jpg: {Y}: {'[' * 100_000}", "expected a list of 18 numbers for x, got '[[["),
    (f": {Y}: {X}", "'' cannot name an image here; rename the image"),
    (f"a\x1b[31m.jpg: {Y}: {X}", "'a\\x1b[31m.jpg' cannot name an image here; rename the image"),
    (f"a\u2028.jpg: {Y}: {X}", "'a\\u2028.jpg' cannot name an image here; rename the image"),
    (f"0.jpg: {Y}: {X}", "0.jpg stands twice in this file; remove one of the two rows"),
])  # fmt: skip
def test_bad_annotation_rows(tmp_path: Path, row: str, message: str) -> None:
    path = annotations(tmp_path, f"0.jpg: {Y}: {X}", row)
    with pytest.raises(InputError) as error:
        read_annotations(path)
    assert str(error.value).startswith(f"{path}, row 3: {message}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("header", ["", "name,keypoints_y,keypoints_x", f"a.jpg: {Y}: {X}"])
def test_annotations_without_header(tmp_path: Path, header: str) -> None:
    path = annotations(tmp_path, header=header)
    with pytest.raises(InputError) as error:
        read_annotations(path)
    assert str(error.value) == f"{path}: expected the header '{HEADER}' in row 1"


@pytest.mark.parametrize("read", [read_annotations, read_pairs])
def test_files_that_cannot_be_read(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0")
    for path, message in (
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "a CSV file was expected, this is a folder"),
        (picture, "a CSV text file was expected, this is not text"),
    ):
        with pytest.raises(InputError) as error:
            read(path)
        assert str(error.value) == f"{path}: {message}"


def test_pairs(tmp_path: Path) -> None:
    path = pairs(tmp_path, "from,to\nb.jpg,a.jpg\n\nb.jpg, a.jpg \r\na.jpg,b.jpg")
    assert read_pairs(path) == [("b.jpg", "a.jpg"), ("b.jpg", "a.jpg"), ("a.jpg", "b.jpg")]


def test_pairs_round_trip(tmp_path: Path) -> None:
    listed = [("b.jpg", "a.jpg"), ("a.jpg", "b.jpg"), ("b.jpg", "a.jpg")]
    write_pairs(tmp_path / "pairs.csv", listed)
    assert (tmp_path / "pairs.csv").read_text().splitlines()[0] == "from,to"
    assert read_pairs(tmp_path / "pairs.csv") == listed


@pytest.mark.parametrize("row", ["a.jpg", "a.jpg,", ",b.jpg", "a.jpg,b.jpg,c.jpg"])
def test_bad_pair_rows(tmp_path: Path, row: str) -> None:
    path = pairs(tmp_path, f"from,to\na.jpg,b.jpg\n{row}\n")
    with pytest.raises(InputError) as error:
        read_pairs(path)
    assert str(error.value) == f"{path}, row 3: expected 'SOURCE,TARGET', got '{row}'"


@pytest.mark.parametrize("text", ["", "a.jpg,b.jpg\n", "to,from\n"])
def test_pairs_without_header(tmp_path: Path, text: str) -> None:
    path = pairs(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_pairs(path)
    assert str(error.value) == f"{path}: expected the header 'from,to' in row 1"


def test_coordinates_are_exact_as_far_as_they_go(tmp_path: Path) -> None:
    row = [2**24, 2**24 - 1, *range(16)]
    joints = read_annotations(annotations(tmp_path, f"a.jpg: {row}: {row}"))["a.jpg"].joints
    assert joints.isfinite().all()
    assert joints[:, 0].long().tolist() == row


@pytest.mark.parametrize(("row", "message"), [
    (f"a.jpg,{'b' * 200_000}", "expected 'SOURCE,TARGET', got 'a.jpg,bbb"),
    ("a.jpg,b\x07.jpg", "'b\\x07.jpg' cannot name an image here"),
])  # fmt: skip
def test_bad_rows_of_pairs(tmp_path: Path, row: str, message: str) -> None:
    path = pairs(tmp_path, f"from,to\na.jpg,b.jpg\n{row}\n")
    with pytest.raises(InputError) as error:
        read_pairs(path)
    assert str(error.value).startswith(f"{path}, row 3: {message}")
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("read", [read_annotations, read_pairs])
def test_a_pipe_is_refused_at_once(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match=r"pipe\.csv: .*no regular file"):
        read(tmp_path / "pipe.csv")


@pytest.mark.parametrize("name", ["", "a\nb.jpg", "a\rb.jpg", " a.jpg", "a\udcff.jpg", "a\x1b.jpg"])
def test_a_name_that_a_file_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    nobody = Pose(torch.zeros(18, 2), torch.zeros(18, dtype=torch.bool))
    with pytest.raises(InputError, match="cannot name an image here"):
        write_annotations(tmp_path / "a.csv", {name: nobody})
    with pytest.raises(InputError, match="cannot name an image here"):
        write_pairs(tmp_path / "p.csv", [("a.jpg", name)])
    assert list(tmp_path.iterdir()) == []


@given(st.lists(st.tuples(NAMES, NAMES)))
def test_pairs_of_any_names_come_back(tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "pairs-of-any-names.csv"
    write_pairs(path, names)
    assert read_pairs(path) == names
