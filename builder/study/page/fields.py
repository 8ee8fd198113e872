"""What a user may write on a study's page."""

from __future__ import annotations

import re
from itertools import pairwise
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, WithJsonSchema, field_validator

from builder.training.recipe.data_sets import DATA_SETS
from builder.validation import Strict

_POINTS = r"^\d+(\.\d+)? ?(%|points?)$"

Points: TypeAlias = Annotated[
    Any,
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, {"type": "string", "pattern": _POINTS}]}),
]
"""Points of accuracy: 0.3, or ``0.3 %``, which is from 94.0 to 94.3 %."""

Count = Annotated[int, Field(ge=1, le=10_000)]
Images = Annotated[int, Field(ge=1, le=100_000_000)]
Probability = Annotated[float, Field(gt=0, lt=1)]


FIXED_ELSEWHERE = MappingProxyType(
    {"seed": "`seeds` says how many there are", "name": "a recipe's name changes nothing"}
)
"""Fields of a recipe that a study's page has other words for."""


class Data(Strict):
    """The images: a data set, and how many of its images."""

    name: Annotated[str, WithJsonSchema({"enum": list(DATA_SETS)})] = Field(description="as `train --data`")
    subset: Images | None = Field(
        None,
        description="number of training images of each cell, beside those of validation; by default all. Which ones "
        "depends on the seed",
    )
    test: Images | None = Field(None, description="number of test images, the same ones for every cell; by default all")
    groups: str | None = Field(
        None,
        description="of an image folder: a CSV file in it with the columns `image` (its path from there, such as "
        "test/cat/1.png) and `group`; test images of one group, such as frames of one film, count as one observation",
    )


class Seeds(Strict):
    """Seeds for a screening, and new seeds to judge the finalists."""

    screen: Count = Field(description="seeds of every network, judged on the validation split only")
    confirm: Count = Field(description="new seeds of the base and the finalists, judged once on the test split")
    halving: bool = Field(
        False,
        description="screen in rounds: one seed of every network, then as many again of the better half, and so on up "
        "to `screen` seeds",
    )


Compare: TypeAlias = Literal["effects", "base", "pairs"]
"""What is compared: the levels of factors over all networks, variants with the base, or all pairs."""

Sampler: TypeAlias = Literal["tpe", "gp", "random"]
Pruner: TypeAlias = Literal["none", "median", "successive_halving", "hyperband"]


class Range(Strict):
    """Numbers from which a search chooses."""

    low: float = Field(description="the smallest")
    high: float = Field(description="the largest")
    log: bool = Field(False, description="whether the scale is logarithmic, for learning rates and the like")
    step: float | None = Field(None, gt=0, description="only `low`, `low` + `step`, and so on")

    @field_validator("high")
    @classmethod
    def _above(cls, value: float, info: Any) -> float:
        if "low" in info.data and value <= info.data["low"]:
            raise ValueError(f"`high` is more than `low`, {info.data['low']:g}, and {value:g} is not")
        return value


_RANGE_OR_LIST: dict[str, Any] = {
    "anyOf": [
        {
            "type": "object",
            "properties": {
                name: {"type": "boolean" if name == "log" else "number", "description": field.description or ""}
                for name, field in Range.model_fields.items()
            },
            "required": ["low", "high"],
            "additionalProperties": False,
        },
        {"type": "array", "minItems": 2},
    ]
}


class Search(Strict):
    """Fields of the recipe that are searched for each network, by Optuna."""

    over: dict[str, Annotated[Any, WithJsonSchema(_RANGE_OR_LIST)]] = Field(
        min_length=1,
        description="fields of the recipe, each with a list, or `{low: …, high: …}` with `log: true` or `step: …`",
    )
    trials: int = Field(ge=2, le=10_000, description="trials of each network; the first has the recipe's own values")
    sampler: Sampler = Field("tpe", description="how hyperparameters are chosen: TPE, Gaussian process, or random")
    pruner: Pruner = Field("none", description="how unpromising trials are stopped early")
    min_epochs: Count = Field(1, description="every trial runs at least this many epochs")


