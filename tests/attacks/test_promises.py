"""The table of promises names tests that exist, and every reader that is attacked."""

import ast
import re
from pathlib import Path

from tests.attacks.test_readers import READERS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reliability.md").read_text()


def test_every_promise_names_tests_that_exist() -> None:
    rows = [row for row in PAGE.splitlines() if row.startswith("|") and not re.match(r"\|(-|[^|]*\| how it)", row)]
    assert len(rows) > 15
    for row in rows:
        promise, _, tests = row.strip("|").split("|")
        named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests)
        assert named, promise
        for file, name in named:
            tree = ast.parse((ROOT / file).read_text())
            assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, f"{file}::{name}"


def test_every_reader_under_attack_is_listed() -> None:
    listed = re.findall(r"`([^`]+)`", PAGE.partition("<!-- readers -->")[2].partition("<!-- end -->")[0])
    assert listed == sorted(reader.name for reader in READERS)
