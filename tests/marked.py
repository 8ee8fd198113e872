"""Pages that show where the caret has to stand: what is wrong lies between ⟪ and ⟫."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from builder.diagnostics import render

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.diagnostics import Diagnostic

_BRACKETS = re.compile("⟪(.*?)⟫")

Span = tuple[int, int, int]
"""Line and column from 1, and how many characters are meant."""


def unmarked(page: str) -> tuple[str, list[Span]]:
    """Return the page without its brackets, and the spans that stood between them, in the order of the text."""
    spans, lines = [], []
    for number, line in enumerate(page.split("\n"), 1):
        for removed, found in enumerate(_BRACKETS.finditer(line)):
            spans.append((number, found.start() - 2 * removed + 1, len(found[1])))
        lines.append(_BRACKETS.sub(r"\1", line))
    return "\n".join(lines), spans


def spans_of(mistakes: Iterable[Diagnostic]) -> list[Span]:
    """Return where mistakes are."""
    return [(each.mark.line, each.mark.column, each.mark.width) for each in mistakes if each.mark is not None]


def check(found: list[Diagnostic], spans: list[Span], code: str, said: str, hint: str) -> None:
    """Assert that there is one mistake, that it is this one, and that its caret stands where the page shows.

    An empty ``hint`` means that there is none.
    """
    assert [each.code for each in found] == [code], "\n".join(map(render, found))
    assert spans_of(found) == spans
    assert said in found[0].message
    assert hint in (found[0].hint or "")
    assert bool(hint) == bool(found[0].hint), found[0].hint
