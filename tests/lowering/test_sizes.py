"""A page at several sizes of images."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import ArchError
from builder.emit.python import source
from builder.lowering import find, load_page, page_from_text
from builder.lowering.sizes import lower_at

if TYPE_CHECKING:
    from builder.graph import Graph

FLAT = """\
name: flat
input: [3, 32, 32]
classes: 10
layers:
  - conv: {out: 4, kernel: 3}
  - flatten
  - linear: {out: $classes}
"""


class TestLowerAt:
    """The graph at the final size, the same at all others."""

    @pytest.mark.parametrize("name", ["alexnet", "alexse_both", "alexresnet", "resnet18"])
    def test_a_network_that_pools_to_a_fixed_size_is_one_network(self, name: str) -> None:
        """Its source is the same text, so keys and weights are the same."""
        page = load_page(*find(name))
        graph = lower_at(page, 3, 96, (64, 80))
        assert graph.input.sizes == (3, 96, 96)
        assert _code(graph) == _code(lower_at(page, 3, 64))

    def test_weights_that_depend_on_the_size_are_an_error_at_their_line(self) -> None:
        """With what would help."""
        with pytest.raises(ArchError) as caught:
            lower_at(page_from_text(FLAT, "flat.yaml"), 3, 48, (32,))
        (found,) = caught.value.diagnostics
        assert found.code == "size-grows"
        assert found.message == ("linear1: its weights depend on the size of the images, which grows from 32 to 48 px")
        assert found.mark is not None
        assert found.mark.line == 7
        assert found.hint == "pool to a fixed size before it (`adaptiveavgpool`), or give one size: --set size=48"

    def test_one_size_is_always_right(self) -> None:
        """The same page with nothing that grows."""
        assert lower_at(page_from_text(FLAT, "flat.yaml"), 3, 48).input.sizes == (3, 48, 48)

    def test_a_size_that_is_too_small_is_named(self) -> None:
        """For the page is right at the final one."""
        with pytest.raises(ArchError) as caught:
            lower_at(load_page(*find("alexnet")), 3, 96, (24,))
        assert caught.value.diagnostics[0].message == (
            "while the images of the recipe's `size` grow, at 24 px: "
            "block1.maxpool1: a window of 3×3 does not fit 192×2×2"
        )


def _code(graph: Graph) -> str:
    """Return the source of a network without what it tells of shapes."""
    tree = ast.parse(source(graph))
    for each in ast.walk(tree):
        if isinstance(each, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(each) is not None:
            each.body = each.body[1:]
    return ast.unparse(tree)
