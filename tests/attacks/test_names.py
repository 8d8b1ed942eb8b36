"""Names and texts of others: every file of a folder is scored or named as a problem, and a text stays a text."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from markdown import markdown
from tests.attacks.cases import FEW, MANY, attacks
from tests.attacks.guarded import attempt
from tests.attacks.mutations import TEXTS, remove
from tests.attacks.result_readers import PROTOCOL
from tests.attacks.run_readers import TINY

from reposer.checks import printable
from reposer.config import RunConfig
from reposer.evaluation import Evaluation
from reposer.images import SUFFIXES
from reposer.metrics import Score, Signature
from reposer.model_card import About, model_card
from reposer.reporting.comparison import compare
from reposer.reporting.gallery import Pictures, write_gallery
from reposer.reporting.report import write_report
from reposer.results import FORMATS, Problems, find_results

_WORDS = "a A b 0 00 1 01 7 ² ٣ -1 _ __ ___ _2_ _vis . .jpg .png .PNG [/ta] é % {} .. * 0002_c1s1_000451_03"
_PIECES = (*_WORDS.split(), " ", "\n", "\x1b[31m", "\udcff", "e\u0301", "\u202e")


def name(random: Random) -> str:
    """A name of a file, often that of a result."""
    text = "".join(random.choices(_PIECES, k=random.randrange(1, 7))).replace("/", ":")
    return (
        "n"[: text.startswith(".")]
        + text[:100]
        + random.choice((".png", ".png", ".jpg", ".jpeg", ".webp", ".PNG", "", ".txt"))
    )


def files_in(random: Random, folder: Path) -> list[Path]:
    """Fill a folder with files of strange names, numbers or pairs."""
    kind = random.randrange(3)
    for _ in range(random.randrange(1, 9)):
        number = f"{random.choice(('', '0', '00'))}{random.randrange(3)}{random.choice(('', '_vis'))}"
        pair = f"{random.choice('ab')}{random.choice(('.jpg', ''))}{random.choice(('___', '_2_'))}{random.choice('ab')}"
        stem = (name(random), number, pair)[kind]
        (folder / (stem if kind == 0 else stem + random.choice((".png", ".jpg", ".PNG")))).write_bytes(b"")
    return sorted(folder.iterdir())


@pytest.mark.parametrize("cases", [FEW, MANY])
def test_no_file_of_a_folder_is_lost(cases: Any, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    for random, found in attacks("folder-of-results", cases):
        remove(folder)
        folder.mkdir()
        files = files_in(random, folder)
        problems = Problems()
        outcome = attempt(lambda problems=problems: find_results(folder, problems))
        shown = [os.fsdecode(path.name) for path in files]
        for fault in outcome.faults:
            found(fault, f"files {shown}")
        if outcome.faults or outcome.refused:
            continue
        kept = {result.file for result in outcome.value.values()}
        told = " ".join((*problems, *(what for kind in problems.found.values() for what in kind.values())))
        images = [path for path in files if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
        lost = [path.name for path in images if path not in kept and path.name not in told]
        if lost:
            found("some files are neither scored nor named as problems", f"{lost} of {shown}; told: {told!r}")


class _Tags(HTMLParser):
    """The tags of a page, without what stands in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append("comment")


def card(random: Random) -> str:
    """A model card with strange texts wherever one may stand."""

    def text() -> str:
        word = random.choice(TEXTS)
        return word + random.choice((word, "\n\n```\n", "`", "](x)", "|", "-->", "\n---\n", "<b>", "$x$"))

    signature = Signature(text().replace("|", ""), (("pairs", text().replace("|", "")),))
    config: RunConfig = replace(TINY, recipe=text(), data=replace(TINY.data, name=text(), license=text()))
    about = About(
        step=3,
        data=random.choice((None, f"x{text()}")),
        license=random.choice((None, f"x{text()}")),
        scores=(Score("ssim", 0.5, (0.4, 0.6), 9, signature),),
    )
    return str(model_card(config, about, parameters=1000, where=text()))


