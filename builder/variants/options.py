"""Options of the command line as the entries that stand under ``variants:`` on a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, Mark, Source
from builder.reader import Mapping, Scalar, Sequence, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from builder.reader import Value

_MANY = 999_999


@dataclass(frozen=True, kw_only=True)
class SpaceOptions:
    """What was said of a space: the texts behind each option, in order."""

    insert: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
    at: tuple[str, ...] = ()
    count: str | None = None
    same_per: str | None = None
    set: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    not_both: tuple[str, ...] = ()


def entries(options: SpaceOptions) -> Mapping | None:
    """Return the entries that ``options`` mean, or None where nothing was said; raise ArchError for bad YAML."""
    found = list(_entries(options))
    whole = (_entry(f"{name} {number}", value) for number, (name, value) in enumerate(found, 1))
    return Mapping(tuple(whole), _mark("archcli variants", "")) if found else None


def _entries(options: SpaceOptions) -> Iterator[tuple[str, Mapping]]:
    if options.insert or options.among or options.at:
        yield "--insert", _insertion(options)
    for text in options.set:
        yield "--set", _mapping(_entry("set", read_text(text, "--set")))
    for text in options.params:
        yield "--params", _mapping(_entry("params", _parameter(text)))
    for text in options.where:
        yield "--where", _mapping(_entry("require", _text("--where", text)))
    for pair in options.not_both:
        yield (
            "--not-both",
            _mapping(_entry("not_both", _texts("--not-both", tuple(each.strip() for each in pair.split(","))))),
        )


def _insertion(options: SpaceOptions) -> Mapping:
    if not options.insert:
        raise ArchError(Diagnostic("usage", "say what to insert", None, "such as `--insert se`"))
    if bool(options.among) == bool(options.at):
        hint = "--among 'block*.out' for every subset of the places, --at 'block*.out' for all of them at once"
        raise ArchError(Diagnostic("usage", "say where to insert: either --among or --at", None, hint))
    layers = Sequence(tuple(map(_layer, options.insert)), _mark("--insert", options.insert[0]))
    parts = [_entry("insert", layers)]
    parts += [_entry("among", _texts("--among", options.among))] if options.among else []
    parts += [_entry("at", _texts("--at", options.at))] if options.at else []
    parts += [_entry("count", _count(options.count))] if options.count is not None else []
    parts += [_entry("same_per", _text("--same-per", options.same_per))] if options.same_per is not None else []
    return _mapping(*parts)


def _layer(text: str) -> Value:
    """Return a layer as a page writes it: a word, or a word with fields."""
    return _text("--insert", text.strip()) if text.strip().isidentifier() else read_text(text, "--insert")


def _parameter(text: str) -> Mapping:
    """Return a parameter with its alternatives: ``width=64,128``, or as on a page ``width: [64, 128]``."""
    found = re.fullmatch(r"\s*(\w+)\s*=(.*)", text, re.DOTALL)
    return read_text(f"{found[1]}: [{found[2]}]" if found else text, "--params")


def _count(text: str) -> Value:
    """Return the least and the largest number of places: ``2``, ``1-3`` or ``1-``."""
    found = re.fullmatch(r"(\d{1,6})(-(\d{1,6})?)?", text)
    if found is None:
        hint = "a number or a range: 2, 0-2, 1-"
        raise ArchError(Diagnostic("usage", f"`--count {text}` is not a number of places", None, hint))
    least = int(found[1])
    most = least if found[2] is None else _MANY if found[3] is None else int(found[3])
    mark = _mark("--count", text)
    return Sequence((Scalar(least, mark), Scalar(most, mark)), mark)


def _mapping(*parts: tuple[Scalar, Value]) -> Mapping:
    return Mapping(parts, parts[0][1].mark)


def _entry(name: str, value: Value) -> tuple[Scalar, Value]:
    return Scalar(name, value.mark), value


def _texts(option: str, texts: tuple[str, ...]) -> Sequence:
    return Sequence(tuple(_text(option, each) for each in texts), _mark(option, " ".join(texts)))


def _text(option: str, text: str) -> Scalar:
    return Scalar(text, _mark(option, text))


def _mark(option: str, text: str) -> Mark:
    return Mark(Source(option, text), 1, 1, len(text))
