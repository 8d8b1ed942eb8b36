"""The house's rules: short files, short functions, rows that CONTRIBUTING tells rightly, a light command line."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "reposer"
FILES = {str(path.relative_to(PACKAGE)): path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
LENGTHS = {name: len(text.splitlines()) for name, text in FILES.items()}
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
HEAVY = {"torch", "torchvision", "numpy", "scipy", "cv2", "PIL", "tyro", "rich", "yaml", "lightning", "huggingface_hub"}


def functions() -> dict[str, int]:
    """Lines of every function, without its docstring and blank lines."""
    found = {}
    for name, text in FILES.items():
        lines = text.splitlines()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = ast.get_docstring(node) is not None
                docstring = range(first.lineno, (first.end_lineno or 0) + 1) if documented else ()
                numbers = range(node.lineno, (node.end_lineno or 0) + 1)
                own = [i for i in numbers if i not in docstring and lines[i - 1].strip()]
                found[f"{name}:{node.lineno} {node.name}"] = len(own)
    return found


def test_files_are_short() -> None:
    assert {name: length for name, length in LENGTHS.items() if length > 400} == {}
    assert median(LENGTHS.values()) < 130
    assert median(length for name, length in LENGTHS.items() if not name.endswith("__init__.py")) < 130


def test_functions_are_short() -> None:
    assert {name: length for name, length in functions().items() if length >= 80} == {}


def rows() -> list[set[str]]:
    """Modules of each row, the highest first, as lint-imports holds them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (contract for contract in settings["contracts"] if contract["type"] == "layers")
    return [set(re.findall(r"reposer\.(\w+)", layer)) for layer in contract["layers"]]


def test_every_module_has_a_row() -> None:
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    held = [module for row in rows() for module in row]
    assert sorted(held) == sorted(modules - {"__init__"})


def test_contributing_tells_the_rows() -> None:
    told = [
        {re.sub(r"/$|\.py$", "", name) for name in re.findall(r"`([^`]+)`", line.split("|")[2])}
        for line in CONTRIBUTING.splitlines()
        if re.match(r"\| \d+ \|", line)
    ]
    assert told == rows()
    numbers = [int(number) for number in re.findall(r"^\| (\d+) \|", CONTRIBUTING, re.MULTILINE)]
    assert numbers == list(range(len(told), 0, -1))


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_quick_commands_import_nothing_heavy(arguments: list[str]) -> None:
    """So that they answer in a tenth of a second, which a test on a busy machine cannot time."""
    code = f"import sys; from reposer.cli import main; main({arguments}); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert "reposer.cli" in loaded
    assert not HEAVY & loaded
    assert arguments == ["--version"] or "importlib.metadata" not in loaded
