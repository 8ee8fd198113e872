"""``variants:`` on a page, and the same said on the command line: what may go where, as dimensions and constraints."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from builder.expressions import ExpressionError, parse, variables
from builder.reader import Mapping, Scalar, Sequence, describe
from builder.spec.bodies import Bodies
from builder.spec.calls import check_syntax, report_expression
from builder.spec.names import LONGEST_NAME, name_rule
from builder.validation import Strict, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.diagnostics import Collector, Mark
    from builder.expressions import Expression
    from builder.reader import Value
    from builder.spec.known import Known

PRICES = ("parameters", "macs", "memory")
SCOPE = (*PRICES, *(f"base_{price}" for price in PRICES), "inserted")
"""What a constraint may speak of: the variant's price, the base's, and how many layers were inserted."""

Bound = Annotated[int, Field(ge=0, lt=1_000_000)]


class EntryFields(Strict):
    """What an entry of ``variants`` may say."""

    insert: Any = Field(
        None, description="a layer, or a list of alternatives; a list in a field lists alternatives too"
    )
    at: Any = Field(None, description="one variant for each entry, with all its matching places at once")
    among: Any = Field(None, description="one variant for every subset of the matching places")
    count: Bound | tuple[Bound, Bound] | None = Field(None, description="number of places in a subset, or its range")
    same_per: str | None = Field(
        None, description="places at the same point inside one of these blocks are chosen together"
    )
    set: Any = Field(None, description="fields of layers and blocks, each with a list of alternatives")
    params: Any = Field(None, description="parameters of the page, each with a list of alternatives")
    require: str | None = Field(None, description="a condition, as in `$parameters < 1.1 * $base_parameters`")
    not_both: Any = Field(None, description="two places of which at most one is used")


MAX_ALTERNATIVES = 100
"""Layers of one entry, of which each is read once and tried at its places."""

KINDS = ("insert", "set", "params", "require", "not_both")
_BESIDE_INSERT = ("at", "among", "count", "same_per")


@dataclass(frozen=True)
class Insertion:
    """One layer that may be inserted, as a page writes it: its word and its fields; ``label`` tells it from others."""

    word: str
    fields: dict[str, object]
    name: str | None
    label: str


@dataclass(frozen=True)
class Insertions:
    """A dimension: one of ``layers`` at a subset of the places in ``among``, or at all places of one entry of ``at``.

    A subset has at least ``least`` and at most ``most`` elements; with ``same_per`` the places in each block that it
    selects are one element for each point.
    """

    name: str
    layers: tuple[Insertion, ...]
    among: tuple[Scalar, ...]
    at: tuple[Scalar, ...]
    least: int
    most: int | None
    same_per: Scalar | None
    mark: Mark


@dataclass(frozen=True)
class Setting:
    """A dimension: one of ``values`` for a field of what ``selector`` finds."""

    selector: Scalar
    field: str
    values: tuple[object, ...]


@dataclass(frozen=True)
class ParameterValues:
    """A dimension: one of ``values`` for a parameter of the page."""

    parameter: Scalar
    values: tuple[object, ...]


@dataclass(frozen=True)
class Requirement:
    """A condition that every variant fulfils."""

    text: Scalar
    condition: Expression


@dataclass
class Space:
    """Dimensions, whose product the variants are, and constraints on it."""

    insertions: list[Insertions] = field(default_factory=list)
    settings: list[Setting] = field(default_factory=list)
    choices: list[ParameterValues] = field(default_factory=list)
    requirements: list[Requirement] = field(default_factory=list)
    apart: list[tuple[Scalar, Scalar]] = field(default_factory=list)


def parse_space(mapping: Mapping, known: Known, problems: Collector) -> Space:
    """Return the space that ``mapping`` says; everything wrong is added to ``problems``."""
    space = Space()
    bodies = Bodies(known, problems, beside=("name",))
    for key, entry in mapping.entries:
        name = str(key.value)
        if len(name) > LONGEST_NAME:
            problems.error("bad-name", f"`{name}` cannot be a name", key.mark, name_rule(name))
        elif isinstance(entry, Mapping):
            _Entry(key, entry, bodies, problems).into(space)
        else:
            hint = "such as `which: {insert: se, among: block*.pre_activation}`"
            problems.error("bad-value", f"`{key.value}` is a mapping, not {describe(entry)}", entry.mark, hint)
    return space


class _Entry:
    """One entry of ``variants`` on its way into the space."""

    def __init__(self, key: Scalar, entry: Mapping, bodies: Bodies, problems: Collector) -> None:
        self._key = key
        self._entry = entry
        self._bodies = bodies
        self._problems = problems

    def into(self, space: Space) -> None:
        """Add what the entry says to ``space``."""
        fields = validate(EntryFields, self._entry, f"`{self._key.value}`", self._problems)
        kinds = [name for name in KINDS if self._entry.get(name) is not None]
        if len(kinds) != 1:
            listed = ", ".join(f"`{name}`" for name in KINDS)
            self._error("bad-variants", f"`{self._key.value}` is one of {listed}", self._key.mark)
            return
        for name in () if kinds == ["insert"] else _BESIDE_INSERT:
            if self._entry.get(name) is not None:
                self._error("bad-variants", f"`{name}` can only be written beside `insert`", self._entry.key_mark(name))
        if fields is None:
            return
        value = self._entry.get(kinds[0])
        assert value is not None, "it is of this kind"
        match kinds[0]:
            case "insert":
                space.insertions += self._insertions(value, fields)
            case "set":
                space.settings += self._settings(value)
            case "params":
                space.choices += self._choices(value)
            case "require":
                space.requirements += self._requirements(value)
            case _:
                space.apart += self._apart(value)

    def _insertions(self, value: Value, fields: EntryFields) -> Iterator[Insertions]:
        among, at = self._selectors("among"), self._selectors("at")
        if bool(among) == bool(at):
            hint = "`among` for every subset of the places, `at` for all of them at once"
            self._error("bad-variants", "say where to insert: either `among` or `at`", self._key.mark, hint)
            return
        least, most = fields.count if isinstance(fields.count, tuple) else (fields.count or 0, fields.count)
        if most is not None and least > most:
            self._error("bad-value", f"`count`: {least} is more than {most}", self._entry.key_mark("count"))
            return
        count = sum(map(_alternatives, _listed(value)))
        if count > MAX_ALTERNATIVES:
            message = f"`insert` lists {count:,} layers, and one entry has at most {MAX_ALTERNATIVES}"
            self._error("too-many-variants", message, value.mark, "name fewer values for each field")
            return
        layers = tuple(each for item in _listed(value) for each in self._layers(item))
        per = self._entry.get("same_per")
        if layers:
            name = str(self._key.value)
            same = per if isinstance(per, Scalar) else None
            yield Insertions(name, layers, among, at, least, most, same, self._entry.mark)

    def _layers(self, item: Value) -> Iterator[Insertion]:
        """Yield the layers that ``item`` means: a field with a list has one of its values."""
        mapping = Mapping(((item, Mapping((), item.mark)),), item.mark) if isinstance(item, Scalar) else item
        calls = [each for each in mapping.entries if each[0].value != "name"] if isinstance(mapping, Mapping) else []
        if not isinstance(mapping, Mapping) or len(calls) != 1 or not isinstance(calls[0][1], Mapping):
            hint = "such as `se` or `se: {reduction: [8, 16]}`"
            self._error("bad-insert", f"`insert` is a layer, not {describe(item)}", item.mark, hint)
            return
        word, fields = calls[0]
        assert isinstance(fields, Mapping), "seen above"
        name = mapping.get("name")
        named = str(name.plain()) if name is not None else None
        varied = [str(key.value) for key, given in fields.entries if isinstance(given, Sequence)]
        keys = [key for key, _ in fields.entries]
        for values in product(*(_listed(given) for _, given in fields.entries)):
            chosen = Mapping(tuple(zip(keys, values, strict=True)), fields.mark)
            self._bodies.item(Mapping(((word, chosen),), mapping.mark))
            plain = chosen.plain()
            label = "_".join([named or str(word.value), *(f"{each}_{spelled(plain[each])}" for each in varied)])
            yield Insertion(str(word.value), plain, named, label)

    def _settings(self, value: Value) -> Iterator[Setting]:
        for selector, fields in self._pairs(value, "set", "block1: {shortcut: [none, auto]}"):
            for name, values in self._pairs(fields, str(selector.value), "shortcut: [none, auto]"):
                yield Setting(selector, str(name.value), self._alternatives(name, values))

    def _choices(self, value: Value) -> Iterator[ParameterValues]:
        for name, values in self._pairs(value, "params", "width: [64, 128]"):
            yield ParameterValues(name, self._alternatives(name, values))

    def _alternatives(self, name: Scalar, value: Value) -> tuple[object, ...]:
        if isinstance(value, Sequence) and value.items:
            check_syntax(value, self._problems)
            return value.plain()
        hint = f"`{name.value}: [a, b]`; put a value that is itself a list into a list: `[[1, 3], [3, 1]]`"
        given = "an empty one" if isinstance(value, Sequence) else describe(value)
        message = f"`{name.value}` is a list of alternatives, not {given}"
        self._error("bad-value", message, value.mark, hint)
        return ()

    def _requirements(self, value: Value) -> Iterator[Requirement]:
        assert isinstance(value, Scalar), "validated as a text"
        try:
            condition = parse(str(value.value))
        except ExpressionError as error:
            report_expression(error, value, self._problems)
            return
        unknown = [each for each in variables(condition) if each.name not in SCOPE]
        for each in unknown:
            strange = ExpressionError(f"`${each.name}` is not known here", each.offset, each.width, _scope_hint())
            report_expression(strange, value, self._problems)
        if not any(True for _ in variables(condition)):
            self._error("bad-value", f"`{value.value}` does not describe a variant", value.mark, _scope_hint())
        elif not unknown:
            yield Requirement(value, condition)

    def _apart(self, value: Value) -> Iterator[tuple[Scalar, Scalar]]:
        match value:
            case Sequence(items=(Scalar(value=str()) as one, Scalar(value=str()) as other)):
                yield one, other
            case _:
                hint = "such as `[block1.branch, block1.out]`"
                self._error("bad-value", f"`not_both` is two places, not {describe(value)}", value.mark, hint)

    def _selectors(self, name: str) -> tuple[Scalar, ...]:
        value = self._entry.get(name)
        found = []
        for each in _listed(value) if value is not None else ():
            if isinstance(each, Scalar) and isinstance(each.value, str):
                found.append(each)
            else:
                self._error("bad-value", f"`{name}` is a place such as `block1.out`, not {describe(each)}", each.mark)
        return tuple(found)

    def _pairs(self, value: Value, name: str, example: str) -> Iterator[tuple[Scalar, Value]]:
        if isinstance(value, Mapping):
            yield from value.entries
        else:
            self._error("bad-value", f"`{name}` is a mapping, not {describe(value)}", value.mark, f"`{example}`")

    def _error(self, code: str, message: str, mark: Mark, hint: str | None = None) -> None:
        self._problems.error(code, message, mark, hint)


def spelled(value: object) -> str:
    """Return a value as a part of a name: ``[1, 3]`` is ``1x3``, and 0.5 is ``0.5``."""
    if isinstance(value, (tuple, list)):
        return "x".join(spelled(each) for each in value)
    if isinstance(value, dict):
        return "_".join(f"{key}_{spelled(each)}" for key, each in value.items())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _scope_hint() -> str:
    return "a constraint can use " + ", ".join(f"`${name}`" for name in SCOPE)


def _alternatives(item: Value) -> int:
    """Return how many layers an item of ``insert`` means."""
    calls = item.entries if isinstance(item, Mapping) else ()
    fields = [each for _, call in calls if isinstance(call, Mapping) for _, each in call.entries]
    return prod(len(each.items) for each in fields if isinstance(each, Sequence))


def _listed(value: Value) -> tuple[Value, ...]:
    return value.items if isinstance(value, Sequence) else (value,)
