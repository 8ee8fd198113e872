"""``insert``, ``set`` and ``replace`` by place, and which of them found nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import nearest
from builder.lowering.scope import UnknownValueError
from builder.lowering.selectors import Place, Selector, parse_selector
from builder.spec.page import POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping as Table

    from builder.diagnostics import Collector
    from builder.lowering.pages import Merged
    from builder.lowering.scope import Evaluator, Scope
    from builder.reader import Mapping, Scalar
    from builder.spec.page import Insert, Item


@dataclass(frozen=True, slots=True)
class _Edit:
    selector: Selector
    insert: Insert | None = None
    fields: Mapping | None = None
    item: Item | None = None


class Edits:
    """All edits of a page, asked for at every place as it comes into being."""

    def __init__(self, page: Merged, scope: Scope, evaluator: Evaluator) -> None:
        self._templates = frozenset(page.templates)
        self._used: set[int] = set()
        self._inserts = [
            _Edit(selector, insert=insert)
            for insert in page.insert
            for at in insert.at
            if (selector := self._selector(at, scope, evaluator))
        ]
        self._sets = [
            _Edit(selector, fields=fields)
            for text, fields in page.set.values()
            if (selector := self._selector(text, scope, evaluator))
        ]
        self._replacements = [
            _Edit(selector, item=each.item)
            for each in page.replace.values()
            if (selector := self._selector(each.selector, scope, evaluator))
        ]

    def inserts_at(self, place: Place, point: str) -> list[Insert]:
        """Return what is inserted at ``point`` of a block, in the order written; no point means ``out``."""
        points = (point, None) if point == "out" else (point,)
        return [insert for insert in self._found(self._inserts, place, points) if insert is not None]

    def inserts_after(self, place: Place) -> list[Insert]:
        """Return what is inserted after a layer."""
        return [insert for insert in self._found(self._inserts, place, (None,)) if insert is not None]

    def fields(self, place: Place) -> list[Mapping]:
        """Return the fields that ``set`` gives at ``place``."""
        found = []
        for edit in self._sets:
            if edit.selector.point is None and edit.selector.matches(place) and edit.fields is not None:
                self._used.add(id(edit))
                found.append(edit.fields)
        return found

    def replacement(self, place: Place) -> tuple[bool, Item | None]:
        """Return whether the item at ``place`` is replaced, and by what; None takes it away."""
        for edit in reversed(self._replacements):
            if edit.selector.point is None and edit.selector.matches(place):
                self._used.add(id(edit))
                return True, edit.item
        return False, None

    def report_unused(self, paths: dict[str, str], places: Table[str, object], problems: Collector) -> None:
        """Report selectors that found nothing, with the nearest place that exists.

        ``paths`` gives the key of every path, ``places`` holds every point and layer that a value passes.
        """
        for edit in (*self._inserts, *self._sets, *self._replacements):
            if id(edit) not in self._used:
                selector = edit.selector
                message, hint = _not_found(selector, paths, places)
                problems.error("no-such-place", message, selector.mark, hint)

    def _found(self, edits: list[_Edit], place: Place, points: tuple[str | None, ...]) -> list[Insert | None]:
        found = []
        for edit in edits:
            if edit.selector.point in points and edit.selector.matches(place):
                self._used.add(id(edit))
                found.append(edit.insert)
        return found

    def _selector(self, text: Scalar, scope: Scope, evaluator: Evaluator) -> Selector | None:
        try:
            return parse_selector(evaluator.name(text, scope), text.mark, self._templates)
        except UnknownValueError:
            return None


def _not_found(selector: Selector, paths: dict[str, str], places: Table[str, object]) -> tuple[str, str | None]:
    if not selector.explicit:
        return f"`{selector.text}` matches nothing", "`archcli show` lists every path"
    path = ".".join(selector.segments)
    if path in paths and selector.point:
        points = [point for point in POINTS if f"{path}.{point}".lstrip(".") in places]
        if not points:
            return f"`{path}` is a layer and has no points", f"write `{path}`: after it"
        listed = ", ".join(f"`{point}`" for point in points)
        return f"`{path}` has no point `{selector.point}`", f"it has {listed}"
    by_key = next((where for where, key in paths.items() if key == path), None)
    if by_key is not None:
        return f"`{path}` is a key, not a path", f"its path is `{by_key}`"
    close = nearest(selector.text, [*places, *paths])
    return f"there is no `{selector.text}`", f"did you mean `{close}`?" if close else "`archcli show` lists every path"
