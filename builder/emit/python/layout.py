"""Source laid out as ``ruff format`` leaves it: on one line where it fits, else one element a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 120
INDENT = "    "
_CLOSING = {"(": ")", "[": "]", "{": "}"}


class Comment(str):
    """A line among the elements of brackets that says what follows."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Brackets:
    """What stands in brackets: ``opening`` with all before it, the elements, ``closing``.

    ``spread`` gives each element a line of its own even where all would fit on one; a sum has no ``separator``.
    """

    opening: str
    elements: tuple[SourceLines, ...]
    closing: str
    spread: bool = False
    separator: str = ","


SourceLines: TypeAlias = str | Brackets
"""An expression."""


def statement(before: str, source: SourceLines, indent: str) -> list[str]:
    """Return the lines of ``before`` (such as ``self.conv1 = ``) and an expression."""
    return _lines(indent, before, source, "")


def _lines(indent: str, before: str, source: SourceLines, after: str) -> list[str]:
    if not _is_spread(source):
        line = f"{indent}{before}{_flat(source)}{after}"
        if len(line) <= WIDTH:
            return [line]
        source = _parsed(source) if isinstance(source, str) else source
    if isinstance(source, str):
        return [f"{indent}{before}{source}{after}"]
    inside = indent + INDENT
    separator = source.separator if len(source.elements) > 1 or source.spread else ""
    lines = [f"{indent}{before}{source.opening}"]
    for element in source.elements:
        if isinstance(element, Comment):
            lines.append(f"{inside}{element}")
        else:
            lines += _lines(inside, "", element, separator)
    return [*lines, f"{indent}{source.closing}{after}"]


def _is_spread(source: SourceLines) -> bool:
    return isinstance(source, Brackets) and (source.spread or any(_is_spread(each) for each in source.elements))


def _flat(source: SourceLines) -> str:
    if isinstance(source, str):
        return source
    return f"{source.opening}{', '.join(_flat(each) for each in source.elements)}{source.closing}"


def _parsed(text: str) -> SourceLines:
    """Return an expression too long for its line as brackets: those that it ends with, or new ones around a sum."""
    cuts = list(_cuts(text))
    if text[-1] in ")]" and (start := _last_bracket(text)) is not None:
        inner = text[start + 1 : -1]
        return Brackets(text[: start + 1], _split(inner, ","), text[-1])
    if any(character in "+*" for _, character in cuts):
        first, *others = _split(text, "+*")
        return Brackets("(", (first, *others), ")", separator="")
    return text


def _cuts(text: str) -> Iterator[tuple[int, str]]:
    """Yield every character outside brackets and quoted texts, with its position."""
    depth, quote, escaped = 0, "", False
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and not escaped else quote
            escaped = character == "\\" and not escaped
        elif character in "\"'":
            quote = character
        elif character in "([{":
            if depth == 0:
                yield position, character
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0:
            yield position, character


def _last_bracket(text: str) -> int | None:
    """Return where the bracket opens that ``text`` ends with, unless something else stands outside of it."""
    opened = [(position, character) for position, character in _cuts(text) if character in "([{"]
    outside = {character for _, character in _cuts(text)}
    return opened[-1][0] if opened and not outside & set("+*") else None


def _split(text: str, separators: str) -> tuple[str, ...]:
    """Return the parts of ``text`` between separators; an operator stays with the part that follows it."""
    parts, start = [], 0
    for position, character in _cuts(text):
        if character in separators:
            parts.append(text[start:position].strip())
            start = position + 1 if character == "," else position
    return tuple(part for part in (*parts, text[start:].strip()) if part)
