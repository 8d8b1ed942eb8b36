"""Command lines from typed functions, with errors of one line."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import is_dataclass
from typing import Any

import tyro

from reposer.checks import InputError, suggestion
from reposer.values import FieldError, flat

try:
    from tyro import _errors as events  # what is wrong, as data
except ImportError:  # it is not public: should it go, tyro's own framed message is shown
    events = None  # type: ignore[assignment]


def call(function: Callable[..., Any], arguments: Sequence[str], *, prog: str, **options: Any) -> None:
    """Read the arguments of ``function`` from the command line, by its signature and docstring, and call it.

    Raises:
        InputError: one line, if an option is unknown (the nearest is suggested), missing or of the wrong kind.
    """

    @functools.wraps(function)
    def bind(*args: Any, **kwargs: Any) -> Callable[[], Any]:
        return functools.partial(function, *args, **kwargs)

    def refuse(event: events.ParseErrorEvent) -> None:
        raise InputError(f"{_one_line(event, function)} (see '{prog} --help')")

    with events.on_parse_error(refuse) if events else nullcontext():
        bound = tyro.cli(bind, prog=prog, args=list(arguments), **options)
    bound()


def _one_line(event: events.ParseErrorEvent, function: Callable[..., Any]) -> str:
    match event:
        case events.UnrecognizedArgs(tokens=tokens):
            return _unknown(tokens, function)
        case events.MissingArgs(missing_arguments=missing, unrecognized_tokens=tokens):
            names = f"missing: {', '.join(_name(each.arg) for each in missing)}"
            return f"{_unknown(tokens, function)}; {names}" if tokens else names
        case events.InvalidChoice(argument=argument, value=value, choices=choices):
            return f"unknown {_name(argument)} {value!r}{suggestion(value, choices)} (known: {', '.join(choices)})"
        case events.BadValue(argument=argument):
            return f"{_name(argument)}: expected {argument.lowered.nargs} value(s)"
        case events.InstantiationFailure(argument=None, message=message):
            return _of_group(message, function)
        case events.InstantiationFailure(argument=argument, message=message):
            return f"{_name(argument)}: {message}"
    return f"not understood: {type(event).__name__}"


def _of_group(message: str, function: Callable[..., Any]) -> str:
    """Write the dotted name of a group of settings before what is wrong with it, as where they are read from a file."""
    error = sys.exception()  # tyro's, which knows the group; it was raised from that of the settings
    first, _, rest = str(getattr(error, "arg", "")).partition(".")
    group = rest if first in inspect.signature(function).parameters else first
    if error is None or not group:
        return message
    return f"{group}{'.' if isinstance(error.__context__, FieldError) else ': '}{message}"


def _name(argument: Any) -> str:
    return argument.lowered.metavar if argument.is_positional() else argument.lowered.name_or_flags[-1]


def _unknown(tokens: Sequence[str], function: Callable[..., Any]) -> str:
    """Name the first option that there is not, and the nearest that there is."""
    token = next((token for token in tokens if token.startswith("-")), tokens[0]).partition("=")[0]
    known: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        known += flat(parameter.default) if is_dataclass(parameter.default) else [name]
    return f"unknown option {token!r}{suggestion(token, [f'--{name}'.replace('_', '-') for name in known])}"
