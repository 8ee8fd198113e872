"""The JSON Schema of a page, for editors: operations, fields and top-level keys are offered and checked as one types.

Made from the same records that check a page. What a schema cannot say is left to ``check``: exactly one call an item,
the parameters of the page's own templates, names unique after expansion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from builder.ops import MERGES, OPERATIONS
from builder.spec.bodies import NAME
from builder.spec.calls import REFERENCES
from builder.spec.fields import BlockFields, PageFields, ReuseFields, TemplateFields
from builder.spec.page import POINTS, REUSE
from builder.spec.space import EntryFields

if TYPE_CHECKING:
    from pydantic import BaseModel

    from builder.ops import Operations
    from builder.ops.base import Operation

Schema: TypeAlias = "dict[str, Any]"

_EXPRESSION: Schema = {"type": "string", "pattern": r"\$", "description": "an expression"}
_WITH_EXPRESSIONS: Schema = {"type": "array", "contains": _EXPRESSION, "description": "a list that holds expressions"}
_TEMPLATE_CALL = r"^(\$[A-Za-z_]\w*|[A-Z]\w*)$"


def json_schema(operations: Operations = OPERATIONS) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a page that may call ``operations``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A network architecture",
        "type": "object",
        "properties": _described({**_top_level(operations), **_block_fields()}, PageFields, BlockFields),
        "required": ["name"],
        "anyOf": [
            {"required": ["layers"]},
            {"required": ["branches"]},
            {"required": ["extends"]},
            {"required": ["templates"]},
        ],
        "additionalProperties": False,
        "$defs": {
            "item": _item(operations),
            "body": {"anyOf": [{"type": "array", "items": _ref("item")}, _names_to(_ref("item"))]},
            "template": {
                "type": "object",
                "properties": _described(
                    {"params": {"type": "object"}, **_block_fields()}, TemplateFields, BlockFields
                ),
                "oneOf": [{"required": ["layers"]}, {"required": ["branches"]}],
                "additionalProperties": False,
            },
            "place": {
                "type": "string",
                "description": "a path, with `*`, or a template's name; last, if wanted, a point: " + ", ".join(POINTS),
            },
            **{f"fields of {word}": _fields(operation) for word, operation in operations.items()},
        },
    }


def _top_level(operations: Operations) -> Schema:
    given = PageFields.model_json_schema()["properties"]
    plain = {name: given[name] for name in ("name", "extends", "member", "input", "classes", "version")}
    pages = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
    operation_tables = {word: _partial(operation) for word, operation in operations.items()}
    return {
        **plain,
        "uses": pages,
        "params": {"type": "object"},
        "members": {"type": "object", "additionalProperties": {"type": "object"}},
        "defaults": {"type": "object", "properties": operation_tables, "additionalProperties": False},
        "init": {"type": "object", "additionalProperties": {"type": "object"}},
        "templates": {
            "type": "object",
            "propertyNames": {"pattern": r"^[A-Z]\w*$"},
            "additionalProperties": _ref("template"),
        },
        "insert": {"type": "array", "items": _insert(operations)},
        "set": {"type": "object", "additionalProperties": {"type": "object"}},
        "replace": {"type": "object", "additionalProperties": {"anyOf": [{"const": "none"}, _ref("item")]}},
        "variants": {"type": "object", "additionalProperties": _entry()},
    }


def _item(operations: Operations) -> Schema:
    """Return the schema of an item: a word (its fields may be the page's defaults), a list, or a call or block."""
    return {
        "anyOf": [
            {"enum": list(operations)},
            {"type": "string", "pattern": _TEMPLATE_CALL},
            {"type": "array", "items": _ref("item")},
            {
                "type": "object",
                "properties": {**_calls(operations), **_described({**_block_fields(), **_modifiers()}, BlockFields)},
                "patternProperties": {_TEMPLATE_CALL: {"type": "object"}},
                "additionalProperties": False,
                "minProperties": 1,
            },
        ]
    }


def _insert(operations: Operations) -> Schema:
    places = {"anyOf": [_ref("place"), {"type": "array", "items": _ref("place"), "minItems": 1}]}
    return {
        "type": "object",
        "properties": {
            **_calls(operations),
            **_block_fields(),
            **_modifiers(),
            "at": places,
            "name": {"type": "string"},
        },
        "patternProperties": {_TEMPLATE_CALL: {"type": "object"}},
        "required": ["at"],
        "additionalProperties": False,
    }


def _entry() -> Schema:
    """Return the schema of an entry of ``variants``."""
    properties = {name: {"description": field.description} for name, field in EntryFields.model_fields.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _calls(operations: Operations) -> Schema:
    reuse = {
        "type": "object",
        "description": ReuseFields.__doc__,
        "properties": _described({"layer": _ref("place")}, ReuseFields),
        "required": ["layer"],
        "additionalProperties": False,
    }
    return {**{word: _ref(f"fields of {word}") for word in operations}, REUSE: reuse}


def _modifiers() -> Schema:
    return {
        "when": {"anyOf": [{"type": "boolean"}, _EXPRESSION]},
        "repeat": {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]},
        "aux": {"type": "boolean"},
    }


def _block_fields() -> Schema:
    words = {"enum": ["none", "identity", "auto"]}
    return {
        "layers": _ref("body"),
        "branches": {"type": "array", "items": _ref("body"), "minItems": 2},
        "split": {"anyOf": [{"type": "boolean"}, _EXPRESSION]},
        "key": {"type": "string"},
        "shortcut": {"anyOf": [words, _EXPRESSION, _ref("body")]},
        "merge": {"anyOf": [{"enum": list(MERGES)}, _EXPRESSION]},
        "activation": {"anyOf": [{"const": "none"}, _ref("item")]},
    }


def _described(properties: dict[str, Schema], *models: type[BaseModel]) -> dict[str, Schema]:
    """Return properties with what the models say of the fields of these names, the first that has one."""
    told = {name: field.description for model in reversed(models) for name, field in model.model_fields.items()}
    return {name: {**each, "description": told[name]} for name, each in properties.items()}


def _fields(operation: type[Operation]) -> Schema:
    """Return the schema of an operation's fields, each also as an expression."""
    given = operation.model_json_schema()
    properties = {
        name: {"anyOf": [field, _EXPRESSION, _WITH_EXPRESSIONS], "description": field.get("description", name)}
        for name, field in given.get("properties", {}).items()
    }
    places = {"description": "a place of which it takes the value instead of its own input"}
    properties |= {name: {**_ref("place"), **places} for name in REFERENCES.get(operation.kind, ())}
    return {
        "type": "object",
        "description": (operation.__doc__ or "").split("\n")[0],
        "properties": properties,
        "additionalProperties": False,
    }


def _partial(operation: type[Operation]) -> Schema:
    return _ref(f"fields of {operation.kind}")


def _names_to(inner: Schema) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": NAME}, "additionalProperties": inner}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name.replace(' ', '%20')}"}
