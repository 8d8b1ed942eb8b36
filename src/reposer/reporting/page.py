"""HTML pages in one file, which need no network to be read."""

import base64
from collections.abc import Sequence
from html import escape

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1e21; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { margin-bottom: 0 } h2 { margin-top: 2.2rem } .muted { color: #667 }
table { border-collapse: collapse } th, td { padding: .35rem .9rem; text-align: right; border-bottom: 1px solid #dde }
th:first-child, td:first-child { text-align: left } tr.best td { font-weight: 600 }
td small { display: block; color: #667; font-weight: 400 }
code { background: #f2f3f7; padding: .1rem .3rem; border-radius: 3px; overflow-wrap: anywhere }
img { max-width: 100%; image-rendering: pixelated } svg { margin: 0 1.2rem 1.2rem 0 }
pre { background: #f2f3f7; padding: 1rem; overflow: auto; font-size: 13px }
"""


def page(title: str, body: Sequence[str], *, style: str = "") -> str:
    """Return a whole HTML page of pieces of HTML; ``title`` is plain text, ``style`` CSS beyond ``STYLE``."""
    head = (
        "<meta charset=utf-8><meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}: Reposer</title><style>{STYLE}{style}</style>"
    )
    return f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(body)}</body></html>\n"


def picture(content: bytes, suffix: str, *, alternative: str) -> str:
    """Return HTML that holds an image file of this content and suffix (".png"); ``alternative`` is its alt text."""
    data = base64.b64encode(content).decode()
    return f'<img alt="{escape(alternative)}" src="data:image/{suffix.removeprefix(".")};base64,{data}">'
