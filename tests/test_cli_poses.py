"""``reposer poses``."""

from pathlib import Path

import pytest
import torch

from reposer.cli import main
from reposer.images import read_image, write_image
from reposer.poses import COCO_17, OPENPOSE_18, read_annotations
from reposer.poses.keypoints import KEYPOINT_FORMATS
from tests.poses.keypoint_files import PLACES, SIZE, flat, landmarks, openpose, openpose_person, write

TRUE = torch.tensor(list(PLACES.values()), dtype=torch.float32)


def fails(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_convert_to_csv_and_to_openpose_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write(tmp_path, "r.json", [{"image_id": "a.jpg", "keypoints": flat(COCO_17)}])
    main(["poses", "convert", str(source), "--out", str(tmp_path / "a.csv")])
    assert capsys.readouterr().out == f"1 poses, 18.0 of 18 joints each on average, in {tmp_path / 'a.csv'}\n"
    assert torch.equal(read_annotations(tmp_path / "a.csv")["a.jpg"].joints, TRUE)
    main(["poses", "convert", str(tmp_path / "a.csv"), "--out", str(tmp_path / "json")])
    assert [path.name for path in (tmp_path / "json").iterdir()] == ["a_keypoints.json"]
    main(["poses", "convert", str(tmp_path / "json"), "--out", str(tmp_path / "again"), "--to", "csv"])
    assert (tmp_path / "again").read_text() == (tmp_path / "a.csv").read_text()


def test_options_reach_the_reader(tmp_path: Path) -> None:
    source = write(tmp_path, "a.json", [landmarks(), [{**p, "visibility": 0.1} for p in landmarks()]])
    options = ["--size", "256x176", "--person", "2", "--threshold", "0.05", "--format", "mediapipe"]
    main(["poses", "convert", str(source), "--out", str(tmp_path / "a.csv"), *options])
    assert torch.allclose(read_annotations(tmp_path / "a.csv")["a.jpg"].joints, TRUE, atol=0.01)


def test_show_draws_over_the_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "abc":
        write_image(tmp_path / f"{name}.png", torch.full((3, *SIZE), 200, dtype=torch.uint8))
        write(tmp_path / "keypoints", f"{name}_keypoints.json", openpose(openpose_person(OPENPOSE_18)))
    out = tmp_path / "sheet.png"
    main(["poses", "show", str(tmp_path / "keypoints"), "--images", str(tmp_path), "--out", str(out), "--most", "2"])
    assert capsys.readouterr().out == f"2 of 3 poses in {out}\n"
    assert read_image(out).shape == (3, 256, 2 * 176 + 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected what to do: reposer poses estimate, convert, show"),
        (["convrt"], "unknown action 'convrt'; did you mean 'convert'"),
        (["convert", "nothing.json", "--out", "a.csv"], "nothing.json: no such file"),
        (["convert", "nothing.json", "--out", "a.csv", "--size", "256"], "expected HEIGHTxWIDTH such as 256x176"),
        (["convert", "nothing.json", "--out", "a.csv", "--size", "0x7"], "size must be from 1 to 16,384"),
        (["convert", "nothing.json", "--out", "a.csv", "--treshold", "1"], "did you mean '--threshold'"),
        (["convert", "nothing.json", "--out", "a.csv", "--threshold", "-1"], "threshold must be at least 0"),
        (["convert", "nothing.json", "--out", "a.csv", "--format", "copo"], "did you mean 'coco'"),
        (["show", "nothing.json", "--out", "a.gif"], "--out needs the name of a .jpg"),
        (["show", "nothing.json", "--out", "a.png", "--most", "0"], "most must be from 1 to 400"),
    ],
)  # fmt: skip
def test_mistakes_get_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(["poses", *arguments], message, capsys)
    assert not list(tmp_path.iterdir())


def test_help_lists_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    main(["poses", "--help"])
    shown = capsys.readouterr().out
    assert all(f"  {name} " in shown for name in KEYPOINT_FORMATS)
