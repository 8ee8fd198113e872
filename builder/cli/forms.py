"""The forms in which a command prints its table, of which one is asked for at most."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from builder.diagnostics import ArchError, Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.tables import Table

T = TypeVar("T")


def one_form(**asked: bool) -> str | None:
    """Return which of the options named is given; raise ArchError for two of them."""
    given = [f"--{name}" for name, is_given in asked.items() if is_given]
    if len(given) > 1:
        raise ArchError(Diagnostic("usage", f"`{given[0]}` and `{given[1]}` are two forms of one result"))
    return given[0].removeprefix("--") if given else None


def rendering(form: str | None, plain: Callable[[T], str], table_of: Callable[[T], Table]) -> Callable[[T], str]:
    """Return what writes a result in a form: its table as CSV, Markdown or LaTeX, or else ``plain``."""
    from builder.tables import csv_table, latex_table, markdown_table

    writers = {"csv": csv_table, "markdown": markdown_table, "latex": latex_table}
    writer = writers.get(form or "")
    return plain if writer is None else lambda value: writer(table_of(value))
