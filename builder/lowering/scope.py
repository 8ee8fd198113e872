"""Marked values to plain ones: expressions evaluated in a scope, mistakes reported at their characters."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from builder.expressions import MAX_ITEMS, ExpressionError, evaluate, is_expression, parse, size, variables
from builder.reader import Mapping, Scalar, Sequence, Value
from builder.spec.calls import report_expression, scalars_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from collections.abc import Mapping as Table

    from builder.diagnostics import Collector, Mark
    from builder.expressions import Expression, Result


class Unknown:
    """The value of ``$in`` after a mistake: whatever needs it stays unknown too, and nothing more is said."""


UNKNOWN: Final = Unknown()

NOTHING: Final[Table[Any, Any]] = MappingProxyType({})


class Size(NamedTuple):
    """The channels of what a node gives, or its last axis."""

    node: int
    last: bool = False


Register: TypeAlias = "int | Size"
"""Where a tape has a value: in the register of this number, or in the shape of a node."""


class TapeHolder(Protocol):
    """What an evaluator asks of a tape."""

    def decided(self, expression: Expression, scope: Scope, result: Result) -> None:
        """Hold that ``expression`` gives ``result``, by which the walk goes."""

    def bound(self, value: Value, scope: Scope, result: Result, fits: Callable[[Result], bool]) -> Register | None:
        """Return the register of what a parameter is given, None where it does not vary."""


class Scope(dict[str, "Result | Unknown"]):
    """The variables that an expression sees; ``registers`` are those of the ones that vary, while a tape runs."""

    __slots__ = ("registers",)

    def __init__(
        self, values: Table[str, Result | Unknown] = NOTHING, registers: Table[str, Register] = NOTHING
    ) -> None:
        super().__init__(values)
        self.registers = registers

    def put(self, name: str, value: Result | Unknown, register: Register | None) -> None:
        """Give a variable another value, or a new one its first; it varies if it has a register."""
        self[name] = value
        if register is not None or name in self.registers:
            kept = {other: each for other, each in self.registers.items() if other != name}
            self.registers = kept if register is None else {**kept, name: register}

    def seeing(self, values: Table[str, Result | Unknown], registers: Table[str, Register] = NOTHING) -> Scope:
        """Return these variables and more, of which those in ``registers`` vary; a new one hides an old one."""
        found = Scope(self, self.registers)
        found.update(values)
        if self.registers or registers:
            kept = {name: each for name, each in self.registers.items() if name not in values}
            found.registers = {**kept, **registers}
        return found


MAX_LOOKED_AT = 2_000_000
MAX_READ = 100_000  # values of one network, every copy counted; EfficientNet-V2-L has 7,000


class TooLargeError(Exception):
    """The page describes more than any network has; reported already."""


class UnknownValueError(Exception):
    """A value cannot be had because of a mistake that was reported already."""


class Evaluator:
    """Evaluates the values of a page; every mistake goes to ``problems``.

    A ``tape`` holds what the walk decides by them, which is everything but what ``bound`` and ``fields`` evaluate.
    """

    def __init__(self, problems: Collector, tape: TapeHolder | None = None) -> None:
        self._problems = problems
        self._tape = tape
        self._looked_at = self._read = 0

    def read(self, count: int, mark: Mark) -> None:
        """Count values that are looked at; raise TooLargeError where copies make more of them than any network has."""
        self._read += count
        if self._read > MAX_READ:
            message = f"with every copy, this network has more than {MAX_READ:,} values"
            self._problems.error("too-many-values", message, mark, "a `repeat` copies all fields of its layers")
            raise TooLargeError

    def value(self, value: Value, scope: Scope) -> Value:
        """Return ``value`` with every expression replaced by what it gives, marks kept.

        Raises UnknownValueError where that cannot be known.
        """
        self.read(1, value.mark)
        match value:
            case Scalar():
                return self._scalar(value, scope) if is_expression(value.value) else value
            case Sequence():
                return self._sequence(value, scope)
            case Mapping(entries=entries, mark=mark):
                return Mapping(tuple((key, self.value(inner, scope)) for key, inner in entries), mark)

    def result(self, value: Value, scope: Scope) -> Result:
        """Return the plain result of ``value``: a number, a truth value, a text or a list of them."""
        plain = self.value(value, scope).plain()
        if isinstance(plain, dict):
            self._problems.error("bad-value", "a mapping is not allowed here", value.mark)
            raise UnknownValueError
        return plain  # type: ignore[return-value]  # what `plain` of a scalar or a list gives

    def bound(self, value: Value, scope: Scope, fits: Callable[[Result], bool]) -> tuple[Result, Register | None]:
        """Return the result of what a parameter is given and, where it varies, its register on the tape.

        ``fits`` says of another result whether the parameter takes it.
        """
        if self._tape is None or not scope.registers:
            return self.result(value, scope), None
        result = self.result(value, Scope(scope))
        return result, self._tape.bound(value, scope, result, fits)

    def text(self, text: str, at: Scalar, scope: Scope) -> Result:
        """Return the result of an expression that is a part of the scalar ``at``."""
        try:
            tree = parse(text)
            values = [scope.get(variable.name) for variable in variables(tree)]
            if any(value is UNKNOWN for value in values):
                raise UnknownValueError
            self._count(values)
            result = evaluate(tree, scope)  # type: ignore[arg-type]  # nothing unknown is mentioned
        except ExpressionError as error:
            error.offset += max(0, str(at.value).find(text))
            report_expression(error, at, self._problems)
            raise UnknownValueError from None
        if self._tape is not None:
            self._tape.decided(tree, scope, result)
        return result

    def _count(self, values: list[Result | Unknown]) -> None:
        """Stop expressions that look at more elements of lists, copy after copy, than any page needs."""
        self._looked_at += sum(size(value) for value in values if isinstance(value, tuple))
        if self._looked_at > MAX_LOOKED_AT:
            message = f"the expressions of this page read more than {MAX_LOOKED_AT:,} elements of lists"
            raise ExpressionError(message, 0, 1, "take out of a `repeat` what is the same in every copy")

    def name(self, name: Scalar, scope: Scope) -> str:
        """Return a name or selector with the expressions in its braces put in."""
        return _BRACES.sub(lambda match: str(self.text(match[1], name, scope)), str(name.value))

    def _sequence(self, value: Sequence, scope: Scope) -> Sequence:
        items, count = [], 0
        for item in value.items:
            items.append(self.value(item, scope))
            count += 1 + size(items[-1].plain())  # type: ignore[arg-type]  # lists of lists, or nothing to count
            if count > MAX_ITEMS:
                message = f"a list has at most {MAX_ITEMS} elements, those of the lists inside it counted"
                self._problems.error("bad-value", message, value.mark)
                raise UnknownValueError
        return Sequence(tuple(items), value.mark)

    def _scalar(self, scalar: Scalar, scope: Scope) -> Value:
        return marked(self.text(str(scalar.value), scalar, scope), scalar)


def mentioned(value: Value) -> Iterator[str]:
    """Yield the names of all variables in the expressions of ``value``, which can be read."""
    for scalar in scalars_of(value):
        if is_expression(scalar.value):
            yield from (each.name for each in variables(parse(str(scalar.value))))


def written(result: Result) -> str:
    """Return a result as a page writes it."""
    if isinstance(result, tuple):
        return f"[{', '.join(written(each) for each in result)}]"
    return str(result).lower() if isinstance(result, bool) else str(result)


def marked(result: Result, at: Value) -> Value:
    """Return a result as a value that stands where ``at`` stood; from Python it may be a list."""
    if isinstance(result, (tuple, list)):
        return Sequence(tuple(marked(each, at) for each in result), at.mark)
    return Scalar(result, at.mark)


_BRACES = re.compile(r"\{([^{}]*)\}")