def structure(text: str) -> tuple[list[str], list[str]]:
    """The fields of the front matter, and the tags of the page."""
    _, front, body = re.split(r"^---$", text, maxsplit=2, flags=re.MULTILINE)
    fields = yaml.safe_load(front)
    assert isinstance(fields, dict)
    body = body.replace("\udcff", "?").replace("\ud800", "?")
    return sorted(fields.keys() - {"license_name"}), _Tags(markdown(body, extensions=["tables", "fenced_code"])).found


@pytest.mark.parametrize("cases", [FEW, MANY])
def test_no_text_changes_what_a_model_card_is_made_of(cases: Any) -> None:
    signature = Signature("a", (("pairs", "b"),))
    about = About(step=3, data="x", license="mit", scores=(Score("ssim", 0.5, (0.4, 0.6), 9, signature),))
    plain = structure(str(model_card(TINY, about, parameters=1000, where="here")))
    assert plain[1].count("h2") >= 4
    for random, found in attacks("model-card", cases):
        outcome = attempt(lambda random=random: card(random))
        for fault in outcome.faults:
            found(fault, "")
        if outcome.refused or outcome.faults:
            continue
        try:
            own = structure(outcome.value)
        except (ValueError, AssertionError, yaml.YAMLError) as error:
            found(f"its front matter is broken: {error}", printable(outcome.value[:600]))
            continue
        if own != plain:
            at = next((i for i, (a, b) in enumerate(zip(*(x[1] for x in (own, plain)), strict=False)) if a != b), -1)
            found("its structure has changed", f"{own[0]} {own[1][at - 2 : at + 4]}: {printable(outcome.value)[:3000]}")


def html(random: Random | None, folder: Path, kind: str) -> str:
    """The report or the gallery of results of two pairs, with strange texts wherever one may stand."""
    if random is None:
        names = [f"text{i}" for i in range(8)]
    else:
        texts = [text.replace("\0", "").replace("|", "").replace("\ud800", "") for text in TEXTS]
        endings = ("</pre>", "</title><script>", '"><img src=x>', "<!--", "&lt;", "' onload=x '")
        names = [f"{random.choice(texts)[:500]}{random.choice(endings)}{i}" for i in range(8)]
    signature = Signature(names[0], (("pairs", names[1]),))
    per_image = [{names[2]: {"l1": 0.1 + i}, names[3]: {"l1": 0.2}} for i in range(2)]
    evaluations = [
        Evaluation(
            protocol=replace(PROTOCOL, name=names[0]),
            format="images",
            codec="png",
            scores=(Score("l1", 0.15, (0.1, 0.2), 2, signature),),
            per_image=rows,
        )
        for rows in per_image
    ]
    if kind == "report":
        write_report(folder, replace(TINY, recipe=names[4]), {names[5]: evaluations[0]}, {names[6]: 1.0})
        return (folder / "report.html").read_text()
    pictures = [Pictures(evaluation, {}, FORMATS["images"], 16, None) for evaluation in evaluations]
    comparison = compare(*evaluations, names=(names[4], names[5]))
    write_gallery(folder / "gallery.html", comparison, *pictures)
    return (folder / "gallery.html").read_text()


@pytest.mark.parametrize("cases", [FEW, MANY])
@pytest.mark.parametrize("kind", ["report", "gallery"])
def test_no_text_changes_what_a_page_is_made_of(kind: str, cases: Any, tmp_path: Path) -> None:
    plain = _Tags(html(None, tmp_path, kind)).found
    assert len(plain) > 10
    for random, found in attacks(kind, cases):
        outcome = attempt(lambda random=random: html(random, tmp_path, kind))
        for fault in outcome.faults:
            found(fault, "")
        if not outcome.faults and not outcome.refused and (own := _Tags(outcome.value).found) != plain:
            at = next((i for i, (a, b) in enumerate(zip(own, plain, strict=False)) if a != b), len(plain))
            found("its structure has changed", f"{own[max(0, at - 3) : at + 4]} at tag {at}")
