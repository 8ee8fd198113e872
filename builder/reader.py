"""YAML text to values that know where they stand.

Knows YAML and nothing else: the 1.2 core schema (``no`` is a text, ``1e-3`` a number), one document,
and none of what makes a data file dangerous or surprising: no tags, anchors, aliases or merge keys, no
duplicate keys, bounded size, depth and number of values. Every event is checked before anything is built
from it, so that a hostile file costs milliseconds. https://yaml.org/spec/1.2.2/#103-core-schema
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Protocol, TypeAlias

import yaml

from builder.diagnostics import ArchError, Collector, Diagnostic, Mark, Note, Source, look_alike
from builder.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 250_000
MAX_DEPTH = 64
MAX_VALUES = 20_000


@dataclass(frozen=True)
class Scalar:
    """A text, number, truth value or null, with the mark of its text."""

    value: str | int | float | bool | None
    mark: Mark
    plain_style: bool = True

    def plain(self) -> object:
        """Return the value without its mark."""
        return self.value


@dataclass(frozen=True)
class Sequence:
    """A list of values."""

    items: tuple[Value, ...]
    mark: Mark

    def plain(self) -> tuple[object, ...]:
        """Return the items without marks, as a tuple."""
        return tuple(item.plain() for item in self.items)


@dataclass(frozen=True)
class Mapping:
    """Keys (always texts, never twice) and their values, in the order of the text."""

    entries: tuple[tuple[Scalar, Value], ...]
    mark: Mark

    def plain(self) -> dict[str, object]:
        """Return the entries without marks, as a dict."""
        return {str(key.value): value.plain() for key, value in self.entries}

    def __iter__(self) -> Iterator[tuple[str, Value]]:
        """Yield each key's text with its value."""
        for key, value in self.entries:
            yield str(key.value), value

    @cached_property
    def _by_name(self) -> dict[object, tuple[Scalar, Value]]:
        return {key.value: (key, value) for key, value in reversed(self.entries)}

    def get(self, name: str) -> Value | None:
        """Return the value under ``name``, or None."""
        found = self._by_name.get(name)
        return found[1] if found is not None else None

    def key_mark(self, name: str) -> Mark:
        """Return where the key ``name`` stands, or the mapping itself where it has none."""
        found = self._by_name.get(name)
        return found[0].mark if found is not None else self.mark


Value: TypeAlias = "Scalar | Sequence | Mapping"

_SHOWN = 60  # characters of a text that a message repeats


