"""Pages that stand in the tests themselves, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import pytest

from builder.diagnostics import ArchError, Diagnostic
from builder.lowering import load
from tests.marked import Span, unmarked

if TYPE_CHECKING:
    from pathlib import Path

    from builder.graph import Graph

Answers: TypeAlias = Callable[..., tuple[list[Diagnostic], list[Span]]]

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


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """Return a function from a whole, marked page, and others beside it, to its mistakes and the marked spans."""

    def find(page: str, **beside: str) -> tuple[list[Diagnostic], list[Span]]:
        for name, text in beside.items():
            (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
        text, spans = unmarked(page)
        (tmp_path / "net.yaml").write_text(text, "utf-8")
        with pytest.raises(ArchError) as caught:
            load(tmp_path / "net.yaml")
        return list(caught.value.diagnostics), spans

    return find
