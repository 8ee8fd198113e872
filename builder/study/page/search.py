"""The ``search`` of a study's page: which fields of the recipe are searched, from what, and how often."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from builder.diagnostics import ArchError
from builder.quantities import plural
from builder.reader import Mapping, Scalar, Sequence, describe
from builder.study.page import fields as written
from builder.study.page.space import NumberRange, SearchSpace, ValueList
from builder.training.recipe.overrides import full_path, override_with
from builder.validation import validate

if TYPE_CHECKING:
    from builder.diagnostics import Collector
    from builder.reader import Value
    from builder.study.page.space import SearchDimension
    from builder.training.recipe.recipe import Recipe


MAX_VALUES = 100
"""Values of one field to choose from."""


def read_search(
    page: Mapping, fields: written.StudyPage | None, recipe: Recipe, problems: Collector
) -> SearchSpace | None:
    """Return what ``page`` searches; None where it searches nothing, or after saying what is wrong."""
    search = page.get("search")
    space = _space(search.get("over"), recipe, problems) if isinstance(search, Mapping) else {}
    if fields is None or fields.search is None:
        return None
    _check_seeds(page, fields, fields.search, problems)
    asked = fields.search
    return SearchSpace(space, asked.trials, asked.sampler, asked.pruner, asked.min_epochs)


def _space(over: Value | None, recipe: Recipe, problems: Collector) -> dict[str, SearchDimension]:
    found: dict[str, SearchDimension] = {}
    for key, value in over.entries if isinstance(over, Mapping) else ():
        path = full_path(recipe, key, problems) if key.value not in written.FIXED_ELSEWHERE else None
        dimension = _dimension(key, value, _own(recipe, path), problems) if path is not None else None
        if path in found:
            problems.error("bad-value", f"`{path}` is searched twice", key.mark)
        elif path is not None and dimension is not None:
            found[path] = dimension
            _check_values(recipe, path, key, value, problems)
    return found


def own_settings(recipe: Recipe, search: SearchSpace) -> dict[str, object]:
    """Return the values that the recipe itself has of what is searched: those of a network's first trial."""
    return {path: _own(recipe, path) for path in search.space}


def _own(recipe: Recipe, path: str | None) -> Any:
    value: Any = recipe.model_dump(mode="json")
    for step in (path or "").split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _check_seeds(page: Mapping, fields: written.StudyPage, search: written.Search, problems: Collector) -> None:
    """See that trials are judged on the validation split, and what they find by other seeds."""
    mark = page.key_mark("search")
    if isinstance(fields.seeds, int):
        message = "a search needs separate seeds for its trials and for the final comparison"
        problems.error("bad-value", message, page.key_mark("seeds"), f"`seeds: {{screen: 1, confirm: {fields.seeds}}}`")
    elif search.pruner != "none" and fields.seeds.screen > 1:
        message = "with a pruner, every trial has one seed"
        problems.error("bad-value", message, mark, "`screen: 1`, or `pruner: none`")
    if fields.grid:
        message = "a study has a `grid` or a `search`, not both"
        problems.error("bad-value", message, mark, "write the grid's values as lists into `over`")


def _dimension(key: Scalar, value: Value, own: object, problems: Collector) -> SearchDimension | None:
    name = f"`search.over.{key.value}`"
    if isinstance(value, Sequence) and len(value.items) > MAX_VALUES:
        message = f"{name} has {len(value.items):,} values, more than {MAX_VALUES}"
        problems.error("too-many-variants", message, value.mark, "numbers have a range: `{low: …, high: …}`")
        return None
    if isinstance(value, Sequence) and len(value.items) > 1:
        found: SearchDimension = ValueList(tuple(each.plain() for each in value.items))
    elif isinstance(value, Mapping):
        page = validate(written.Range, value, name, problems)
        if page is None:
            return None
        whole = isinstance(own, int) if own is not None else _are_whole(value)
        found = NumberRange(page.low, page.high, page.log, page.step, whole and not isinstance(own, bool))
        if not _checked(found, value, name, problems):
            return None
    elif isinstance(value, Sequence):
        message = f"{name} has {plural(len(value.items), 'value')}, so there is nothing to choose"
        problems.error("bad-value", message, value.mark, "several, with commas between them")
        return None
    else:
        message = f"{name} is `{{low: …, high: …}}` or a list of several values, not {describe(value)}"
        problems.error("bad-value", message, value.mark)
        return None
    if own not in found:
        message = f"{name} leaves out `{json.dumps(own)}`, the recipe's own value, which is the first trial"
        problems.error("bad-value", message, value.mark, f"include it, or `set: {{{key.value}: …}}` another")
    return found


def _checked(found: NumberRange, value: Mapping, name: str, problems: Collector) -> bool:
    """Return whether a range makes sense, after saying what does not."""
    wrong = None
    if found.log and found.low <= 0:
        wrong = "low", f"a logarithmic scale begins above 0, not at {found.low:g}"
    elif found.log and found.step is not None:
        wrong = "step", "a logarithmic scale has no steps"
    elif found.integer and any(each != round(each) for each in (found.low, found.high, found.step or 1)):
        wrong = "low", "this field is an integer, so its bounds and its step must be integers"
    elif found.step is not None and found.high not in found:
        wrong = "high", f"steps of {found.step:g} from {found.low:g} on do not come to {found.high:g}"
    if wrong is not None:
        problems.error("bad-value", f"{name}: {wrong[1]}", value.key_mark(wrong[0]))
    return wrong is None


def _are_whole(value: Mapping) -> bool:
    bounds = (value.get("low"), value.get("high"))
    return all(isinstance(each, Scalar) and isinstance(each.value, int) for each in bounds)


def _check_values(recipe: Recipe, path: str, key: Scalar, value: Value, problems: Collector) -> None:
    """See that the recipe may have every value of a list, or both ends of a range."""
    ends = (value.get("low"), value.get("high")) if isinstance(value, Mapping) else ()
    values = value.items if isinstance(value, Sequence) else [each for each in ends if each is not None]
    for each in values:
        try:
            override_with(recipe, [(Scalar(path, key.mark), each)])
        except ArchError as error:
            for found in error.diagnostics:
                problems.add(found)
