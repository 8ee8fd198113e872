"""Aligned columns for a terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.tables.model import Table

GAP = "  "

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""What breaks a line, moves a cursor, changes colors or turns the direction of writing."""


def one_line(text: str) -> str:
    """Return ``text`` as it may stand in a row: each control character in the name of a file or class is a �."""
    return _CONTROLS.sub("\ufffd", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return ``rows`` under ``head``, columns as wide as their widest cell; those in ``right`` are flushed right.

    >>> print(table(["name", "size"], [["a", "10"], ["bcd", "5"]], right=[1]))
    name  size
    a       10
    bcd      5
    """
    lines = [[one_line(cell) for cell in line] for line in (head, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def aligned(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return GAP.join(cells).rstrip()

    return "\n".join(aligned(line) for line in lines)


def terminal_table(shown: Table) -> str:
    """Return a table for a terminal, its total as the last row."""
    rows = [*shown.body, *([shown.shown(shown.total)] if shown.total is not None else [])]
    return table(shown.titles, rows, right=shown.numbers)
