"""Results as JSON: the value's own fields are the schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import PurePath
from types import MappingProxyType, NoneType
from typing import Final

from builder.diagnostics import Mark

SAID: Final = MappingProxyType({"said": True})
"""Metadata of a field that a command says on stderr."""


_ATOMS: Final = frozenset({str, int, bool, NoneType})
"""What most values are."""


def encode(value: object, indent: int | None = 2) -> str:
    """Return a result as indented JSON; a trailing underscore of a field (``in_``) is Python's, and left out.

    What is said beside a result has ``SAID`` as its field's metadata, and is no part of it.
    """
    return json.dumps(_plain(value), indent=indent, allow_nan=False)


def _plain(value: object) -> object:
    if type(value) in _ATOMS:
        return value
    if isinstance(value, Mark):
        return {"file": value.source.name, "line": value.line, "column": value.column, "width": value.width}
    if is_dataclass(value) and not isinstance(value, type):
        return {said: _plain(getattr(value, name)) for name, said in _own_fields(type(value))}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if (dump := getattr(value, "model_dump", None)) is not None:  # a recipe; pydantic need not be imported for it
        return dump(mode="json")
    return None if isinstance(value, float) and not math.isfinite(value) else value  # JSON knows no NaN


@cache
def _own_fields(kind: type) -> tuple[tuple[str, str], ...]:
    """Return the fields of a dataclass that are a part of the result, each with its name there."""
    assert is_dataclass(kind)
    return tuple((each.name, each.name.rstrip("_")) for each in fields(kind) if not each.metadata.get("said"))
