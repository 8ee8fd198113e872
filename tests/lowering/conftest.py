"""Pages that stand in the tests themselves, and what becomes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.diagnostics import Diagnostic
    from builder.graph import Graph

HEAD = "name: net\ninput: [3, 16, 16]\nclasses: 4\n"


@pytest.fixture
def graph_of(tmp_path: Path) -> Callable[..., Graph]:
    """Return a function from a page without its first three lines, or from a whole one, to its graph."""

    def make(text: str, *, head: str = HEAD, member: str | None = None) -> Graph:
        page = tmp_path / "net.yaml"
        page.write_text(head + text, "utf-8")
        return load(page, member=member)

    return make


@pytest.fixture
def mistakes_of(graph_of: Callable[..., Graph]) -> Callable[..., list[Diagnostic]]:
    """Return a function from a page to all that is wrong with it; lines count from the page's own first."""

    def find(text: str, *, head: str = HEAD) -> list[Diagnostic]:
        with pytest.raises(ArchError) as caught:
            graph_of(text, head=head)
        return list(caught.value.diagnostics)

    return find
