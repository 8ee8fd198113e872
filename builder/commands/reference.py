"""The reference pages of the documentation, made from the models that check pages and recipes, so that none drifts."""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING, Any, TypeAlias

from builder.expressions import FUNCTIONS as EXPRESSION_FUNCTIONS
from builder.ops import MERGES, OPERATIONS
from builder.spec.fields import BlockFields, ItemFields, PageFields, ReuseFields, TemplateFields
from builder.spec.initializers import FUNCTIONS as INIT_FUNCTIONS
from builder.spec.page import POINTS, RESERVED, REUSE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

    from builder.ops.base import Operation

_Schema: TypeAlias = "dict[str, Any]"

_PAGE_HEAD = """\
# Language reference

Written by `archcli schema --markdown`; a test keeps it up to date.
The [language guide](language.md) explains these fields with examples.
Every field of an operation may also be an expression: a text that contains a `$`.
"""

_RECIPE_HEAD = """\
# Recipe reference

Written by `archcli schema recipe --markdown`; a test keeps it up to date.
A recipe is a YAML file with these fields; `--set PATH=VALUE` changes one of them, as in `--set optimizer.lr=0.01`.
"""

_STUDY_HEAD = """\
# Study reference

Written by `archcli schema study --markdown`; a test keeps it up to date.
The guide to [studies](studies.md) explains these fields with examples.
"""

_VARIABLES = {
    "in": "number of input channels, or features, of the layer or block",
    "i": "index of the copy made by `repeat`, from 0",
    "first": "whether this copy is the first",
    "classes": "the number of classes",
    "nth": "index of this instance among the instances of all templates that use `$nth` or `$total`, from 0",
    "total": "number of these instances",
    "point": "in the name of an insert: the point, or the layer after which it is inserted",
    "at": "in the name of an insert: block and point, as in `branch3x3_out`",
}


def page_reference() -> str:
    """Return the reference of the page language as Markdown."""
    assert set(_VARIABLES) == set(RESERVED), "every variable is described"
    return "\n".join(
        [
            _PAGE_HEAD,
            *_section("A page", PageFields),
            *_section("A template", TemplateFields),
            *_section("A block", BlockFields, without=ItemFields),
            *_section("Beside a call or a block", ItemFields),
            *_points(),
            *_operations(),
            *_section(f"`{REUSE}`", ReuseFields),
            *_merges(),
            *_expressions(),
            *_init(),
        ]
    )


def recipe_reference() -> str:
    """Return the reference of recipes as Markdown."""
    from builder.training.recipe.recipe import recipe_json_schema

    return _reference(_RECIPE_HEAD, "A recipe", recipe_json_schema())


def study_reference() -> str:
    """Return the reference of studies as Markdown."""
    from builder.study.page.page import study_json_schema

    return _reference(_STUDY_HEAD, "A study", study_json_schema())


def _reference(head: str, title: str, schema: _Schema) -> str:
    lines = [head, f"## {title}", "", *_table(schema, schema), ""]
    for name, inner in schema.get("$defs", {}).items():
        if "properties" in inner:
            lines += [f"## {_named(name, inner)}", "", *_told(inner.get("description")), *_table(inner, schema), ""]
    return "\n".join(lines)


def _named(name: str, schema: _Schema) -> str:
    """Return the heading of a part: the word by which a recipe chooses it, or its own name in small letters."""
    word = schema["properties"].get("name", {}).get("const")
    return f"`{word}`" if word else f"`{name.lower()}`"


def _section(title: str, model: type[BaseModel], without: type[BaseModel] | None = None) -> Iterator[str]:
    schema = model.model_json_schema()
    inherited = without.model_fields if without is not None else {}
    schema["properties"] = {name: each for name, each in schema["properties"].items() if name not in inherited}
    yield from (f"## {title}", "", *_told(model.__doc__), *_table(schema, schema), "")


def _points() -> Iterator[str]:
    yield from (
        "## Points",
        "",
        "Where a layer can be inserted into a block, in the order of the computation.",
        "",
    )
    yield from (", ".join(f"`{point}`" for point in POINTS), "")


def _operations() -> Iterator[str]:
    yield from ("## Operations", "")
    for word, operation in OPERATIONS.items():
        yield from (f"### `{word}`", "", *_told(operation.__doc__))
        if operation.model_fields or operation.place is not None:
            schema = _complete(operation)
            yield from (*_table(schema, schema), "")


def _complete(operation: type[Operation]) -> _Schema:
    """Return the schema of an operation's fields, with those that name a place instead of a value."""
    schema = operation.model_json_schema()
    place = operation.place
    if place is not None:
        field = {"type": "places" if place.several else "place", "default": None, "description": place.description}
        schema["properties"] = {place.name: field, **schema.get("properties", {})}
        schema["required"] = [*schema.get("required", ()), *([place.name] if place.required else [])]
    return schema


