"""Export: a generator as one file that runs without this package, from joints to image, at any size."""

from __future__ import annotations

import importlib.util
import io
import json
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from reposer import __version__
from reposer.checks import InputError, RunError
from reposer.config import config_to_json
from reposer.digests import file_digest
from reposer.files import write_whole
from reposer.generator import Generator
from reposer.images import SIGNED
from reposer.model_card import license_of, training_data
from reposer.progress import Progress

ExportFormat = Literal["onnx", "torch-export"]

INPUTS = ("source", "source_joints", "source_visible", "target_joints", "target_visible")
OUTPUT = "generated"
INTERFACE = """inputs:
  source: float32 (batch, 3, height, width), RGB in [-1, 1]; height and width are free, from 8 pixels
  source_joints, target_joints: float32 (batch, {joints}, 2), x then y in pixels of source
  source_visible, target_visible: bool (batch, {joints}), false for a missing joint, whose coordinates mean nothing
output:
  generated: float32 (batch, 3, height, width), RGB in [-1, 1]
"""
FACTOR, FLOOR = 4, 1e-4
"""An exported file may be off a float64 run by this many times what PyTorch in float32 is, or by the floor (a
seventieth of a step of 8-bit images)."""
_AXES = {0: "batch", 2: "height", 3: "width"}
_PACKAGES = ("onnx", "onnxscript", "onnxruntime")

Inputs = tuple[Tensor, ...]
Run = Callable[[Inputs], Tensor]


@dataclass(frozen=True)
class Comparison:
    """Largest differences from a float64 run of the same network and inputs, in units of the range [-1, 1].

    What float32 loses depends on the network and on the order in which a processor adds; hence no fixed bound.
    """

    exported: float
    """Of the exported file."""
    pytorch: float
    """Of PyTorch in float32."""

    @property
    def allowed(self) -> float:
        """The most that ``exported`` may be."""
        return max(FLOOR, FACTOR * self.pytorch)

    def __str__(self) -> str:
        return (
            f"off a float64 run by {self.exported:.2g} (PyTorch in float32: {self.pytorch:.2g}; "
            f"allowed: {self.allowed:.2g}, {FACTOR} times that and at least {FLOOR:g})"
        )


class _Graph(Generator):
    """``Generator.repose`` as a forward pass, which is what exporters take."""

    forward = Generator.repose  # type: ignore[assignment]


def export_generator(
    generator: Generator,
    out: str | Path,
    format: ExportFormat,
    *,
    checkpoint: Path,
    progress: Progress | None = None,
) -> Comparison:
    """Write a generator as an ONNX model or an ExportedProgram, and return how far the file is off PyTorch.

    Heatmaps, padding to the network's stride and cropping are part of the graph; ``INTERFACE`` names its inputs and
    output. Configuration, licence, training data, version and the checkpoint's SHA-256 go with it: in an ONNX model
    as ``metadata_props``, in an ExportedProgram as extra files of the same names.

    The file is read back, run at three sizes (the trained one and two that the stride does not divide, batches of
    1, 3 and 2; ONNX models in ONNX Runtime) and kept only if no pixel is further from a float64 run than
    ``Comparison.allowed``.

    Args:
        generator: on the CPU.
        out: file to write, replaced if it exists.
        format: "onnx" or "torch-export".
        checkpoint: the file that the generator was loaded from.
        progress: where to show which of its three stages it is at.

    Raises:
        InputError: if a package is missing, or ``out`` has no folder.
        OSError: naming ``out``, if it cannot be written; nothing is left behind.
        RunError: if the exported file is off by more than it may be; nothing is left behind.
    """
    out = Path(out)
    if not out.parent.is_dir():
        raise InputError(f"{out}: there is no folder {out.parent}")
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None] if format == "onnx" else []
    if missing:
        raise InputError(f"export to ONNX needs {', '.join(missing)}: pip install 'reposer[export]'")
    generator.describe()  # with the scores of its run folder
    about = _about(generator, checkpoint)

    def stage(done: int, note: str) -> None:
        if progress is not None:
            progress(done, 3, note=note)

    stage(0, "tracing the network")
    program = trace(generator)
    save, load = _FORMATS[format]
    found: list[Comparison] = []

    def write(temporary: Path) -> None:
        stage(1, f"writing {out.name}")
        save(program, temporary, about)
        stage(2, "comparing it with PyTorch at three sizes")
        found.append(compare(generator, load(temporary)))
        if not found[0].exported <= found[0].allowed:  # nor if it is not a number
            raise RunError(f"{out}: not written, it would be {found[0]}")

    write_whole(out, write)
    stage(3, "done")
    return found[0]


