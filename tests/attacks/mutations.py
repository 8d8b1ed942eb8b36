"""What accidents and ill will make of a file: its bytes, its values and the file itself."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import yaml


class Literal(str):
    """Stands for a text that JSON and YAML get as it is, without quotes."""

    __slots__ = ()


NUMBERS = tuple(map(Literal, ("-1", "0", "-0.0", "1", "0.5", "2", "3", "4", "1e-320", "1e39", "1e400", "-1e400")))
NUMBERS += tuple(map(Literal, ("2147483648", "9223372036854775808", "1" * 400, "9" * 5000, "1.5e308", "1000000000")))
SPECIAL = {"json": ("NaN", "Infinity", "-Infinity"), "yaml": (".nan", ".inf", "-.inf")}
TEXTS = (
    "",
    " ",
    "nan",
    "1",
    "two\nlines",
    "return\rtab\tescape\x1b[31m",
    "[bold]markup[/bold]",
    "closing[/tag]",
    "``` \n# heading",
    "<script>alert(1)</script>",
    "a|b",
    "../../../etc/passwd",
    "/dev/zero",
    "nul\0byte",
    "\ud800",
    "\udcff",
    "long" * 5000,
    "ünïcode ☃ 人",
    "-",
    "--help",
    "${HOME}",
    "%s{}",
)
PLAIN: tuple[Any, ...] = (None, True, False, [], {}, [[]], [None], {"a": {"b": []}}, "text", 7, 0.25)


def mutate_bytes(random: Random, content: bytes) -> bytes:
    """Flip, cut, insert, repeat or overwrite some bytes."""
    changed = bytearray(content)
    # Half of the attacks aim at the beginning, where lengths and kinds stand.
    end = len(content) if random.random() < 0.5 else min(len(content), 64)
    at = random.randrange(end) if end else 0
    count = random.choice((1, 2, 4, 8, 64))
    kind = random.randrange(8)
    if kind == 0 and changed:
        for _ in range(count):
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    elif kind == 1:
        del changed[at:]
    elif kind == 2:
        changed[at:at] = random.randbytes(count)
    elif kind == 3:
        changed[at:at] = changed[at : at + random.randrange(1, 1 + len(changed))] if changed else b""
    elif kind == 4:
        del changed[at : at + count]
    elif kind == 5:
        changed[at : at + count] = random.choice((b"\0", b"\xff", b"\x7f", b"9", b"[", b"\n", b'"')) * count
    elif kind == 6:
        changed += random.choice((b"\0" * 4096, random.randbytes(64), b"}", b"\n\n", content))
    else:
        return random.choice(
            (b"", b"\0", b"\n", b"\xff\xfe", content.decode("latin-1").encode("utf-16"), content[::-1])
        )
    return bytes(changed)


def places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a tree of dicts and lists."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, inner in items:
        yield tree, key
        yield from places(inner)


def mutate_tree(random: Random, tree: Any, form: str = "json") -> Any:
    """Put something hostile in place of values, or drop, rename, repeat or swap entries; ``tree`` is used up."""
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        found = list(places(tree))
        if not found or random.random() < 0.03:
            tree = hostile(random, form)
            continue
        owner, key = random.choice(found)
        kind = random.randrange(10)
        if kind == 0:
            del owner[key]
        elif kind == 1 and isinstance(owner, dict):
            owner[random.choice((f"{key}x", "", str(key).upper(), *TEXTS))] = owner.pop(key)
        elif kind == 2 and isinstance(owner, list):
            owner[key:key] = [owner[key]] * random.choice((1, 100))
        elif kind == 3:
            other, at = random.choice(found)
            with suppress(IndexError, KeyError):  # it may lie in what was just replaced
                owner[key] = json.loads(json.dumps(other[at]))
        elif kind == 4:
            owner[key] = random.choice(([owner[key]], {"value": owner[key]}, str(owner[key])))
        else:
            owner[key] = hostile(random, form)
    return tree


def hostile(random: Random, form: str = "json") -> Any:
    """A value that is rarely right."""
    kind = random.randrange(8)
    if kind < 3:
        return random.choice(NUMBERS)
    if kind == 3:
        return Literal(random.choice(SPECIAL[form]))
    if kind == 4:
        return deepcopy(random.choice(PLAIN))  # it may be put into itself
    if kind == 5 and random.random() < 0.3:
        depth = random.choice((50, 2000, 100_000) if form == "json" else (50, 300))
        return Literal("[" * depth + "]" * depth)
    if kind == 6:
        return random.choice((-1, 1)) * random.choice(
            (random.random(), random.randrange(1, 10**6), random.expovariate(1))
        )
    return random.choice(TEXTS)


def to_json(tree: Any) -> str:
    """JSON with its literals as they are."""
    return _unquoted(json.dumps(_marked(tree)))


def to_yaml(tree: Any) -> str:
    """YAML likewise."""
    return _unquoted(yaml.safe_dump(_marked(tree), default_style='"', width=10**9)) if tree != {} else "{}"


def _marked(tree: Any) -> Any:
    if isinstance(tree, Literal):
        return f"@literal {tree}@"
    if isinstance(tree, dict):
        return {key: _marked(inner) for key, inner in tree.items()}
    return [_marked(inner) for inner in tree] if isinstance(tree, list | tuple) else tree


def _unquoted(text: str) -> str:
    return re.sub(r'"@literal ([^"@]*)@"', r"\1", text)


def mutate_json(random: Random, content: bytes) -> bytes:
    """Change values of JSON, of each or some line where it is lines."""
    lines = content.decode().strip().split("\n")
    if len(lines) > 1 and lines[0].endswith(("}", "]")):
        at = random.randrange(len(lines))
        lines[at] = to_json(mutate_tree(random, json.loads(lines[at])))
        text = "\n".join(random.choice((lines, lines, lines[::-1], lines * 2, lines[:-1]))) + "\n"
    else:
        text = to_json(mutate_tree(random, json.loads(content)))
    return text.encode("utf-8", "surrogatepass")


YAML_TRICKS = (
    "size: &a [1, 2]\nother_sizes: [*a, *a]\n",
    "size: &a [*a, *a]\n",
    "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "size: *i\n",
    "size: !!python/object/apply:os.system ['touch /tmp/owned']\n",
    "size: !!python/tuple [128, 64]\n",
    "pad_value: 1:30\nname: 2020-01-01\n",
    "name: !!binary aGk=\n",
    "size: !!set {128, 64}\n",
    "<<: {size: [1, 1]}\n",
    "? [128, 64]\n: 3\n",
    "---\na: 1\n---\nb: 2\n",
    "1: 2\nnull: 3\n",
    "size: [0o200, 0x40]\npad_value: 2_5_5\n",
    "\tsize: 1\n",
    "size: [128, 64]\nsize: [0, 0]\n",
)


def mutate_yaml(random: Random, content: bytes) -> bytes:
    """Change values of YAML, or add what only YAML knows."""
    if random.random() < 0.2:
        return content + random.choice(YAML_TRICKS).encode()
    return to_yaml(mutate_tree(random, yaml.safe_load(content), "yaml")).encode("utf-8", "surrogatepass")


def mutate_table(random: Random, content: bytes) -> bytes:
    """Change cells, rows, separators and line ends of a table of text; lists of JSON in it too."""
    lines = content.decode("utf-8-sig").splitlines()
    at = random.randrange(len(lines))
    kind = random.randrange(10)
    if kind == 0:
        lines[at:at] = [lines[at]]
    elif kind == 1:
        del lines[at]
    elif kind == 2:
        lines[at] = lines[at].translate(str.maketrans(",:", ":,"))
    elif kind == 3:
        lines[at] = f'"{lines[at]}'
    elif kind == 4:
        lines[at] += random.choice((",", ":", ",more", '"', "\0", " " * 1000, "," * 10_000))
    elif kind == 5:
        lines[at] = "x" * random.choice((100, 200_000))
    elif kind == 6:
        return random.choice(("\r\n", "\r", "\n\n", "\v", "\u2028")).join(lines).encode()
    else:
        cells = re.split(r"([,:\[\]\s]+)", lines[at])
        value = random.choice((*NUMBERS, "NaN", "Infinity", "true", "null", *TEXTS))
        cells[random.randrange(0, len(cells), 2)] = str(value)
        lines[at] = "".join(cells)
    return "\n".join([*lines, ""]).encode("utf-8", random.choice(("surrogatepass", "replace")))


def outside(path: Path) -> Path:
    """A text outside the folder of a file, which no attack on that file may change."""
    found = path.parents[1] / "outside.txt"
    if not found.exists():
        found.write_text("a text of somebody else\n")
    return found


def replace_file(random: Random, path: Path) -> str:
    """Put something else in place of a file, and say what."""
    path.unlink()
    kinds: dict[str, Callable[[], Any]] = {
        "nothing": lambda: None,
        "a pipe": lambda: os.mkfifo(path),
        "a folder": path.mkdir,
        "a link to nothing": lambda: path.symlink_to("nowhere"),
        "a link to itself": lambda: path.symlink_to(path.name),
        "a link to a device": lambda: path.symlink_to(random.choice(("/dev/zero", "/dev/null"))),
        "a link out of the folder": lambda: path.symlink_to(outside(path)),
        "a socket": lambda: _socket(path),
    }
    kind = random.choice(list(kinds))
    kinds[kind]()
    return kind


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server, suppress(OSError):  # its name may be too long
        server.bind(str(path))


def remove(path: Path) -> None:
    """Remove whatever is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
