"""What a walk has made so far: nodes, names, places, and what each value is."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from builder.diagnostics import Note
from builder.graph import Node
from builder.lowering.names import Modules, check_keys
from builder.lowering.places import Walked
from builder.lowering.references import References
from builder.lowering.scope import NOTHING, UNKNOWN, Evaluator, Size
from builder.ops.base import MAX_ELEMENTS, ShapeError, is_too_large
from builder.ops.faults import FaultyPluginError, output
from builder.ops.merging import ReadPlace

if TYPE_CHECKING:
    from builder.diagnostics import Collector, Mark
    from builder.graph import Role
    from builder.lowering.edits import Edits
    from builder.lowering.frame import Flow, Frame
    from builder.lowering.pages import Merged
    from builder.lowering.scope import Scope
    from builder.lowering.selectors import Place
    from builder.lowering.steps import FieldRecipe
    from builder.lowering.tape import Tape
    from builder.ops.base import Operation, Parameter
    from builder.reader import Mapping, Scalar
    from builder.shapes import Shape


def channels_first(image: Shape) -> str | None:
    """Return the answer to an input that is written as height, width and channels, None where it is none."""
    sizes = image.sizes
    if len(sizes) != 3 or sizes[2] not in (1, 3) or sizes[0] != sizes[1] or sizes[0] in (1, 3):
        return None
    return f"channels come first: `input: [{sizes[2]}, {sizes[0]}, {sizes[1]}]`"


class Draft:
    """A network in the making. ``total`` is the number of counted template instances, known from an earlier walk."""

    def __init__(
        self,
        page: Merged,
        scope: Scope,
        shape: Shape,
        edits: Edits,
        problems: Collector,
        total: int,
        tape: Tape | None = None,
    ) -> None:
        self.page = page
        self.scope = scope
        self.input_shape = shape
        self.edits = edits
        self.problems = problems
        self.tape = tape
        self.evaluator = Evaluator(problems, tape)
        self.modules = Modules(problems)
        self.nodes: list[Node] = []
        self.paths: dict[str, str] = {}
        self.places: dict[str, Flow] = {}
        self.layers: list[tuple[Place, Node | None]] = []
        self.hidden: list[tuple[str, ...]] = []
        self.instances: dict[str, tuple[str, ...]] = {}
        self.counted = 0
        self.total = total
        self.references = References()
        self.by_path: dict[str, Node] = {}

    def node(
        self,
        operation: Operation,
        name: tuple[str, str],
        inputs: tuple[tuple[int, Shape], ...],
        role: Role,
        mark: Mark,
        fields: Mapping | None = None,
        recipe: FieldRecipe | None = None,
    ) -> Flow:
        """Add a node with path and key ``name``; report a misfit and return the unknown value instead.

        ``recipe`` says, for the tape, how the operation is made.
        """
        path, key = name
        try:
            shape = output(operation, *(shape for _, shape in inputs))
        except FaultyPluginError as fault:
            notes = (Note(fault.mark, "it fails here"),) if fault.mark else ()
            self.problems.error("bad-plugin", f"{path}: {fault.message}", mark, None, notes)
            return None
        except ShapeError as misfit:
            value = fields.get(misfit.field) if fields is not None and misfit.field else None
            place = value.mark if value is not None else mark
            hint = misfit.hint or self._channels_first()
            self.problems.error("misfit", f"{path}: {misfit.message}", place, hint)
            return None
        if is_too_large(shape, operation.parameters(*(shape for _, shape in inputs))):
            message = f"{path}: more than {MAX_ELEMENTS:,} numbers in one tensor, which does not fit into memory"
            self.problems.error("too-large", message, mark)
            return None
        index = len(self.nodes)
        node = Node(index, path, key, operation, tuple(i for i, _ in inputs), shape, role, mark)
        self.nodes.append(node)
        if self.tape is not None:
            self.tape.add(node, recipe)
        if key:
            self.by_path[path] = node
        return index, shape

    def _channels_first(self) -> str | None:
        """Return the answer to an input that is written as height, width and channels."""
        return channels_first(self.input_shape)

    def entering(self, frame: Frame, flow: Flow) -> Scope:
        """Return the frame's variables with ``$in``: the channels that enter what they are written on."""
        return self.entered(frame.scope, flow)

    def entered(self, scope: Scope, flow: Flow, *, last: bool = False) -> Scope:
        """Return variables with ``$in``: the channels of what enters, or the ``last`` axis."""
        if flow is None:
            return scope.seeing({"in": UNKNOWN})
        index, shape = flow
        varies = self.tape is not None and self.tape.varies(index)
        return scope.seeing(
            {"in": shape.sizes[-1] if last else shape.channels}, {"in": Size(index, last)} if varies else NOTHING
        )

    def learned(self, node: Node) -> tuple[Parameter, ...]:
        """Return the tensors that a node learns."""
        return node.operation.parameters(*(self.shape_of(index) for index in node.inputs))

    def shape_of(self, index: int) -> Shape:
        """Return the shape of a value."""
        return self.input_shape if index < 0 else self.nodes[index].shape

    def hide(self, frame: Frame, name: Scalar | None) -> None:
        """Remember that a mistake hides what is called ``name``; without one, whatever its list holds."""
        known = name is not None and "{" not in str(name.value)
        self.hidden.append((*frame.path, str(name.value)) if known and name is not None else frame.path)

    @cached_property
    def walked(self) -> Walked:
        """All that was passed, once the walk is over."""
        return Walked(self.paths, self.places, self.hidden, self.instances)

    def check_read(self, leaving: set[int]) -> None:
        """Report a layer before a ``read`` that nothing reads; ``leaving`` are the values that leave the network."""
        if not any(isinstance(node.operation, ReadPlace) for node in self.nodes):
            return
        read = leaving.union(*(node.inputs for node in self.nodes))
        for node in self.nodes:
            if node.index not in read:
                hint = "a `join` or another `read` can name it; or leave it out"
                self.problems.error("unread-value", f"nothing reads what `{node.path}` computes", node.mark, hint)

    def finish(self) -> None:
        """Report what was spoken of and never came."""
        self.references.report(self.walked, self.places, self.problems)
        self.edits.report_unused(self.walked, self.problems)
        check_keys(self.nodes, self.problems)