class Budget(Strict):
    """The limit of a study's cost."""

    hours: float = Field(gt=0, description="wall-clock hours after which no further cell is started")


class StudyPage(Strict):
    """The page of a study."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
        max_length=100,
        description="the study's name and its folder's: letters, digits, _ - .",
    )
    question: str | None = Field(None, description="the question, for readers of the report")
    base: str = Field(description="the network that the others are compared with: a page or a shipped network")
    variants: Annotated[
        Any,
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "object"},
                    {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "object"}]}},
                ]
            }
        ),
    ] = Field(None, description="a space of variants as on a page, or a list of pages and spaces")
    control: str | None = Field(
        None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="a parameter of the base's page, such as `width`: one network more is the base with the smallest "
        "value that gives it as many parameters as the largest variant",
    )
    uses: str | None = Field(None, description="a page of templates that may be inserted, such as gates.yaml")
    data: Data = Field(description="the images", examples=["{name: digits}"])
    recipe: str | None = Field(None, description="the recipe; by default the data set's own")
    set: dict[str, Any] = Field({}, description="changes to the recipe for all networks, as `train --set`")
    grid: dict[str, tuple[Any, ...]] = Field(
        {}, description="fields of the recipe with a list of values each; every combination is trained"
    )
    search: Search | None = Field(
        None, description="fields of the recipe that are searched for each network, with the screening seeds"
    )
    seeds: Count | Seeds = Field(description="seeds of each network; or `screen` and `confirm`")
    compare: Compare | None = Field(
        None,
        description="`effects`: main effects and interactions of factors; `base`: every variant with the base; "
        "`pairs`: every pair. By default `effects` where networks and settings are a product of two factors or more "
        "and there is no screening, else `pairs`",
    )
    fraction: Literal["half"] | None = Field(
        None, description="`half`: train half of the combinations of five or more factors with two values each"
    )
    looks: tuple[Count, ...] = Field(
        (),
        description="numbers of seeds, below `seeds`, at which a report is made and the study may end; all looks "
        "share the error rate",
    )
    finalists: Count = Field(3, description="number of networks besides the base that are judged with new seeds")
    smallest_difference: Points = Field(0.3, description="smallest difference in accuracy, in points, that matters")
    deviation: Points = Field(0.2, description="expected standard deviation between seeds, in points")
    error_rate: Probability = Field(0.05, description="probability of claiming a difference that does not exist")
    power: Probability = Field(0.8, description="probability of finding the smallest difference that matters")
    budget: Budget | None = Field(None, description="the limit of the study's cost")

    @field_validator("smallest_difference", "deviation")
    @classmethod
    def _points(cls, value: Any, info: Any) -> float:
        if isinstance(value, str) and re.match(_POINTS, value):
            value = float(re.split(r"[ %p]", value)[0])
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 100:
            raise ValueError(f"`{info.field_name}` is a number of points, such as `0.3 %`, not `{value}`")
        return float(value)

    @field_validator("looks")
    @classmethod
    def _rising(cls, value: tuple[int, ...], info: Any) -> tuple[int, ...]:
        seeds = info.data.get("seeds")
        if value and not isinstance(seeds, int):
            raise ValueError("`looks` are for a study without a screening, whose `seeds` is a number")
        if any(one >= other for one, other in pairwise((*value, *([seeds] if value else [])))) or 1 in value:
            raise ValueError(f"`looks` are rising numbers of seeds, from 2 on and below {seeds}, such as `[5, 10, 15]`")
        return value

    @field_validator("grid")
    @classmethod
    def _something_to_choose(cls, value: dict[str, tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
        empty = [name for name, values in value.items() if not values]
        if empty:
            raise ValueError(f"`grid.{empty[0]}` is a list of values, and this one is empty")
        return value
