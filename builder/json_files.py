"""JSON that is read back from disk: only from files, bounded in size and depth, its values of the wanted kinds."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

from builder.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from _typeshed import DataclassInstance

    Value = TypeVar("Value", bound=DataclassInstance)

MAX_BYTES = 64_000_000
"""The plan of 100,000 cells has a third of that."""

MAX_DEPTH = 64
"""Lists and objects in one another; nothing that is written here has ten."""

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", NoneType: "null"}


def read_json(path: Path) -> Any:
    """Return what the JSON file at ``path`` holds.

    Raises OSError where it can't be read, is no file or too large, ValueError where it is no JSON or nested too deeply.
    """
    return parse_json(read_regular(path, MAX_BYTES).decode("utf-8"))


def parse_json(text: str) -> Any:
    """Return the value that ``text`` stands for; raise ValueError where it is no JSON or nested too deeply."""
    message = f"lists and objects are nested more than {MAX_DEPTH} deep"
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError(message) from None
    level: list[Any] = [found]
    for _ in range(MAX_DEPTH):
        level = [item for each in level if isinstance(each, dict | list) for item in _items(each)]
        if not level:
            return found
    raise ValueError(message)


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object at ``path``; raise as ``read_json`` does, ValueError for other values."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 - of a file, not of an argument
    return found


def from_object(kind: type[Value], found: Mapping[str, Any]) -> Value:
    """Return the dataclass ``kind`` with the values ``found``; raise ValueError where they are not its fields.

    Fields are numbers, texts, truth values, null and dataclasses of these. A number without a point is a number too.
    """
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 - of a file, not of an argument
    known = {field.name: field for field in fields(kind)}
    unknown = next((name for name in found if name not in known), None)
    if unknown is not None:
        raise ValueError(f"it has no field `{unknown}`")
    missing = next((n for n, f in known.items() if n not in found and f.default is MISSING), None)
    if missing is not None:
        raise ValueError(f"`{missing}` is missing")
    kinds = _kinds(kind)
    return kind(**{name: _value(name, value, kinds[name]) for name, value in found.items()})


def _value(name: str, value: Any, wanted: tuple[type, ...]) -> Any:
    for kind in wanted:
        if is_dataclass(kind):
            return from_object(kind, value)
    if type(value) in wanted or (type(value) is int and float in wanted):
        return value
    raise ValueError(f"`{name}` is to be {' or '.join(_WORDS[kind] for kind in wanted)}")


@cache
def _kinds(kind: type) -> dict[str, tuple[type, ...]]:
    """Return the types that each field takes."""
    hints = get_type_hints(kind)
    return {name: get_args(hint) if isinstance(hint, UnionType) else (hint,) for name, hint in hints.items()}


def _items(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
