"""The steps of a tape: what depended on the numbers in one walk, each done again with other numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pydantic import ValidationError

from builder.diagnostics import Collector
from builder.expressions import ExpressionError, evaluate
from builder.lowering.scope import Evaluator, Scope, UnknownValueError
from builder.ops.base import ShapeError, is_too_large
from builder.ops.faults import FaultyPluginError, output

if TYPE_CHECKING:
    from collections.abc import Callable

    from builder.expressions import Expression, Result
    from builder.lowering.scope import Unknown
    from builder.ops.base import Operation, Parameter
    from builder.reader import Value
    from builder.shapes import Shape

Key: TypeAlias = "tuple[object, ...]"
Given: TypeAlias = "tuple[Result, ...]"
Forms: TypeAlias = "tuple[tuple[str, str, int], ...]"

MAX_REMEMBERED = 20_000
"""Operations at shapes, and results of expressions."""

_OFTEN = 100  # networks, each with some dozens of them


class Differs(Exception):  # noqa: N818 - it says what is the case, and is no error
    """With these numbers the walk goes another way, or finds a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class TapedLayer:
    """An operation at the shapes of what it reads; without one it is the network's input.

    ``size`` numbers its shape, and ``form`` holds name, kind and axes of the tensors that it learns: one
    object for all layers of a tape that have the same.
    """

    operation: Operation | None
    inputs: tuple[Shape, ...]
    shape: Shape
    size: int
    learned: tuple[Parameter, ...] = ()
    form: Forms = ()
    elements: int = 0


class Memory:
    """What the steps of one tape have found, in tables that steps alike share."""

    def __init__(self) -> None:
        self._sizes: dict[Shape, int] = {}
        self._forms: dict[Forms, Forms] = {}
        self._tables: list[dict[Any, Any]] = []
        self._shared: dict[Key, dict[Any, TapedLayer]] = {}
        self._played = 0

    def table(self) -> dict[Any, Any]:
        """Return a table for one step."""
        self._tables.append({})
        return self._tables[-1]

    def shared(self, alike: Key) -> dict[Any, TapedLayer]:
        """Return the table of all steps that make the same layers."""
        if alike not in self._shared:
            self._shared[alike] = self.table()
        return self._shared[alike]

    def make_room(self) -> None:
        """Forget everything where it has become too much."""
        self._played += 1
        if self._played % _OFTEN == 0 and sum(map(len, self._tables)) > MAX_REMEMBERED:
            for each in self._tables:
                each.clear()

    def layer(self, operation: Operation | None, inputs: tuple[Shape, ...]) -> TapedLayer:
        """Return an operation at the shapes of its inputs; raise Differs where they do not fit."""
        assert operation is not None
        try:
            shape = output(operation, *inputs)
        except (ShapeError, FaultyPluginError):
            raise Differs from None
        learned = operation.parameters(*inputs)
        if is_too_large(shape, learned):
            raise Differs
        found = tuple([(each.name, each.of, len(each.shape)) for each in learned])
        form = self._forms.setdefault(found, found)
        return TapedLayer(operation, inputs, shape, self.size(shape), learned, form, shape.elements)

    def size(self, shape: Shape) -> int:
        """Return the number of a shape."""
        return self._sizes.setdefault(shape, len(self._sizes))


@dataclass(frozen=True, slots=True)
class Inputs:
    """The variables that something mentions: those that vary, in registers, and the others with their values."""

    names: tuple[str, ...]
    registers: tuple[int, ...]
    constants: dict[str, Result | Unknown]

    def key(self, values: list[Result]) -> Given:
        """Return the values of those that vary."""
        return tuple([values[register] for register in self.registers])

    def scope(self, key: Given) -> Scope:
        """Return all of them with the values of ``key``."""
        return Scope({**self.constants, **dict(zip(self.names, key, strict=True))})


@dataclass(frozen=True, slots=True)
class FieldRecipe:
    """How an operation is made: of fields that stay, and of others that vary with the inputs, each an expression.

    A field that is the name of an input is that input.
    """

    operation: type[Operation]
    plain: dict[str, object]
    named: dict[str, str]
    fields: dict[str, Value]
    inputs: Inputs

    def made(self, key: Given) -> Operation:
        """Return the operation for the values of its inputs; raise Differs where they do not fit."""
        scope = self.inputs.scope(key)
        given = self.plain | {name: scope[variable] for name, variable in self.named.items()}
        try:
            if self.fields:
                evaluator = Evaluator(Collector())
                given |= {name: evaluator.value(value, scope).plain() for name, value in self.fields.items()}
            return self.operation.model_validate(given)
        except (UnknownValueError, ValidationError):
            raise Differs from None

    def identity(self, kinds: object) -> Key:
        """Return what two recipes have in common that make the same of the same inputs, which are of these types."""
        fields = tuple(map(id, self.fields.values()))
        said = repr((self.plain, self.named, list(self.fields), self.inputs.names, self.inputs.constants))
        return self.operation, said, fields, kinds


class TapeStep(Protocol):
    """A step of a tape."""

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:
        """Do it with the registers and layers so far, and add to them; raise Differs where it is not as it was."""


