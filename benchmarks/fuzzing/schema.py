"""Changes that a JSON Schema permits: an editor's schema is a grammar, and a valid file most often stays one.

https://json-schema.org/draft/2020-12/json-schema-core
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

Schema: TypeAlias = dict[str, Any]

_COMBINED = ("anyOf", "oneOf", "allOf")
"""Lists of schemas; of all that have to hold, too, one is looked at: most often the others only refuse."""

DEEPEST = 5
"""Values in one another that are written at once."""


class Grammar:
    """What a schema permits at each place of a file."""

    def __init__(self, schema: Schema, words: tuple[str, ...] = ()) -> None:
        self._whole, self._words = schema, words
        self._known: dict[int, tuple[Schema, list[Schema]]] = {}  # alternatives, by the schema that has them

    def mutant(self, tree: Any, numbers: random.Random) -> Any:
        """Return a copy of ``tree`` in which one to three values are others that may stand there."""
        found = copy.deepcopy(tree)
        for _ in range(numbers.choice([1, 1, 2, 3])):
            places = [place for place in self._places(found, self._whole, numbers) if place[0]]
            if places:
                self._change(*numbers.choice(places), numbers)
        return found

    def _places(self, value: Any, schema: Schema, numbers: random.Random) -> Iterator[tuple[Any, Schema]]:
        """Yield every mapping and list with what may stand in it."""
        if not isinstance(value, dict | list):
            return
        schema = self._fitting(schema, value, numbers)
        yield value, schema
        fields, other = self._fields(schema), self._other(schema)
        for name, each in value.items() if isinstance(value, dict) else ():
            yield from self._places(each, fields.get(name, other), numbers)
        for each in value if isinstance(value, list) else ():
            yield from self._places(each, schema.get("items", {}), numbers)

    def _change(self, value: Any, schema: Schema, numbers: random.Random) -> None:
        """Change a field or an item of ``value``, which is not empty, or add one."""
        if isinstance(value, list):
            at = numbers.randrange(len(value))
            made = self._made(schema["items"], numbers) if "items" in schema else value[at]
            value[at : at + numbers.choice([0, 1])] = [made]
            return
        fields = self._fields(schema)
        name = numbers.choice(sorted(fields) if fields and numbers.random() < 0.7 else list(value))
        value[name] = self._made(fields.get(name, self._other(schema)), numbers)

    def _made(self, schema: Schema, numbers: random.Random, depth: int = 0) -> Any:
        """Return a value that ``schema`` permits, as far as the parts of it go that are understood here."""
        schema = self._chosen(schema, numbers)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return numbers.choice(schema["enum"])
        kinds = schema.get("type", "object" if "properties" in schema else "string")
        kind = numbers.choice(kinds) if isinstance(kinds, list) else kinds
        if kind == "object":
            return self._object(schema, numbers, depth)
        if kind == "array":
            return self._array(schema, numbers, depth)
        if kind in {"number", "integer"}:
            return _number(schema, kind, numbers)
        if kind == "string":
            return numbers.choice([*self._words, "a", "$in", "1"][-400:])
        return {"boolean": numbers.random() < 0.5, "null": None}.get(kind)

    def _object(self, schema: Schema, numbers: random.Random, depth: int) -> dict[str, Any]:
        fields = self._fields(schema)
        needed = list(schema.get("required", ()))
        if not needed and schema.get("minProperties") and fields:
            needed = [numbers.choice(sorted(fields))]
        optional = [name for name in fields if name not in needed]
        few = numbers.sample(optional, min(len(optional), numbers.choice([0, 0, 1, 2]))) if depth < DEEPEST else []
        if schema.get("maxProperties") == 1:
            few = []
        return {name: self._made(fields.get(name, {}), numbers, depth + 1) for name in (*needed, *few)}

    def _array(self, schema: Schema, numbers: random.Random, depth: int) -> list[Any]:
        first = [self._made(each, numbers, depth + 1) for each in schema.get("prefixItems", ())]
        many = max(schema.get("minItems", 0) - len(first), numbers.choice([0, 1, 2]))
        return first if first or depth >= DEEPEST else [
            self._made(schema.get("items", {}), numbers, depth + 1) for _ in range(many)
        ]  # fmt: skip

    def _fields(self, schema: Schema) -> dict[str, Schema]:
        return dict(schema.get("properties", {}))

    def _other(self, schema: Schema) -> Schema:
        """Return what values have whose names the schema does not know."""
        patterns = list(schema.get("patternProperties", {}).values())
        other = schema.get("additionalProperties", patterns[0] if patterns else {})
        return other if isinstance(other, dict) else {}

    def _resolved(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            found: Any = self._whole
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[unquote(step)]
            schema = found
        return schema

    def _chosen(self, schema: Schema, numbers: random.Random) -> Schema:
        """Return one of the alternatives."""
        schema = self._resolved(schema)
        for name in _COMBINED:
            if schema.get(name) and "properties" not in schema:
                return self._chosen(numbers.choice(schema[name]), numbers)
        return schema

    def _fitting(self, schema: Schema, value: Any, numbers: random.Random) -> Schema:
        """Return an alternative of the kind that ``value`` has, the one with the most of its fields."""
        if id(schema) not in self._known:
            self._known[id(schema)] = (schema, self._alternatives(self._resolved(schema)))
        options = list(self._known[id(schema)][1])
        numbers.shuffle(options)
        wanted = {dict: "object", list: "array"}.get(type(value))
        fitting = [each for each in options if wanted is None or each.get("type", wanted) == wanted]
        if isinstance(value, dict):
            fitting.sort(key=lambda each: -len(self._fields(each).keys() & value.keys()))
        return (fitting or options)[0]

    def _alternatives(self, schema: Schema) -> list[Schema]:
        """Return what ``schema`` may be, each with what stands beside the alternatives."""
        beside = {name: each for name, each in schema.items() if name not in _COMBINED}
        inner = [self._resolved(each) for name in _COMBINED for each in schema.get(name, ())]
        found = [each for part in inner for each in self._alternatives(part)]
        return [{**beside, **each} if "properties" not in beside else {**each, **beside} for each in found] or [beside]


def _number(schema: Schema, kind: str, numbers: random.Random) -> int | float:
    """Return a bound, a number beside it, or a small one; of a ``number`` a fraction too."""
    low = schema.get("minimum", schema.get("exclusiveMinimum", -2))
    high = schema.get("maximum", schema.get("exclusiveMaximum", 1000))
    whole = [1, 2, 3, 4, 8, numbers.randint(0, 20), low, low + 1, high, high - 1]
    if kind == "integer":
        return int(numbers.choice(whole))
    return numbers.choice([*whole, 0.5, 0.1, 0.01, 1e-6, low + (high - low) / 3])
