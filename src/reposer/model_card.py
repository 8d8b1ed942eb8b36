"""The model card: what a saved generator says about itself to people and the Hugging Face Hub."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import ModelCard, ModelCardData

from reposer import __version__
from reposer.checks import InputError
from reposer.config import RunConfig
from reposer.data import MANNEQUINS
from reposer.metrics import Score
from reposer.poses import OPENPOSE_18

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

    def to_json(self) -> dict[str, Any]:
        """Return what is known, as a dict that ``json`` can write."""
        known = {**asdict(self), "scores": [score.to_json() for score in self.scores]}
        return {name: value for name, value in known.items() if value not in (None, [])}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> About:
        """Read what ``to_json`` wrote; other entries are passed over."""
        known = {name: content[name] for name in ("step", "data", "license") if name in content}
        return cls(**known, scores=_scores(content.get("scores", ())))


def read_scores(evaluation: str | Path | Evaluation) -> tuple[Score, ...]:
    """Scores of an evaluation, or of the file that ``reposer evaluate --json`` wrote (else InputError)."""
    if not isinstance(evaluation, str | Path):
        return evaluation.scores
    try:
        return _scores(json.loads(Path(evaluation).read_text(encoding="utf-8"))["scores"])
    except OSError as error:
        raise InputError(f"{evaluation}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{evaluation}: no scores here; expected what 'reposer evaluate --json' writes") from None


def _scores(rows: Iterable[Mapping[str, Any]]) -> tuple[Score, ...]:
    return tuple(map(Score.from_json, rows))


def training_data(config: RunConfig, about: About) -> str:
    """The images that a generator was trained on, in words."""
    return about.data or config.data.name or "not recorded"


def license_of(config: RunConfig, about: About) -> str:
    """Licence identifier of a generator's weights."""
    of_data = "" if about.data else config.data.license  # which is not that of other images
    return about.license or of_data or TRAINING_DATA_TERMS


def model_card(config: RunConfig, about: About, *, parameters: int, where: str) -> ModelCard:
    """Write the card of a generator: metadata and Markdown.

    Args:
        config: that it was trained with.
        about: steps, data, licence, scores.
        parameters: number of its weights.
        where: what ``from_pretrained`` loads: a folder, or OWNER/NAME on the Hub.
    """
    license_id = license_of(config, about)
    data = ModelCardData(
        library_name="reposer",
        license=license_id,
        license_name="terms-of-the-training-data" if license_id == TRAINING_DATA_TERMS else None,
        pipeline_tag="image-to-image",
        tags=["pose-transfer", "pose-guided-person-image-generation", "person-image-generation", "pytorch"],
    )
    height, width = config.size
    sections = [
        f"# Pose-guided person image generator, recipe `{config.recipe}`",
        "Given a picture of a person and another pose, it generates the same person in that pose.\n"
        f"Made with [Reposer](https://pypi.org/project/reposer) {__version__}.",
        "## Use",
        "```python\n"
        "import reposer\n\n"
        f'generator = reposer.Generator.from_pretrained("{where}")\n'
        "picture = reposer.transfer(photo, source_pose, target_pose, generator)\n"
        "```",
        f"`photo` is a PIL image of {height}x{width} pixels (height x width); the poses are those of the "
        f"{len(OPENPOSE_18.joints)} joints of the skeleton `{OPENPOSE_18.name}`, in pixels of that picture.",
        "## Network and training",
        _table(("", ""), _facts(config, about, parameters)),
        "## Scores",
        _score_table(about.scores),
        "## Intended use and limits",
        _limits(config, about),
        "## Licence",
        f"`{license_id}`"
        + ("." if license_id != TRAINING_DATA_TERMS else ": the terms of the training images decide what may be done."),
    ]
    text = "\n\n".join(sections)
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}\n")


def _facts(config: RunConfig, about: About, parameters: int) -> list[tuple[str, str]]:
    network, heatmaps = config.generator, config.heatmaps
    options = ", ".join(f"{name} {value}" for name, value in vars(network).items() if name != "network")
    maps = "one-pixel maps" if heatmaps.kind == "pixel" else f"Gaussian, sigma {heatmaps.sigma:g} pixels"
    facts = [
        ("network", f"`{network.network}`, {parameters:,} weights; {options}"),
        ("image size", f"{config.size[0]}x{config.size[1]} pixels (height x width), RGB"),
        ("skeleton", f"`{OPENPOSE_18.name}`, {len(OPENPOSE_18.joints)} joints"),
        ("pose heatmaps", maps),
        ("training data", training_data(config, about)),
        ("recipe", f"`{config.recipe}`"),
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
    limits = ["-" if isnan(s.interval[0]) else "{:.4f} to {:.4f}".format(*s.interval) for s in scores]
    rows = [(s.name, f"{s.value:.4f}", limit, str(s.n)) for s, limit in zip(scores, limits, strict=True)]
    signatures = dict.fromkeys(str(score.signature) for score in scores)
    names = {text: ", ".join(s.name for s in scores if str(s.signature) == text) for text in signatures}
    lines = "\n".join(f"- {names[signature]}: `{signature}`" for signature in signatures)
    table = _table(("metric", "value", "95 % interval", "images"), rows)
    return f"{table}\n\nA score is comparable only with scores of the same signature:\n\n{lines}"


def _limits(config: RunConfig, about: About) -> str:
    seen = (
        "It was trained on rendered figures and has never seen a photograph: for trying the method, not for pictures "
        "of real people."
        if training_data(config, about) == MANNEQUINS["name"]
        else "It was trained on one kind of picture and reflects who and what is in it: others come out worse."
    )
    return (
        f"For research on pose-guided image generation. {seen} Expect blur, lost faces and lost patterns, above all "
        "where the source picture does not show what the target pose needs. The picture must show one whole person.\n\n"
        "Use pictures of people only with their consent, and say that a generated picture is generated. Do not use it "
        "to deceive, to impersonate, or to show anyone in a way that they would not agree to."
    )


def _table(heading: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *((cell.replace("|", r"\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
