"""A walk on tape: what became of numbers that vary, so that other numbers get their network without a walk.

In the order of the walk a tape holds all that depends on the numbers: arguments of templates, layers with their fields
and shapes, and every decision that was taken by them. Played with other numbers it gives the operations and shapes of
their network, as long as every decision falls as it did. Where one does not, or where anything is wrong, ``Differs``
says that the page has to be walked: a tape has no messages and knows one way only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.diagnostics import Collector
from builder.expressions import variables
from builder.lowering.names import join
from builder.lowering.scope import Evaluator, Scope, Size, mentioned
from builder.lowering.steps import (
    Bind,
    CheckRule,
    Compare,
    Decide,
    Differs,
    FieldRecipe,
    Inputs,
    Keep,
    Make,
    Measure,
    Memory,
    Reshape,
    TapedLayer,
    types,
)
from builder.reader import Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from builder.expressions import Expression, Result
    from builder.graph import Node
    from builder.lowering.scope import Register
    from builder.lowering.steps import Key, TapeStep
    from builder.ops.base import Operation
    from builder.reader import Mapping, Value
    from builder.shapes import Shape


class Tape:
    """What one walk did with ``numbers``, which vary by name; all else of the page stays as it was."""

    def __init__(self, numbers: dict[str, Result]) -> None:
        self.numbers = numbers
        self.registers: dict[str, Register] = {name: number for number, name in enumerate(numbers)}
        self._values: list[Result] = list(numbers.values())
        self._layers: list[TapedLayer] = []
        self._steps: list[TapeStep] = []
        self._recipes: dict[int, FieldRecipe | None] = {}
        """Of the nodes that vary, None where only the shape does."""
        self._numbered: dict[Key, int] = {}
        self._measured: dict[int, tuple[Value, Size]] = {}
        self._tensors: dict[str, tuple[int, int]] = {}
        """Node and position of every tensor that is learned, by its key."""
        self._memory = Memory()
        self._is_stopped = False

    def play(self, numbers: Iterable[Result]) -> list[TapedLayer]:
        """Return every node's layer and then the input's, with other numbers; raise Differs where there is no way."""
        if self._is_stopped:
            raise Differs
        self._memory.make_room()
        values, layers = self._values.copy(), self._layers.copy()
        values[: len(self.numbers)] = numbers
        for step in self._steps:
            step.play(values, layers)
        return layers

    def stop(self) -> None:
        """Give up: the walk does what no tape can hold."""
        self._is_stopped = True

    def begin(self, shape: Shape) -> None:
        """Take the shape of the network's input, which lies behind all nodes: where -1 points."""
        self._layers = [TapedLayer(None, (), shape, self._memory.size(shape), elements=shape.elements)]

    def varies(self, node: int) -> bool:
        """Return whether a node may be another one with other numbers."""
        return node in self._recipes

    def add(self, node: Node, recipe: FieldRecipe | None) -> None:
        """Hold the next node, which is made by its recipe or always has the same operation."""
        layer = self._memory.layer(node.operation, tuple(self._layers[each].shape for each in node.inputs))
        self._layers.insert(node.index, layer)
        for position, each in enumerate(layer.learned):
            self._tensors.setdefault(join(node.key, each.name), (node.index, position))
        if recipe is not None:
            self._recipes[node.index] = recipe
            kinds = types(recipe.inputs.key(self._values))
            self._steps.append(Make(node.index, node.inputs, layer, recipe, self._memory, kinds))
        elif any(map(self.varies, node.inputs)):
            self._recipes[node.index] = None
            self._steps.append(Reshape(node.index, node.inputs, layer, self._memory))

    def recipe(self, operation: type[Operation], fields: Mapping, scope: Scope) -> FieldRecipe | None:
        """Return how an operation is made of fields that vary, None where it is always the same."""
        plain: dict[str, object] = {}
        named: dict[str, str] = {}
        varied: dict[str, Value] = {}
        measured: dict[str, Size] = {}
        for name, value in fields:
            if id(value) in self._measured:
                variable = named[name] = f"{name} as measured"  # which no page can mention
                measured[variable] = self._measured[id(value)][1]
            elif scope.registers.keys().isdisjoint(mentioned(value)):
                plain[name] = Evaluator(Collector()).value(value, Scope(scope)).plain()
            elif isinstance(value, Scalar) and str(value.value)[1:] in scope.registers:
                named[name] = str(value.value)[1:]
            else:
                varied[name] = value
        if not named and not varied:
            return None
        scope = scope.seeing({}, measured)
        names = (*named.values(), *(name for value in varied.values() for name in mentioned(value)))
        return FieldRecipe(operation, plain, named, varied, self._inputs(names, scope))

    def decided(self, expression: Expression, scope: Scope, result: Result) -> None:
        """Hold that ``expression`` gives ``result``, by which the walk goes."""
        inputs = self._inputs((each.name for each in variables(expression)), scope)
        if inputs.names:
            self._steps.append(Decide(expression, inputs, result, self._memory.table()))

    def bound(self, value: Value, scope: Scope, result: Result, fits: Callable[[Result], bool]) -> Register | None:
        """Return the register of what a parameter is given, None where it does not vary."""
        inputs = self._inputs(mentioned(value), scope)
        if not inputs.names:
            return None
        known = (id(value), inputs.names, inputs.registers, repr(inputs.constants))
        if known not in self._numbered:
            self._numbered[known] = self._register(result)
            self._steps.append(Bind(self._numbered[known], value, inputs, result, fits, self._memory.table()))
        return self._numbered[known]

    def measured(self, value: Value, node: int) -> None:
        """Hold that the walk itself has written ``value``, the channels of a node."""
        if self.varies(node):
            self._measured[id(value)] = value, Size(node)

    def compared(self, one: int, other: int) -> None:
        """Hold whether two nodes have one shape."""
        if self.varies(one) or self.varies(other):
            equal = self._layers[one].size == self._layers[other].size
            self._steps.append(Compare(one, other, equal=equal))

    def sampled(self, nodes: list[Node], start: int, end: int) -> None:
        """Hold how the way from one value to another samples its input: windows, and the sizes of both images."""
        for node in (start, end):
            self.kept(node, _grid)
        while end not in (start, -1):
            self.kept(end, _window)
            end = nodes[end].inputs[0]

    def reused(self, earlier: int, entering: int) -> None:
        """Give up where a module is used again that varies, or at what varies: its weights have to fit both."""
        if self.varies(earlier) or self.varies(entering):
            self.stop()

    def kept(self, node: int, asked: Callable[[TapedLayer], object]) -> None:
        """Hold what a function says of a node, by which the walk goes."""
        if self.varies(node):
            self._steps.append(Keep(node, asked, asked(self._layers[node])))

    def checked(
        self, value: Value, scope: Scope, tensors: Iterable[str], suits: Callable[[Scope, int | None], bool]
    ) -> None:
        """Hold that a rule of ``init`` suits the tensors of these keys; it may mention ``$out``."""
        names = tuple(mentioned(value))
        inputs = self._inputs((name for name in names if name != "out"), scope)
        reached = {self._tensors[key] for key in tensors} if "out" in names else set()
        varied = sorted(each for each in reached if inputs.names or self.varies(each[0]))
        if inputs.names or varied:
            self._steps.append(CheckRule(inputs, tuple(varied), suits, self._memory.table()))

    def _inputs(self, names: Iterable[str], scope: Scope) -> Inputs:
        """Return the variables with these names: registers for those that vary, else what they are."""
        known = [name for name in dict.fromkeys(names) if name in scope or name in scope.registers]
        varied = tuple(name for name in known if name in scope.registers)
        constants = {name: scope[name] for name in known if name not in varied}
        return Inputs(varied, tuple(self._number(scope.registers[name]) for name in varied), constants)

    def _number(self, register: Register) -> int:
        """Return the number of a register; that of a size is filled when it is asked for first."""
        if isinstance(register, int):
            return register
        known = (register.node, register.last)
        if known not in self._numbered:
            shape = self._layers[register.node].shape
            self._numbered[known] = self._register(shape.sizes[-1] if register.last else shape.channels)
            self._steps.append(Measure(self._numbered[known], register.node, last=register.last))
        return self._numbered[known]

    def _register(self, value: Result) -> int:
        self._values.append(value)
        return len(self._values) - 1


def _grid(layer: TapedLayer) -> object:
    return layer.shape.is_image, layer.shape.sizes[1:]


def _window(layer: TapedLayer) -> object:
    return layer.operation.window() if layer.operation is not None else None
