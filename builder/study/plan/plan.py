"""The plan of a study: every cell, what it costs, and how sure the answer can be; written before anything runs."""

from __future__ import annotations

import json
from collections.abc import Mapping  # noqa: TC003 - `from_object` asks for the types of the fields
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.diagnostics import RunError
from builder.files import reason_of, relative_to, seen_from, write_text
from builder.json_files import check_size, from_object, read_unchanged, with_checksum
from builder.quantities import plural
from builder.study.page.fields import Compare  # noqa: TC001 - `from_object` asks for the types of the fields
from builder.study.page.space import SearchSpace, search_from_json
from builder.study.results.cells import Cell, make_cell
from builder.study.statistics import (
    Course,
    Design,
    Factorial,
    Layout,
    Round,
    detectable,
    family_size,
    halvings,
    image_error,
)
from builder.training.recipe.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from builder.study.results.result import Stage

VERSION = 1

MOST_SEEDS = 10_000
"""As many as a page may ask for."""

_LEAST = 1e-12
"""Numbers that are to be positive are at least this."""

_ANEW = "bring it back from a copy, or remove it and plan the study again, which takes the cells that have ended"


@dataclass(frozen=True)
class PlannedNetwork:
    """A network of the study: its price for one image, and the seconds that one image of training takes here.

    ``memory`` is in bytes, of one image in single precision; ``seconds`` is None where nothing was measured.
    """

    name: str
    id: str
    parameters: int
    macs: int
    memory: int
    places: tuple[str, ...]
    settings: Mapping[str, object]
    same_as: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True)
class PlannedData:
    """The images that every cell has: how many of each split, and a checksum of all from which they are drawn.

    ``folder`` is where they lie, None where they come with a package. ``groups`` is how many groups the test images are
    in whose images count as one observation, None where each image does.
    """

    name: str
    folder: str | None
    subset: int | None
    test: int | None
    side: int | None
    classes: tuple[str, ...]
    images: Mapping[str, int]
    fingerprint: str
    groups: int | None = None

    @property
    def observations(self) -> int:
        """How many independent observations a run's test accuracy is of."""
        return self.images["test"] if self.groups is None else self.groups


@dataclass(frozen=True)
class PlannedArm:
    """One thing that is compared: a network with one choice of hyperparameters."""

    variant: str
    settings: Mapping[str, object]
    recipe: Recipe


@dataclass(frozen=True)
class StudyQuestion:
    """What the answer has to be able to tell; differences and deviation in points of accuracy."""

    text: str | None
    smallest_difference: float
    deviation: float
    error_rate: float
    power: float


