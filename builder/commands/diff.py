"""``archcli diff``: what separates two networks, in words and in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lowering import load
from builder.ops.plugins import with_plugins
from builder.variants.distance import distance

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from builder.variants.distance import Distance


def run(one: str, other: str, classes: int | None = None, plugins: Sequence[Path] = ()) -> Distance:
    """Return what separates the page ``other`` from the page ``one``, both at ``classes`` if that is given.

    Raises ArchError with every mistake of either.
    """
    operations = with_plugins(plugins)
    return distance(
        load(one, classes=classes, operations=operations), load(other, classes=classes, operations=operations)
    )
