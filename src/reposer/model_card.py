"""The model card: what a saved generator says about itself to people and the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from huggingface_hub import ModelCard, ModelCardData

from reposer import __version__
from reposer.bounds import at_least
from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data import MANNEQUINS, PEOPLE
from reposer.files import read_json
from reposer.markdown import code, plain, python_text, table, text
from reposer.metrics import Score
from reposer.photos.domain import Domain, domain_from_json
from reposer.poses import OPENPOSE_18
from reposer.values import from_plain

if TYPE_CHECKING:
    from reposer.evaluation import Evaluation

TRAINING_DATA_TERMS = "other"
"""Licence identifier of weights whose use the terms of their training images decide."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a generator's file says beside its configuration."""

    step: int = 0
    """Training steps behind the weights."""
    data: str | None = None
    """The images that it was trained on, in words; None: the data set that its configuration names."""
    license: str | None = None
    """Licence identifier of the weights; None: that of the data set in its configuration, else ``other``."""
    scores: tuple[Score, ...] = ()
    """Its scores, with signatures."""
    domain: Domain | None = None
    """How the images look that it was trained on; None: not measured."""

    def to_json(self) -> dict[str, Any]:
        """Return what is known, as a dict that ``json`` can write."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        domain = None if self.domain is None else self.domain.to_json()
        known = {**own, "scores": [score.to_json() for score in self.scores], "domain": domain}
        return {name: value for name, value in known.items() if value not in (None, [])}

    @classmethod
    def from_json(cls, content: Mapping[str, Any], where: object = "generator") -> About:
        """Read what ``to_json`` wrote; other entries are passed over.

        Raises:
            InputError: if an entry is of the wrong kind; it says where.
        """
        try:
            known = {name: from_plain(kind, content[name], name) for name, kind in _KINDS.items() if name in content}
            scores = Score.all_from_json(content.get("scores", ()))
            domain = domain_from_json(content["domain"], "domain") if "domain" in content else None
        except InputError as error:
            raise InputError(f"{where}: {error}") from None
        return cls(**known, scores=scores, domain=domain)


_KINDS = {"step": Annotated[int, at_least(0)], "data": str, "license": str}


def read_scores(evaluation: str | Path | Evaluation) -> tuple[Score, ...]:
    """Scores of an evaluation, or of the file that ``reposer evaluate --json`` wrote (else InputError)."""
    if not isinstance(evaluation, str | Path):
        return evaluation.scores
    path = Path(evaluation)
    if not path.exists():
        raise InputError(f"{path}: No such file or directory; 'reposer evaluate --json' writes it")
    try:
        content = read_json(path)
        return Score.all_from_json(content.get("scores") if isinstance(content, dict) else None)
    except InputError as error:
        why = str(error).removeprefix(f"{path}: ")
        raise InputError(f"{path}: no scores here; expected what 'reposer evaluate --json' writes ({why})") from None


def training_data(config: RunConfig, about: About) -> str:
    """The images that a generator was trained on, in words."""
    return about.data or config.data.name or "not recorded"


def license_of(config: RunConfig, about: About) -> str:
    """Licence identifier of a generator's weights."""
    of_data = "" if about.data else config.data.license  # which is not that of other images
    return about.license or of_data or TRAINING_DATA_TERMS


