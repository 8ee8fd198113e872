"""Specification to graph: names resolved, templates and repeats expanded, channels counted, edits applied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lowering.finding import find
from builder.lowering.lower import lower
from builder.lowering.pages import load_page, page_from_text
from builder.lowering.resolved import resolved_page
from builder.ops import OPERATIONS

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from builder.expressions import Result
    from builder.graph import Graph
    from builder.ops import Operations

__all__ = ["find", "load", "load_page", "lower", "page_from_text", "resolved_page"]


def load(
    page: str | os.PathLike[str],
    *,
    member: str | None = None,
    input: tuple[int, int, int] | None = None,  # noqa: A002 - the page's own word
    classes: int | None = None,
    params: Mapping[str, Result] | None = None,
    operations: Operations = OPERATIONS,
) -> Graph:
    """Return the graph of a page: a file, a file and a member (``mine.yaml:small``) or the name of a shipped one.

    What is given here holds before what the page says; ``operations`` are those that it may call. Raises ArchError with
    every mistake of the page.
    """
    path, named = find(page)
    return lower(load_page(path, member or named, operations), input=input, classes=classes, params=params)
