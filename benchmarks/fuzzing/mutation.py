"""Neighbors of a file that has a structure: of trees of values (JSON, YAML), of tables, of bytes."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from benchmarks.fuzzing.target import STRANGE
from tests.language.test_generated_pages import mutated

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

    from benchmarks.fuzzing.schema import Grammar

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The safe ones written in C, where they are there: half of a search would go into reading and writing YAML."""

Place: TypeAlias = tuple[Any, Any]
"""A list or mapping, and an index or key of it."""


def json_mutant(data: bytes, numbers: random.Random, words: Sequence[str] = ()) -> bytes:
    """Return JSON with a value changed; text that is none, or one time in eight, with pieces changed."""
    try:
        tree = json.loads(data) if numbers.random() < 0.875 else None
    except (ValueError, RecursionError):
        tree = None
    if tree is None:
        return text_mutant(data, numbers, words)
    return json.dumps(tree_mutant(tree, numbers, words)).encode("utf-8")


def yaml_mutant(data: bytes, numbers: random.Random, grammar: Grammar, words: Sequence[str] = ()) -> bytes:
    """Return YAML with a value changed, most often into one that the grammar permits there.

    One time in four, and text that is none, with pieces of the text changed.
    """
    kind = numbers.random()
    try:
        tree = yaml.load(data, _LOADER) if kind < 0.75 and not data.startswith(b"*") else None
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError):
        tree = None
    if not isinstance(tree, dict | list):
        return text_mutant(data, numbers, words)
    changed = grammar.mutant(tree, numbers) if kind < 0.5 else tree_mutant(tree, numbers, words)
    try:
        text = yaml.dump(changed, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=110)
    except UnicodeEncodeError:  # half of a pair of surrogates, which the dumper in C does not write
        text = yaml.safe_dump(changed, sort_keys=False, allow_unicode=True, width=110)
    return text.encode("utf-8", "surrogatepass")


def text_mutant(data: bytes, numbers: random.Random, words: Sequence[str] = ()) -> bytes:
    """Return text with words replaced, and pieces cut or doubled."""
    return mutated(data.decode("utf-8", "replace"), numbers, words).encode("utf-8", "surrogatepass")


def byte_mutant(data: bytes, numbers: random.Random, first: int | None = None) -> bytes:
    """Return ``data`` with one to four bytes changed, cut, or doubled, all among its ``first`` ones."""
    found = bytearray(data)
    for _ in range(numbers.randint(1, 4)):
        at = numbers.randrange(min(len(found), first or len(found)) + 1)
        width = numbers.choice([1, 1, 1, 2, 4, 8])
        kind = numbers.random()
        if kind < 0.6:
            found[at : at + 1] = bytes([numbers.choice([0, 1, 2, 0x7F, 0x80, 0xFF, numbers.randrange(256)])])
        elif kind < 0.8:
            del found[at : at + width]
        else:
            found[at:at] = found[at : at + 4 * width]
    return bytes(found)


def tree_mutant(tree: Any, numbers: random.Random, words: Sequence[str] = ()) -> Any:
    """Return a copy of ``tree`` in which one to three values are another, gone, moved, or deeper."""
    found = [copy.deepcopy(tree)]
    for _ in range(numbers.choice([1, 1, 1, 2, 3])):
        places = list(_places(found))
        if places:
            _change(*numbers.choice(places), places, numbers, words)
    return found[0] if found else None


def _places(tree: Any) -> Iterator[Place]:
    """Yield every place in ``tree``, which is no deeper than Python's own readers go."""
    level = [tree]
    while level:
        below = []
        for each in level:
            pairs = list(each.items()) if isinstance(each, dict) else list(enumerate(each))
            yield from ((each, key) for key, _ in pairs)
            below += [value for _, value in pairs if isinstance(value, dict | list)]
        level = below


def _change(container: Any, key: Any, places: list[Place], numbers: random.Random, words: Sequence[str]) -> None:
    """Change the value at one place, or the place itself."""
    value, kind = container[key], numbers.random()
    if kind < 0.2:
        container[key] = _of_its_type(value, STRANGE, numbers)
    elif kind < 0.35:
        container[key] = _of_its_type(value, [other[at] for other, at in places], numbers)
    elif kind < 0.6:
        container[key] = _near(value, numbers, words)
    elif kind < 0.7:
        del container[key]
    elif kind < 0.8 and words:
        container[key] = numbers.choice(words)
    elif kind < 0.95 and isinstance(container, dict):
        container[_name(places, numbers, words)] = copy.deepcopy(value)
    elif isinstance(container, list):
        container.insert(key, copy.deepcopy(value))
    else:
        for _ in range(numbers.choice([1, 1, 2, 70])):
            value = numbers.choice([[value], {"a": value}])
        container[key] = value


def _of_its_type(value: Any, choices: Sequence[Any], numbers: random.Random) -> Any:
    """Return a copy of one of the ``choices``, half of the time one that has the same type as ``value``."""
    alike = [each for each in choices if type(each) is type(value)] if numbers.random() < 0.5 else []
    return copy.deepcopy(numbers.choice(alike or choices))


def _name(places: list[Place], numbers: random.Random, words: Sequence[str]) -> str:
    """Return a key of the tree, or a word."""
    keys = [key for _, key in places if isinstance(key, str)]
    return numbers.choice([*(keys or ["a"]), numbers.choice(words or ("a",))])


def _near(value: Any, numbers: random.Random, words: Sequence[str]) -> Any:
    """Return a value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        half = value // 2 if isinstance(value, int) else value / 2
        return numbers.choice([value + 1, value - 1, -value, value * 2, half, 0, 0])
    if isinstance(value, str):
        return text_mutant(value.encode("utf-8", "replace"), numbers, words).decode("utf-8", "replace")
    return numbers.choice(STRANGE)


def table_mutant(data: bytes, numbers: random.Random, words: Sequence[str] = ()) -> bytes:
    """Return CSV with cells, rows or columns changed; one time in eight with pieces of the text changed."""
    if numbers.random() < 0.125:
        return text_mutant(data, numbers, words)
    rows = [line.split(",") for line in data.decode("utf-8", "surrogateescape").split("\n")]
    for _ in range(numbers.choice([1, 1, 2, 3])):
        row = numbers.choice(rows)
        cell, kind = numbers.randrange(len(row)), numbers.random()
        if kind < 0.5:
            strange = [*words, *numbers.choice(rows), str(numbers.choice(STRANGE))]
            row[cell] = numbers.choice(["0", "-1", "nan", "1e300"] if numbers.random() < 0.5 else strange)
        elif kind < 0.7:
            rows.insert(numbers.randrange(len(rows)), list(row))
        elif kind < 0.8:
            row.insert(cell, row[cell])
        elif kind < 0.9 and len(row) > 1:
            del row[cell]
        elif len(rows) > 1:
            rows.remove(row)
    return "\n".join(map(",".join, rows)).encode("utf-8", "surrogatepass")
