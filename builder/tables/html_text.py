"""Tables in HTML, as notebooks show them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from builder.tables.model import Table


def html_table(shown: Table) -> str:
    """Return a table of HTML; numbers are flushed right.

    >>> from builder.tables.model import text_table
    >>> print(html_table(text_table(["name", "size"], [["a<b", "10"]], [1])))
    <table>
    <tr><th>name</th><th>size</th></tr>
    <tr><td>a&lt;b</td><td style="text-align: right">10</td></tr>
    </table>
    """
    head = "".join(f"<th>{escape(title)}</th>" for title in shown.titles)
    rows = ("".join(_cell(cell, place in shown.numbers) for place, cell in enumerate(row)) for row in shown.body)
    return "\n".join(["<table>", *(f"<tr>{row}</tr>" for row in (head, *rows)), "</table>"])


def _cell(text: str, is_number: bool) -> str:
    """Return one cell."""
    look = ' style="text-align: right"' if is_number else ""
    return f"<td{look}>{escape(text)}</td>"
