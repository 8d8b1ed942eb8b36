"""Let MkDocs show our docstrings: reStructuredText roles become Markdown, formulas become MathML."""

from __future__ import annotations

import re
from html import unescape
from textwrap import dedent
from typing import Any

import griffe
from latex2mathml.converter import convert

_MATH_BLOCK = re.compile(r"^( *)\.\. math::(.*(?:\n\1 +\S.*)*)$", re.MULTILINE)
_MATH = re.compile(r":math:`([^`]+)`")
_REFERENCE = re.compile(r":(?:func|class|data|meth):`([\w.]+)`")
_PROMPT = re.compile(r"^ *>>> .*(?:\n *\S.*)*", re.MULTILINE)
_CITATION = re.compile(r"^Reference: ", re.MULTILINE)
_FORMULA = re.compile(r'<(div|span) class="arithmatex">\\[\[(](.*?)\\[\])]</\1>', re.DOTALL)


class PlainDocstrings(griffe.Extension):
    """Turns roles and directives in docstrings into Markdown before they are parsed, and hides a Module's own state."""

    def on_object(self, *, obj: griffe.Object, **arguments: Any) -> None:
        if obj.docstring:
            obj.docstring.value = to_markdown(obj.docstring.value, obj)

    def on_class(self, *, cls: griffe.Class, **arguments: Any) -> None:
        if "dataclass" not in cls.labels:
            for name, member in list(cls.members.items()):
                if member.is_attribute and not member.docstring and member.labels == {"instance-attribute"}:
                    del cls.members[name]


def to_markdown(text: str, obj: griffe.Object) -> str:
    """The docstring as Markdown; short names in references belong to the object's module."""

    def reference(match: re.Match[str]) -> str:
        name = match[1]
        path = name if "." in name else f"{obj.module.path}.{name}"
        return f"[`{name.rsplit('.')[-1]}`][{path}]"

    def block(match: re.Match[str]) -> str:
        indent, formula = match[1], " ".join(line.strip() for line in match[2].splitlines()).strip()
        return f"{indent}$$\n{indent}{formula}\n{indent}$$"

    text = _MATH_BLOCK.sub(block, text)
    text = _MATH.sub(lambda match: "$" + " ".join(match[1].split()) + "$", text)
    text = _REFERENCE.sub(reference, text)
    text = _CITATION.sub("**Reference.** ", text)
    return _PROMPT.sub(lambda match: f"```pycon\n{dedent(match[0])}\n```", text)


def on_page_content(html: str, **arguments: Any) -> str:
    """Turn formulas into MathML, which browsers show without scripts or downloads. MkDocs calls this."""

    def mathml(match: re.Match[str]) -> str:
        kind, formula = match[1], unescape(match[2]).strip()
        display = "block" if kind == "div" else "inline"
        return f'<{kind} class="arithmatex">{convert(formula, display=display)}</{kind}>'

    return _FORMULA.sub(mathml, html)
