"""``archcli diff``: what separates two networks, in words and in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lowering import load
from builder.variants.distance import distance

if TYPE_CHECKING:
    from builder.variants.distance import Distance


def run(one: str, other: str, classes: int | None = None) -> Distance:
    """Return what separates the page ``other`` from the page ``one``, both at ``classes`` if that is given.

    Raises ArchError with every mistake of either.
    """
    return distance(load(one, classes=classes), load(other, classes=classes))
