"""A page that is built again, for another seed: its classes are kept, and only weights are made."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from builder.files import open_regular
from builder.lowering import find
from builder.reader import MAX_BYTES
from builder.runtime.classes import classes_of
from builder.runtime.compile import instance

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from torch import nn

    from builder.graph import Graph
    from builder.runtime.classes import Classes

Key: TypeAlias = tuple[str, bytes, str]
"""A page: where it lies, what it says, and what else was given."""

MOST_KEPT = 8

_KEPT: dict[Key, Classes] = {}
"""The classes of the pages that were built last, the latest at the end; not of pages that name other pages."""


def build_page(page: str | os.PathLike[str], lowered: Callable[[], Graph], given: str | None) -> nn.Module:
    """Return the network of ``page`` with fresh weights; its graph is asked for unless it is what was built before.

    ``given`` tells all else on which the graph depends, None where that can't be said. Raises ArchError as ``find``,
    ``lowered`` and ``build`` do.
    """
    key = _key(page, given) if given is not None else None
    found = _KEPT.pop(key, None) if key is not None else None
    if found is None:
        graph = lowered()
        found = classes_of(graph)
        if len(graph.page.raw) > 1:
            key = None
    if key is not None:
        _KEPT[key] = found
        for oldest in list(_KEPT)[:-MOST_KEPT]:
            _KEPT.pop(oldest, None)
    return instance(found)


def _key(page: str | os.PathLike[str], given: str) -> Key | None:
    """Return what tells a page from others; None where it can't be read, which lowering says in words."""
    path, _ = find(page)
    with suppress(OSError), open_regular(path) as file:
        return f"{path.absolute()} {page}", file.read(MAX_BYTES + 1), given
    return None
