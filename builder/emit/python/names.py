"""Names and literals in source: whatever a page says reaches the text as an identifier, a literal or escaped prose."""

from __future__ import annotations

import builtins
import keyword
import re
from itertools import count
from math import isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAKEN = frozenset({"self", "nn", "torch", "F", "OrderedDict", "NamedTuple", *keyword.kwlist, *dir(builtins)})
"""What no variable, parameter or class of the text may be called: it would hide what the text itself uses."""


def is_attribute(name: str) -> bool:
    """Whether ``self.name`` says it; other names, such as ``block1-0`` or ``class``, go as texts.

    Python rewrites what begins with two underscores inside a class, and normalizes letters beyond ASCII.
    """
    plain = name.isascii() and name.isidentifier()
    return plain and not keyword.iskeyword(name) and not name.startswith("__")


def variable(text: str) -> str:
    """Return a name for a variable or parameter made from ``text``: letters, digits and underscores."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_").lower() or "value"
    name = f"block{name}" if name[0].isdigit() else name
    return f"{name}_" if name in _TAKEN else name


def camel(text: str) -> str:
    """Return a name for a class made from ``text``: ``alexse_both`` is ``AlexseBoth``."""
    words = re.findall(r"[A-Za-z0-9]+", text)
    name = "".join(word[0].upper() + word[1:] for word in words) or "Network"
    name = f"Block{name}" if name[0].isdigit() else name
    return f"{name}_" if name in _TAKEN else name


def numbered(name: str) -> Iterator[str]:
    """Yield ``name`` and then the same with 2, 3 and so on behind it."""
    yield name
    stem = f"{name}_" if name[-1].isdigit() else name
    for number in count(2):
        yield f"{stem}{number}"


def unique(name: str, taken: set[str]) -> str:
    """Return the first of ``numbered(name)`` that is not taken, and take it."""
    found = next(each for each in numbered(name) if each not in taken)
    taken.add(found)
    return found


def literal(value: object) -> str:
    """Return a number, a tuple, a truth value, a text or a dotted name as it stands in source."""
    if isinstance(value, tuple):
        return f"({', '.join(literal(each) for each in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, float) and not isfinite(value):
        return f'float("{value}")'
    text = repr(value)
    return f'"{text[1:-1]}"' if text.startswith("'") and '"' not in text else text


def prose(text: str) -> str:
    """Return ``text`` for a docstring or a comment: one line that cannot end either."""
    return "".join(_escaped(character) for character in text)


def _escaped(character: str) -> str:
    if character.isprintable() and character not in '"\\':
        return character
    return f"\\{character}" if character in '"\\' else character.encode("unicode_escape").decode("ascii")
