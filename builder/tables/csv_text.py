"""Tables as CSV, for programs: numbers are not rounded and have no separators."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.tables.model import Table

_END: Final = "\r\n"
"""Only what ends a line is put in quotes inside of a cell."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that spreadsheets compute: https://owasp.org/www-community/attacks/CSV_Injection."""


def csv_table(shown: Table) -> str:
    """Return a head and a line for each row."""
    return csv_lines([column.name for column in shown.columns], shown.rows)


def csv_lines(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """Return a head and a line for each row, each with its end."""
    return "".join(f"{csv_line(row)}\n" for row in (head, *rows))


def csv_line(cells: Iterable[object]) -> str:
    r"""Return one line without its end; nothing where there is no value.

    A text that a spreadsheet would compute has an apostrophe before it, which spreadsheets do not show.

    >>> csv_line(["a,b", -5, None, "=1+2"])
    '"a,b",-5,,\'=1+2'
    """
    text = StringIO(newline="")
    csv.writer(text, lineterminator=_END).writerow(["" if cell is None else _harmless(cell) for cell in cells])
    return text.getvalue().removesuffix(_END)


def _harmless(cell: object) -> object:
    if isinstance(cell, bool | int | float):
        return cell
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
