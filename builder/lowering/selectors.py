"""Selectors: paths with wildcards, which may begin at any instance of a template."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from builder.spec.page import POINTS

if TYPE_CHECKING:
    from builder.diagnostics import Collector, Mark

MAX_SEARCHING = 100  # selectors with wildcards or templates of one page: each is compared with every place
MAX_PARTS = 16  # of one of them


@dataclass(frozen=True, slots=True)
class Place:
    """A block or layer by its path, with the depth and name of every template instance that it lies in or is."""

    path: tuple[str, ...]
    instances: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector: the segments of its path and, where it names one, the point.

    ``template`` is the name of one, or a pattern of several, that stood before them.
    """

    text: str
    segments: tuple[str, ...]
    point: str | None
    template: str | None
    mark: Mark

    @property
    def too_long(self) -> bool:
        """Whether it could be compared with a path in more than one way, or has more parts than any path needs."""
        return self.segments.count("**") > 1 or len(self.segments) > MAX_PARTS

    @property
    def explicit(self) -> bool:
        """Whether it names one place, which then must exist."""
        return self.template is None and not any(set(segment) & set("*?[") for segment in self.segments)

    def matches(self, place: Place) -> bool:
        """Return whether the path part means ``place``."""
        if self.template is None:
            return _match(self.segments, place.path)
        return any(
            fnmatchcase(name, self.template) and _match(self.segments, place.path[depth:])
            for depth, name in place.instances
        )


def parse_selector(text: str, mark: Mark, templates: frozenset[str]) -> Selector:
    """Return the selector that ``text`` says, its braces already put in."""
    parts = text.split(".")
    segments = tuple(part for part, before in zip(parts, ["", *parts], strict=False) if not part == before == "**")
    point = segments[-1] if segments[-1] in POINTS else None
    path = segments[:-1] if point else segments
    if path and (path[0] in templates or _means_several(path[0], templates)):
        return Selector(text, path[1:], point, path[0], mark)
    return Selector(text, path, point, None, mark)


def _means_several(pattern: str, templates: frozenset[str]) -> bool:
    """Return whether a pattern means templates and not layers: it begins as their names do, with a capital letter."""
    has_wildcard = pattern[:1].isupper() and not set(pattern).isdisjoint("*?[")
    return has_wildcard and any(fnmatchcase(name, pattern) for name in templates)


def check_searching(searching: list[Selector], what: str, problems: Collector) -> bool:
    """Report selectors that cost more than any page needs; return whether there are none."""
    if len(searching) > MAX_SEARCHING:
        mark = searching[MAX_SEARCHING].mark
        problems.error("too-many-selectors", f"more than {MAX_SEARCHING} {what} with wildcards or templates", mark)
        return False
    found = [each for each in searching if each.too_long]
    for each in found:
        message = f"a selector with wildcards has at most {MAX_PARTS} parts, one of them `**`"
        problems.error("too-many-selectors", message, each.mark, "one `**` means any number of blocks")
    return not found


def _match(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Return whether ``path`` fits ``pattern``, in which one ``**`` stands for any number of segments."""
    if "**" not in pattern:
        return len(pattern) == len(path) and all(map(fnmatchcase, path, pattern))
    before = pattern.index("**")
    after = len(pattern) - before - 1
    return (
        before + after <= len(path)
        and all(map(fnmatchcase, path[:before], pattern[:before]))
        and all(map(fnmatchcase, path[len(path) - after :], pattern[before + 1 :]))
    )
