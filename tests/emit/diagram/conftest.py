"""Networks written as pages, and the texts of their drawings."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import TYPE_CHECKING

import pytest

from builder.lowering import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.graph import Graph


TAIL = "pool: adaptiveavgpool\nflatten: flatten\nfc: {linear: {out: $classes}}\n"


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Graph]:
    """Return a function that makes a network of ten classes for images of 3×32×32 from its first layers, as YAML."""

    def make(layers: str, name: str = "page") -> Graph:
        path = tmp_path / f"{name}.yaml"
        head = f"name: {name}\ninput: [3, 32, 32]\nclasses: 10\nlayers:\n"
        body = dedent(layers).strip("\n") + "\n" + TAIL
        path.write_text(head + indent(body, "  "), encoding="utf-8")
        return load(path)

    return make


@pytest.fixture
def inception(network: Callable[..., Graph]) -> Graph:
    """Return a network with three branches of unequal length, one of them empty, that are concatenated."""
    return network(
        """
        mixed:
          branches:
            - left: {conv: {out: 8, kernel: 1}}
            - right_1: {conv: {out: 8, kernel: 1}}
              right_2: {conv: {out: 8, kernel: 3, padding: 1}}
            - {}
        """
    )
