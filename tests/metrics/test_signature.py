"""Signatures: printed, parsed, compared, told apart in words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reposer.metrics import BatchSettings, Signature
from reposer.metrics.signature import common, grouped
from reposer.similarity import CLASSIC_SSIM

TEXT = st.text(st.characters(exclude_characters="|"), max_size=6)
KEY = st.text(st.characters(exclude_characters="|:"), min_size=1, max_size=6)
SIGNATURES = st.builds(lambda name, parts: Signature(name, tuple(parts.items())), TEXT, st.dictionaries(KEY, TEXT))


@given(SIGNATURES)
def test_what_is_printed_is_read_back(signature: Signature) -> None:
    assert Signature.parse(str(signature)) == signature
    assert signature.differences(signature) == []


@given(SIGNATURES, SIGNATURES)
def test_different_ones_differ_in_something(a: Signature, b: Signature) -> None:
    same = a.protocol == b.protocol and dict(a.parts) == dict(b.parts)
    assert (a.differences(b) == []) == same
    assert len(a.differences(b)) == len(b.differences(a))


@given(st.lists(SIGNATURES, min_size=1, max_size=4))
def test_what_is_common_and_what_is_own_make_the_whole(signatures: list[Signature]) -> None:
    one_protocol = [Signature("p", signature.parts) for signature in signatures]
    shared = common(one_protocol)
    for signature in one_protocol:
        assert set(shared.parts) | set(signature.beyond(shared).parts) == set(signature.parts)


def test_differences_in_words() -> None:
    a, b = Signature.parse("a|n:1|codec:png"), Signature.parse("b|n:1|skipped:2")
    assert a.differences(b) == ["protocol (a and b)", "codec (png and none)", "skipped (none and 2)"]


def test_built_of_values() -> None:
    parts = {
        "n": 3,
        "left out": None,
        "ssim": replace(CLASSIC_SSIM, sample_covariance=True),
        "batch": BatchSettings(size=5),
    }
    made = Signature.of("mine", parts)
    assert str(made) == "mine|n:3|ssim:gaussian-11-1.5-generated-sample_covariance|batch:5-keep"
    assert (made.get("n"), made.get("left out")) == ("3", None)


def test_printed_in_groups() -> None:
    lines = {"ssim": "p|n:1|ssim:a", "l1": "p|n:1", "mask_ssim": "p|n:1|ssim:a|mask:m", "other": "p|n:1|ssim:a"}
    assert grouped({name: Signature.parse(line) for name, line in lines.items()}) == [
        "p|n:1", "ssim, other: |ssim:a", "mask_ssim: |ssim:a|mask:m",
    ]  # fmt: skip
    assert grouped({"l1": Signature("p")}) == ["p"]
    assert grouped({}) == []


@pytest.mark.parametrize(
    ("protocol", "parts"), [("a|b", ()), ("a", (("n:", "1"),)), ("a", (("", "1"),)), ("a", (("n", "1"), ("n", "2")))]
)
def test_marks_in_texts_are_refused(protocol: str, parts: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(ValueError, match="separates parts"):
        Signature(protocol, parts)
