"""The letters of an SVG: fonts of Helvetica's measures that systems have, and each text as wide as it was measured.

A viewer without any of these fonts takes a wider or narrower one; ``textLength`` then fits it to the box.
https://www.w3.org/TR/SVG11/text.html#TextElementTextLengthAttribute
"""

from __future__ import annotations

import html
import re
from typing import Final

from builder.emit.diagram.scene.metrics import text_width

FAMILIES: Final = "Helvetica,Arial,'Liberation Sans',Arimo,'Nimbus Sans',sans-serif"

_TEXT: Final = re.compile(
    r'<text (?P<place>[^>]*?) font-family="[^"]*"(?P<bold> font-weight="bold")? font-size="(?P<size>[\d.]+)"'
    r"(?P<rest>[^>]*)>(?P<said>[^<]*)</text>"
)


def lettered(svg: str) -> str:
    """Return an SVG of Graphviz whose texts name fonts of one width, and keep that width in any other."""
    return _TEXT.sub(_with_width, svg)


def _with_width(found: re.Match[str]) -> str:
    """Return one text with its fonts and its width."""
    said = html.unescape(found["said"]).replace("\N{NO-BREAK SPACE}", " ")
    wide = text_width(said, float(found["size"]), bold=found["bold"] is not None)
    fixed = f' textLength="{wide:.2f}" lengthAdjust="spacingAndGlyphs"' if said.strip() else ""
    look = f'font-family="{FAMILIES}"{found["bold"] or ""} font-size="{found["size"]}"'
    return f"<text {found['place']} {look}{fixed}{found['rest']}>{found['said']}</text>"
