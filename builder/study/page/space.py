"""What a search chooses from: the fields of a recipe, each with its values or the range of its numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from builder.json_files import from_object
from builder.study.page.fields import Pruner, Sampler  # noqa: TC001 - `from_object` asks for the types of the fields
from builder.training.recipe.overrides import override

if TYPE_CHECKING:
    from builder.training.recipe.recipe import Recipe

DIGITS = 4
"""Numbers that are drawn are rounded to so many digits: a study's page can say them, and a report shows them."""


@dataclass(frozen=True)
class ValueList:
    """One of several values."""

    values: tuple[object, ...]

    def __contains__(self, value: object) -> bool:
        """Return whether a value may be chosen."""
        return value in self.values


@dataclass(frozen=True)
class NumberRange:
    """The numbers from ``low`` to ``high``: on a logarithmic scale, in steps from ``low``, integers only, or any."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    integer: bool = False

    def __contains__(self, value: object) -> bool:
        """Return whether a number may be chosen; one between two steps may not."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        steps = (value - self.low) / self.step if self.step else 0.0
        return abs(steps - round(steps)) < 1e-9 and (not self.integer or value == round(value))

    def rounded(self, number: float) -> float | int:
        """Return a number that was drawn as it will be used."""
        if self.integer:
            return round(number)
        if self.step:
            return float(f"{number:.12g}")  # 0.1 + 0.2 is 0.3
        return min(max(float(f"{number:.{DIGITS}g}"), self.low), self.high)


SearchDimension: TypeAlias = ValueList | NumberRange

FieldSettings: TypeAlias = Mapping[str, object]
"""Values of fields, by their whole path in the recipe."""


@dataclass(frozen=True)
class SearchSpace:
    """A search for hyperparameters, the same for every network: ``trials`` of each, the first with the recipe's own.

    ``sampler`` and ``pruner`` are Optuna's; no trial is ended before ``min_epochs``.
    """

    space: Mapping[str, SearchDimension]
    trials: int
    sampler: Sampler
    pruner: Pruner
    min_epochs: int


def with_settings(recipe: Recipe, settings: FieldSettings) -> Recipe:
    """Return ``recipe`` with other values; raise ArchError where they are none that it may have together."""
    return override(recipe, [(path, json.dumps(value)) for path, value in settings.items()])


def search_from_json(found: Mapping[str, Any]) -> SearchSpace:
    """Return the search that ``dataclasses.asdict`` made into JSON values.

    Raises ValueError, KeyError or TypeError for any other values.
    """
    space = {
        path: from_object(ValueList, each) if "values" in each else from_object(NumberRange, each)
        for path, each in dict(found["space"]).items()
    }
    others = {("trials" if name == "tries" else name): value for name, value in found.items()}  # `tries` before 0.1.0
    return from_object(SearchSpace, others, {"space": space})
