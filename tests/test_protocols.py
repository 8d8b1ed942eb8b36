"""Protocols and signatures."""

import hashlib
import json
import sys
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reposer
from reposer.checks import InputError
from reposer.cli import main
from reposer.evaluation import evaluate
from reposer.metrics import METRICS, BatchSettings, Signature
from reposer.protocols import (
    PATN_FASHION,
    PATN_MARKET,
    PROTOCOLS,
    Protocol,
    Scored,
    differences,
    pair_key,
    pairs_digest,
    protocol_from_json,
    protocols_of,
    read_protocol,
    signature_of,
    switches,
    with_ids,
)
from reposer.protocols.words import WORDS

module = sys.modules["reposer.protocols.signature"]
PAIRS = ["a.jpg___b.jpg", "c.jpg___d.jpg"]


def another(value: Any) -> Any:
    """A value that differs."""
    match value:
        case bool():
            return not value
        case str():
            return value + "x"
        case None:
            return 7
        case int() | float():
            return value + 2
        case tuple() if value and isinstance(value[0], int):
            return tuple(v + 2 for v in value)
        case tuple():
            return (*value, "x")
    raise TypeError(value)


def flipped(node: Any) -> list[tuple[str, Any]]:
    """Every way to change one field of a dataclass, into nested ones."""
    found = []
    for field in fields(node):
        value = getattr(node, field.name)
        if is_dataclass(value):
            found += [(f"{field.name}.{name}", with_field(node, field.name, new)) for name, new in flipped(value)]
        else:
            new = (7, 9) if field.name == "wide_columns" and value is None else another(value)
            found.append((field.name, with_field(node, field.name, new)))
    return found


def with_field(node: Any, name: str, value: Any) -> Any:
    """Like ``replace``, past the checks: some single changes make no sense."""
    new = replace(node)
    object.__setattr__(new, name, value)
    return new


def sign(metric: str, protocol: Protocol, pairs: list[str] = PAIRS, **scored: Any) -> Signature:
    facts = {"pairs": len(pairs), "digest": pairs_digest(pairs), "codec": "png"} | scored
    return signature_of(METRICS[metric], protocol, Scored(**facts))


def reads(metric: str, protocol: Protocol, field: str) -> bool:
    """Whether the value of a metric depends on a field of the protocol, as far as its images are concerned too."""
    images = {"name", "size", "wide_columns"} | ({"wide_width"} if protocol.wide_columns else set())
    if metric in protocol.padded_metrics:
        images |= {"pad_width", "pad_value", "padded_metrics"}
    if metric in protocol.resized_metrics:
        images |= {"resized_size", "resize.generated", "resize.target", "resized_metrics"}
    own = METRICS[metric].reads
    return field in images or any(field == name or field.startswith(f"{name}.") for name in own)


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
def test_a_signature_changes_with_the_fields_that_its_metric_reads_and_no_others(protocol: Protocol) -> None:
    for name in METRICS:
        base = sign(name, protocol)
        for field, changed in flipped(protocol):
            if field not in ("padded_metrics", "resized_metrics"):  # more metrics in these lists change no other
                assert (sign(name, changed) != base) == reads(name, protocol, field), (name, field)


def test_another_seed_of_kid_leaves_ssim_comparable() -> None:
    changed = replace(PATN_MARKET, fid=replace(PATN_MARKET.fid, kid_seed=1))
    for name in METRICS:
        assert (sign(name, changed) == sign(name, PATN_MARKET)) == (name != "kid")


def test_signature_changes_with_pairs_codec_and_version(monkeypatch: pytest.MonkeyPatch) -> None:
    base = sign("l1", PATN_MARKET)
    assert sign("l1", PATN_MARKET, PAIRS[::-1]) == base
    others = {
        sign("l1", PATN_MARKET, PAIRS[:1]),
        sign("l1", PATN_MARKET, ["a.jpg___b.jpg", "c.jpg___e.jpg"]),
        sign("l1", PATN_MARKET, codec="jpeg"),
        sign("l1", PATN_MARKET, skipped=1),
        sign("l1", PATN_MARKET, resized_from="256x256"),
    }
    monkeypatch.setattr(module, "__version__", "99")
    assert len({base, sign("l1", PATN_MARKET), *others}) == 7


def test_signature_is_readable() -> None:
    line = str(sign("ssim", PATN_FASHION, codec="jpeg"))
    for part in (
        "patn-fashion|n:2|",
        "|size:256x176|cut:256.40-216|",
        "|pad:256.255|ssim:gaussian-11-1.5-generated",
        "|codec:jpeg|",
        f"|version:{reposer.__version__}",
    ):
        assert part in line
    assert "|part_ssim:7-0.8-as_released-blacked_out-global" in str(sign("part_ssim", PATN_FASHION))
    assert len(line) < 200


