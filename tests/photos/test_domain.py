"""How far a photo is from what a generator was trained on, measured and said."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import reposer
from reposer.checks import InputError
from reposer.config import config_to_json
from reposer.data import PairBatch, PairDataset, collate, open_pairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.models import generator_path, save_network
from reposer.photos.domain import LEAST, Domain, domain_from_json, read_domain, write_domain
from reposer.photos.look import TRAITS, look
from reposer.photos.measuring import domain_of, measure_domain
from reposer.poses import Pose, named_pose
from reposer.training.record import RunRecord

SIZE = (128, 64)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mannequins of another seed than those of the training set, 128 in each split."""
    folder = tmp_path_factory.mktemp("people") / "data"
    config = MannequinConfig(identities=32, test_identities=16, test_pairs=2000, seed=4321, part_masks=False)
    make_mannequins(folder, config)
    return folder


def unseen(folder: Path) -> PairBatch:
    """Each image of the test split once, as a source."""
    index = open_pairs(folder, "test")
    names = sorted({pair[0] for pair in index.pairs})
    dataset = PairDataset(replace(index, pairs=tuple((name, name) for name in names)))
    return collate([dataset[i] for i in range(len(dataset))])


def shipped() -> Domain:
    domain = reposer.load_generator("mannequin").about.domain
    assert domain is not None
    return domain


def numbers(batch: PairBatch, images: torch.Tensor | None = None) -> torch.Tensor:
    return look(batch.source if images is None else images, batch.source_joints, batch.source_visible)


def test_people_that_nobody_has_seen_are_hardly_ever_called_far(people: Path) -> None:
    batch = unseen(people)
    assert len(batch) == 128
    assert (shipped().distances(numbers(batch)) > shipped().limit).float().mean() <= 0.03


@pytest.mark.parametrize("change", ["noise", "bright", "grey", "coarse"])
def test_pictures_that_look_otherwise_are_further_and_mostly_called_far(people: Path, change: str) -> None:
    batch = unseen(people)
    images = batch.source.float()
    noise = 25 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    changed = {
        "noise": images + noise,
        "bright": 140 + 0.45 * images,
        "grey": images.mean(dim=1, keepdim=True).expand_as(images),
        "coarse": torch.nn.functional.interpolate(images[..., ::4, ::4], scale_factor=4.0),
    }[change]
    distances = shipped().distances(numbers(batch, changed.round().clamp(0, 255).byte()))
    if change != "grey":  # which is further, but some clothes and walls are grey
        assert (distances > shipped().limit).float().mean() > 0.6
    assert (distances > shipped().distances(numbers(batch))).float().mean() > 0.9


def test_a_sentence_names_what_differs(people: Path) -> None:
    batch = unseen(people)
    noisy = (batch.source[0].float() + 40 * torch.randn(3, *SIZE)).clamp(0, 255).byte()
    said = shipped().doubt(noisy, batch.source_joints[0], batch.source_visible[0])
    assert said is not None
    assert re.match(
        r"this photo lies far from .* \(distance \d+\.\d; 99% of its training images lie within 4\.8\)", said
    )
    assert "more grainy" in said
    assert "\n" not in said


def test_a_person_who_is_small_in_the_frame_is_said_to_be(people: Path) -> None:
    batch = unseen(people)
    pose = named_pose("standing", SIZE)
    joints = pose.joints * 0.3 + torch.tensor([22.0, 44.0])
    said = shipped().doubt(batch.source[0], joints, pose.visible)
    assert said is not None
    assert re.search(r"the person fills less of the height \(2\d%, there mostly about 79%\)", said)


def test_an_ordinary_picture_leaves_nothing_to_say(people: Path) -> None:
    batch = unseen(people)
    nearest = int(shipped().distances(numbers(batch)).argmin())
    assert shipped().doubt(batch.source[nearest], batch.source_joints[nearest], batch.source_visible[nearest]) is None


def test_a_domain_is_measured_written_and_read(people: Path, tmp_path: Path) -> None:
    domain = measure_domain(open_pairs(people, "train"))
    assert domain is not None
    assert domain.images == 128
    assert domain.whole.stature == pytest.approx(0.79, abs=0.02)
    assert domain.whole.hips == pytest.approx((0.5, 0.5), abs=0.02)
    assert domain.part is None
    write_domain(tmp_path, domain)
    assert read_domain(tmp_path) == domain
    assert read_domain(tmp_path / "nowhere") is None
    few = measure_domain(open_pairs(people, "train"), most=LEAST - 2)
    assert few is None


def test_what_is_measured_is_what_the_formula_says(people: Path) -> None:
    batch = unseen(people)
    found = numbers(batch).double()
    domain = shipped()
    mean, covariance = torch.tensor(domain.mean).double(), torch.tensor(domain.covariance).double()
    inverse = torch.linalg.inv(covariance + 0.2 * covariance.diag().diag())
    off = torch.where(found.isnan(), mean, found) - mean
    assert torch.allclose(domain.distances(found), torch.einsum("bi,ij,bj->b", off, inverse, off).sqrt(), atol=1e-6)


