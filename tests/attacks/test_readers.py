"""No reader runs a program, hangs, takes all memory, shows a traceback or believes what cannot be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.attacks import (
    data_readers,
    estimator_readers,
    keypoint_readers,
    people_readers,
    photo_readers,
    result_readers,
    run_readers,
)
from tests.attacks.cases import FEW, MANY, attacks
from tests.attacks.guarded import attempt
from tests.attacks.mutations import outside, remove
from tests.attacks.reader import Reader

READERS = tuple(
    reader
    for readers in (
        run_readers,
        data_readers,
        people_readers,
        keypoint_readers,
        estimator_readers,
        photo_readers,
        result_readers,
    )
    for reader in readers.READERS
)
_CASES = [
    pytest.param(reader, id=reader.name, marks=[pytest.mark.slow(reader.seconds)] if reader.seconds else [])
    for reader in READERS
]


@pytest.mark.parametrize("cases", [FEW, MANY])
@pytest.mark.parametrize("reader", _CASES)
def test_no_attack_on_a_file_succeeds(reader: Reader, cases: int, tmp_path: Path) -> None:
    folder = tmp_path / "attacked"
    folder.mkdir()
    file = reader.make(folder)
    content = file.read_bytes()
    valid = attempt(lambda: reader.read(file))
    assert not valid.faults
    assert not valid.refused, valid.message
    reader.check(valid.value, valid.value, content)
    text = outside(file).read_text()
    for random, found in attacks(reader.name, cases):
        how = reader.attack(random, file, content)
        outcome = attempt(lambda: reader.read(file))
        for fault in outcome.faults:
            found(fault, how)
        if not outcome.faults and not outcome.refused and (doubt := _doubt(reader, outcome.value, valid.value, file)):
            found(doubt, how)
        remove(file)
        file.write_bytes(content)
        if outside(file).read_text() != text:
            found("a file outside was changed", how)
            outside(file).write_text(text)


def _doubt(reader: Reader, value: Any, valid: Any, file: Path) -> str | None:
    """Why a value that was accepted cannot be right, if so."""
    if not file.is_file():  # it need not be there
        return None
    try:
        reader.check(value, valid, file.read_bytes())
    except Exception as error:  # of a strange value, anything may be wrong
        return f"accepted, though {type(error).__name__}: {str(error)[:500]}"
    return None
