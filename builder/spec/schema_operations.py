"""The part of the JSON Schema that says what a layer is: operations by their words, and the fields of each.

Besides what the standard says it has `markdownDescription`, which yaml-language-server shows. Alternatives have
titles that differ, for the server takes equal ones for the same.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from builder.spec.fields import ReuseFields
from builder.spec.page import REUSE

if TYPE_CHECKING:
    from builder.ops import Operations
    from builder.ops.base import Operation

JsonSchema: TypeAlias = "dict[str, Any]"

EXPRESSION: JsonSchema = {"type": "string", "pattern": r"\$", "description": "an expression"}
TEMPLATE_CALL = r"^(\$[A-Za-z_]\w*|[A-Z]\w*)$"
_WITH_EXPRESSIONS: JsonSchema = {
    "type": "array",
    "contains": EXPRESSION,
    "description": "a list that holds expressions",
}
_LINK = re.compile(r"https://\S+")


def words(operations: Operations) -> list[JsonSchema]:
    """Return what a layer without fields may be: a word of its own for each operation, or a template or parameter."""
    called = {
        "type": "string",
        "pattern": TEMPLATE_CALL,
        "description": "a template, or a parameter that holds a layer",
    }
    plain = [{**one(word), **told(operation)} for word, operation in operations.items()]
    return [*plain, called]


def alternatives(**by_kind: list[JsonSchema]) -> JsonSchema:
    """Return the schema of values of several kinds, each with what it may be.

    Of a plain `anyOf` that fails the server says what its first alternative says, whatever the value is; here the kind
    decides first. `if` and `then` would say the same, but nothing is offered from behind them.
    """
    others = {kind: [each for each in by_kind if each != kind] for kind in by_kind}
    return {"type": list(by_kind), "allOf": [{"anyOf": [*by_kind[kind], {"type": others[kind]}]} for kind in by_kind]}


def one(word: str) -> JsonSchema:
    """Return the schema of one word; its type tells the server which alternative a mapping was meant to be."""
    return {"type": "string", "const": word, "title": word}


def calls(operations: Operations) -> JsonSchema:
    """Return the properties of a call: one for each operation, and ``reuse``."""
    reuse = {
        "type": "object",
        "title": REUSE,
        "description": ReuseFields.__doc__,
        "properties": {"layer": {**ref("place"), "description": ReuseFields.model_fields["layer"].description}},
        "required": ["layer"],
        "additionalProperties": False,
    }
    return {**{word: fields_of(word) for word in operations}, REUSE: reuse}


def template_calls() -> JsonSchema:
    """Return the pattern property of what is called besides: a template of the page, or a parameter."""
    return {TEMPLATE_CALL: {"type": "object", "title": "a template", "description": "the template's parameters"}}


def operation_fields(operation: type[Operation]) -> JsonSchema:
    """Return the schema of an operation's fields, each also as an expression."""
    given = operation.model_json_schema()
    properties = {name: _field(field) for name, field in given.get("properties", {}).items()}
    place = operation.place
    if place is not None:
        kind = ref("places" if place.several else "place")
        properties[place.name] = {**kind, "description": place.description}
    return {
        "type": "object",
        "title": operation.kind,
        **told(operation),
        "properties": properties,
        "additionalProperties": False,
    }


def told(operation: type[Operation]) -> JsonSchema:
    """Return the first sentence of what an operation says of itself, for editors with the page that says more."""
    doc = operation.__doc__ or ""
    sentence = doc.strip().split("\n")[0].replace("``", "`")
    link = _LINK.search(doc)
    shown = f"{sentence}\n\n<{link[0]}>" if link else sentence
    return {"description": sentence, "markdownDescription": shown}


def without_null(field: JsonSchema) -> JsonSchema:
    """Return a field of a model as a page gives it: what is left out is left out, and never written as null."""
    kept = {name: each for name, each in field.items() if name != "title" and (name, each) != ("default", None)}
    kinds = [each for each in kept.get("anyOf", []) if each != {"type": "null"}]
    if len(kinds) == 1:
        return {**kinds[0], **{name: each for name, each in kept.items() if name != "anyOf"}}
    return {**kept, "anyOf": kinds} if kinds else kept


def ref(name: str) -> JsonSchema:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}


def fields_of(word: str) -> JsonSchema:
    """Return a reference to the fields of an operation."""
    return ref(f"fields of {word}")


def _field(field: JsonSchema) -> JsonSchema:
    """Return a field that may be an expression too, or where it is a list hold some."""
    plain = without_null(field)
    description, default = plain.pop("description"), plain.pop("default", None)
    kinds = plain.get("anyOf", [plain])
    kinds = [*kinds, EXPRESSION, *([_WITH_EXPRESSIONS] if any(each.get("type") == "array" for each in kinds) else [])]
    return {"anyOf": kinds, "description": description, **({"default": default} if default is not None else {})}
