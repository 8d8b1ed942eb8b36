"""``reposer train RECIPE``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import tyro

from reposer.checks import InputError
from reposer.commands import listing
from reposer.commands.arguments import call
from reposer.config import RunConfig
from reposer.models import NETWORKS, switch_network
from reposer.progress import Progress
from reposer.recipes import RECIPES, recipe
from reposer.training import plan, train
from reposer.training.run_folder import Resume, read_run
from reposer.training.world import starts_as_first

_HELP = f"""usage: reposer train RECIPE --data DIR --out RUN [--resume [auto]] [--dry-run] [OPTIONS]
       reposer train --resume RUN [OPTIONS]

recipes:
{listing({name: function.__doc__ for name, function in RECIPES.items()})}

networks (--generator.network NAME; a recipe has its own):
{listing({name: entry.title for name, entry in NETWORKS.items()})}

'reposer train RECIPE --help' shows the options and the recipe's values."""


def main(arguments: Sequence[str]) -> None:
    """Read the recipe's name, then its options, and train; or read the run to resume."""
    first, *options = arguments or [""]
    if first.partition("=")[0] == "--resume":
        _train(*_of_run(arguments))
    elif first and not first.startswith("-"):
        _train(f"reposer train {first}", _with_value(options), _with_network(recipe(first), options))
    elif {"-h", "--help"} & set(arguments):
        print(_HELP)
    else:
        raise InputError(
            f"expected a recipe first: reposer train RECIPE ... (known: {', '.join(RECIPES)}), or --resume RUN"
        )


def _train(
    prog: str,
    options: Sequence[str],
    config: RunConfig,
    data: Path = tyro.MISSING,
    out: Path | None = None,
    resume: Literal["no", "yes", "auto"] = "no",
) -> None:
    """Read the options, whose defaults are given, and train."""

    def run(
        *,
        data: Path = data,
        out: Path | None = out,
        resume: Literal["no", "yes", "auto"] = resume,
        dry_run: bool = False,
        config: Annotated[RunConfig, tyro.conf.arg(name="")] = config,
    ) -> None:
        """Train a generator by a recipe; every setting of the recipe is an option.

        Args:
            data: folder of the data set, in the Market-1501 or DeepFashion layout, or of own photos.
            out: run folder for the log, contact sheets and checkpoints.
            resume: --resume alone (yes): continue the run in --out from its newest checkpoint; auto: continue it if
                there is one, else start.
            dry_run: look for all that the training needs, tell everything that is missing at once, download nothing;
                then print the configuration, parameters, memory, disk, and the time predicted from a few steps.
            config: the recipe's settings.
        """
        if dry_run:
            with Progress("dry run") as progress:
                told = plan(config, data=data, out=out, resume=_RESUME[resume], progress=progress)
            print(told)
            return
        if out is None:
            raise InputError("--out is missing: the run folder for the log, contact sheets and checkpoints")
        with Progress(f"train {config.recipe}", shown=starts_as_first()) as progress:
            generator = train(config, data=data, out=out, resume=_RESUME[resume], progress=progress)
        if starts_as_first():
            print(generator)

    # Of the union of all networks' options, those of the chosen one.
    call(run, options, prog=prog, config=(tyro.conf.AvoidSubcommands,))


_RESUME: dict[str, Resume] = {"no": False, "yes": True, "auto": "auto"}


def _of_run(arguments: Sequence[str]) -> tuple[str, Sequence[str], RunConfig, Path, Path, Literal["yes"]]:
    """What ``--resume RUN`` stands for: the settings and the data folder of the run are the defaults of all options."""
    name, *options = [*arguments[0].split("=", 1)[1:], *arguments[1:], ""]
    if not name or name.startswith("-"):
        raise InputError("expected the run folder: reposer train --resume RUN; or a recipe first, and --out RUN")
    run = Path(name)
    config, data = read_run(run)
    if data is not None and not data.is_dir() and not any(word.partition("=")[0] == "--data" for word in options):
        raise InputError(f"{run}: its data set is no longer in {data}; say where it is: --data DIR")
    return f"reposer train --resume {run}", options[:-1], config, data or tyro.MISSING, run, "yes"


def _with_network(config: RunConfig, arguments: Sequence[str]) -> RunConfig:
    """Put the network that the arguments name into a recipe, so that its options are known when they are read."""
    words = [word for argument in arguments for word in argument.split("=", 1)]
    names = [name for option, name in pairwise(words) if option == "--generator.network"]
    return replace(config, generator=switch_network(config.generator, names[-1])) if names else config


def _with_value(arguments: Sequence[str]) -> list[str]:
    """Write ``--resume`` without a value as ``--resume yes``."""
    return [
        part
        for argument, next_one in pairwise([*arguments, ""])
        for part in ([argument, "yes"] if argument == "--resume" and next_one not in _RESUME else [argument])
    ]