def _merges() -> Iterator[str]:
    yield from ("## Merges", "", "Values of `merge:`, for a shortcut or for branches.", "")
    yield from ("| word | what it does |", "|---|---|")
    yield from (f"| `{word}` | {_first(merge.__doc__)} |" for word, merge in MERGES.items())
    yield ""


def _expressions() -> Iterator[str]:
    yield from ("## Expressions", "")
    yield from ("| variable | meaning |", "|---|---|")
    yield from (f"| `${name}` | {meaning} |" for name, meaning in _VARIABLES.items())
    operators = "`+ - * / //`, `== != < <= > >=`, `and or not`, `A if CONDITION else B`, `$list.0`, `[a, b]`"
    names = ", ".join(f"`{name}`" for name in EXPRESSION_FUNCTIONS)
    yield from ("", f"Operators: {operators}.", "", f"Functions: {names}.", "")


def _init() -> Iterator[str]:
    yield from ("## Rules of `init`", "", "A rule is a number, or one of these functions of `torch.nn.init`.", "")
    yield from ("| function | arguments and their defaults |", "|---|---|")
    for name, model in INIT_FUNCTIONS.items():
        fields: dict[str, _Schema] = model.model_json_schema()["properties"]
        arguments = ", ".join(f"`{each}: {_value(schema.get('default'))}`" for each, schema in fields.items())
        yield f"| `{name}` | {arguments or 'none'} |"
    yield ""


def _table(schema: _Schema, whole: _Schema) -> Iterator[str]:
    """Yield a table of the fields of an object."""
    required = schema.get("required", ())
    yield from ("| field | value | default | meaning |", "|---|---|---|---|")
    for name, field in schema.get("properties", {}).items():
        default = "required" if name in required else _value(field.get("default"))
        meaning = field.get("description", "").replace("\n", " ").replace("|", "\\|").replace("``", "`")
        yield f"| `{name}` | {_kind(field, whole)} | {default} | {meaning} |"


def _kind(field: _Schema, whole: _Schema) -> str:
    """Return in words what a field may be."""
    if "$ref" in field:
        return _kind_of_part(field["$ref"], whole)
    if "const" in field:
        return f"`{field['const']}`"
    if "enum" in field:
        return ", ".join(f"`{each}`" for each in field["enum"])
    options = field.get("anyOf") or field.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(_kind(each, whole) for each in options if each.get("type") != "null"))
    return _plain(field, whole)


def _kind_of_part(reference: str, whole: _Schema) -> str:
    name = reference.rpartition("/")[2]
    part = whole.get("$defs", {}).get(name, {})
    if "properties" not in part:
        return _kind(part, whole)
    anchor = _named(name, part).strip("`").replace("_", "_")
    return f"[{_named(name, part)}](#{anchor})"


_SIMPLE = {
    "boolean": "`true` or `false`",
    "string": "text",
    "place": "a path",
    "places": "a path, or a list of paths",
    "object": "mapping",
}


def _plain(field: _Schema, whole: _Schema) -> str:
    match field.get("type"):
        case "integer":
            return f"whole number{_range(field)}"
        case "number":
            return f"number{_range(field)}"
        case "array" if "prefixItems" in field:
            return f"[{', '.join(_kind(each, whole).partition(',')[0] for each in field['prefixItems'])}]"
        case "array":
            return f"list of: {_kind(field.get('items', {}), whole)}"
        case kind:
            return _SIMPLE.get(str(kind), "")


def _range(field: _Schema) -> str:
    """Return the bounds of a number; one of 2^31 is only there to keep arithmetic small, and is left out."""
    least, more = field.get("minimum"), field.get("exclusiveMinimum")
    most, less = field.get("maximum"), field.get("exclusiveMaximum")
    parts = [f"≥ {_value(least)}"] if least is not None else [f"> {_value(more)}"] if more is not None else []
    parts += [f"≤ {_value(most)}"] if most is not None else []
    parts += [f"< {_value(less)}"] if less is not None and less < 2**31 else []
    return f", {', '.join(parts)}" if parts else ""


def _value(value: object) -> str:
    """Return a default as it stands in YAML."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(each) for each in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_value(each)}' for key, each in value.items())}}}"
    return str(value)


def _told(text: str | None) -> Iterable[str]:
    """Return a docstring as a paragraph, its links made clickable."""
    if not text:
        return ()
    words = " ".join(inspect.cleandoc(text).split()).replace("``", "`")
    return (re.sub(r"(?<![(<])(https?://[^\s,;)]*[^\s,;).])", r"<\1>", words), "")


def _first(text: str | None) -> str:
    return inspect.cleandoc(text or "").split("\n\n")[0].replace("\n", " ").replace("``", "`")
