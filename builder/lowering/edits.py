"""``insert``, ``set`` and ``replace`` by place, and which of them found nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from builder.lowering.scope import UnknownValueError
from builder.lowering.selectors import Place, Selector, parse_selector

if TYPE_CHECKING:
    from builder.diagnostics import Collector
    from builder.lowering.pages import Merged
    from builder.lowering.places import Walked
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

    def report_unused(self, walked: Walked, problems: Collector) -> None:
        """Report selectors that found nothing, with the nearest place that exists."""
        for edit in (*self._inserts, *self._sets, *self._replacements):
            if id(edit) not in self._used and not walked.may_hide(edit.selector):
                message, hint = _unused(edit, walked)
                problems.error("no-such-place", message, edit.selector.mark, hint)

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


def _unused(edit: _Edit, walked: Walked) -> tuple[str, str]:
    """Return what to say of an edit that found nothing, and what to do about it."""
    selector = edit.selector
    if not selector.explicit or selector.segments not in walked.tree:
        return walked.not_found(selector)
    path, points = ".".join(selector.segments), walked.tree.points(selector.segments)
    if selector.point and edit.insert is None:
        return f"`{selector.text}` is a point, which has no fields and no layer", f"name the block: `{path}`"
    if selector.point and not points:
        return f"`{path}` is a layer and has no points", f"write `{path}`: after it"
    if selector.point:
        return f"`{path}` has no point `{selector.point}`", "it has " + ", ".join(f"`{each}`" for each in points)
    return f"`{path}` cannot be changed", "it was taken away by `replace`, or runs another layer by `reuse`"
