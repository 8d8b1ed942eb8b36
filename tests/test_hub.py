"""Saving, loading and sharing a generator: bit for bit, a card that tells what it is, one line where it cannot be."""

import ast
import copy
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import huggingface_hub
import pytest
import torch
from huggingface_hub import ModelCard
from huggingface_hub.errors import HfHubHTTPError

import reposer
from reposer import generator as module
from reposer.checks import InputError
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.data import MANNEQUINS
from reposer.generator import Generator, load_generator, shipped_generators
from reposer.images import read_image, write_image
from reposer.models import build_generator, save_network
from reposer.recipes import recipe
from tests.small_run import SMALL

SCORES = [
    {"name": "ssim", "value": 0.648, "interval": [0.641, 0.654], "n": 256, "signature": "patn-market|n:256|v:1"},
    {"name": "l1", "value": 0.141, "interval": [0.137, 0.146], "n": 256, "signature": "patn-market|n:256|v:1"},
    {"name": "fid", "value": 31.5, "interval": [30.0, 33.0], "n": 256, "signature": "reposer-1|n:256|v:1"},
]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a generator and its evaluation."""
    return make_run(tmp_path / "run", SMALL)


def make_run(folder: Path, config: RunConfig) -> Path:
    torch.manual_seed(0)
    network = build_generator(config.generator)
    (folder / "checkpoints").mkdir(parents=True)
    path = folder / "checkpoints" / "generator-0000012.safetensors"
    save_network(path, network, config=config_to_json(config), recipe=config.recipe, step=12)
    evaluation = {"protocol": "patn-market", "scores": SCORES, "per_image": {"a___b": {"ssim": 0.6}}}
    (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


def assert_same(a: Generator, b: Generator) -> None:
    assert a.config == b.config
    assert a.about == b.about
    assert not b.training
    state = b.state_dict()
    assert a.state_dict().keys() == state.keys()
    for name, tensor in a.state_dict().items():
        assert tensor.equal(state[name])


def test_saved_and_loaded_bit_for_bit(run: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    generator = load_generator(run)
    assert generator.save_pretrained(first) is None
    assert {path.name for path in first.iterdir()} == {"model.safetensors", "config.json", "README.md"}
    assert config_from_json((first / "config.json").read_text()) == SMALL
    for loaded in (Generator.from_pretrained(first), reposer.load_generator(str(first / "model.safetensors"))):
        assert_same(generator, loaded)
    reposer.Generator.from_pretrained(str(first)).save_pretrained(second)
    for name in ("model.safetensors", "config.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()
    assert (first / "README.md").read_text().replace('"first"', '"second"') == (second / "README.md").read_text()
    assert_same(generator, copy.deepcopy(generator))


def test_a_saved_generator_is_not_written_over(run: Path, tmp_path: Path) -> None:
    generator = load_generator(run)
    generator.save_pretrained(tmp_path / "saved")
    before = {path.name: path.read_bytes() for path in (tmp_path / "saved").iterdir()}
    with pytest.raises(InputError, match="already holds a saved generator"):
        generator.save_pretrained(tmp_path / "saved", license="mit")
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "saved").iterdir()}


def test_card_tells_what_it_is(run: Path, tmp_path: Path) -> None:
    load_generator(run).save_pretrained(tmp_path / "saved")
    card = ModelCard.load(tmp_path / "saved" / "README.md")
    data = card.data.to_dict()
    assert (data["library_name"], data["pipeline_tag"], data["license"]) == ("reposer", "image-to-image", "other")
    assert data["license_name"] == "terms-of-the-training-data"
    assert "pose-transfer" in data["tags"]
    for score in SCORES:
        low, high = score["interval"]
        assert f"| {score['name']} | {score['value']:.4f} | {low:.4f} to {high:.4f} | 256 |" in card.text
    assert "- ssim, l1: `patn-market|n:256|v:1`\n- fid: `reposer-1|n:256|v:1`" in card.text
    for said in (
        "weights; norm batch, channels 4, blocks 2, dropout 0.5",
        "128x64 pixels",
        "`openpose-18`, 18 joints",
        "Gaussian, sigma 6 pixels",
        "1 adversarial + 5 l1 + 5 part_ssim (weight and term)",
        "12 steps of 2 pairs, seed 0",
        "not recorded",  # the data set
        "consent",
        f"{reposer.__version__}.",
    ):
        assert said in card.text, said
    usage = card.text.split("```python\n")[1].split("```")[0]
    assert len(usage.split("\n\n")[1].strip().splitlines()) == 2
    assert 'from_pretrained("saved")' in usage
    assert str(tmp_path) not in card.content


@pytest.mark.parametrize(
    ("named", "told", "license_id", "data"),
    [
        (MANNEQUINS, {}, "apache-2.0", "Reposer mannequins"),
        (MANNEQUINS, {"data": "our photographs"}, "other", "our photographs"),
        ({"name": "Market-1501", "license": "other"}, {}, "other", "Market-1501"),
        ({"name": "DeepFashion in-shop"}, {"license": "cc-by-nc-4.0"}, "cc-by-nc-4.0", "DeepFashion in-shop"),
        ({"name": "our street", "license": "cc-by-4.0"}, {}, "cc-by-4.0", "our street"),
        ({}, {}, "other", "not recorded"),
    ],
)
def test_licence_follows_the_data(
    named: dict[str, str], told: dict[str, str], license_id: str, data: str, tmp_path: Path
) -> None:
    config = recipe("mannequin-tiny")  # whose name says nothing about the data
    generator = Generator(torch.nn.Identity(), replace(config, data=replace(config.data, **named)))  # type: ignore[arg-type]
    generator.describe(**told)  # type: ignore[arg-type]
    card = generator.generate_model_card(where="here")
    assert card.data.to_dict()["license"] == license_id
    assert f"| training data | {data} |" in card.text
    assert "None were given" in card.text
    assert ("never seen a photograph" in card.text) == (license_id == "apache-2.0")


def test_released_weights_claim_no_objective(tmp_path: Path) -> None:
    card = Generator(torch.nn.Identity(), replace(SMALL, recipe="released")).generate_model_card(where="here")
    assert "objective | not recorded" in card.text
    assert "steps" not in card.text


def test_scores_from_an_argument(run: Path, market: Path, tmp_path: Path) -> None:
    from reposer.data import open_pairs
    from reposer.generation import generate

    generator = load_generator(run / "checkpoints" / "generator-0000012.safetensors")
    results, index = tmp_path / "results", open_pairs(market, "test")
    generate(generator, index, results)
    evaluation = reposer.evaluate(results)
    generator.save_pretrained(tmp_path / "saved", evaluation=evaluation)
    assert load_generator(tmp_path / "saved").about.scores == evaluation.scores
    assert f"`{evaluation.signature}`" in (tmp_path / "saved" / "README.md").read_text()
    evaluation.save(tmp_path / "scores.json")
    generator.describe(evaluation=tmp_path / "scores.json")
    assert generator.about.scores == evaluation.scores


def test_scores_of_a_run_belong_to_its_newest_generator(run: Path) -> None:
    generator = load_generator(run / "checkpoints" / "generator-0000012.safetensors")
    generator.describe()
    assert generator.about.scores == ()


@pytest.mark.parametrize("content", ["{", "[]", '{"scores": [{"name": "ssim", "value": 1}]}', None])
def test_bad_evaluation_is_one_line_and_nothing_is_written(run: Path, tmp_path: Path, content: str | None) -> None:
    bad = run / "evaluation.json"
    if content is None:
        bad = tmp_path / "absent.json"
    else:
        bad.write_text(content)
    with pytest.raises(InputError, match=f"{bad.name}: (no scores here|No such file)"):
        load_generator(run).save_pretrained(tmp_path / "saved", evaluation=None if content else bad)
    assert not (tmp_path / "saved").exists()


def test_shipped_generator_by_name(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = load_generator(run)
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "nothing")
    assert shipped_generators() == {}
    with pytest.raises(InputError, match=r"mannequin: no such run folder or checkpoint, .*\(none does\)"):
        load_generator("mannequin")
    generator.save_pretrained(tmp_path / "pretrained" / "mannequin")
    (tmp_path / "pretrained" / "notes").mkdir()
    monkeypatch.setattr(module, "SHIPPED", tmp_path / "pretrained")
    assert list(shipped_generators()) == ["mannequin"]
    for loaded in (reposer.load_generator("mannequin"), Generator.from_pretrained("mannequin")):
        assert_same(generator, loaded)
    with pytest.raises(InputError, match=r"\(mannequin\); did you mean 'mannequin'\?"):
        load_generator("manequin")
    # A data set folder of that name does not hide it; a run folder does.
    monkeypatch.chdir(tmp_path)
    Path("mannequin").mkdir()
    assert_same(generator, load_generator("mannequin"))
    shutil.rmtree("mannequin")
    make_run(Path("mannequin"), recipe("mannequin-tiny"))
    assert load_generator("mannequin").config == recipe("mannequin-tiny")


def test_package_data_takes_every_file_of_a_shipped_generator() -> None:
    import tomllib
    from fnmatch import fnmatch

    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    patterns = settings["tool"]["setuptools"]["package-data"]["reposer"]
    for name in ("model.safetensors", "config.json", "README.md", "metrics.jsonl"):
        assert any(fnmatch(f"pretrained/mannequin/{name}", pattern) for pattern in patterns)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hub that is a folder: what is uploaded can be downloaded, the rest does not exist."""
    try:
        import httpx2 as httpx  # what it asks with since version 2
    except ImportError:
        import httpx
    from huggingface_hub.errors import RemoteEntryNotFoundError, RepositoryNotFoundError

    root = tmp_path / "hub"

    def response(status: int) -> Any:
        return httpx.Response(status, request=httpx.Request("GET", "https://huggingface.co"))

    def create_repo(self: object, repo_id: str, **_: object) -> Any:
        (root / repo_id).mkdir(parents=True, exist_ok=True)
        return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

    def upload_folder(self: object, repo_id: str, folder_path: Path, **_: object) -> str:
        shutil.copytree(folder_path, root / repo_id, dirs_exist_ok=True)
        return f"https://huggingface.co/{repo_id}/commit/1"

    def download(repo_id: str, filename: str, **_: object) -> str:
        if not (root / repo_id).exists():
            raise RepositoryNotFoundError("404 Client Error.\nRepository Not Found", response=response(404))
        if not (root / repo_id / filename).exists():
            raise RemoteEntryNotFoundError("404 Client Error.\nEntry Not Found", response=response(404))
        return str(root / repo_id / filename)

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    monkeypatch.setattr(huggingface_hub.hub_mixin, "hf_hub_download", download)
    monkeypatch.setattr(module, "hf_hub_download", download)
    return root