def test_by_name() -> None:
    assert PROTOCOLS["patn-fashion"] is PATN_FASHION
    assert all(name == protocol.name for name, protocol in PROTOCOLS.items())
    with pytest.raises(InputError, match="unknown protocol 'patn-markt'; did you mean 'patn-market'"):
        protocols_of("patn-markt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wide_columns": None}, "go together"),
        ({"wide_columns": (0, 200)}, "must keep 176 columns"),
        ({"pad_width": 100}, "less than the image width 176"),
        ({"pad_width": None}, "need a pad_width"),
        ({"resized_size": (64, 64)}, "resized_metrics and resized_size go together"),
        ({"resized_size": (64, 64), "resized_metrics": ("l1",)}, "padded or resized, not both"),
        ({"metrics": ("second_ssim",)}, "needs its settings"),
        ({"other_sizes": ((512, 176),)}, "must differ in width"),
        ({"size": (10, 176), "metrics": ("ssim",)}, "the window of ssim, .* pixels, does not fit images of 10x176"),
    ],
)
def test_contradictions_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(PATN_FASHION, **change)


def test_every_field_of_a_published_protocol_survives_json() -> None:
    for protocol in PROTOCOLS.values():
        assert protocol_from_json(json.loads(json.dumps(asdict(protocol)))) == protocol


def test_a_protocol_of_a_user(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("based_on: gfla-fashion\nssim: {sigma: 1.2, window: gaussian}\nsize: [256, 256]\nmetrics: [ssim]\n")
    base = PROTOCOLS["gfla-fashion"]
    expected = replace(base, name="mine", metrics=("ssim",), ssim=replace(base.ssim, sigma=1.2, window="gaussian"))
    assert read_protocol(path) == expected
    assert protocols_of(str(path)) == (expected,)
    path.write_text("based_on: patn-market\nname: other\n")
    assert read_protocol(path) == replace(PATN_MARKET, name="other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("based_on: patn-markt", r"unknown protocol 'patn-markt'; did you mean 'patn-market'"),
        ("based_on: patn-market\nsizes: [1, 2]", r"unknown field 'sizes'; did you mean 'size'"),
        ("based_on: patn-market\nssim: {sigmas: 1}", r"unknown field 'ssim.sigmas'; did you mean 'ssim.sigma'"),
        ("based_on: patn-market\nssim: {sigma: wide}", r"ssim.sigma: expected a number, got 'wide'"),
        ("based_on: patn-market\nssim: {window: round}", r"unknown ssim.window 'round' \(known: gaussian, uniform"),
        ("based_on: patn-market\nssim: 3", r"ssim: expected fields with values, got 3"),
        ("based_on: patn-market\nsize: [1, 2, 3]", r"size: expected a list of 2, got \[1, 2, 3\]"),
        ("based_on: patn-market\nmetrics: ssim", r"metrics: expected a list, got 'ssim'"),
        ("based_on: patn-market\npad_width: true", r"pad_width: expected a whole number, got True"),
        ("based_on: patn-market\npad_width: 3", r"pad_width 3 is less than the image width 64"),
        ("based_on: patn-market\nname: gfla-market", r"'gfla-market' is the name of a built-in protocol"),
        ("size: [1, 2]", r"expected 'based_on: NAME' and the fields that are different"),
        ("a: [", r"not a readable YAML file"),
    ],
)  # fmt: skip
def test_a_bad_protocol_file_is_one_line(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError, match=r"mine.yaml: .*" + message) as caught:
        read_protocol(tmp_path / "mine.yaml")
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match=r"nowhere.yaml: no such protocol file"):
        read_protocol(tmp_path / "nowhere.yaml")


def test_a_family_is_one_protocol_a_size() -> None:
    assert [protocol.size for protocol in protocols_of("reposer-1")] == [(128, 64), (256, 176)]


