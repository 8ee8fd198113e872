"""JSON files of ours that somebody changed: with their checksum as it was, or as an earlier version wrote them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def as_earlier_version(path: Path, change: Callable[[Any], object] = lambda _: None) -> None:
    """Change the object at ``path`` and leave its checksum out, of which an earlier version knew nothing."""
    found = json.loads(path.read_text())
    del found["checksum"]
    change(found)
    path.write_text(json.dumps(found, indent=1))


def leaves(found: object) -> Iterator[tuple[str | int, ...]]:
    """Give the place of every value that is no list or object."""
    if not isinstance(found, dict | list):
        yield ()
        return
    for name, inner in found.items() if isinstance(found, dict) else enumerate(found):
        for place in leaves(inner):
            yield (name, *place)


def with_leaf(found: Any, place: tuple[str | int, ...]) -> Any:
    """Return ``found`` with another value of the same kind at ``place``."""
    if not place:
        return _other(found)
    copy = found.copy()
    copy[place[0]] = with_leaf(found[place[0]], place[1:])
    return copy


def _other(value: object) -> object:
    if value is None or isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else float(value) + 1 if isinstance(value, float) else int(value) + 1  # type: ignore[call-overload]  # numbers are all that is left
