"""Tables in Markdown, in the dialect of GitHub."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from builder.tables.model import Table

_SPECIAL: Final = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")
"""What would be a sign: a low line between letters or digits is none, https://github.github.com/gfm/."""


def markdown_table(shown: Table) -> str:
    r"""Return a table of Markdown: nothing in it is a sign of Markdown or HTML, its total is in bold.

    >>> from builder.tables.model import text_table
    >>> print(markdown_table(text_table(["name", "size"], [["a|b", "10"]], [1])))
    | name | size |
    |---|---:|
    | a\|b | 10 |
    """
    numbers = shown.numbers
    ruler = "|" + "|".join("---:" if index in numbers else "---" for index in range(len(shown.titles))) + "|"
    rows = [[escaped(cell) for cell in row] for row in [shown.titles, *shown.body]]
    if shown.total is not None:
        rows.append([f"**{escaped(cell)}**" if cell else "" for cell in shown.shown(shown.total)])
    head, *lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, ruler, *lines])


def escaped(text: str) -> str:
    """Return ``text`` on one line, so that nothing in it is a sign."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
