"""The JSON Schema of a page, for editors: operations, fields and top-level keys are completed and checked.

Made from the same records that check a page. What a schema cannot say is left to ``check``: exactly one call an item,
the parameters of the page's own templates, names unique after expansion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.ops import MERGES, OPERATIONS
from builder.ops.base import Operation
from builder.spec.fields import BlockFields, PageFields, TemplateFields
from builder.spec.initializers import FUNCTIONS
from builder.spec.names import NAME
from builder.spec.page import POINTS
from builder.spec.parse import KINDS
from builder.spec.schema_operations import (
    EXPRESSION,
    JsonSchema,
    alternatives,
    calls,
    fields_of,
    one,
    operation_fields,
    ref,
    template_calls,
    told,
    without_null,
    words,
)
from builder.spec.space import EntryFields

if TYPE_CHECKING:
    from pydantic import BaseModel

    from builder.ops import Operations

_NOTHING: JsonSchema = {**one("none"), "description": "nothing"}
_TEMPLATE: list[JsonSchema] = [{"type": "string", "pattern": r"^[A-Z]\w*$", "description": "a template"}]
_PLACES = "A place is a path, with optional `*`, or a template's name, and optionally a point at the end: " + ", ".join(
    f"`{point}`" for point in POINTS
)


def json_schema(operations: Operations = OPERATIONS) -> JsonSchema:
    """Return the JSON Schema (draft 2020-12) of a page that may call ``operations``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "a page",
        "type": "object",
        "properties": _described({**_top_level(operations), **_block_fields()}, PageFields),
        "required": ["name"],
        "anyOf": [{"required": [name]} for name in ("layers", "branches", "extends", "templates")],
        "additionalProperties": False,
        "$defs": {
            "item": _item(operations),
            "branch": {"anyOf": [ref("body"), _conditional("branch", "when", "repeat")]},
            "body": {"anyOf": [_list("numbered layers"), _names_to(ref("item"), "named layers")]},
            "template": _template(),
            "place": {"type": "string"},
            "places": {"anyOf": [ref("place"), {"type": "array", "items": ref("place"), "minItems": 1}]},
            "beginning": _beginning(),
            **{f"fields of {word}": operation_fields(operation) for word, operation in operations.items()},
        },
    }


def _top_level(operations: Operations) -> JsonSchema:
    given = PageFields.model_json_schema()["properties"]
    plain = {
        name: without_null(given[name])
        for name in ("name", "extends", "member", "input", "classes", "version", "language")
    }
    return {
        **plain,
        "uses": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "plugins": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
        "params": _parameters(),
        "members": {"type": "object", "additionalProperties": _member(plain)},
        "defaults": {
            "type": "object",
            "properties": {word: fields_of(word) for word in operations},
            "additionalProperties": False,
        },
        "init": _init(operations),
        "templates": {
            "type": "object",
            "propertyNames": {"pattern": r"^[A-Z]\w*$"},
            "additionalProperties": ref("template"),
        },
        "insert": {"type": "array", "items": _insert(operations)},
        "set": {"type": "object", "additionalProperties": _settable()},
        "replace": {"type": "object", "additionalProperties": {"anyOf": [_NOTHING, ref("item")]}},
        "variants": {"type": "object", "additionalProperties": _entry(operations)},
    }


def _item(operations: Operations) -> JsonSchema:
    """Return the schema of an item: a word (its fields may be the page's defaults), a list, or a call or block."""
    call = {
        "type": "object",
        "title": "a layer or a block",
        "description": "one call with its fields, or a block",
        "properties": {**calls(operations), **_block_fields("key", "split"), **_modifiers()},
        "patternProperties": template_calls(),
        "additionalProperties": False,
        "minProperties": 1,
    }
    return alternatives(string=words(operations), object=[call], array=[_list("a block of numbered layers")])


def _insert(operations: Operations) -> JsonSchema:
    at = f"the place, or several places. {_PLACES}"
    name = "the name; by default the operation's; `{$point}` and `{$at}` in it are replaced by the place"
    return {
        "type": "object",
        "title": "an insert",
        "properties": {
            **calls(operations),
            **_block_fields("key", "split"),
            **_modifiers(),
            "at": {**ref("places"), "description": at},
            "name": {"type": "string", "description": name},
        },
        "patternProperties": template_calls(),
        "required": ["at"],
        "additionalProperties": False,
    }


def _template() -> JsonSchema:
    return {
        "type": "object",
        "title": "a template",
        "properties": _described({"params": _parameters(), **_block_fields("key", "split")}, TemplateFields),
        "oneOf": [{"required": ["layers"]}, {"required": ["branches"]}],
        "additionalProperties": False,
    }


def _conditional(lane: str, *modifiers: str) -> JsonSchema:
    """Return the schema of a branch or a shortcut that may be left out, or of a branch that is there several times."""
    layers = {**ref("body"), "description": BlockFields.model_fields["layers"].description}
    return {
        "type": "object",
        "title": f"a {lane} with a condition",
        "properties": {**{name: each for name, each in _modifiers().items() if name in modifiers}, "layers": layers},
        "required": ["layers"],
        "additionalProperties": False,
    }