def trace(generator: Generator) -> torch.export.ExportedProgram:
    """Trace ``Generator.repose`` with free batch, height and width."""
    axis = torch.export.Dim.DYNAMIC
    # An odd size that needs padding both ways, and a batch above 1: sizes 0 and 1 would become constants.
    example = example_inputs(generator, 2, (46, 34))
    shapes = ({0: axis, 2: axis, 3: axis}, *({0: axis} for _ in INPUTS[1:]))
    with torch.no_grad(), _quiet():
        program = torch.export.export(
            _Graph(generator.network, generator.config), example, dynamic_shapes=shapes, strict=False
        )
    for node in program.graph.nodes:  # they name files of this machine
        node.meta.pop("stack_trace", None)
    return program


def example_inputs(generator: Generator, batch: int, size: tuple[int, int]) -> Inputs:
    """Seeded inputs of a size: a random picture, joints anywhere in it, one in five missing."""
    random = torch.Generator().manual_seed(0)
    height, width = size
    joints = generator.network.joints
    low, high = SIGNED

    def pose() -> tuple[Tensor, Tensor]:
        xy = torch.rand(batch, joints, 2, generator=random) * torch.tensor([width - 1, height - 1])
        return xy.round(), torch.rand(batch, joints, generator=random) > 0.2

    source = torch.rand(batch, 3, height, width, generator=random) * (high - low) + low
    return source, *pose(), *pose()


def compare(generator: Generator, run: Run) -> Comparison:
    """Compare an exported generator, and PyTorch in float32, with a float64 run at three sizes."""
    height, width = generator.config.size
    exact = deepcopy(generator).double()
    differences = []
    for batch, size in ((1, (height, width)), (3, (height // 2 + 3, width // 2 + 5)), (2, (width + 2, height - 1))):
        inputs = example_inputs(generator, batch, size)
        expected = exact.repose(*(value.double() if value.is_floating_point() else value for value in inputs))
        exported = run(inputs)
        if exported.shape != expected.shape:
            raise RunError(f"the exported graph gives {tuple(exported.shape)} for {tuple(expected.shape)}")
        found = (exported, generator.repose(*inputs))
        differences.append(torch.stack([(each - expected).abs().max() for each in found]))
    return Comparison(*torch.stack(differences).amax(dim=0).tolist())  # NaN above all


def _about(generator: Generator, checkpoint: Path) -> dict[str, str]:
    return {
        "interface": INTERFACE.format(joints=generator.network.joints),
        "reposer_version": __version__,
        "recipe": generator.config.recipe,
        "step": str(generator.about.step),
        "training_data": training_data(generator.config, generator.about),
        "license": license_of(generator.config, generator.about),
        "checkpoint_sha256": file_digest(checkpoint),
        "config": config_to_json(generator.config),
        "scores": json.dumps([score.to_json() for score in generator.about.scores]),
    }


def _save_program(program: torch.export.ExportedProgram, path: Path, about: dict[str, str]) -> None:
    content = io.BytesIO()  # torch ends the process where it cannot write into a file, as on a full disk
    torch.export.save(program, content, extra_files=about)
    path.write_bytes(content.getbuffer())


def _load_program(path: Path) -> Run:
    with path.open("rb") as file:
        module = torch.export.load(file).module()
    return lambda inputs: module(*inputs)


def _save_onnx(program: torch.export.ExportedProgram, path: Path, about: dict[str, str]) -> None:
    import onnx

    with _quiet():
        exported = torch.onnx.export(
            program,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=(_AXES, *({0: "batch"} for _ in INPUTS[1:])),
            dynamo=True,
            verbose=False,
        )
    assert exported is not None
    model = exported.model_proto
    for place in (model, model.graph, *model.functions, *model.graph.node):  # traces of this machine's files
        del place.metadata_props[:]
    onnx.helper.set_model_props(model, about)
    model.producer_name, model.producer_version = "reposer", __version__
    model.doc_string = about["interface"]
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _load_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])

    def run(inputs: Inputs) -> Tensor:
        arrays: dict[str, Any] = {name: value.numpy() for name, value in zip(INPUTS, inputs, strict=True)}
        return torch.from_numpy(session.run([OUTPUT], arrays)[0])

    return run


_FORMATS: dict[str, tuple[Callable[..., None], Callable[[Path], Run]]] = {
    "onnx": (_save_onnx, _load_onnx),
    "torch-export": (_save_program, _load_program),
}


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences exporters, which warn about what we intend (inputs that share names of axes) and log their progress."""
    with warnings.catch_warnings(action="ignore"):
        level = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(level)
