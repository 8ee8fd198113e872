"""A page that is built again, for another seed: its classes are kept, and only weights are made."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

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

MOST_KEPT = 8

_OTHER_PAGES = re.compile(rb"\b(?:extends|uses)\b|\\")
"""What a page that names other pages holds; the backslash, since a quoted key may be written with escapes."""


@dataclass(frozen=True)
class _Asked:
    """A page: where it lies, what it says, what else was given, and, no part of what it is, how it is lowered."""

    path: str
    text: bytes
    given: str
    lowered: Callable[[], Graph] = field(compare=False)


def build_page(page: str | os.PathLike[str], lowered: Callable[[], Graph], given: str | None) -> nn.Module:
    """Return the network of ``page`` with fresh weights; its graph is asked for unless it is what was built before.

    ``given`` tells all else on which the graph depends, None where that can't be said. Raises ArchError as ``find``,
    ``lowered`` and ``build`` do.
    """
    asked = _asked(page, lowered, given) if given is not None else None
    return instance(classes_of(lowered()) if asked is None else _kept(asked))


@lru_cache(maxsize=MOST_KEPT)
def _kept(asked: _Asked) -> Classes:
    """Return the classes of a page that names no other, of which a change could not be seen."""
    return classes_of(asked.lowered())


def _asked(page: str | os.PathLike[str], lowered: Callable[[], Graph], given: str) -> _Asked | None:
    """Return what tells a page from others; None where it can't be read, which lowering says, or names other pages."""
    path, _ = find(page)
    with suppress(OSError), open_regular(path) as file:
        text = file.read(MAX_BYTES + 1)
        return None if _OTHER_PAGES.search(text) else _Asked(f"{path.absolute()} {page}", text, given, lowered)
    return None
