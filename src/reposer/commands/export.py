"""``reposer export CHECKPOINT``."""

from __future__ import annotations

from pathlib import Path

import tyro

from reposer.export import INPUTS, OUTPUT, ExportFormat, export_generator
from reposer.generator import load_generator
from reposer.progress import Progress


def run(checkpoint: tyro.conf.Positional[Path], /, *, format: ExportFormat, out: Path) -> None:
    """Write a generator as one file that runs without Reposer, at any batch, height and width, and check it.

    Inputs: source, float32 (batch, 3, height, width) in [-1, 1]; source_joints and target_joints, float32
    (batch, 18, 2), x then y in pixels; source_visible and target_visible, bool (batch, 18). Output: generated, as
    source. The written file is compared with a float64 run of PyTorch at three sizes; if it is further off than PyTorch
    in float32 can explain, nothing is written.

    Args:
        checkpoint: run folder of 'reposer train' (its newest generator is taken), a generator-*.safetensors file,
            a folder of 'save_pretrained', or the name of a generator that ships.
        format: onnx: for ONNX Runtime and others; torch-export: an ExportedProgram for torch.export.load.
        out: the file to write, such as person.onnx or person.pt2.
    """
    generator = load_generator(checkpoint)
    file = generator.origin.file if generator.origin else checkpoint  # a run may have saved a newer one meanwhile
    with Progress("export", unit="stages") as progress:
        comparison = export_generator(generator, out, format, checkpoint=file, progress=progress)
    print(f"{', '.join(INPUTS)} -> {OUTPUT}")
    print(f"at three sizes {comparison}")
    print(out)
