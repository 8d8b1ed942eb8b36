"""The generator in the package: small, loaded by its name, and better than copying on people drawn anew."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import reposer
from reposer.data import MANNEQUINS, PairDataset, collate, open_pairs
from reposer.data.mannequin import MannequinConfig, make_mannequins
from reposer.generator import SHIPPED
from reposer.images import to_signed, to_uint8
from reposer.metrics import l1, mask_l1, sharpness, ssim
from reposer.poses import body_mask
from reposer.recipes import recipe

FOLDER = Path(str(SHIPPED / "mannequin"))


def test_it_comes_with_all_that_made_it() -> None:
    assert (FOLDER / "model.safetensors").stat().st_size < 15 * 2**20
    config = recipe("mannequin-small")
    assert reposer.load_generator("mannequin").config == replace(config, data=replace(config.data, **MANNEQUINS))
    made = json.loads((FOLDER / "made.json").read_text())
    assert made["mannequins"]["clothing"] == "full"
    assert any("reposer train mannequin-small" in command for command in made["commands"])
    log = [json.loads(line) for line in (FOLDER / "metrics.jsonl").read_text().splitlines()]
    assert log[-1]["step"] == recipe("mannequin-small").optimization.steps
    scores = json.loads((FOLDER / "scores.json").read_text())["reposer-1"]
    card = (FOLDER / "README.md").read_text()
    for score in scores["generated"]:
        assert score["n"] == made["mannequins"]["test_pairs"]
        assert f"{score['value']:.4f}" in card


@pytest.mark.slow
def test_it_reposes_people_that_nobody_has_seen(tmp_path: Path) -> None:
    """Drawn with another seed than its training set."""
    make_mannequins(tmp_path / "data", MannequinConfig(identities=13, test_identities=12, test_pairs=48, seed=12345))
    index = open_pairs(tmp_path / "data", "test")
    batch = collate([PairDataset(index)[i] for i in range(48)])
    generator = reposer.load_generator("mannequin")
    joints = batch.source_joints, batch.source_visible, batch.target_joints, batch.target_visible
    generated = to_uint8(generator.repose(to_signed(batch.source), *joints))
    body = body_mask(batch.target_joints, batch.target_visible, index.size)
    assert ssim(generated, batch.target).mean() > ssim(batch.source, batch.target).mean() + 0.2
    assert l1(generated, batch.target).mean() < 0.8 * l1(batch.source, batch.target).mean()
    inside, copied = (mask_l1(images, batch.target, body_mask=body).mean() for images in (generated, batch.source))
    assert inside < 0.65 * copied
    assert 0.7 < sharpness(generated, batch.target, body_mask=body).mean() < 1.0