def model_card(
    config: RunConfig, about: About, *, parameters: int, where: str, picture: str | None = None
) -> ModelCard:
    """Write the card of a generator: metadata and Markdown.

    Args:
        config: that it was trained with.
        about: steps, data, licence, scores.
        parameters: number of its weights.
        where: what ``from_pretrained`` loads: a folder, or OWNER/NAME on the Hub.
        picture: name of the contact sheet beside the card, if there is one.

    Names of recipes, data and folders, and signatures come from files of others: they are escaped.
    """
    license_id = plain(license_of(config, about))
    data = ModelCardData(
        library_name="reposer",
        license=license_id,
        license_name="terms-of-the-training-data" if license_id == TRAINING_DATA_TERMS else None,
        pipeline_tag="image-to-image",
        tags=["pose-transfer", "pose-guided-person-image-generation", "person-image-generation", "pytorch"],
    )
    height, width = config.size
    sections = [
        f"# Pose-guided person image generator, recipe {code(config.recipe)}",
        "Given a picture of a person and another pose, it generates the same person in that pose.\n"
        f"Made with [Reposer](https://pypi.org/project/reposer) {__version__}.",
        *_shown(picture),
        "## Use",
        "```python\n"
        "import reposer\n\n"
        f"generator = reposer.Generator.from_pretrained({python_text(where)})\n"
        "picture = reposer.transfer(photo, source_pose, target_pose, generator)\n"
        "```",
        f"`photo` is a PIL image of any size, in whose pixels `source_pose` is; `picture` has {height}x{width} pixels "
        f"(height x width). The poses are those of the {len(OPENPOSE_18.joints)} joints of the skeleton "
        f"`{OPENPOSE_18.name}`.",
        "## Network and training",
        table(("", ""), _facts(config, about, parameters)),
        "## Scores",
        _score_table(about.scores),
        "## Intended use and limits",
        _limits(config, about),
        "## Licence",
        code(license_id)
        + ("." if license_id != TRAINING_DATA_TERMS else ": the terms of the training images decide what may be done."),
    ]
    card = "\n\n".join(sections)
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{card}\n")


def _shown(picture: str | None) -> list[str]:
    if picture is None:
        return []
    return [
        f"![Contact sheet of test pairs]({picture})",
        "For each pair: source picture, target pose, real picture in that pose, generated picture.",
    ]


def _facts(config: RunConfig, about: About, parameters: int) -> list[tuple[str, str]]:
    network, heatmaps = config.generator, config.heatmaps
    options = ", ".join(f"{name} {value}" for name, value in vars(network).items() if name != "network")
    maps = "one-pixel maps" if heatmaps.kind == "pixel" else f"Gaussian, sigma {heatmaps.sigma:g} pixels"
    facts = [
        ("network", f"{code(network.network)}, {parameters:,} weights; {text(options)}"),
        ("image size", f"{config.size[0]}x{config.size[1]} pixels (height x width), RGB"),
        ("skeleton", f"`{OPENPOSE_18.name}`, {len(OPENPOSE_18.joints)} joints"),
        ("pose heatmaps", maps),
        ("training data", text(training_data(config, about))),
        ("recipe", code(config.recipe)),
    ]
    if config.recipe == "released":  # the weights tell neither objective nor schedule
        return [*facts, ("objective", "not recorded: imported weights of the released code")]
    terms = (f"{weight:g} {name}" for name, weight in config.objective.weights.items() if weight)
    return [
        *facts,
        ("objective", f"{' + '.join(terms)} (weight and term)"),
        ("training", f"{about.step:,} steps of {config.optimization.batch_size} pairs, seed {config.seed}"),
    ]


def _score_table(scores: tuple[Score, ...]) -> str:
    if not scores:
        return "None were given. `reposer evaluate RESULTS --json RUN/evaluation.json` makes them."
    rows = [(text(s.name), f"{s.value:.4f}", s.limits, str(s.n)) for s in scores]
    signatures = dict.fromkeys(str(score.signature) for score in scores)
    names = {each: ", ".join(s.name for s in scores if str(s.signature) == each) for each in signatures}
    lines = "\n".join(f"- {text(names[each])}: {code(each)}" for each in signatures)
    values = table(("metric", "value", "95 % interval", "images"), rows)
    return f"{values}\n\nA score is comparable only with scores of the same signature:\n\n{lines}"


def _limits(config: RunConfig, about: About) -> str:
    seen = (
        "It was trained on rendered figures and has never seen a photograph: for trying the method, not for pictures "
        "of real people."
        if training_data(config, about) in (MANNEQUINS["name"], PEOPLE["name"])
        else "It was trained on one kind of picture and reflects who and what is in it: others come out worse."
    )
    return (
        f"For research on pose-guided image generation. {seen} Expect blur, lost faces and lost patterns, above all "
        "where the source picture does not show what the target pose needs. The picture must show one whole person.\n\n"
        "Use pictures of people only with their consent, and say that a generated picture is generated. Do not use it "
        "to deceive, to impersonate, or to show anyone in a way that they would not agree to."
    )
