"""Selectors: paths with wildcards, which may begin at any instance of a template."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from builder.spec.page import POINTS

if TYPE_CHECKING:
    from builder.diagnostics import Mark


@dataclass(frozen=True, slots=True)
class Place:
    """A block or layer by its path, with the depth and name of every template instance that it lies in or is."""

    path: tuple[str, ...]
    instances: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Selector:
    """One selector: the segments of its path and, where it names one, the point."""

    text: str
    segments: tuple[str, ...]
    point: str | None
    template: str | None
    mark: Mark

    @property
    def explicit(self) -> bool:
        """Whether it names one place, which then must exist."""
        return self.template is None and not any(set(segment) & set("*?[") for segment in self.segments)

    def matches(self, place: Place) -> bool:
        """Return whether the path part means ``place``."""
        if self.template is None:
            return _match(self.segments, place.path)
        return any(
            name == self.template and _match(self.segments, place.path[depth:]) for depth, name in place.instances
        )


def parse_selector(text: str, mark: Mark, templates: frozenset[str]) -> Selector:
    """Return the selector that ``text`` says, its braces already put in."""
    segments = tuple(text.split("."))
    point = segments[-1] if segments[-1] in POINTS else None
    path = segments[:-1] if point else segments
    if path and path[0] in templates:
        return Selector(text, path[1:], point, path[0], mark)
    return Selector(text, path, point, None, mark)


def _match(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Return whether ``path`` fits: every step of the pattern moves the lengths of ``path`` that are matched so far."""
    matched = {0}
    for segment in pattern:
        if segment == "**":
            matched = set(range(min(matched), len(path) + 1))
        else:
            matched = {length + 1 for length in matched if length < len(path) and fnmatchcase(path[length], segment)}
        if not matched:
            return False
    return len(path) in matched