def test_numbers_of_a_simple_picture() -> None:
    pose = named_pose("standing", SIZE)
    plain = torch.tensor([200, 100, 50], dtype=torch.uint8)[:, None, None].expand(3, *SIZE)
    values = dict(zip(TRAITS, look(plain[None], pose.joints[None], pose.visible[None])[0].tolist(), strict=True))
    light = (0.299 * 200 + 0.587 * 100 + 0.114 * 50) / 255
    for where in ("person", "background"):
        assert values[f"{where}_light"] == pytest.approx(light, abs=1e-5)
        assert values[f"{where}_contrast"] == pytest.approx(0, abs=1e-3)
        assert values[f"{where}_colour"] == pytest.approx(150 / 255, abs=1e-5)
        assert values[f"{where}_detail"] == pytest.approx(-4.605, abs=1e-2)
        assert values[f"{where}_grain"] == pytest.approx(-4.605, abs=1e-2)
    assert values["stature"] == pytest.approx(0.8, abs=0.03)
    assert values["joints"] == 1.0


def test_a_damaged_domain_is_refused_and_one_of_other_numbers_is_none(tmp_path: Path) -> None:
    content = shipped().to_json()
    assert domain_from_json(content, "x") == shipped()
    assert domain_from_json({**content, "traits": ["other"]}, "x") is None
    crooked = [list(row) for row in content["covariance"]]
    crooked[0][1] += 1
    for change in ({"mean": [1.0]}, {"covariance": crooked}, {"limit": -1}, {"limit": float("inf")}, {"images": 3}):
        with pytest.raises(InputError, match=r"^x: "):
            domain_from_json({**content, **change}, "x")
    (tmp_path / "domain.json").write_text(json.dumps([1]))
    with pytest.raises(InputError, match=r"domain\.json: expected a domain, as training writes it"):
        read_domain(tmp_path)


def test_a_saved_generator_keeps_its_domain(tmp_path: Path) -> None:
    generator = reposer.load_generator("mannequin")
    generator.save_pretrained(tmp_path / "saved")
    assert reposer.load_generator(tmp_path / "saved" / "model.safetensors").about.domain == shipped()


def test_of_a_run_whose_data_are_there_it_is_measured_once(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    run = tmp_path / "run"
    generator = reposer.load_generator("mannequin")
    (run / "checkpoints").mkdir(parents=True)
    save_network(
        generator_path(run / "checkpoints", 1),
        generator.network,
        config=config_to_json(generator.config),
        recipe="x",
        step=1,
    )
    assert domain_of(reposer.load_generator(run)) is None, "nothing tells where its data are"
    RunRecord.of(people, PairDataset(open_pairs(people, "train"))).write(run)
    with monkeypatch.context() as patch:
        patch.setattr("reposer.photos.measuring.write_domain", refuse)
        unwritten = domain_of(reposer.load_generator(run))
    domain = domain_of(reposer.load_generator(run))
    assert domain == unwritten, "a folder that cannot be written changes nothing"
    assert domain is not None
    assert domain.images == 128
    assert reposer.load_generator(run).about.domain == domain
    assert read_domain(run) == domain
    (run / "domain.json").unlink()
    RunRecord(data=str(people), pairs=1, digest="of others").write(run)
    assert domain_of(reposer.load_generator(run)) is None


def test_half_people_are_framed_as_half_people_are_in_the_data_set(people: Path, tmp_path: Path) -> None:
    """As in DeepFashion, which has whole people and half ones, larger."""
    index = open_pairs(people, "train")
    half = set(sorted(index.poses)[::2])
    legs = torch.isin(torch.arange(18), torch.tensor([9, 10, 12, 13]))

    def enlarged(pose: Pose) -> Pose:
        joints = (pose.joints - torch.tensor([32.0, 30.0])) * 1.8 + torch.tensor([32.0, 30.0])
        return Pose(joints.clamp(torch.zeros(2), torch.tensor([63.0, 127.0])), pose.visible & ~legs)

    poses = {name: enlarged(pose) if name in half else pose for name, pose in index.poses.items()}
    domain = measure_domain(replace(index, poses=poses))
    assert domain is not None
    assert domain.part is not None
    assert domain.whole.stature == pytest.approx(0.79, abs=0.02)
    assert domain.part.stature > 1.2
    assert domain.part.hips[1] > domain.whole.hips[1] + 0.1
    visible = torch.ones(18, dtype=torch.bool)
    assert domain.framing(visible) == domain.whole
    assert domain.framing(visible & ~legs) == domain.part
    write_domain(tmp_path, domain)
    assert read_domain(tmp_path) == domain
