"""Data sets of people on disk: layouts, lists, truth, cross pairs, determinism, going on."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tests.small_run import SMALL

from reposer.checks import InputError
from reposer.data import PEOPLE, DataConfig, PairDataset, collate, open_pairs
from reposer.data.cache import choose_place
from reposer.data.people import PART_NAMES, PeopleConfig, dataset, make_people
from reposer.data.people.records import read_record
from reposer.data.people.setups import kind_of_place, pose_of
from reposer.diagnosis import diagnose_data
from reposer.evaluation import evaluate
from reposer.generation import asked_poses, generate
from reposer.generator import Generator
from reposer.locks import lock
from reposer.models import build_generator
from reposer.poses import read_annotations, read_pairs
from reposer.protocols import PROTOCOLS

FEW = PeopleConfig(identities=2, images_per_identity=2, test_identities=1, size=(64, 32), workers=1, seed=7)
CROSS = replace(FEW, identities=4, test_identities=2, pairs="cross")


def hashes(folder: Path, only: str = "**/*") -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob(only))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("people") / "few"
    make_people(out, FEW)
    return out


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("people") / "cross"
    make_people(out, CROSS)
    return out


def test_market_layout(few: Path) -> None:
    assert sorted(path.name for path in few.iterdir()) == [
        "contact-sheet.png",
        "dataset.json",
        *(f"market-{what}-{split}.csv" for what in ("annotation", "pairs") for split in ("test", "train")),
        *("part-masks", "test", "train", "truth"),
    ]
    for split in ("train", "test"):
        images = sorted(path.name for path in (few / split).iterdir())
        assert len(images) == 2
        assert all(re.fullmatch(r"\d{4}_c[1-6]s1_\d{6}_01\.jpg", name) for name in images)
        poses = read_annotations(few / f"market-annotation-{split}.csv")
        assert sorted(poses) == images
        assert sorted(read_pairs(few / f"market-pairs-{split}.csv")) == [tuple(images), tuple(images[::-1])]
        truth = sorted(path.name for path in (few / "truth" / split).iterdir())
        assert truth == sorted([f"{images[0][:4]}.npz", *(name.replace(".jpg", ".npz") for name in images)])
        for name in images:
            assert cv2.imread(str(few / split / name)).shape == (64, 32, 3)
            joints = poses[name].joints[poses[name].visible]
            assert ((joints >= 0) & (joints <= torch.tensor([31, 63]))).all()
    told = json.loads((few / "dataset.json").read_text())
    assert (told["name"], told["license"], told["exact_keypoints"]) == (*PEOPLE.values(), True)
    assert told["part_names"] == list(PART_NAMES)
    assert DataConfig().of_folder(few) == DataConfig(**PEOPLE)


def test_doctor_finds_nothing_to_complain_about(few: Path, cross: Path, tmp_path: Path) -> None:
    for folder in (few, cross):
        diagnosis = diagnose_data(folder, out=tmp_path / "skeletons.png", workers=1)
        assert [finding for finding in diagnosis.findings if finding.level != "note"] == []
        assert re.search(r"train (people|mannequin)-\w+ --data", diagnosis.next)


def test_pairs_carry_flow_visibility_and_parts(few: Path) -> None:
    plain, known = (PairDataset(open_pairs(few, "train"), flip=True, truth=truth) for truth in (False, True))
    assert plain[0].flow is None
    batch = collate([known[i] for i in range(4)])
    assert batch.truth is not None
    flow, seen, parts = batch.truth
    assert (flow.shape, seen.shape, parts.shape) == ((4, 2, 64, 32), (4, 64, 32), (4, 64, 32))
    assert 0.05 < float((parts > 0).float().mean()) < 0.8
    assert seen.any()
    assert (flow[(parts == 0)[:, None].expand_as(flow)] == 0).all()
    assert not (seen & (parts == 0)).any()
    for item, pair in enumerate(batch.pair_ids[:2]):
        mask = cv2.imread(str(few / "part-masks/train" / pair.split("___")[1].replace("jpg", "png")), -1)
        assert np.array_equal(parts[item].numpy(), mask)
    assert batch.source_parts is not None
    assert torch.equal(batch.source_parts[[0, 1]], parts[[1, 0]])  # both pairs, there and back
    assert torch.equal(batch.source_parts[[2, 3]], parts[[3, 2]])
    # In a mirror, what was at x is at W - 1 - x, in target and source, and left is right.
    there = (parts[:2] > 0).flip(-1)
    assert torch.equal(flow[2:, 1], flow[:2, 1].flip(-1))
    assert torch.allclose(flow[2:, 0][there], 31 - flow[:2, 0].flip(-1)[there])
    assert torch.equal(seen[2:], seen[:2].flip(-1))
    names = {a: PART_NAMES[int(b)] for a, b in zip(parts[:2].flip(-1).ravel().tolist(), parts[2:].ravel(), strict=True)}
    swap = {"left": "right", "right": "left"}
    assert names == {value: " ".join(swap.get(w, w) for w in PART_NAMES[value].split()) for value in names}


def test_truth_that_is_not_there_is_told(few: Path, tmp_path: Path) -> None:
    index = open_pairs(few, "train")
    with pytest.raises(InputError, match="no truth of the train split; make the data with 'reposer people --truth"):
        PairDataset(replace(index, truth=None), truth=True)
    with pytest.raises(InputError, match=r"keeps images alone, --data\.truth needs more; use --data\.cache none"):
        choose_place("memory", PairDataset(index, truth=True), torch.device("cpu"))
    assert choose_place("auto", PairDataset(index, truth=True), torch.device("cpu")) == "none"
    with pytest.raises(InputError, match=r"truth of a picture of 64x32 pixels, the data set has 64x40"):
        PairDataset(replace(index, size=(64, 40)), truth=True)._known(*index.pairs[0], mirrored=False)


def test_stopped_it_goes_on_and_ends_as_if_nothing_had_happened(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_people(tmp_path / "out", FEW, stop)
    assert [path.name for path in tmp_path.iterdir()] == [".out.part"]
    with pytest.raises(InputError, match=r"\.out\.part: holds people who were begun with other seed; finish"):
        make_people(tmp_path / "out", replace(FEW, seed=8))
    drawn, draw, counts = [], dataset.draw_person, []
    monkeypatch.setattr(dataset, "draw_person", lambda task, **more: (drawn.append(task), draw(task, **more)))
    make_people(tmp_path / "out", FEW, lambda done, total: counts.append((done, total)))
    assert len(drawn) == 1
    assert counts == [(2, 4), (4, 4)]
    assert hashes(tmp_path / "out") == hashes(few)


def test_what_was_damaged_meanwhile_is_drawn_again(few: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_people(tmp_path / "out", FEW, stop)
    part = tmp_path / ".out.part"
    assert read_record(part, 1) is not None
    next((part / "test").iterdir()).write_bytes(b"half a pictu")
    record = part / ".people" / "2.json"
    record.write_text(record.read_text().replace("true", "false", 1))
    assert [read_record(part, identity) for identity in (1, 2, 3)] == [None, None, None]
    make_people(tmp_path / "out", FEW)
    assert hashes(tmp_path / "out") == hashes(few)


@pytest.mark.slow
def test_bit_identical_on_any_number_of_workers(tmp_path: Path) -> None:
    config = replace(FEW, identities=4, images_per_identity=16)
    for workers in (1, 2):
        make_people(tmp_path / str(workers), replace(config, workers=workers))
    assert hashes(tmp_path / "1") == hashes(tmp_path / "2")


def test_deepfashion_layout_in_a_studio(tmp_path: Path) -> None:
    out, config = tmp_path / "out", replace(FEW, layout="deepfashion", truth="none", seed=9)
    make_people(out, replace(config, images_per_identity=4))
    pattern = r"fashion(WOMEN|MEN)[A-Z][A-Za-z_]+id\d{8}01_\d*[123](front|side|back)\.jpg"
    for split in ("train", "test"):
        images = sorted(path.name for path in (out / split).iterdir())
        assert all(re.fullmatch(pattern, name) for name in images)
        assert sorted((out / f"{split}.lst").read_text().split()) == images
        pairs = read_pairs(out / f"fasion-resize-pairs-{split}.csv")
        assert all(a.rsplit("_", 1)[0] == b.rsplit("_", 1)[0] and a != b for a, b in pairs)
    assert not (out / "truth").exists()
    assert not (out / "part-masks").exists()
    assert open_pairs(out, "train").size == (64, 32)


def test_an_estimators_errors_stand_beside_the_exact_keypoints(few: Path, tmp_path: Path) -> None:
    make_people(tmp_path / "out", replace(FEW, keypoint_noise=1.0, truth="none", images_per_identity=4))
    told = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert told["exact_keypoints"] is False
    moved = []
    for split in ("train", "test"):
        noisy, exact = (read_annotations(tmp_path / "out" / name.format(split=split)) for name in
                        ("market-annotation-{split}.csv", "exact-keypoints-{split}.csv"))  # fmt: skip
        before = read_annotations(few / f"market-annotation-{split}.csv")
        assert all(torch.equal(exact[name].joints, pose.joints) for name, pose in before.items() if name in exact)
        for name, pose in noisy.items():
            both = pose.visible & exact[name].visible
            moved.append((pose.joints - exact[name].joints)[both].norm(dim=-1))
    assert 0.1 < float(torch.cat(moved).median()) < 3


def test_cross_pairs_show_a_person_in_the_pose_of_another(cross: Path) -> None:
    for split in ("train", "test"):
        index = open_pairs(cross, split)
        assert index.pose_of is not None
        for source, target in index.pairs:
            other = index.pose_of[target]
            assert source[:4] == target[:4] != other[:4]
            assert (source[7:9], target[7:9], other[7:9]) == ("s1", "s2", "s1")
            assert target[6] == other[6], "the camera is that of the other"
            own, theirs = index.poses[target], index.poses[other]
            both = own.visible & theirs.visible
            apart = (own.joints - theirs.joints)[both].norm(dim=-1).mean() / 64
            assert 0.001 < apart < 0.1, "in the same pose, but another body"


def test_what_of_cross_pairs_is_asked_for(cross: Path, few: Path) -> None:
    index = open_pairs(cross, "test")
    assert index.pose_of is not None
    assert asked_poses(index, "target") is None
    assert asked_poses(open_pairs(few, "test")) is None
    with pytest.raises(InputError, match=r"poses of their own; --pose-of other needs cross-identity pairs"):
        asked_poses(open_pairs(few, "test"), "other")
    plain, fitted = asked_poses(index), asked_poses(index, retarget=True)
    assert plain is not None
    assert fitted is not None
    assert (plain[1], fitted[1]) == ("other", "other-retargeted")
    for (_, target), as_is, there in zip(index.pairs, plain[0], fitted[0], strict=True):
        assert torch.equal(as_is.joints, index.poses[index.pose_of[target]].joints)
        assert 0 < (there.joints - as_is.joints)[there.visible].norm(dim=-1).mean() < 6


def test_scores_say_which_poses_were_given(cross: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    config = replace(SMALL, size=(64, 32))
    generator, index = Generator(build_generator(config.generator), config), open_pairs(cross, "test")
    protocol = replace(PROTOCOLS["patn-market"], size=(64, 32))
    given = {}
    for name, options in {"target": {"pose_of": "target"}, "other": {}, "fitted": {"retarget": True}}.items():
        generate(generator, index, tmp_path / name, **options)  # type: ignore[arg-type]
        evaluation = evaluate(tmp_path / name, protocol=protocol, metrics=("l1",))
        given[name] = evaluation.signature.get("given")
        poses = read_annotations(tmp_path / name / "annotations.csv")
        assert torch.equal(poses[index.pairs[0][1]].joints, index.poses[index.pairs[0][1]].joints)
    assert given == {"target": None, "other": "other", "fitted": "other-retargeted"}
    with pytest.raises(InputError, match="holds results of other given"):
        generate(generator, index, tmp_path / "fitted")


def test_a_list_of_poses_that_does_not_fit_is_told(cross: Path, tmp_path: Path) -> None:
    for path in cross.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "test").symlink_to(cross / "test")
    listed = tmp_path / "cross-poses-test.csv"
    text = listed.read_text()
    listed.write_text(text.splitlines()[0] + "\n")
    with pytest.raises(
        InputError, match=r"cross-poses-test\.csv: expected a row for each target of the pairs; missing"
    ):
        open_pairs(tmp_path, "test")
    listed.write_text(re.sub(r"^0", "9", text, flags=re.MULTILINE))
    with pytest.raises(InputError, match=r"names images without a row in .*market-annotation-test\.csv"):
        open_pairs(tmp_path, "test")


def test_folders_of_others_are_left_alone(few: Path, tmp_path: Path) -> None:
    before = hashes(few)
    with pytest.raises(InputError, match="out must be a new or an empty folder"):
        make_people(few, FEW)
    assert hashes(few) == before
    (tmp_path / ".out.part").mkdir()
    (tmp_path / ".out.part" / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=r"expected what a stopped 'reposer people' left, found 'thesis\.tex'"):
        make_people(tmp_path / "out", FEW)
    (tmp_path / ".linked.part").symlink_to(tmp_path)
    with pytest.raises(InputError, match="this is a link"):
        make_people(tmp_path / "linked", FEW)
    with lock(tmp_path / ".held.part", "reposer people"), pytest.raises(InputError, match="in use by reposer people"):
        make_people(tmp_path / "held", FEW)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"identities": 1}, "identities must be at least 2, got 1"),
        ({"identities": 10_000}, "identities must be at most 9999 for layout 'market', got 10000"),
        ({"identities": 3, "pairs": "cross"}, "identities must be at least 4 for cross pairs, 2 in each split"),
        ({"test_identities": 1, "pairs": "cross"}, "test_identities must be from 2 to 198, got 1"),
        ({"test_identities": 200}, "test_identities must be from 1 to 199, got 200"),
        ({"images_per_identity": 1}, "images_per_identity must be at least 2, got 1"),
        ({"size": (8, 64)}, "size must be from 16 to 1,024, got 8"),
        ({"scene": "moon"}, "unknown scene 'moon' (known: auto, studio, street, mixed)"),
        ({"truth": "all"}, "unknown truth 'all' (known: none, parts, surface)"),
        ({"keypoint_noise": -1.0}, "keypoint_noise must be from 0 to 4, got -1"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_config_errors(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        PeopleConfig(**changes)  # type: ignore[arg-type]


def test_people_of_mixed_places_take_poses_from_their_like() -> None:
    config = PeopleConfig(identities=80, images_per_identity=4, test_identities=40, scene="mixed", pairs="cross")
    kinds = [kind_of_place(config, identity) for identity in config.people["test"]]
    assert 10 < kinds.count("studio") < 30
    for identity in config.people["test"]:
        assert [pose_of(config, "test", identity, index) for index in (0, 1)] == [(identity, 0), (identity, 1)]
        other, index = pose_of(config, "test", identity, 2)
        assert other != identity
        assert other in config.people["test"]
        assert index in (0, 1)
        assert kind_of_place(config, other) == kind_of_place(config, identity)
