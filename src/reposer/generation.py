"""Generation: a trained generator, one picture, or the pictures of a whole pair list."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import torch
from PIL import Image
from torch import Tensor, nn

from reposer.checks import InputError
from reposer.config import RunConfig, config_from_json, config_to_json
from reposer.data import PairBatch, PairDataset, PairIndex, test_loader
from reposer.files import write_text
from reposer.images import SIGNED, check_size, from_pil, to_pil, to_signed, to_uint8, write_image
from reposer.models import build_generator, generator_files, read_network
from reposer.poses import Pose, draw_pose, pose_maps, write_annotations
from reposer.progress import Progress

ResultLayout = Literal["images", "strips"]
MANIFEST, ANNOTATIONS = "manifest.json", "annotations.csv"


class Generator(nn.Module):
    """A trained generator with the configuration that it was trained with, in eval mode.

    ``forward(source, source_heatmaps, target_heatmaps)`` is that of the network; ``repose`` takes joints.
    """

    def __init__(self, network: nn.Module, config: RunConfig) -> None:
        super().__init__()
        self.network = network
        self.config = config
        self.requires_grad_(False).eval()

    def forward(self, source: Tensor, source_heatmaps: Tensor, target_heatmaps: Tensor) -> Tensor:
        return self.network(source, source_heatmaps, target_heatmaps)

    @torch.no_grad()
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
        size = (source.shape[-2], source.shape[-1])
        source_maps = pose_maps(source_joints, source_visible, size, self.config.heatmaps)
        target_maps = pose_maps(target_joints, target_visible, size, self.config.heatmaps)
        return self(source, source_maps, target_maps).clamp(*SIGNED)


def load_generator(path: str | Path, device: torch.device | str = "cpu") -> Generator:
    """Load a generator from a run folder, or from a ``generator-*.safetensors`` file or the folder that holds it.

    Raises:
        InputError: if there is no generator, or the file is not one.
    """
    path = generator_file(path)
    weights, about = read_network(path)
    config = config_from_json(json.dumps(about["config"]), path)
    network = build_generator(config.generator)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: weights do not fit their configuration: {reason}") from None
    return Generator(network, config).to(device)


def generator_file(path: str | Path) -> Path:
    """Return the newest generator file of a run folder or of the folder that holds it, or the file itself.

    Raises:
        InputError: if there is none.
    """
    path = Path(path)
    if path.is_file():
        return path
    if not path.exists():
        raise InputError(f"{path}: no such run folder or checkpoint")
    found = [file for folder in (path, path / "checkpoints") for file in generator_files(folder)]
    if not found:
        raise InputError(f"{path}: no generator-*.safetensors here or in checkpoints/; expected a run folder")
    return found[-1]


def transfer(image: Image.Image, source_pose: Pose, target_pose: Pose, generator: Generator) -> Image.Image:
    """Generate the person of a photo in another pose.

    Args:
        image: photo of the size that the generator was trained for (``generator.config.size``).
        source_pose: the person's pose in it, in pixels.
        target_pose: the wanted pose, in pixels of the same frame.
        generator: from :func:`load_generator`.

    Returns:
        The generated picture, of the same size.

    Raises:
        InputError: if the photo has another size.
    """
    source = from_pil(image)
    check_size(source, generator.config.size, "image")
    device = next(generator.parameters()).device
    poses = (t[None].to(device) for pose in (source_pose, target_pose) for t in (pose.joints, pose.visible))
    return to_pil(to_uint8(generator.repose(to_signed(source)[None].to(device), *poses))[0])


def generate(
    generator: Generator,
    index: PairIndex,
    out: Path,
    *,
    layout: ResultLayout = "images",
    batch_size: int = 8,
    workers: int = 0,
    progress: Progress | None = None,
    provenance: dict[str, Any] | None = None,
) -> list[Path]:
    """Generate every pair of a data set split into a folder, with a manifest.

    ``layout="images"`` writes ``SOURCE___TARGET_vis.png``, the generated image alone. ``layout="strips"`` writes
    the published five panels (source, source pose, target, target pose, generated) as
    ``SOURCE___TARGET_vis.jpg``, JPEG quality 75, values truncated as published.

    Args:
        generator: from :func:`load_generator`.
        index: the pairs, from :func:`reposer.data.open_pairs`.
        out: folder, made if missing; files of the same pairs are replaced.
        layout: what to write.
        batch_size: pairs at a time.
        workers: processes that read images.
        progress: where to show how far it is.
        provenance: more entries for the manifest, such as the checkpoint's hash.

    Returns:
        The written image files, in the order of the pairs.

    Raises:
        InputError: if the data set's images have another size than the generator was trained for.
    """
    if index.size != generator.config.size:
        raise InputError(
            f"{index.images}: images are {index.size[0]}x{index.size[1]}, the generator was trained for "
            f"{generator.config.size[0]}x{generator.config.size[1]}"
        )
    dataset = PairDataset(index)
    device = next(generator.parameters()).device
    written: list[Path] = []
    out.mkdir(parents=True, exist_ok=True)
    for batch in test_loader(dataset, batch_size, workers):
        batch = batch.to(device)
        images = generator.repose(
            to_signed(batch.source),
            batch.source_joints,
            batch.source_visible,
            batch.target_joints,
            batch.target_visible,
        )
        written += write_results(out, batch, to_uint8(images, rounding=_ROUNDING[layout]), layout=layout)
        if progress:
            progress(len(written), len(dataset))
    write_manifest(out, index, layout=layout, provenance={**(provenance or {}), "config": generator.config})
    return written


_ROUNDING: dict[ResultLayout, Literal["nearest", "truncate"]] = {"images": "nearest", "strips": "truncate"}


def write_results(out: Path, batch: PairBatch, generated: Tensor, *, layout: ResultLayout) -> list[Path]:
    """Write generated images (B, 3, H, W) uint8 of a batch of pairs as single images or strips."""
    suffix = ".png" if layout == "images" else ".jpg"
    written = []
    for i, pair_id in enumerate(batch.pair_ids):
        picture = generated[i].cpu()
        if layout == "strips":
            picture = torch.cat(_panels(batch, i, picture), dim=-1)
        path = out / f"{pair_id}_vis{suffix}"
        write_image(path, picture)
        written.append(path)
    return written


def _panels(batch: PairBatch, i: int, generated: Tensor) -> list[Tensor]:
    size = (generated.shape[-2], generated.shape[-1])
    source_pose = Pose(batch.source_joints[i], batch.source_visible[i])
    target_pose = Pose(batch.target_joints[i], batch.target_visible[i])
    return [
        batch.source[i].cpu(),
        draw_pose(source_pose, size),
        batch.target[i].cpu(),
        draw_pose(target_pose, size),
        generated,
    ]


def write_manifest(out: Path, index: PairIndex, *, layout: ResultLayout, provenance: dict[str, Any]) -> None:
    """Write manifest.json, which tells what the images were made from and where their targets are, and
    annotations.csv, the poses in pixels of these images.
    """
    names = dict.fromkeys(name for pair in index.pairs for name in pair)
    write_annotations(out / ANNOTATIONS, {name: index.poses[name] for name in names})
    manifest = {
        "layout": layout,
        "images": str(index.images.resolve()),
        "annotations": ANNOTATIONS,
        "pairs": [list(pair) for pair in index.pairs],
        **{
            name: json.loads(config_to_json(value)) if isinstance(value, RunConfig) else value
            for name, value in provenance.items()
        },
    }
    write_text(out / MANIFEST, json.dumps(manifest, indent=1) + "\n")


def checkpoint_provenance(path: Path) -> dict[str, Any]:
    """Manifest entry that names a checkpoint file and its SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"checkpoint": {"file": str(path.resolve()), "sha256": digest}}