@dataclass(frozen=True)
class Plan:
    """A study before it runs.

    ``asked`` is what the page said that decides results; ``code`` has a digest for each file that decides them.
    ``arms`` are all combinations of network and hyperparameters, the base's first; a ``search`` finds its arms while it
    runs, and these are each network with the recipe's own. With ``screen_seeds`` the arms are judged on the validation
    split first, and ``finalists`` of them, besides the base, on the test split.
    ``device`` and ``seconds`` (of the clock, for everything, None where nothing was measured) speak of the machine on
    which the study was planned, with ``workers`` cells side by side. ``needed_seeds`` are those with which the question
    can be answered, None where no number of them is enough. ``compare`` says what is compared, None in a plan of an
    earlier version: all pairs, each network with its own variance. ``factorial`` has the factors of effects, with a row
    for each of ``arms``. ``looks`` are the numbers of seeds at planned looks, the last of them ``confirm_seeds``;
    ``stages`` how many seeds were judged first and how many were added, where some were. ``reused`` cells were finished
    in other studies. A screening with ``halving`` has several ``rounds``.
    """

    name: str
    question: StudyQuestion
    data: PlannedData
    networks: tuple[PlannedNetwork, ...]
    arms: tuple[PlannedArm, ...]
    screen_seeds: int
    confirm_seeds: int
    finalists: int
    hours: float | None
    asked: Mapping[str, Any]
    code: Mapping[str, str]
    world: str
    device: str
    workers: int
    seconds: float | None
    needed_seeds: int | None = None
    warnings: tuple[str, ...] = ()
    search: SearchSpace | None = None
    compare: Compare | None = None
    factorial: Factorial | None = None
    looks: tuple[int, ...] = ()
    stages: tuple[int, ...] = ()
    reused: int = 0
    halving: bool = False

    @property
    def images(self) -> dict[str, int]:
        """How many images of each split a cell of the base has; plans of earlier versions count before holding out."""
        found = dict(self.data.images)
        if "validation" in found:
            return found
        total, held = found["train"], self.base.recipe.validation
        validation = held if isinstance(held, int) else max(1, round(held * total))
        return {"train": total - validation, "validation": validation, "test": found["test"]}

    @property
    def judged_seeds(self) -> int:
        """How many seeds of each network are judged in all, with those that were added."""
        return sum(self.stages) or self.confirm_seeds

    @property
    def course(self) -> Course:
        """In which looks or stages the evidence comes."""
        return Course(self.looks, self.stages)

    @property
    def design(self) -> Design:
        """The numbers that the statistics go by."""
        asked = self.question
        return Design(asked.smallest_difference, self.judged_seeds, asked.deviation, asked.error_rate, asked.power)

    @property
    def comparisons(self) -> int:
        """How many claims are one family: effects, or pairs as ``builder.study.findings`` puts arms into groups."""
        if self.factorial is not None:
            return len(self.factorial.contrasts())
        return family_size(*self._groups, "base" if self.compare == "base" else "pairs")

    @property
    def _groups(self) -> tuple[int, int]:
        """How many arms are compared with each other, in how many groups."""
        if self.screen_seeds:
            return self.confirmed_arms, 1
        networks = len({each.variant for each in self.arms})
        settings = len(self.arms) // networks
        return (networks, settings) if networks > 1 else (settings, 1)

    @property
    def layout(self) -> Layout:
        """What is asked of the runs: of effects, the one that is hardest to find."""
        if self.factorial is not None:
            return Layout(max(each.weight for each in self.factorial.contrasts()), len(self.arms))
        return Layout() if self.compare is None else Layout(pooled=self._groups[0])

    @property
    def detectable(self) -> float:
        """The smallest effect or difference, in points, that the planned seeds find as often as the power says."""
        design, layout = self.design, self.layout
        fixed = image_error(self.data.observations, layout=layout)
        return detectable(
            design.seeds, design.deviation, self.comparisons, design.error_rate, design.power, fixed, layout
        )

    @property
    def base(self) -> PlannedArm:
        """What the others are compared with."""
        return self.arms[0]

    def check_arm(self, arm: PlannedArm) -> None:
        """Raise ValueError where ``arm`` is of a network that is not planned."""
        if arm.variant not in {each.name for each in self.networks}:
            raise ValueError(f"the network `{arm.variant}` is not in the plan")

    def network(self, name: str) -> PlannedNetwork:
        """Return the network of that name."""
        return next(each for each in self.networks if each.name == name)

    @property
    def first_stage(self) -> Stage:
        """What happens first."""
        return "screen" if self.screen_seeds else "confirm"

    @property
    def tried_arms(self) -> int:
        """How many arms there are in the end, those that a search finds too."""
        return len(self.arms) * (self.search.trials if self.search else 1)

    @property
    def rounds(self) -> tuple[Round, ...]:
        """The rounds of the screening; none without one."""
        if not self.screen_seeds:
            return ()
        if not self.halving:
            return (Round(self.tried_arms, 0, self.screen_seeds),)
        return halvings(len(self.arms), self.confirmed_arms, self.screen_seeds)

    @property
    def confirmed_arms(self) -> int:
        """How many arms are judged on the test split."""
        if not self.screen_seeds:
            return len(self.arms)
        rivals = len(self.networks) - 1 if len(self.networks) > 1 else self.tried_arms - 1
        return 1 + min(self.finalists, rivals)

    def cells(self, stage: Stage, arms: Iterable[PlannedArm], until: int | None = None) -> tuple[Cell, ...]:
        """Return the cells of ``arms`` in a stage, all arms with the first seed first, ``until`` so many seeds.

        The seeds of a confirmation are fresh: none of them was seen by the screen.
        """
        first, count = (0, self.screen_seeds) if stage == "screen" else (self.screen_seeds, self.judged_seeds)
        count = count if until is None else min(count, until)
        ids = {each.name: each.id for each in self.networks}
        chosen = tuple(arms)
        return tuple(
            make_cell(arm.variant, ids[arm.variant], arm.settings, arm.recipe, seed, stage, self.world)
            for seed in range(first, first + count)
            for arm in chosen
        )

    def seconds_of(self, variant: str, recipe: Recipe, stage: Stage) -> float | None:
        """Return about how long a cell takes by itself: an image is tested in a third of the time of training it."""
        seconds = self.network(variant).seconds
        if seconds is None:
            return None
        held = recipe.validation
        total = self.data.images["train"]
        validation = self.data.images.get("validation") or (held if isinstance(held, int) else round(held * total))
        train = total - (0 if "validation" in self.data.images else int(validation))
        tested = self.data.images["test"] if stage == "confirm" else 0
        return seconds * (recipe.epochs * (train + validation / 3) + tested / 3)


