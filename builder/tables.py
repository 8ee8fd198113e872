"""Aligned columns for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return ``rows`` under ``head``, columns as wide as their widest cell; those in ``right`` are flushed right.

    >>> print(table(["name", "size"], [["a", "10"], ["bcd", "5"]], right=[1]))
    name  size
    a       10
    bcd      5
    """
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def aligned(line: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        return GAP.join(cells).rstrip()

    return "\n".join(aligned(line) for line in lines)


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    r"""Return ``rows`` under ``head`` as a table of Markdown, columns in ``right`` flushed right.

    >>> print(markdown_table(["name", "size"], [["a|b", "10"]], right=[1]))
    | name | size |
    |---|---:|
    | a\|b | 10 |
    """
    ruler = "|" + "|".join("---:" if column in right else "---" for column in range(len(head))) + "|"
    cells = ("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in rows)
    return "\n".join(["| " + " | ".join(head) + " |", ruler, *cells])