def _parameters() -> JsonSchema:
    kinds = {"enum": list(KINDS), "description": "the type of a required value"}
    default = {"description": "the default value; with a `$`, computed from the parameters above"}
    return {"type": "object", "additionalProperties": {"anyOf": [kinds, default]}}


def _member(page: JsonSchema) -> JsonSchema:
    own = {name: {**page[name], "description": f"{name} of this member"} for name in ("input", "classes")}
    told = "values of the page's parameters for this member"
    return {"type": "object", "title": "a member", "description": told, "properties": own}


def _init(operations: Operations) -> JsonSchema:
    learning = [word for word, each in operations.items() if each.parameters is not Operation.parameters]
    rules = {
        "type": "object",
        "title": "rules",
        "description": "initialization of each parameter",
        "properties": {
            "weight": {**ref("beginning"), "description": "initialization of the weights"},
            "bias": {**ref("beginning"), "description": "initialization of the biases"},
        },
        "additionalProperties": ref("beginning"),
    }
    return {"type": "object", "properties": dict.fromkeys(learning, rules), "additionalProperties": rules}


def _beginning() -> JsonSchema:
    """Return the schema of how a parameter begins: a number, or a function of ``torch.nn.init`` with its arguments."""
    plain = [{**one(name), "description": model.__doc__} for name, model in FUNCTIONS.items()]
    functions = {}
    for name, model in FUNCTIONS.items():
        properties = {
            argument: {"anyOf": [without_null(field), EXPRESSION], "description": field["description"]}
            for argument, field in model.model_json_schema()["properties"].items()
        }
        functions[name] = {
            "type": "object",
            "title": name,
            "description": model.__doc__,
            "properties": properties,
            "additionalProperties": False,
        }
    called = {"type": "object", "properties": functions, "additionalProperties": False, "maxProperties": 1}
    return alternatives(string=[*plain, EXPRESSION], number=[{}], object=[called])


def _settable() -> JsonSchema:
    """Return the schema of what ``set`` gives: fields of a block, or of whatever operation or template stands there."""
    fields = _block_fields()
    own = {name: fields[name] for name in ("shortcut", "merge", "activation")}
    return {"type": "object", "title": "fields", "properties": own}


def _entry(operations: Operations) -> JsonSchema:
    """Return the schema of an entry of ``variants``; a field of a layer may be a list of choices there."""
    layers = {
        "type": "object",
        "title": "a layer",
        "properties": {
            **{word: {"type": "object", "title": word, **told(operation)} for word, operation in operations.items()},
            "name": {"type": "string", "description": "what it is called"},
        },
        "patternProperties": template_calls(),
        "additionalProperties": False,
    }
    layer = [*words(operations), layers]
    count = {"type": "integer", "minimum": 0}
    given = {
        "insert": {"anyOf": [*layer, {"type": "array", "items": {"anyOf": layer}}]},
        "at": ref("places"),
        "among": ref("places"),
        "count": {"anyOf": [count, {"type": "array", "items": count, "minItems": 2, "maxItems": 2}]},
        "same_per": ref("place"),
        "set": {"type": "object", "additionalProperties": {"type": "object"}},
        "params": {"type": "object", "additionalProperties": {"type": "array"}},
        "require": EXPRESSION,
        "not_both": {"type": "array", "items": ref("place"), "minItems": 2, "maxItems": 2},
    }
    properties = _described(given, EntryFields)
    for name in ("at", "among"):
        properties[name]["description"] += f". {_PLACES}"
    return {"type": "object", "title": "variants", "properties": properties, "additionalProperties": False}


def _modifiers() -> JsonSchema:
    given = {
        "when": {"anyOf": [{"type": "boolean"}, EXPRESSION]},
        "repeat": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]},
        "aux": {"type": "boolean"},
    }
    return _described(given, BlockFields)


_SHARES: JsonSchema = {
    "type": "array",
    "items": {"anyOf": [{"type": "integer", "minimum": 1}, EXPRESSION]},
    "minItems": 1,
}


def _block_fields(*more: str) -> JsonSchema:
    """Return the fields of a block that the page itself and a template have too, and ``more``."""
    fields = {
        "layers": ref("body"),
        "branches": {"type": "array", "items": ref("branch"), "minItems": 1},
        "split": {"anyOf": [{"type": "boolean"}, EXPRESSION, _SHARES]},
        "key": {"type": "string"},
        "shortcut": {
            "anyOf": [
                *({"enum": ["none", "identity", "auto"]}, *_TEMPLATE, EXPRESSION, ref("body")),
                _conditional("shortcut", "when"),
            ]
        },
        "merge": {"anyOf": [{"enum": list(MERGES)}, EXPRESSION]},
        "activation": {"anyOf": [_NOTHING, ref("item")]},
    }
    kept = {name: each for name, each in fields.items() if name in more or name not in ("key", "split")}
    return _described(kept, BlockFields)


def _described(properties: JsonSchema, model: type[BaseModel]) -> JsonSchema:
    """Return properties with what the model says of the fields of these names."""
    return {name: {**each, "description": model.model_fields[name].description} for name, each in properties.items()}


def _list(title: str) -> JsonSchema:
    return {"type": "array", "title": title, "items": ref("item")}


def _names_to(inner: JsonSchema, title: str) -> JsonSchema:
    return {"type": "object", "title": title, "propertyNames": {"pattern": NAME}, "additionalProperties": inner}