def test_push_and_load_from_the_hub(run: Path, hub: Path) -> None:
    generator = load_generator(run)
    assert generator.push_to_hub("owner/name", license="mit") == "https://huggingface.co/owner/name/commit/1"
    loaded = Generator.from_pretrained("owner/name", device="cpu")
    assert_same(generator, loaded)
    card = ModelCard.load(hub / "owner" / "name" / "README.md")
    assert card.data.to_dict()["license"] == "mit"
    assert 'from_pretrained("owner/name")' in card.text


def test_what_the_hub_lacks_is_one_line(hub: Path) -> None:
    with pytest.raises(InputError, match=r"^owner/absent: no such folder here, and no such repository .*$"):
        Generator.from_pretrained("owner/absent")
    (hub / "owner" / "other").mkdir(parents=True)
    with pytest.raises(InputError, match=r"^owner/other: this repository holds no model.safetensors.*$"):
        Generator.from_pretrained("owner/other")


def test_without_network_is_one_line(run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real huggingface_hub, kept from the network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    options = {"cache_dir": tmp_path / "cache", "local_files_only": True}
    with pytest.raises(InputError, match=r"^owner/name: no such folder here, and unavailable from the .* Hub: .+$"):
        Generator.from_pretrained("owner/name", **options)
    for name in ("./absent/folder/here", "no such name"):
        with pytest.raises(InputError, match=r"^.*: no such run folder or checkpoint, .* nor the name of a repository"):
            Generator.from_pretrained(name, **options)
    with pytest.raises(InputError, match=r"^owner/name: cannot be pushed to the Hugging Face Hub: .+$"):
        load_generator(run).push_to_hub("owner/name", token="hf_none")
    load_generator(run).save_pretrained(tmp_path / "saved")
    assert_same(load_generator(tmp_path / "saved"), Generator.from_pretrained(tmp_path / "saved"))


def test_card_of_scores_without_interval(tmp_path: Path) -> None:
    """FID has none; in JSON, which has no NaN, it is null."""
    score = {"name": "fid", "value": 12.5, "interval": [None, None], "n": 256, "signature": "s"}
    (tmp_path / "scores.json").write_text(json.dumps({"scores": [score]}))
    make_run(tmp_path / "run", SMALL)
    generator = load_generator(tmp_path / "run")
    generator.save_pretrained(tmp_path / "saved", evaluation=tmp_path / "scores.json")
    assert "| fid | 12.5000 | - | 256 |" in (tmp_path / "saved" / "README.md").read_text()
    assert load_generator(tmp_path / "saved").about.scores[0].value == 12.5


HOSTILE = "x`\n```\n\n---\nlicense: mit\n---\n# big <img src=x onerror=alert(1)> | [a](https://e.example) \udcff"


def hostile_card(folder: Path) -> ModelCard:
    signature = {"signature": f"patn-market|v:{HOSTILE.replace('|', '')}"}
    (folder / "scores.json").write_text(json.dumps({"scores": [{**SCORES[0], **signature}]}))
    config = replace(SMALL, recipe=HOSTILE, data=replace(SMALL.data, name=HOSTILE, license=HOSTILE))
    generator = load_generator(make_run(folder / "run", config))
    generator.describe(evaluation=folder / "scores.json")
    return generator.generate_model_card(where=HOSTILE)


def test_texts_of_others_stay_texts_in_the_card(tmp_path: Path) -> None:
    card = hostile_card(tmp_path)
    (tmp_path / "README.md").write_text(card.content, encoding="utf-8")  # also what is no Unicode
    data = ModelCard.load(tmp_path / "README.md").data.to_dict()
    assert data["library_name"] == "reposer"
    assert data["license"] not in ("mit", "other")
    assert "\n" not in data["license"]
    lines = card.text.splitlines()
    assert [line for line in lines if line.startswith("```")] == ["```python", "```"]
    assert [line for line in lines if line.startswith("---")] == []
    assert len([line for line in lines if line.startswith("# ")]) == 1
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", card.text.split("```\n")[1])
    assert not re.search(r"(?<!\\)<img|(?<!\\)\[a|[^\\]://e", outside)
    cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines if line.startswith("| ")}
    assert cells == {3, 5}  # of the two tables
    code = card.text.split("```python\n")[1].split("```")[0]
    assert HOSTILE in ast.literal_eval(code[code.index('"') : code.rindex('")') + 1])


def test_a_card_finds_the_scores_of_its_generator(run: Path, tmp_path: Path) -> None:
    """Wherever in the run folder they are; what the results were made of is in their manifest."""
    (run / "evaluation.json").unlink()
    file = run / "checkpoints" / "generator-0000012.safetensors"

    def evaluated(name: str, sha256: str, value: float, **more: object) -> None:
        folder = run / "results" / name
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text(json.dumps({"checkpoint": {"file": "f", "sha256": sha256}}))
        content = {"results": str(folder), "scores": [{**SCORES[0], "value": value}], **more}
        folder.with_suffix(".json").write_text(json.dumps(content))

    evaluated("generated", hashlib.sha256(file.read_bytes()).hexdigest(), 0.5)
    evaluated("baseline", hashlib.sha256(file.read_bytes()).hexdigest(), 0.6, baseline="copy-source")
    evaluated("older", "0" * 64, 0.7)
    generator = load_generator(run)
    generator.describe()
    assert [score.value for score in generator.about.scores] == [0.5]
    # The scores of another generator, or of a baseline, beside the run are not taken for its own.
    shutil.copy(run / "results" / "baseline.json", run / "evaluation.json")
    assert load_generator(run).origin.scores() == run / "results" / "generated.json"  # type: ignore[union-attr]
    shutil.copy(run / "results" / "older.json", run / "evaluation.json")
    generator = load_generator(run)
    generator.describe()
    assert [score.value for score in generator.about.scores] == [0.5]


def test_a_card_shows_the_newest_contact_sheet(run: Path, hub: Path, tmp_path: Path) -> None:
    (run / "samples").mkdir()
    for step in (5, 12):
        write_image(run / "samples" / f"step-{step:07d}.png", torch.full((3, 8, 6), step, dtype=torch.uint8))
    load_generator(run).save_pretrained(tmp_path / "first")
    load_generator(tmp_path / "first").save_pretrained(tmp_path / "second")
    load_generator(run).push_to_hub("owner/name")
    for folder in (tmp_path / "first", tmp_path / "second", hub / "owner" / "name"):
        assert "](samples.png)" in (folder / "README.md").read_text()
        assert (read_image(folder / "samples.png") == 12).all()


def test_a_contact_sheet_that_is_a_link_or_damaged_is_left_out(run: Path, tmp_path: Path) -> None:
    (run / "samples").mkdir()
    write_image(tmp_path / "private.png", torch.zeros(3, 8, 6, dtype=torch.uint8))
    (run / "samples" / "step-0000012.png").symlink_to(tmp_path / "private.png")
    load_generator(run).save_pretrained(tmp_path / "first")
    assert not (tmp_path / "first" / "samples.png").exists()
    (run / "samples" / "step-0000013.png").write_bytes(b"no picture")
    load_generator(run).save_pretrained(tmp_path / "second")
    assert "samples.png" not in (tmp_path / "second" / "README.md").read_text()


def test_a_push_without_network_is_one_line(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What huggingface_hub raises there is the error of the library that it asks with, and no OSError."""
    error = next(base for base in HfHubHTTPError.__mro__ if base.__name__ == "HTTPError")

    class ConnectError(error):  # type: ignore[misc, valid-type]
        pass

    def unreachable(*_: object, **__: object) -> None:
        raise ConnectError("[Errno -2] Name or service not known\nmore")

    assert not issubclass(ConnectError, OSError)
    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", unreachable)
    with pytest.raises(InputError) as caught:
        load_generator(run).push_to_hub("owner/name")
    assert str(caught.value) == (
        "owner/name: cannot be pushed to the Hugging Face Hub: [Errno -2] Name or service not known"
    )
    monkeypatch.setattr(huggingface_hub.hub_mixin, "hf_hub_download", unreachable)
    monkeypatch.setattr(module, "hf_hub_download", unreachable)
    with pytest.raises(InputError, match=r"^owner/name: no such folder here, and unavailable .*: \[Errno -2\] [^\n]*$"):
        Generator.from_pretrained("owner/name")


def test_a_generator_prints_as_three_lines(run: Path) -> None:
    text = str(load_generator(run))
    assert len(text.splitlines()) == 3
    for part in (
        "'small'",
        "12 steps",
        "128x64",
        "patn",
        f"{sum(p.numel() for p in load_generator(run).parameters()):,}",
    ):
        assert part in text
