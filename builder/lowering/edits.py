"""``insert``, ``set`` and ``replace`` by place, and which of them found nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from builder.lowering.scope import UnknownValueError
from builder.lowering.selectors import Place, Selector, check_searching, parse_selector

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


class _Table:
    """The edits of one kind, found by place: explicit paths at once, wildcards and templates one after another."""

    def __init__(self, edits: list[_Edit]) -> None:
        self.edits = edits
        self._explicit: dict[tuple[str, ...], list[int]] = {}
        self._open: list[int] = []
        self._asked: Place | None = None
        self._found: list[_Edit] = []
        for number, edit in enumerate(edits):
            found = self._explicit.setdefault(edit.selector.segments, []) if edit.selector.explicit else self._open
            found.append(number)

    def at(self, place: Place, *points: str | None) -> list[_Edit]:
        """Return the edits that mean ``place`` at one of ``points``, in the order written; None is the place itself."""
        if not self.edits:  # most pages have none, and every place asks
            return []
        if place is not self._asked:  # a block asks for each of its points
            numbers = [*self._explicit.get(place.path, ())]
            numbers += [number for number in self._open if self.edits[number].selector.matches(place)]
            self._asked, self._found = place, [self.edits[number] for number in sorted(numbers)]
        return [edit for edit in self._found if edit.selector.point in points]


class Edits:
    """All edits of a page, asked for at every place as it comes into being."""

    def __init__(self, page: Merged, scope: Scope, evaluator: Evaluator) -> None:
        self._templates = frozenset(page.templates)
        self._evaluator = evaluator
        self._used: set[int] = set()
        self._inserts = _Table(
            [
                _Edit(selector, insert=insert)
                for insert in page.insert
                for at in insert.at
                if (selector := self._selector(at, scope, evaluator))
            ]
        )
        self._sets = _Table(
            [
                _Edit(selector, fields=fields)
                for text, fields in page.set.values()
                if (selector := self._selector(text, scope, evaluator))
            ]
        )
        self._replacements = _Table(
            [
                _Edit(selector, item=each.item)
                for each in page.replace.values()
                if (selector := self._selector(each.selector, scope, evaluator))
            ]
        )
        self._all = (*self._inserts.edits, *self._sets.edits, *self._replacements.edits)

    def inserts_at(self, place: Place, point: str, inside: tuple[Insert, ...]) -> list[Insert]:
        """Return what is inserted at ``point`` of a block, in the order written; no point means ``out``.

        ``inside`` are the inserts that the block came with: none acts on what it has inserted itself.
        """
        points = (point, None) if point == "out" else (point,)
        found = self._taken(self._inserts, place, *points)
        if point == "pre_activation":  # which is where the merge ends
            found = self._in_order([*found, *self._after_merge(place)])
        return self._acting(found, inside)

    def _after_merge(self, place: Place) -> list[_Edit]:
        """Return what is inserted after ``block.merge``, which is written out as points are."""
        merge = replace(place, path=(*place.path, "merge"))
        found = [edit for edit in self._inserts.at(merge, None) if edit.selector.segments[-1:] == ("merge",)]
        self._used |= {id(edit) for edit in found}
        return found

    def _in_order(self, found: list[_Edit]) -> list[_Edit]:
        return sorted(found, key=self._inserts.edits.index) if len(found) > 1 else found

    def inserts_after(self, place: Place, inside: tuple[Insert, ...]) -> list[Insert]:
        """Return what is inserted after a layer, which came ``inside`` of others."""
        return self._acting(self._taken(self._inserts, place, None), inside)

    def _acting(self, found: list[_Edit], inside: tuple[Insert, ...]) -> list[Insert]:
        return [
            edit.insert for edit in found if edit.insert is not None and not any(edit.insert is each for each in inside)
        ]

    def fields(self, place: Place) -> list[Mapping]:
        """Return the fields that ``set`` gives at ``place``."""
        found = [edit.fields for edit in self._taken(self._sets, place, None) if edit.fields is not None]
        for fields in found:
            self._evaluator.read(len(fields.entries), fields.mark)
        return found

    def replacement(self, place: Place) -> tuple[bool, Item | None]:
        """Return whether the item at ``place`` is replaced, and by what; None takes it away."""
        found = self._taken(self._replacements, place, None)
        return bool(found), found[-1].item if found else None

    def check_count(self, problems: Collector) -> bool:
        """Report selectors with wildcards that would cost only time; return whether there are none."""
        searching = [edit.selector for edit in self._all if not edit.selector.explicit]
        return check_searching(searching, "selectors", problems)

    def report_unused(self, walked: Walked, problems: Collector) -> None:
        """Report selectors that found nothing, with the nearest place that exists."""
        for edit in self._all:
            if id(edit) not in self._used and not walked.may_hide(edit.selector):
                message, hint = _unused(edit, walked)
                problems.error("no-such-place", message, edit.selector.mark, hint)

    def _taken(self, table: _Table, place: Place, *points: str | None) -> list[_Edit]:
        found = table.at(place, *points)
        self._used.update(map(id, found))
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
    return f"`{path}` cannot be changed", "it was removed by `replace`, or runs another layer by `reuse`"
