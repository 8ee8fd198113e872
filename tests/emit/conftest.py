"""Networks from pages that stand in the tests themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.graph import Graph


@pytest.fixture
def graph_of(tmp_path: Path) -> Callable[[str], Graph]:
    """Return a function from ``layers:`` and what follows to the graph of a page with 3×32×32 images and 4 classes."""

    def make(text: str) -> Graph:
        page = tmp_path / "net.yaml"
        page.write_text(f"name: net\ninput: [3, 32, 32]\nclasses: 4\n{text}", "utf-8")
        return load(page)

    return make