@given(count=st.integers(0, 500), size=st.integers(1, 99))
def test_remainder(count: int, size: int) -> None:
    assert BatchSettings(size=size).kept(count) == count
    kept = BatchSettings(size=size, remainder="drop").kept(count)
    assert kept == (count if count < size else count // size * size)


# --- in words, and the command ---


def test_every_switch_has_words() -> None:
    said = set()
    for protocol in PROTOCOLS.values():
        said |= switches(protocol).keys()
        assert differences(protocol, protocol) == []
    assert said == set(WORDS.values())  # no switch without words, no words without a switch
    assert len(set(WORDS.values())) == len(WORDS)


@pytest.mark.parametrize("name", ["patn-market", "gfla-fashion"])
def test_every_difference_is_said(name: str) -> None:
    protocol = PROTOCOLS[name]
    for field, new in flipped(protocol):
        if field not in ("name", "second_ssim"):
            ((what, before, after),) = differences(protocol, new)
            assert (what, before != after) == (WORDS[field], True)


def test_differences_in_words() -> None:
    found = differences(PATN_FASHION, PROTOCOLS["gfla-fashion"])
    assert ("size of compared images (height x width)", "256x176", "256x256") in found
    assert ("SSIM: window width in pixels", "11", "51") in found
    assert ("second SSIM: window", "none", "gaussian") in found
    assert ("other sizes that are resized", "none", "256x176, 1101x750") in found
    assert all(what not in ("data set", "split") for what, *_ in found)


def test_command_lists_and_shows(capsys: pytest.CaptureFixture[str]) -> None:
    main(["protocols"])
    printed = capsys.readouterr().out
    assert all(name in printed for name in PROTOCOLS)
    assert "reposer-1: reposer-1-market or reposer-1-fashion" in printed
    main(["protocols", "show", "reposer-1"])
    lines = [" ".join(line.replace("│", " ").split()) for line in capsys.readouterr().out.splitlines()]
    assert lines.count("PSSIM: missing parts exclude") == 2
    main(["protocols", "--help"])
    assert "diff A B [RESULTS...]" in capsys.readouterr().out


def test_command_measures_the_difference(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = golden / "results_fashion"
    main(["protocols", "diff", "patn-fashion", "dptn-fashion", str(folder), "--metrics", "ssim"])
    lines = [line.replace("│", " ").split() for line in capsys.readouterr().out.splitlines()]
    (row,) = [line for line in lines if line[:2] == ["SSIM", "↑"]]
    a, b = (
        evaluate(folder, protocol=name, metrics=("ssim",)).score("ssim").value
        for name in ("patn-fashion", "dptn-fashion")
    )
    assert row[2:] == [f"{a:.4f}", f"{b:.4f}", f"{b - a:+.4f}"]
    main(["protocols", "diff", "patn-fashion", "patn-fashion"])
    assert "differ in nothing but the name" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shwo"], "unknown action 'shwo'; did you mean 'show'"),
        (["show", "patn-markt"], "unknown protocol 'patn-markt'; did you mean 'patn-market'"),
        (["diff", "reposer-1", "patn-market"], "reposer-1 is reposer-1-market or reposer-1-fashion: name one"),
        (["diff", "patn-market", "gfla-market", ".", "--metrics", "mse"], "unknown metric of these protocols 'mse'"),
    ],
)  # fmt: skip
def test_command_refuses(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["protocols", *arguments])
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_documentation_names_every_protocol() -> None:
    text = (Path(__file__).parents[1] / "docs" / "protocols.md").read_text()
    assert [name for name in PROTOCOLS if f"`{name}`" not in text] == []


def test_the_hash_of_pairs_ignores_what_files_are_called() -> None:
    jpg = [("a.jpg", "b.jpg"), ("1488_c1s6_023021_02.jpg.jpg", "c.jpg")]
    ids = ["___".join(pair) for pair in jpg]
    assert pairs_digest(ids) == hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:8]  # as published
    for suffix in (".png", ".JPG", ".jpeg", ".webp"):
        assert pair_key(f"a{suffix}___b{suffix}") == "a.jpg___b.jpg"
    assert pair_key("a.jpg.png___b") == "a.jpg___b.jpg"
    assert pair_key(ids[1]) == ids[1]
    assert pair_key("a.jpg___c.jpg") != pair_key("a.jpg___b.jpg")
    assert pair_key("b.png") == "b.jpg"


@pytest.mark.parametrize(
    "name",
    [
        "fashionWOMENBlouses_Shirtsid0000337203_3back.jpg",
        "fashionWOMENBlouses_Shirtsid0000337203_3back.png",
        "WOMEN-Blouses_Shirts-id_00003372-03_3_back.jpg",
        "WOMEN_Blouses_Shirts_id_00003372_03_3_back.png",
        "WOMENBlouses_Shirtsid_0000337203_3_back",
    ],
)
def test_an_image_of_deepfashion_is_the_same_in_every_convention(name: str) -> None:
    assert pair_key(f"{name}___{name}") == "___".join(["fashionWOMENBlouses_Shirtsid0000337203_3back.jpg"] * 2)
    assert pair_key(name.replace("WOMEN", "MEN")) == "fashionMENBlouses_Shirtsid0000337203_3back.jpg"


def test_values_get_the_ids_of_the_same_pairs() -> None:
    assert with_ids({"a.png": 1, "c.jpg": 2}, ["a.jpg", "b.jpg"]) == {"a.jpg": 1, "c.jpg": 2}
    both = {"a.png": 1, "a.jpg": 2}
    assert with_ids(both, ["a.webp"]) == both  # which one is meant cannot be told
    assert with_ids(both, both) == both


def test_signature_says_which_files_were_cut() -> None:
    cut = {sign("l1", PATN_FASHION, cut_only=side).get("cut") for side in (None, "generated", "3-targets")}
    assert cut == {"256.40-216", "256.40-216.generated", "256.40-216.3-targets"}
    assert sign("l1", PATN_MARKET).get("cut") is None
