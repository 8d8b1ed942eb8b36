"""The command line: ``reposer COMMAND``. A command's module is imported only when it is called."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from reposer.checks import InputError, RunError, check_choice, printable
from reposer.commands import listing
from reposer.memory import keep_freed_memory

COMMANDS = {
    "transfer": "show the person of a photo in another pose",
    "animate": "let the person of a photo walk, turn or move as somebody else did, as a video",
    "quickstart": "make people, train, generate, evaluate, report: everything in a few minutes, no download",
    "people": "make a data set of photo-like people, with all that is known about their pictures",
    "mannequin": "make a data set of drawn figures, quickly",
    "prepare": "turn a download of Market-1501 or DeepFashion into a data set",
    "doctor": "say what is wrong with a data set or a run, and what to do next",
    "train": "train a generator by a recipe",
    "generate": "generate the test pairs of a data set",
    "augment": "make new images of the people of a data set, in poses of others",
    "evaluate": "score a folder of results under a stated protocol",
    "compare": "say which of two results is better, and how sure that is",
    "poses": "find poses in images, convert files of keypoints to annotations, or draw them",
    "protocols": "list the evaluation protocols, show one, say how two differ",
    "weights": "list the weights that networks need, import those of the released code",
    "export": "write a generator as ONNX or as a PyTorch program, for use without this package",
}
_LONGEST = 1500
"""Characters of a message; of a longer one, which quotes a file, beginning and end are shown."""
_HELP = f"""usage: reposer COMMAND [OPTIONS]

Pose-guided person image generation: train, generate, evaluate.

{listing(COMMANDS)}

'reposer COMMAND --help' shows the options of a command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; bad input is one line and exit code 2."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that is not UTF-8, or a terminal that lacks a letter
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        _dispatch(arguments)
        sys.stdout.flush()
    except InputError as error:
        _fail(str(error), 2)
    except RunError as error:
        _fail(str(error), 1)
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # disk full, no permission: the file is named in the error
        _fail(str(error), 2)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # another one would tear the farewell
        _fail("stopped", 130)


def _dispatch(arguments: list[str]) -> None:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_HELP)
    elif arguments[0] in ("-V", "--version"):
        from reposer import __version__  # reading it takes longer than printing the help

        print(f"reposer {__version__}")
    else:
        check_choice("command", arguments[0], COMMANDS)
        keep_freed_memory()
        module = import_module(f"reposer.commands.{arguments[0]}")
        if hasattr(module, "main"):  # it reads its first word, a recipe or an action
            module.main(arguments[1:])
        else:
            import_module("reposer.commands.arguments").call(module.run, arguments[1:], prog=f"reposer {arguments[0]}")


def _fail(message: str, code: int) -> None:
    if os.environ.get("REPOSER_TRACEBACK"):
        raise
    line = printable(message)
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    print(f"reposer: {line}", file=sys.stderr)
    sys.exit(code)