class Bind:
    """An argument of a template into its register; what it is must be of the type that it was."""

    def __init__(
        self,
        register: int,
        value: Value,
        inputs: Inputs,
        result: Result,
        fits: Callable[[Result], bool],
        known: dict[Key, Result],
    ) -> None:
        self._register = register
        self._value = value
        self._inputs = inputs
        self._type = types(result)
        self._fits = fits
        self._known = known

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:  # noqa: ARG002 - steps are played alike
        """Compute it, or remember it."""
        key = self._inputs.key(values)
        try:
            values[self._register] = self._known[key]
        except KeyError:
            values[self._register] = self._known[key] = self._result(key)

    def _result(self, key: Given) -> Result:
        try:
            result = Evaluator(Collector()).result(self._value, self._inputs.scope(key))
        except UnknownValueError:
            raise Differs from None
        if types(result) != self._type or not self._fits(result):
            raise Differs
        return result


class Decide:
    """An expression by which the walk went: it must give what it gave."""

    def __init__(self, expression: Expression, inputs: Inputs, result: Result, known: dict[Key, bool]) -> None:
        self._expression = expression
        self._inputs = inputs
        self._result = result, types(result)
        self._known = known

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:  # noqa: ARG002 - steps are played alike
        """Evaluate it, or remember it."""
        key = self._inputs.key(values)
        if key not in self._known:
            self._known[key] = self._is_as_before(key)
        if not self._known[key]:
            raise Differs

    def _is_as_before(self, key: Given) -> bool:
        try:
            result = evaluate(self._expression, self._inputs.scope(key))  # type: ignore[arg-type]  # nothing unknown
        except ExpressionError:
            return False
        return (result, types(result)) == self._result


class Measure:
    """Channels or last axis of a node's shape into a register."""

    def __init__(self, register: int, node: int, *, last: bool) -> None:
        self._register = register
        self._node = node
        self._last = last

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:
        """Read it."""
        shape = layers[self._node].shape
        values[self._register] = shape.sizes[-1] if self._last else shape.channels


class Reshape:
    """The same operation at other shapes."""

    def __init__(self, node: int, inputs: tuple[int, ...], layer: TapedLayer, memory: Memory) -> None:
        self._node = node
        self._inputs = inputs
        self._operation = layer.operation
        self._form = layer.form
        self._memory = memory
        self._known = memory.shared((type(layer.operation), repr(layer.operation)))

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:  # noqa: ARG002 - steps are played alike
        """Find the layer, or make it."""
        inputs = self._inputs
        key = layers[inputs[0]].size if len(inputs) == 1 else tuple([layers[each].size for each in inputs])
        found = self._known.get(key)
        if found is None:
            shapes = tuple([layers[each].shape for each in inputs])
            found = self._known[key] = self._memory.layer(self._operation, shapes)
        if found.form is not self._form:
            raise Differs
        layers[self._node] = found


class Make:
    """An operation made again of other fields."""

    def __init__(
        self, node: int, inputs: tuple[int, ...], layer: TapedLayer, recipe: FieldRecipe, memory: Memory, kinds: object
    ) -> None:
        self._node = node
        self._inputs = inputs
        self._form = layer.form
        self._recipe = recipe
        self._memory = memory
        self._known = memory.shared(recipe.identity(kinds))

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:
        """Find the layer, or make it."""
        given = self._recipe.inputs.key(values)
        key = (*given, *[layers[each].size for each in self._inputs])
        found = self._known.get(key)
        if found is None:
            shapes = tuple([layers[each].shape for each in self._inputs])
            found = self._known[key] = self._memory.layer(self._recipe.made(given), shapes)
        if found.form is not self._form:
            raise Differs
        layers[self._node] = found


class Compare:
    """Whether two nodes have one shape, which must be as it was."""

    def __init__(self, one: int, other: int, *, equal: bool) -> None:
        self._nodes = one, other
        self._equal = equal

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:  # noqa: ARG002 - steps are played alike
        """Compare them."""
        one, other = self._nodes
        if (layers[one].size == layers[other].size) != self._equal:
            raise Differs


class Keep:
    """What must stay as it is of a node: a function of its layer."""

    def __init__(self, node: int, asked: Callable[[TapedLayer], object], answer: object) -> None:
        self._node = node
        self._asked = asked
        self._answer = answer

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:  # noqa: ARG002 - steps are played alike
        """Ask again."""
        if self._asked(layers[self._node]) != self._answer:
            raise Differs


class CheckRule:
    """A rule of ``init`` that must suit all it reaches: variables, and the output channels of the tensors."""

    def __init__(
        self,
        inputs: Inputs,
        tensors: tuple[tuple[int, int], ...],
        suits: Callable[[Scope, int | None], bool],
        known: dict[Key, bool],
    ) -> None:
        self._inputs = inputs
        self._tensors = tensors
        self._suits = suits
        self._known = known

    def play(self, values: list[Result], layers: list[TapedLayer]) -> None:
        """Try the rule where it was not tried before."""
        key = self._inputs.key(values)
        channels = {layers[node].learned[position].shape[0] for node, position in self._tensors}
        for out in channels or (None,):
            known = (*key, out)
            if known not in self._known:
                self._known[known] = self._suits(self._inputs.scope(key), out)
            if not self._known[known]:
                raise Differs


def types(result: object) -> object:
    """Return the type of a result, and for a list those of its elements."""
    return tuple(map(types, result)) if isinstance(result, tuple) else type(result)
