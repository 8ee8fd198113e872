"""What is known of a network before a line of it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.emit.python.class_count import class_calls
from builder.emit.python.forms import ModuleForm, forms
from builder.emit.python.modules import module_tree
from builder.emit.python.names import is_attribute, literal
from builder.emit.python.steps import bodies
from builder.inplace import acts_in_place
from builder.ops.activation import IN_PLACE

if TYPE_CHECKING:
    from builder.emit.python.modules import Layer, Module, ModulePart, ModuleTree
    from builder.emit.python.steps import ForwardBody
    from builder.graph import Graph
    from builder.ops.base import Call


@dataclass(frozen=True, slots=True)
class SourcePlan:
    """Modules, their forwards (the innermost first), how each is written, and which nodes overwrite their input."""

    graph: Graph
    tree: ModuleTree
    in_place: frozenset[int]
    bodies: dict[Module, ForwardBody]
    forms: dict[Module, ModuleForm]
    class_calls: dict[int, Call]
    """The constructors that count classes."""

    def call(self, layer: Layer) -> Call:
        """Return the constructor of a layer."""
        call = self.class_calls.get(layer.node.index) or layer.node.operation.call(*self.graph.input_shapes(layer.node))
        if layer.node.index in self.in_place and layer.node.operation.is_module:
            return replace(call, arguments=(*call.arguments, IN_PLACE))
        return call

    def address(self, part: ModulePart, origin: Module, start: str = "self") -> str:
        """Return the source that reaches ``part`` from inside the class of ``origin``: ``self.features[3]``."""
        if part is origin:
            return start
        parent = part.parent
        assert parent is not None
        outer = self.address(parent, origin, start)
        if parent.is_numbered:
            return f"{outer}[{part.name}]"
        if is_attribute(part.name):
            return f"{outer}.{part.name}"
        name = literal(part.name)
        return f"{outer}[{name}]" if self.forms[parent] is ModuleForm.DICT else f"getattr({outer}, {name})"


def plan(graph: Graph) -> SourcePlan:
    """Return the plan of a network."""
    tree = module_tree(graph)
    in_place = acts_in_place(graph)
    found = bodies(graph, tree, in_place)
    return SourcePlan(graph, tree, in_place, found, forms(found), class_calls(graph))
