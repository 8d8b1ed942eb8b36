"""``reposer weights``: the files of weights that networks need, and those of the released code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import tyro
from torch import nn

from reposer.checks import InputError, check_choice
from reposer.commands.arguments import call
from reposer.features import INCEPTIONS, LPIPS_BACKBONES, VGG19, WeightsFile
from reposer.metrics.detection import SSD300_COCO
from reposer.models import ReleasedDiscriminator, ReleasedGenerator, generator_path, load_released_network, save_network
from reposer.poses.estimators import ESTIMATORS
from reposer.progress import Progress
from reposer.recipes import released
from reposer.terminal import Screen
from reposer.values import to_json

_HELP = """usage: reposer weights list
       reposer weights import FILE --out DIR

List the files of weights that losses, metrics and estimators need, and say which are here; or turn weights of the
released code into a checkpoint of this package.

'reposer weights import --help' says more."""


def main(arguments: Sequence[str]) -> None:
    """Read what to do, then its options, and do it."""
    actions: dict[str, Callable[..., None]] = {"import": run, "list": show}
    if not arguments:
        raise InputError("expected what to do: reposer weights list, or reposer weights import FILE --out DIR")
    if arguments[0] in ("-h", "--help"):
        print(_HELP)
        return
    check_choice("action", arguments[0], actions)
    call(actions[arguments[0]], arguments[1:], prog=f"reposer weights {arguments[0]}")


def show() -> None:
    """List the files of weights: what needs them, how large they are, where they are or come from, what is checked."""
    screen = Screen()
    for file, needing in _files().items():
        digest = f"SHA-256 {file.sha256_prefix}..." if file.sha256_prefix else "SHA-256 not known here: give --sha256"
        place = f"here: {file.cached}" if file.cached.exists() else f"not here: {file.url}"
        screen.tell(f"{file.name}  {file.megabytes} MB, for {needing}, {digest}")
        screen.tell(f"    {place}")
    screen.tell("downloaded when they are needed; files put there by hand or named with --weights will do")


def _files() -> dict[WeightsFile, str]:
    """Every file, and what needs it."""
    return {
        VGG19: "perceptual losses",
        **{file: f"LPIPS ({name})" for name, file in LPIPS_BACKBONES.items()},
        **{file: f"FID, KID, IS ({name})" for name, file in INCEPTIONS.items()},
        SSD300_COCO: "DS (ssd300-coco)",
        **{file: f"poses ({kind.name})" for kind in ESTIMATORS.values() for file in kind.files},
    }


def run(file: tyro.conf.Positional[Path], /, *, out: Path) -> None:
    """Turn a released *_net_netG.pth or *_net_netD_*.pth into a checkpoint, in safetensors.

    The network is recognised from the weights: PATN, XingGAN or discriminator, norm, channels, blocks. Batch norm
    means Market-1501 (128x64, Gaussian heatmaps), instance norm DeepFashion (256x176, one-pixel heatmaps). A
    generator becomes DIR/generator-0000000.safetensors, which 'reposer generate' takes; a discriminator becomes
    DIR/discriminator.safetensors.

    Args:
        file: state dict of the released code.
        out: folder for the checkpoint.
    """
    with Progress("import", unit="stages") as progress:
        progress(0, 2, note=f"reading {file.name} and recognising its network")
        config, network = load_released_network(file)
        path, line = _save(config, network, out, progress)
    print(line)
    print(path)


def _save(
    config: ReleasedGenerator | ReleasedDiscriminator, network: nn.Module, out: Path, progress: Progress
) -> tuple[Path, str]:
    """Write the network; return its file, and what it is in words."""
    if isinstance(config, ReleasedDiscriminator):
        what, seen = "discriminator", f"of {config.in_channels} channels"
        path, text = out / "discriminator.safetensors", to_json(config)
    else:
        run_config = released(config)
        height, width = run_config.size
        what, seen = f"{config.network} generator", f"for {height}x{width}, {run_config.heatmaps.kind} heatmaps"
        path, text = generator_path(out, 0), to_json(run_config)
    if path.exists():
        raise InputError(f"{path}: exists already; name another folder with --out")
    progress(1, 2, note=f"writing {path.name}")
    out.mkdir(parents=True, exist_ok=True)
    save_network(path, network, config=text, recipe="released", step=0)
    progress(2, 2, note="done")
    parameters = sum(parameter.numel() for parameter in network.parameters())
    return path, (
        f"{what} {seen}: {config.norm} norm, {config.channels} channels, {config.blocks} blocks, {parameters:,} weights"
    )
