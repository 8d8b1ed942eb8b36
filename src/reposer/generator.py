"""A trained generator: loaded, used on one picture, saved, shared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from huggingface_hub import ModelCard, ModelHubMixin, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, RemoteEntryNotFoundError, RepositoryNotFoundError
from torch import Tensor, nn

from reposer.checks import InputError, RunError, suggestion
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.files import write_text
from reposer.images import SIGNED, read_image, write_image
from reposer.model_card import About, model_card, read_scores, training_data
from reposer.models import PRETRAINED, GeneratorNetwork, build_generator, generator_files, repose
from reposer.models.saving import read_network, save_network
from reposer.origin import PICTURE, Origin
from reposer.photos.domain import read_domain
from reposer.plausibility import check_range
from reposer.poses import OPENPOSE_18
from reposer.tensors import check_channels, check_device, check_image

if TYPE_CHECKING:
    from reposer.evaluation import Evaluation

SHIPPED = resources.files("reposer") / "pretrained"
"""Folder of the generators that ship with the package: one folder each, as ``save_pretrained`` writes it."""
_HUB_ERRORS: tuple[type[Exception], ...] = (*HfHubHTTPError.__bases__, HFValidationError)
"""OSError, the base of the errors of the library that huggingface_hub asks with, whichever it is, and of bad names."""


class Generator(nn.Module, ModelHubMixin):
    """A trained generator with the configuration that it was trained with, in eval mode.

    ``forward`` is that of the network; ``repose`` takes joints, whatever the network reads.
    """

    def __init__(
        self, network: GeneratorNetwork, config: RunConfig, about: About | None = None, origin: Origin | None = None
    ) -> None:
        super().__init__()
        self.network = network
        self.config = config
        self.about = about or About()
        """Steps, data, licence and scores, which are saved with it."""
        self.origin = origin
        """The folder that it came from, whose scores and contact sheet are saved with it."""
        self.requires_grad_(False).eval()

    def __repr__(self) -> str:
        network, (height, width) = self.config.generator, self.config.size
        options = ", ".join(f"{name} {value}" for name, value in vars(network).items() if name != "network")
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        data = training_data(self.config, self.about)
        return (
            f"Generator of recipe {self.config.recipe!r}: {self.about.step:,} steps, training data: {data}\n"
            f"for pictures of {height}x{width} pixels (height x width) and poses of {OPENPOSE_18.name}\n"
            f"network {network.network} with {parameters:,} parameters: {options}"
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.network(*inputs)

    def repose(
        self,
        source: Tensor,
        source_joints: Tensor,
        source_visible: Tensor,
        target_joints: Tensor,
        target_visible: Tensor,
    ) -> Tensor:
        """Generate the person of ``source`` (B, 3, H, W) in [-1, 1] in the target poses; same shape and range.

        Joints are (B, J, 2) float pixels, x then y; visible (B, J) bool.
        """
        check_image("source", source)
        check_channels(source=source)
        check_range(SIGNED, source=source)
        poses = (source_joints, source_visible, target_joints, target_visible)
        return repose(self.network, source, *poses, heatmaps=self.config.heatmaps)

    def describe(
        self,
        *,
        evaluation: str | Path | Evaluation | None = None,
        data: str | None = None,
        license: str | None = None,
    ) -> None:
        """Set what the model card and the saved file say.

        Args:
            evaluation: its scores: an evaluation, or the file that ``reposer evaluate --json`` wrote. Of a generator
                that was loaded from a run folder, they are found there: ``evaluation.json``, or the newest evaluation
                in the folder or its ``results/`` of pictures that were generated with it.
            data: the images that it was trained on, in words, where its configuration does not name them.
            license: licence identifier of the weights, such as "cc-by-nc-4.0"; default: that of the data set in its
                configuration, and "other", the terms of the training data, where there is none.

        Raises:
            InputError: if the evaluation cannot be read.
        """
        if evaluation is None and self.origin is not None:
            evaluation = self.origin.scores()
        about = self.about
        scores = about.scores if evaluation is None else read_scores(evaluation)
        self.about = replace(about, scores=scores, data=data or about.data, license=license or about.license)

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        evaluation: str | Path | Evaluation | None = None,
        data: str | None = None,
        license: str | None = None,
        **options: Any,
    ) -> str | None:
        """Save as a folder: model.safetensors, which holds everything, config.json and README.md, the model card.

        The newest contact sheet of the run that it was loaded from goes with the card, as samples.png.

        ``evaluation``, ``data`` and ``license`` are for the card, see :meth:`describe`; the options are those of
        ``huggingface_hub.ModelHubMixin.save_pretrained``, which with ``push_to_hub=True`` returns the commit's address.

        Raises:
            InputError: if the folder holds a saved generator already, or the evaluation cannot be read.
        """
        if (Path(save_directory) / PRETRAINED).exists():
            raise InputError(f"{save_directory}: already holds a saved generator; choose another folder")
        self.describe(evaluation=evaluation, data=data, license=license)
        options.setdefault("model_card_kwargs", {"where": Path(save_directory).name})
        return super().save_pretrained(save_directory, **options)

    def _save_pretrained(self, save_directory: Path) -> None:
        text = config_to_json(self.config)
        write_text(save_directory / "config.json", text + "\n")
        save_network(
            save_directory / PRETRAINED,
            self.network,
            config=text,
            recipe=self.config.recipe,
            step=self.about.step,
            more=self.about.to_json(),
        )
        if (picture := self._picture()) is not None:
            write_image(save_directory / PICTURE, picture)

    def _picture(self) -> Tensor | None:
        path = self.origin.picture() if self.origin is not None else None
        with suppress(InputError):  # a damaged picture is no reason not to save a generator
            return read_image(path) if path is not None else None
        return None

    def generate_model_card(self, *, where: str) -> ModelCard:
        """Return the model card; ``where`` it says to load from: a folder, or OWNER/NAME on the Hub."""
        parameters = sum(parameter.numel() for parameter in self.network.parameters())
        picture = PICTURE if self._picture() is not None else None
        return model_card(self.config, self.about, parameters=parameters, where=where, picture=picture)

    def push_to_hub(
        self,
        repo_id: str,
        *,
        evaluation: str | Path | Evaluation | None = None,
        data: str | None = None,
        license: str | None = None,
        **options: Any,
    ) -> str:
        """Upload what ``save_pretrained`` writes to OWNER/NAME on the Hugging Face Hub; return the commit's address.

        The repository is made if it is missing, a card that is there replaced. ``options`` are those of
        ``huggingface_hub.ModelHubMixin.push_to_hub``, such as ``private=True``.

        Raises:
            InputError: one line, if the Hub cannot be reached or refuses.
        """
        self.describe(evaluation=evaluation, data=data, license=license)
        options["model_card_kwargs"] = {"where": repo_id}
        try:
            return super().push_to_hub(repo_id, **options)
        except _HUB_ERRORS as error:
            raise InputError(f"{repo_id}: cannot be pushed to the Hugging Face Hub: {_first_line(error)}") from None

    @classmethod
    def from_pretrained(cls, pretrained_model_name_or_path: str | Path, **options: Any) -> Generator:
        """Load a generator from whatever :func:`load_generator` takes, or from the Hugging Face Hub.

        Args:
            pretrained_model_name_or_path: what ``load_generator`` takes, or OWNER/NAME on the Hub, which needs a
                network, but only once.
            options: ``device``; of the Hub ``revision``, ``token``, ``cache_dir``, ``local_files_only``.

        Raises:
            InputError: one line, if there is none, or the Hub cannot be reached.
        """
        where = str(pretrained_model_name_or_path)
        if Path(where).exists() or where in shipped_generators():
            return load_generator(where, options.get("device", "cpu"))
        try:
            return super().from_pretrained(where, **options)
        except HFValidationError:
            raise InputError(f"{_nowhere(where)}, nor the name of a repository on the Hugging Face Hub") from None
        except RepositoryNotFoundError:
            raise InputError(
                f"{where}: no such folder here, and no such repository on the Hugging Face Hub, or a private one "
                "(then log in with 'hf auth login')"
            ) from None
        except RemoteEntryNotFoundError:
            raise InputError(f"{where}: this repository holds no {PRETRAINED}; expected a saved generator") from None
        except _HUB_ERRORS as error:
            raise InputError(
                f"{where}: no such folder here, and unavailable from the Hugging Face Hub: {_first_line(error)}"
            ) from None

    @classmethod
    def _from_pretrained(
        cls,
        *,
        model_id: str,
        device: torch.device | str = "cpu",
        config: object = None,  # from config.json; model.safetensors holds it too
        **options: Any,
    ) -> Generator:
        return load_generator(hf_hub_download(model_id, PRETRAINED, **options), device)


def load_generator(path: str | Path, device: torch.device | str = "cpu") -> Generator:
    """Load a generator.

    Args:
        path: run folder (its newest generator is taken), folder that ``save_pretrained`` wrote, file of either, or
            the name of a generator that ships with the package, such as "mannequin".
        device: where it computes.

    Raises:
        InputError: if there is no generator, the file is not one, has changed since it was written, or holds weights
            that are not finite, or this machine has no such device.
    """
    device = check_device(device)
    file = generator_file(path)
    weights, content = read_network(file, lambda about: build_generator(_config(about, file).generator))
    config = _config(content, file)
    about = About.from_json(content, file)
    network = build_generator(config.generator)
    network.load_state_dict(weights)
    folder = file.parent.parent if file.parent.name == "checkpoints" else file.parent
    if about.domain is None:
        about = replace(about, domain=read_domain(folder))
    # Scores beside a run belong to its newest generator, not to whichever file is named.
    origin = Origin(folder, file)
    return Generator(network, config, about, origin if Path(path) != file else None).to(device)


def _config(content: Mapping[str, Any], file: Path) -> RunConfig:
    return config_from_json(json.dumps(content["config"]), file)


def generator_file(path: str | Path) -> Path:
    """Return the file that :func:`load_generator` reads; InputError if there is none."""
    folder = Path(path)
    if folder.is_file():
        return folder
    if found := generator_files(folder / "checkpoints") or generator_files(folder):
        return found[-1]
    if (folder / PRETRAINED).exists():
        return folder / PRETRAINED
    if str(path) in shipped_generators():
        return shipped_generators()[str(path)]
    if folder.exists():
        raise InputError(
            f"{folder}: no generator-*.safetensors here or in checkpoints/, and no {PRETRAINED}; expected a run folder"
        )
    raise InputError(_nowhere(str(path)))


def shipped_generators() -> dict[str, Path]:
    """Files of the generators that ship with the package, by name."""
    folders = SHIPPED.iterdir() if SHIPPED.is_dir() else ()
    files = {folder.name: Path(str(folder / PRETRAINED)) for folder in folders}
    return {name: files[name] for name in sorted(files) if files[name].exists()}


def _nowhere(path: str) -> str:
    shipped = shipped_generators()
    return (
        f"{path}: no such run folder or checkpoint, and no generator that ships with the package "
        f"({', '.join(shipped) or 'none does'}){suggestion(path, shipped)}"
    )


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)


def check_generated(images: Tensor, names: Sequence[str] = ()) -> None:
    """Raise RunError if generated images hold NaN, which a file would show as black; ``names`` are theirs."""
    bad = (~torch.isfinite(images)).flatten(1).any(1).nonzero().flatten().tolist()
    if bad:
        which = f", first for {names[bad[0]]}" if names else ""
        raise RunError(
            f"the generator gave {len(bad)} of {len(images)} pictures that hold NaN{which}; nothing was written of "
            "them: use another checkpoint, or another --device if this one computes wrongly"
        )
