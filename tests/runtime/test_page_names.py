"""The steps of an exported program, by the places on the page that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.lowering import lower, page_from_text
from builder.ops import OPERATIONS
from builder.runtime.compile import build
from builder.runtime.page_names import page_names
from builder.runtime.programs import program_of

if TYPE_CHECKING:
    from builder.graph import Graph

PAGE = """\
name: small
input: [3, 8, 8]
classes: 2
layers:
  one:
    key: features
    layers: [conv: {out: 4, kernel: 1}, relu, se: {hidden: 2}]
    shortcut: auto
    activation: relu
  two:
    key: features
    layers: [conv: {out: 4, kernel: 1}, scale]
    shortcut: identity
  halves: {branches: [[identity], [batchnorm]], split: true}
  drop: {stochasticdepth: {p: 0.5}}
  flatten: flatten
  fc: {linear: {out: $classes}}
"""


def small(text: str = PAGE) -> Graph:
    """Return a network with blocks that share a module, merges, a split and a parameter."""
    return lower(page_from_text(text, "page.yaml", OPERATIONS))


def named(graph: Graph) -> list[tuple[str, str]]:
    """Return the steps of a network's program, in order: the kind of operation and the place."""
    program = program_of(build(graph), graph)
    names = page_names(program, graph)
    steps = [step for step in program.graph.nodes if step.op == "call_function" and step.name in names]
    return [(step.name.rstrip("_0123456789"), names[step.name]) for step in steps]


class TestPageNames:
    """Each step belongs to one layer or merge of the page."""

    def test_layers_merges_and_parameters(self) -> None:
        """Where two blocks share a module, each merge still has the path of its own block."""
        found = named(small())
        assert ("conv2d", "one.conv1") in found
        assert ("conv2d", "two.conv1") in found
        assert [place for kind, place in found if kind == "add"] == ["one.merge", "two.merge"]
        assert ("mul", "two.scale1") in found
        assert ("linear", "fc") in found

    def test_the_parts_of_an_operation_are_named(self) -> None:
        """A gate is several layers."""
        assert {place for _, place in named(small()) if place.startswith("one.se1")} >= {"one.se1.fc1", "one.se1.fc2"}

    def test_they_come_in_the_order_of_the_page(self) -> None:
        """A step that got its neighbor's name would stand out of line."""
        graph = small()
        order = {node.path: node.index for node in graph.nodes}
        places = [place if place in order else place.rpartition(".")[0] for _, place in named(graph)]
        assert [order[each] for each in places] == sorted(order[each] for each in places)

    def test_every_layer_is_there_that_computes_something(self) -> None:
        """In evaluation nothing is dropped."""
        graph = small()
        places = {place for _, place in named(graph)}
        paths = {node.path for node in graph.nodes}
        assert paths - {each.rpartition(".")[0] for each in places} - places == {"drop", "identity1"}
