"""JSON that is read back from disk: only from files, bounded in size and depth, its values of the wanted kinds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from hashlib import sha256
from math import isfinite
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from builder.files import read_regular

if TYPE_CHECKING:
    from pathlib import Path

    from _typeshed import DataclassInstance

    Value = TypeVar("Value", bound=DataclassInstance)

MAX_BYTES = 6_000_000
"""The plan of 4,000 arms has two thirds of that, the labels of a million images half of it."""

MAX_VALUES = 400_000
"""Numbers, texts, lists and objects in a file: of lists without anything in them, a megabyte fills thirty."""

MAX_DEPTH = 64
"""Lists and objects in one another; nothing that is written here has ten."""

MAX_TEXT = 20_000
"""Letters of a text or key in a file: what is read is shown, and the traceback of a failed trial has some thousand."""

_CHECKSUM = "checksum"

_PER_IMAGE = frozenset({"labels", "test_predictions"})
"""Texts with letters for each image."""

_WORDS = {
    bool: "true or false", int: "a whole number", float: "a number", str: "a text", NoneType: "null",
    tuple: "a list", Mapping: "an object",
}  # fmt: skip

_MOST = 10**300
"""Whole numbers beyond this are none of ours, and no longer fit where a number with a point may stand."""


def read_json(path: Path) -> Any:
    """Return what the JSON file at ``path`` holds.

    Raises OSError where it can't be read, is no file or too large, ValueError where it is no JSON, nested too deeply,
    or has a text that nothing of ours has.
    """
    found = parse_json(read_regular(path, MAX_BYTES).decode("utf-8"))
    level = [found]
    while level:
        if any(isinstance(each, str) and len(each) > MAX_TEXT for each in level):
            raise ValueError(f"a text in it has more than {MAX_TEXT:,} letters")
        level = [inner for each in level if isinstance(each, dict | list) for inner in _inside(each)]
    return found


def check_size(text: str) -> None:
    """Raise ValueError for JSON that is larger than what is read back."""
    if len(text) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES // 10**6} MB")
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise ValueError(f"it has more than {MAX_VALUES:,} values")


def parse_json(text: str) -> Any:
    """Return the value of ``text``; raise ValueError where it is no JSON, too much or nested too deeply."""
    check_size(text)  # before any value is made
    message = f"lists and objects are nested more than {MAX_DEPTH} levels deep"
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


def with_checksum(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with a checksum of them, by which it is seen when one is changed by hand."""
    return {**values, _CHECKSUM: _checksum(values)}


def without_checksum(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``with_checksum`` was given; an earlier version wrote none."""
    return {name: value for name, value in found.items() if name != _CHECKSUM}


def is_changed(found: Mapping[str, Any]) -> bool:
    """Return whether values are no longer those of their checksum; of an earlier version's nobody knows."""
    return _CHECKSUM in found and found[_CHECKSUM] != _checksum(without_checksum(found))


def _checksum(values: Mapping[str, object]) -> str:
    return sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object at ``path``; raise as ``read_json`` does, ValueError for other values."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 - of a file, not of an argument
    return found


def read_unchanged(path: Path) -> dict[str, Any]:
    """Return the object at ``path`` without its checksum; ValueError where a value is not what was written."""
    found = read_object(path)
    if is_changed(found):
        raise ValueError("a value in it was changed")
    return without_checksum(found)


def read_unchanged_list(path: Path, name: str) -> list[Any]:
    """Return the list ``name`` of the object at ``path``, or the bare list that an earlier version wrote.

    Raises as ``read_unchanged`` does, and KeyError where the object has no such list.
    """
    found = read_json(path)
    return found if isinstance(found, list) else list(read_unchanged(path)[name])


def from_object(
    kind: type[Value], found: Mapping[str, Any], made: Mapping[str, object] = MappingProxyType({})
) -> Value:
    """Return the dataclass ``kind`` with the values ``found``; raise ValueError where they are not its fields.

    Fields are finite numbers, texts, truth values, null, one of several texts (Literal), dataclasses, tuples of any
    length and mappings of these. A number without a point is a number too. ``made`` are fields that somebody else has
    read, and that take the place of what was found.
    """
    if not isinstance(found, dict):
        raise ValueError("it holds no JSON object")  # noqa: TRY004 - of a file, not of an argument
    known = {field.name: field for field in fields(kind)}
    unknown = next((name for name in found if name not in known), None)
    if unknown is not None:
        raise ValueError(f"it has no field `{unknown}`")
    given = {*found, *made}
    missing = next((n for n, f in known.items() if n not in given and f.default is MISSING), None)
    if missing is not None:
        raise ValueError(f"`{missing}` is missing")
    kinds = _kinds(kind)
    read = {name: _value(name, value, kinds[name]) for name, value in found.items() if name not in made}
    return kind(**read, **made)


def _value(name: str, value: Any, wanted: tuple[Any, ...]) -> Any:
    """Return ``value`` as the first of the ``wanted`` types that it has."""
    for kind in wanted:
        origin, of = get_origin(kind), get_args(kind)
        if value is None and NoneType in wanted:
            return None
        if isinstance(kind, type) and is_dataclass(kind):
            return from_object(kind, value)
        if kind in {object, Any}:
            return value
        if origin is tuple and isinstance(value, list):
            return tuple(_value(name, each, _options(of[0])) for each in value)
        if origin is Mapping and isinstance(value, dict):
            return {key: _value(f"{name}.{key}", each, _options(of[1])) for key, each in value.items()}
        if origin is Literal and isinstance(value, str) and value in of:
            return value
    if (type(value) in wanted or (type(value) is int and float in wanted)) and _is_usual(value):
        return value
    raise ValueError(f"`{name}` is to be {' or '.join(map(_said, wanted))}")


def _is_usual(value: object) -> bool:
    """Return whether a number is one that can be reckoned with; whatever else is usual."""
    return not isinstance(value, int | float) or (isfinite(value) if isinstance(value, float) else abs(value) < _MOST)


def _said(kind: Any) -> str:
    """Return the words for a type."""
    if get_origin(kind) is Literal:
        return " or ".join(f"`{each}`" for each in get_args(kind))
    return _WORDS[get_origin(kind) or kind]


@cache
def _kinds(kind: type) -> dict[str, tuple[Any, ...]]:
    """Return the types that each field takes."""
    return {name: _options(hint) for name, hint in get_type_hints(kind).items()}


def _options(hint: Any) -> tuple[Any, ...]:
    """Return the types of a union, or the only one."""
    return get_args(hint) if isinstance(hint, UnionType) or get_origin(hint) is Union else (hint,)


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    """Return keys and values, without texts that are as long as there are images."""
    if isinstance(value, list):
        return value
    return [*value, *(each for key, each in value.items() if key not in _PER_IMAGE)]


def _items(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
