"""The catalogue of layouts: a third one is a value and a line, and everything works with it."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
import torch
from tests.folders import MakeMarket, pose
from tests.small_run import SMALL

from reposer.checks import InputError
from reposer.cli import main
from reposer.config import config_from_json
from reposer.data import LAYOUTS, MANNEQUINS, DataConfig, Layout, layouts, open_layout, open_pairs
from reposer.generator import load_generator
from reposer.images import write_image
from reposer.poses import write_annotations
from reposer.training import train

STUDIO = Layout(
    name="studio",
    title="our studio",
    license="cc-by-4.0",
    size=(128, 64),
    folders=("pictures/{split}",),
    annotations=("keypoints-{split}.csv",),
    pairs=("pairs-{split}.csv",),
    identity_of=lambda name: name.split("-")[0],
)
TWO_STEPS = replace(
    SMALL, optimization=replace(SMALL.optimization, pairs_per_epoch=4, constant_epochs=1, decay_epochs=0)
)


@pytest.fixture
def studio(tmp_path: Path) -> Path:
    """A folder of that layout: 3 images of one person in each split."""
    root = tmp_path / "studio"
    for split in ("train", "test"):
        (root / "pictures" / split).mkdir(parents=True)
        names = [f"{split}-{i}.png" for i in range(3)]
        for name in names:
            write_image(root / "pictures" / split / name, torch.randint(0, 256, (3, 128, 64), dtype=torch.uint8))
        write_annotations(root / f"keypoints-{split}.csv", {name: pose(i, (128, 64)) for i, name in enumerate(names)})
    return root


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line in the catalogue."""
    monkeypatch.setattr(layouts, "LAYOUTS", MappingProxyType({**LAYOUTS, "studio": STUDIO}))


def test_the_catalogue_names_its_entries() -> None:
    assert all(name == layout.name for name, layout in LAYOUTS.items())
    assert all(layout.title and layout.license for layout in LAYOUTS.values())


def test_unlisted(studio: Path) -> None:
    with pytest.raises(InputError, match=r"no data set: looked for market-annotation-train.csv or fasion-"):
        open_pairs(studio, "train")
    with pytest.raises(InputError, match=r"unknown layout 'studio' \(known: auto, market, deepfashion, photos\)"):
        DataConfig(layout="studio")
    assert open_layout(STUDIO, studio, "train").layout == "studio"


@pytest.mark.parametrize("layout", ["auto", "studio"])
def test_a_third_layout(listed: None, studio: Path, tmp_path: Path, layout: str) -> None:
    """Opened, trained on and generated from, by detection and by name."""
    index = open_pairs(studio, "train", layout)
    assert (index.layout, len(index.pairs)) == ("studio", 6)
    config = replace(TWO_STEPS, recipe="mannequin-x", data=DataConfig(workers=0, layout=layout))
    run = tmp_path / "run"
    train(config, data=studio, out=run)
    saved = config_from_json((run / "config.json").read_text())
    assert saved == replace(config, data=replace(config.data, name="our studio", license="cc-by-4.0"))
    card = load_generator(run).generate_model_card(where="here")
    assert card.data.to_dict()["license"] == "cc-by-4.0"
    assert "| training data | our studio |" in card.text
    main(["generate", str(run), "--data", str(studio), "--out", str(tmp_path / "results"), "--layout", layout])
    assert len(list((tmp_path / "results").glob("test-?.png___test-?.png_vis.png"))) == 6


def test_two_layouts_in_one_folder(listed: None, make_market: MakeMarket) -> None:
    root = make_market()
    (root / "keypoints-train.csv").touch()
    with pytest.raises(InputError, match="more than one data set; choose the layout: market or studio"):
        open_pairs(root, "train")


def test_a_recipe_name_decides_no_licence(market: Path, tmp_path: Path) -> None:
    """A recipe for mannequins, trained on photographs."""
    train(replace(TWO_STEPS, recipe="mannequin-x"), data=market, out=tmp_path)
    card = load_generator(tmp_path).generate_model_card(where="here")
    assert card.data.to_dict()["license"] == "other"
    assert "| training data | Market-1501 (Zheng et al., ICCV 2015) |" in card.text
    assert "never seen a photograph" not in card.text


@pytest.mark.parametrize(("told", "given", "name", "license_id"), [
    (None, {}, "our studio", "cc-by-4.0"),
    ({"name": "our street"}, {}, "our street", "other"),
    ({**MANNEQUINS, "seed": 0}, {}, "Reposer mannequins", "apache-2.0"),
    (MANNEQUINS, {"name": "our photographs"}, "our photographs", "other"),
    (MANNEQUINS, {"name": "our photographs", "license": "mit"}, "our photographs", "mit"),
    (MANNEQUINS, {"license": "mit"}, "Reposer mannequins", "mit"),
])  # fmt: skip
def test_name_and_licence(
    listed: None, studio: Path, told: dict[str, str] | None, given: dict[str, str], name: str, license_id: str
) -> None:
    if told is not None:
        (studio / "dataset.json").write_text(json.dumps(told))
    config = DataConfig(**given).of_folder(studio)  # type: ignore[arg-type]
    assert (config.name, config.license) == (name, license_id)
    assert config.of_folder(studio) == config


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", '{"name": 3}', '{"name": ""}', '{"name": "a", "license": null}', "[" * 100_000]
)
def test_bad_description(listed: None, studio: Path, text: str) -> None:
    (studio / "dataset.json").write_text(text)
    with pytest.raises(InputError, match=r'dataset.json: expected \{"name": "...", "license": "..."\} with texts'):
        DataConfig().of_folder(studio)
