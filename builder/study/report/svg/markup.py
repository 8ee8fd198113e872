"""HTML and SVG as text that nobody can break out of: whatever is not made here is escaped.

A name of a variant, a class of an image folder or a message of a failure may hold any character.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_VOID: Final = frozenset({"meta", "link", "br", "hr", "img", "source", "col"})
_NAME: Final = re.compile(r"[a-zA-Z][\w:.-]*")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What neither HTML nor XML may hold, not even escaped."""


class Markup(str):
    """Text that is HTML or SVG already; every other text is escaped where it is put in."""

    __slots__ = ()


def element(name: str, /, *children: str | float, **attributes: str | float | None) -> Markup:
    """Return an element; an attribute's ``_`` is a hyphen, one at its end is Python's, and None leaves it away.

    >>> element("p", "1 < 2", class_="note", aria_label='"x"')
    '<p class="note" aria-label="&quot;x&quot;">1 &lt; 2</p>'
    """
    words = [name, *(_attribute(key, value) for key, value in attributes.items() if value is not None)]
    if name in _VOID:
        return Markup(f"<{' '.join(words)}>")
    return Markup(f"<{' '.join(words)}>{joined(children)}</{name}>")


def joined(parts: Iterable[str | float], between: str = "") -> Markup:
    """Return all parts one behind the other, escaped where they are no markup."""
    return Markup(between.join(_content(part) for part in parts))


def number(value: float) -> str:
    """Return a coordinate with at most two digits behind the point, the same on every machine.

    >>> number(3), number(0.125), number(-0.001)
    ('3', '0.12', '0')
    """
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain(text: str) -> str:
    """Return ``text`` with a replacement sign for each character that no document may hold."""
    return _UNPRINTABLE.sub("\ufffd", text)


def _attribute(key: str, value: str | float) -> str:
    name = key.rstrip("_").replace("__", ":").replace("_", "-")
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an attribute")
    return f'{name}="{escape(plain(value) if isinstance(value, str) else number(value))}"'


def _content(part: str | float) -> str:
    if isinstance(part, Markup):
        return part
    return escape(plain(part) if isinstance(part, str) else number(part), quote=False)
