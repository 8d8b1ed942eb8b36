"""Package a trained generator with its scores, log and commands, and draw 16 random test pairs."""

from __future__ import annotations

import argparse
import json
import platform
import random
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import reposer
from reposer.data import PairDataset, collate, open_pairs
from reposer.evaluation import Evaluation, evaluate
from reposer.files import write_text
from reposer.generation import checkpoint_provenance, generate
from reposer.generator import Generator, generator_file, load_generator
from reposer.images import write_image
from reposer.progress import Progress
from reposer.training.validation import contact_sheet

PRETRAINED = Path(reposer.__file__).parent / "pretrained"
COMMANDS = (
    "reposer mannequin data --identities 3064 --test-identities 64 --no-part-masks",
    "reposer train mannequin-small --data data --out run",
    "python docs/make_pretrained.py --run run --data data --name mannequin --picture docs/pictures/mannequin.jpg",
)
PROTOCOLS = ("patn-market", "reposer-1")
ROWS, COLUMNS = 4, 4


def score(generator: Generator, data: Path, checkpoint: Path) -> dict[str, dict[str, Evaluation]]:
    """Scores of all test pairs, and of the copied source images: {protocol: {what: evaluation}}."""
    with tempfile.TemporaryDirectory() as folder:
        with Progress("generate") as progress:
            provenance = checkpoint_provenance(checkpoint)
            generate(generator, open_pairs(data, "test"), Path(folder), progress=progress, provenance=provenance)
        return {
            protocol: {
                "generated": evaluate(folder, protocol=protocol),
                "copy-source": evaluate(folder, protocol=protocol, baseline="copy-source"),
            }
            for protocol in PROTOCOLS
        }


def sheet(generator: Generator, data: Path) -> torch.Tensor:
    """Source, target pose, target and generated image of random test pairs."""
    dataset = PairDataset(open_pairs(data, "test"))
    chosen = random.Random(0).sample(range(len(dataset)), ROWS * COLUMNS)
    batch = collate([dataset[i] for i in chosen])
    return contact_sheet(generator.network, [batch], generator.config, columns=COLUMNS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="The generator in the package was made by: " + "; ".join(COMMANDS)
    )
    parser.add_argument("--run", type=Path, required=True, help="run folder of 'reposer train'")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data set, which has a test split")
    parser.add_argument("--name", required=True, help="name of the generator")
    parser.add_argument("--picture", type=Path, required=True, help="file to draw the contact sheet to")
    options = parser.parse_args()
    checkpoint = generator_file(options.run)
    generator = load_generator(checkpoint)
    evaluations = score(generator, options.data, checkpoint)
    write_image(options.picture, sheet(generator, options.data), quality=88)

    out = PRETRAINED / options.name
    generator.save_pretrained(out, evaluation=evaluations["reposer-1"]["generated"])
    mannequins = json.loads((options.data / "dataset.json").read_text())
    made: dict[str, Any] = {
        "commands": COMMANDS,
        "mannequins": mannequins["config"],
        "machine": f"{torch.get_num_threads()} threads, {platform.machine()}, torch {torch.__version__}",
        "date": datetime.now(UTC).date().isoformat(),
    }
    write_text(out / "made.json", json.dumps(made, indent=1) + "\n")
    scores = {
        protocol: {what: [each.to_json() for each in evaluation.scores] for what, evaluation in found.items()}
        for protocol, found in evaluations.items()
    }
    write_text(out / "scores.json", json.dumps(scores, indent=1) + "\n")
    write_text(out / "metrics.jsonl", (options.run / "metrics.jsonl").read_text())
    for protocol, found in evaluations.items():
        for what, evaluation in found.items():
            print(protocol, what, {each.name: round(each.value, 4) for each in evaluation.scores})


if __name__ == "__main__":
    main()