def read_file(path: Path, name: str | None = None) -> Mapping:
    """Read the page at ``path``; ``name`` is what messages call it.

    Raises ArchError if it cannot be read, is too large, or is not one YAML mapping in UTF-8.
    """
    shown = name or str(path)
    try:
        with open_regular(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ArchError(Diagnostic("cannot-read", f"cannot read {shown}: {error.strerror or error}")) from None
    if len(data) > MAX_BYTES:
        message = f"{shown} is larger than {MAX_BYTES:,} bytes, which no page needs"
        raise ArchError(Diagnostic("too-large", message))
    return read_text(_decode(data, shown), shown)


def read_text(text: str, name: str = "<text>") -> Mapping:
    """Read one YAML mapping from ``text``; raise ArchError with the place of what is wrong."""
    return _read(text, name)


@lru_cache(maxsize=1)  # `check` looks what a file is, then judges it, and YAML takes half of the time
def _read(text: str, name: str) -> Mapping:
    source = Source(name, text.removeprefix("\ufeff"))
    if len(source.text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ArchError(Diagnostic("too-large", f"{name} is larger than {MAX_BYTES:,} bytes, which no page needs"))
    _check_indents(source)
    try:
        node = _Guarded(source).get_single_node()
    except yaml.YAMLError as error:
        raise ArchError(_from_yaml(error, source)) from None
    if node is None:
        hint = "a page begins with `name:`; `archcli init NAME` writes one to start from"
        raise ArchError(Diagnostic("empty-page", "this file is empty", Mark(source, 1, 1), hint))
    problems = Collector()
    value = _convert(node, source, problems)
    problems.raise_found()
    if not isinstance(value, Mapping):
        hint = "write `name: …`, `input: …`, `layers: …` at the left margin"
        if isinstance(value, Sequence) and any(isinstance(each, Mapping) for each in value.items):
            hint += ", without a `-` before them"
        message = f"a page is a mapping of names to values, not {describe(value)}"
        raise ArchError(Diagnostic("not-a-mapping", message, value.mark, hint))
    return value


def _check_indents(source: Source) -> None:
    """Refuse blanks before a line's first word that look like spaces and are none: YAML takes them for letters."""
    problems = Collector()
    for found in _STRANGE_INDENT.finditer(source.text):
        before = source.text[: found.end() - 1]
        mark = Mark(source, len(_LINE_BREAK.findall(before)) + 1, found.end() - found.start())
        what = _blank(source.text[found.end() - 1])
        problems.error("yaml-syntax", f"there is a {what} before this line", mark)
    problems.raise_found()


def _blank(char: str) -> str:
    return _BLANKS.get(char, "blank character")


_BLANKS = {"\u00a0": "no-break space", "\u200b": "zero-width space", "\ufeff": "byte-order mark"}
_STRANGE = "[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000\ufeff]"
_STRANGE_INDENT = re.compile(rf"^[ \t]*{_STRANGE}", re.MULTILINE)
_STRANGE_BLANK = re.compile(rf"[ \t]*(?:- +)*(-|[\w.-]{{1,100}}:){_STRANGE}")
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


def describe(value: Value) -> str:
    """Return what kind of value this is, in words for a message."""
    if isinstance(value, Sequence):
        return "a list"
    if isinstance(value, Mapping):
        return "a mapping"
    if value.value is None:
        return "nothing"
    if isinstance(value.value, bool):
        return f"the truth value `{str(value.value).lower()}`"
    if isinstance(value.value, str):
        text = value.value if len(value.value) <= _SHOWN else f"{value.value[:_SHOWN]}…"
        return f"the text `{text}`" if value.plain_style else f'the text "{text}"'
    return f"the number `{_written(value)}`"


def _written(number: Scalar) -> str:
    """Return a number as the page writes it, such as ``1e1``, unless an expression gave it."""
    text = number.mark.text
    return text if _FLOAT.match(text) and float(text) == number.value else str(number.value)


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        mark = Mark(
            Source(name, data.decode("utf-8", "replace")), before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        )
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise ArchError(Diagnostic("not-utf8", message, mark, "save the file as UTF-8")) from None


class _Guarded(yaml.BaseLoader):
    """PyYAML's composer, with every event checked before it is used."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.text)
        self._source = source
        self._depth = self._values = self._documents = 0

    def get_event(self) -> yaml.Event:
        event: yaml.Event = super().get_event()  # type: ignore[no-untyped-call]  # PyYAML's types leave it out
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                message = "a file holds one page, and here a second begins"
                self._refuse("two-documents", message, event, "put it into a file of its own")
        elif isinstance(event, yaml.AliasEvent):
            hint = "a selector that begins with * is quoted; to repeat something, use a template, a default or `repeat`"
            self._refuse("alias", "aliases are not part of the language", event, hint)
        elif isinstance(event, yaml.NodeEvent):
            self._check(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._depth -= 1
        return event

    def _check(self, event: yaml.NodeEvent) -> None:
        if event.anchor is not None:
            hint = "to repeat something, use a template, a default or `repeat`; a text that begins with & is quoted"
            self._refuse("anchor", "anchors are not part of the language", event, hint)
        if getattr(event, "tag", None) is not None:
            hint = "leave it out; a text that begins with ! is quoted"
            self._refuse("tag", "tags are not part of the language: a page is data", event, hint)
        self._values += 1
        if self._values > MAX_VALUES:
            self._refuse(
                "too-many-values", f"more than {MAX_VALUES:,} values", event, "to repeat something, use `repeat`"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            self._depth += 1
            if self._depth > MAX_DEPTH:
                message = f"nested more than {MAX_DEPTH} levels deep"
                self._refuse("too-deep", message, event, "nest with templates")

    def _refuse(self, code: str, message: str, event: yaml.Event, hint: str) -> None:
        mark = _mark(event.start_mark, event.end_mark, self._source)
        if code in ("anchor", "tag"):  # the word itself, not what it stands before
            mark = replace(mark, width=len(mark.text.split(" ")[0]) or 1)
        raise ArchError(Diagnostic(code, message, mark, hint))


class _Place(Protocol):
    """A place as both of PyYAML's scanners give it, counted from 0."""

    line: int
    column: int


def _mark(start: _Place | None, end: _Place | None, source: Source) -> Mark:
    assert start is not None
    assert end is not None, "PyYAML marks everything that it reads from a text"
    width = end.column - start.column if end.line == start.line else len(source.line(start.line + 1)) - start.column
    return Mark(source, start.line + 1, start.column + 1, max(1, width))


def _from_yaml(error: yaml.YAMLError, source: Source) -> Diagnostic:
    """Return what PyYAML says in the words of a page, at the place to look at."""
    if isinstance(error, yaml.reader.ReaderError):
        before = source.text[: error.position]
        mark = Mark(source, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
        message = f"the control character #x{error.character:04x} is not allowed in a page"
        return Diagnostic("control-character", message, mark, "delete it")
    assert isinstance(error, yaml.MarkedYAMLError)
    said = error.problem or "this is not valid YAML"
    at, opening = error.problem_mark or error.context_mark, error.context_mark
    message, hint, is_open = next(
        (
            (match.expand(words), hint, is_open)
            for pattern, words, hint, is_open in _SYNTAX
            if (match := re.match(pattern, said))
        ),
        (said, None, False),
    )
    if is_open and opening is not None:
        at = opening
    assert at is not None, "the scanner and the parser always say where"
    mark = Mark(source, at.line + 1, at.column + 1)
    strange = _strange_blank(source, mark.line)
    if strange is not None:
        return strange
    word = re.match(r"[\w-]+", source.line(mark.line)[at.column :])
    mark = replace(mark, width=len(word[0])) if word else mark
    notes: tuple[Note, ...] = ()
    if opening is not None and opening.line < at.line and "flow" in str(error.context):
        notes = (Note(Mark(source, opening.line + 1, opening.column + 1), "the bracket that opens here is not closed"),)
    return Diagnostic("yaml-syntax", message, mark, _trap(source.line(mark.line), mark.column) or hint, notes)


def _strange_blank(source: Source, last: int) -> Diagnostic | None:
    """Return that a blank behind a colon or a dash is no space, on the nearest line up to ``last``: YAML reads on."""
    for number in range(last, 0, -1):
        found = _STRANGE_BLANK.match(source.line(number))
        if found is not None:
            mark = Mark(source, number, found.end())
            message = f"there is a {_blank(found[0][-1])} behind `{found[1]}`"
            return Diagnostic("yaml-syntax", message, mark, look_alike(mark.text))
    return None


_SYNTAX: tuple[tuple[str, str, str | None, bool], ...] = (
    (r"found character '\\t'", "a tab is used where only spaces are allowed", "indent with spaces", False),
    (r"found character '(.)'", r"`\1` cannot begin a value", "put the value into quotes", False),
    (r"mapping values are not", "a colon is not expected here", None, False),
    (r"sequence entries are not", "a list cannot begin here", "begin it on a line of its own", False),
    (r"could not find expected ':'", "a colon is missing after this name", "`name: value`", True),
    (r"found unexpected (end of stream|document)", "the quote that opens here is never closed", None, True),
    (r"expected ',' or '.', but got '<stream end>'", "the bracket that opens here is never closed", None, True),
    (r"expected (',' or '.'), but got", r"\1 is expected here", None, False),
    (
        r"expected <block end>, but found '[<?]",
        "this line is not aligned with the lines around it",
        "entries of one list or mapping begin in the same column",
        False,
    ),
    (r"expected <block end>, but found '-'", "a list cannot begin here", "align all its `-` in one column", False),
    (r"expected <block end>, but found '([^<'])'", r"`\1` is not expected here", None, False),
    (
        r"expected '<document start>'",
        "nothing is allowed after the end of a page",
        "delete it, or the `...` above",
        False,
    ),
    (r"expected the node content, but found '([^<'])'", r"a value is expected here, not `\1`", None, False),
    (r"expected alphabetic or numeric", "a text cannot begin so without quotes", None, False),
    (
        r"found unknown escape",
        "this escape does not exist in YAML",
        "between single quotes a backslash is itself",
        False,
    ),
)
"""PyYAML's problem, our words, what to do, and whether to look where it opened instead of where it showed."""


def _trap(line: str, column: int) -> str | None:
    """Return the answer to the traps that a page sets to a tired person."""
    here = line[column - 1 : column]
    before = _end(line[: column - 1])
    looks = {"line": before + _beginning(line[column - 1 :]), "before": before, f"before {here}": before}
    return next(
        (
            match.expand(hint)
            for where, pattern, hint in _TRAPS
            if (match := re.search(pattern, looks.get(where, "\n")))
        ),
        None,
    )


def _end(text: str) -> str:
    """Return the end of a long text: patterns that look back from it take bounded time."""
    return text if len(text) <= _LOOKED_AT else f"…{text[-_LOOKED_AT:]}"


def _beginning(text: str) -> str:
    return text if len(text) <= _LOOKED_AT else f"{text[:_LOOKED_AT]}…"


_LOOKED_AT = 1100  # characters of a line on either side of a mistake; a name that is too long has 1,024

_TRAPS = (
    ("line", "\u00a0", "this line contains a no-break space: type an ordinary space"),
    ("line", r"\$\{(\w+)\}?", r"write `$\1`, without braces"),
    ("line", r"\$\w+\[", "inside braces write `$widths.0`, not `$widths[0]`"),
    ("line", r"(:|-|\[|,)\s*\*", "a selector that begins with * is quoted; or name the template: `Bottleneck.branch`"),
    ("line", r"([\w-]+):[\[{]", r"a space is missing after `\1:`"),
    ("before {", r"[\w.]$", "inside brackets, quote a name that holds braces"),
    ("before [", r"[\w)]\s*$", "inside braces, quote a text that holds a bracket"),
    ("line", r"^\s*-?(\w+)\s*$", r"`\1: …` in a mapping; in a list `- \1`, with a space after the dash"),
    ("before", r"\S{1024,}$", "a name has at most 1,024 characters"),
    ("before", r"^(?=.*[\[{]).*?([^\s,{\[]{1,60})\s{1,20}([\w$]{1,60})$", r"a comma is missing between `\1` and `\2`"),
    (
        "before :",
        r":\s",
        "write the fields in braces: `conv: {out: 64, kernel: 3}`; or quote a text that holds a colon",
    ),
)
"""Where to look (the line, what stands before the place, that where a character stands at it), for what, the answer."""


_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+\Z")
_BASED = re.compile(r"0[xo][0-9a-fA-F]+\Z")
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


def _convert(node: yaml.Node, source: Source, problems: Collector) -> Value:
    mark = _mark(node.start_mark, node.end_mark, source)
    if isinstance(node, yaml.ScalarNode):
        plain = node.style is None
        value = _resolve(node.value, mark, problems) if plain else node.value
        return Scalar(value, mark, plain)
    if isinstance(node, yaml.SequenceNode):
        return Sequence(tuple(_convert(item, source, problems) for item in node.value), mark)
    assert isinstance(node, yaml.MappingNode), "YAML has no fourth kind of node"
    return Mapping(tuple(_entries(node, source, problems)), mark)


def _entries(node: yaml.MappingNode, source: Source, problems: Collector) -> Iterator[tuple[Scalar, Value]]:
    seen: dict[str, Mark] = {}
    for key_node, value_node in node.value:
        value = _convert(value_node, source, problems)
        mark = _mark(key_node.start_mark, key_node.end_mark, source)
        if not isinstance(key_node, yaml.ScalarNode):
            problems.error("bad-key", "a key is a text, not a list or a mapping", mark)
            continue
        name = key_node.value
        if name == "<<" and key_node.style is None:
            problems.error(
                "merge-key",
                "merge keys are not part of the language",
                mark,
                "to repeat something, use a template, a default or `repeat`",
            )
            continue
        if name in seen:
            problems.error(
                "duplicate-key",
                f"`{name}` appears twice",
                mark,
                f"the first is on line {seen[name].line}; give one another name or remove it",
            )
            continue
        if key_node.style is None and ("," in name or ")" in name):
            hint = "a comma ends a value inside braces: quote it, or name it under `params`"
            if re.search(r"\([-\d ]+, *$", source.line(mark.line)[: mark.column - 1][-_LOOKED_AT:]):
                hint = "a pair is a list: `[3, 3]`"
            if re.search(r"(?<!\w)[a-z_]{1,20}\([^()]{0,200}, *$", _end(source.line(mark.line)[: mark.column - 1])):
                hint = 'put an expression with a comma in quotes: `"max(2, $in // 8)"`'
            problems.error("bad-key", f"`{name}` is not a name", mark, hint)
            continue
        seen[name] = mark
        yield Scalar(name, mark), value


def _resolve(text: str, mark: Mark, problems: Collector) -> str | int | float | bool | None:
    """Return what a plain scalar means in the core schema, leading zeros refused."""
    if text in _WORDS:
        return _WORDS[text]
    if _LEADING_ZERO.match(text) or _BASED.match(text):
        problems.error(
            "leading-zero",
            f"`{text}` could be read in two ways",
            mark,
            "write the number in decimals without leading zeros, or quote it as a text",
        )
        return None
    if _INTEGER.match(text):
        if len(text) > 20:
            problems.error("number-too-large", "a number on a page has at most 20 digits", mark)
            return None
        return int(text)
    return float(text) if _FLOAT.match(text) else text