def write_plan(path: Path, plan: Plan) -> None:
    """Write ``plan``, whole or not at all; raise RunError if it can't be written, or is larger than what is read.

    The folder of the images is named as seen from the study's.
    """
    content = asdict(plan) | {"arms": [arm_to_json(each) for each in plan.arms], "version": VERSION}
    if plan.data.folder is not None:
        content["data"] = content["data"] | {"folder": relative_to(Path(plan.data.folder), path.parent)}
    text = json.dumps(with_checksum(content), indent=1) + "\n"
    try:
        check_size(text)
    except ValueError as error:
        message = f"the plan of {plural(len(plan.arms), 'combination')} of network and settings is too large: {error}"
        raise RunError(message, "limit the space with `count`, `require` or `not_both`, or the grid") from error
    write_text(path, text)


def read_plan(path: Path) -> Plan:
    """Return the plan at ``path``; raise RunError for anything else."""
    try:
        found = read_unchanged(path)
        if found.pop("version") != VERSION:
            raise RunError(f"{path} is a plan of another version of archcli", _ANEW)
        return _plan(found, path.parent)
    except FileNotFoundError:
        raise RunError(f"{path.parent} is not the folder of a study: it holds no plan.json") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{path} is not the plan of a study: {reason_of(error)}", _ANEW) from error


def _plan(found: dict[str, Any], folder: Path) -> Plan:
    data = found["data"]
    if data["folder"] is not None:
        data["folder"] = str(seen_from(folder, data["folder"]))
    arms = tuple(arm_from_json(each) for each in found["arms"])
    search = search_from_json(found["search"]) if found.get("search") else None
    plan = from_object(Plan, found, {"arms": arms, "search": search})
    _check_numbers(plan)
    if plan.factorial is not None and len(plan.factorial.settings) != len(arms):
        raise ValueError(f"`factorial` has {len(plan.factorial.settings)} rows for {len(arms)} arms")
    _check_course(plan)
    for arm in arms:
        plan.check_arm(arm)
    return plan


def _check_numbers(plan: Plan) -> None:
    """Raise ValueError where a number is none that a page may ask for, and nothing could be reckoned with it."""
    asked = plan.question
    ranges = {
        "arms": (len(plan.arms), 1, inf),
        "screen_seeds": (plan.screen_seeds, 0, MOST_SEEDS),
        "confirm_seeds": (plan.confirm_seeds, 1, MOST_SEEDS),
        "finalists": (plan.finalists, 1, MOST_SEEDS),
        "workers": (plan.workers, 1, inf),
        "smallest_difference": (asked.smallest_difference, _LEAST, 100),
        "deviation": (asked.deviation, _LEAST, 100),
        "error_rate": (asked.error_rate, _LEAST, 1 - _LEAST),
        "power": (asked.power, _LEAST, 1 - _LEAST),
        **{f"images.{split}": (plan.data.images.get(split, 0), 1, inf) for split in ("train", "test")},
        "groups": (plan.data.observations, 1, plan.data.images.get("test", 1)),
        **{f"networks.{n.name}.seconds": (n.seconds, _LEAST, inf) for n in plan.networks if n.seconds is not None},
    }
    wrong = next((name for name, (value, low, high) in ranges.items() if not low <= value <= high), None)
    if wrong is not None:
        raise ValueError(f"`{wrong}` cannot be {ranges[wrong][0]}")


def _check_course(plan: Plan) -> None:
    """Raise ValueError where looks or stages are none that a study can have."""
    rising = all(one < other for one, other in pairwise((0, *plan.looks)))
    if plan.looks and (not rising or plan.looks[-1] != plan.confirm_seeds or plan.stages):
        raise ValueError("`looks` are not rising numbers of seeds up to all of them")
    if any(each < 1 for each in plan.stages) or plan.judged_seeds > MOST_SEEDS:
        raise ValueError("`stages` are not numbers of seeds")


def arm_to_json(arm: PlannedArm) -> dict[str, object]:
    """Return an arm as JSON values."""
    return {"variant": arm.variant, "settings": dict(arm.settings), "recipe": arm.recipe.model_dump(mode="json")}


def arm_from_json(found: Mapping[str, Any]) -> PlannedArm:
    """Return the arm that ``arm_to_json`` made into JSON values; raise ValueError, KeyError or TypeError for others."""
    recipe = Recipe.model_validate_json(json.dumps(found["recipe"]))
    return from_object(PlannedArm, {name: found[name] for name in ("variant", "settings")}, {"recipe": recipe})
