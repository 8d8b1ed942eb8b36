"""``reposer train RECIPE``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from reposer.checks import InputError
from reposer.commands import listing
from reposer.commands.arguments import call
from reposer.config import RunConfig
from reposer.progress import Progress
from reposer.recipes import RECIPES, recipe
from reposer.training import train


def main(arguments: Sequence[str]) -> None:
    """Read the recipe's name, then its options, and train."""
    if not arguments or arguments[0].startswith("-"):
        if not {"-h", "--help"} & set(arguments):
            raise InputError(f"expected a recipe first: reposer train RECIPE ... (known: {', '.join(RECIPES)})")
        print(_help())
        return
    config = recipe(arguments[0])

    def run(
        *,
        data: Path,
        out: Path,
        resume: bool = False,
        config: Annotated[RunConfig, tyro.conf.arg(name="")] = config,
    ) -> None:
        """Train a generator by a recipe; every setting of the recipe is an option.

        Args:
            data: folder of the data set, in the Market-1501 or DeepFashion layout.
            out: run folder for the log, contact sheets and checkpoints.
            resume: continue the run in --out from its newest checkpoint.
            config: the recipe's settings.
        """
        with Progress(f"train {config.recipe}") as progress:
            generator = train(config, data=data, out=out, resume=resume, progress=progress)
        print(generator)

    call(run, arguments[1:], prog=f"reposer train {arguments[0]}")


def _help() -> str:
    return "\n".join(
        [
            "usage: reposer train RECIPE --data DIR --out RUN [--resume] [OPTIONS]",
            "",
            "recipes:",
            *listing({name: function.__doc__ for name, function in RECIPES.items()}),
            "",
            "'reposer train RECIPE --help' tells the options and the recipe's values.",
        ]
    )
