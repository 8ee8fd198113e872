"""Variants as a notebook shows them: a table of the first."""

from __future__ import annotations

from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final

from builder.quantities import human
from builder.tables import html_table, text_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from builder.costs import Cost

MOST: Final = 20
"""So many are shown; a stream may have ten thousand."""


def variants_table(said: str, variants: Iterable[tuple[str, Sequence[str], Cost]]) -> str:
    """Return what ``said`` is, and a table of the names, changes and costs of the first variants."""
    found = list(islice(variants, MOST + 1))
    rows = [
        [name, ", ".join(changes) or "none", human(cost.parameters), human(cost.macs)]
        for name, changes, cost in found[:MOST]
    ]
    table = html_table(text_table(["name", "changes", "parameters", "MACs"], rows, [2, 3]))
    more = f"<p>The first {MOST} are shown.</p>" if len(found) > MOST else ""
    return f"<p>{escape(said)}</p>{table}{more}"
