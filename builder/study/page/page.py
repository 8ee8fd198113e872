"""A study's page: which networks, trained how often and how, to answer what with which certainty."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Collector, Diagnostic, suggest
from builder.files import is_file, other_than_file
from builder.reader import Mapping, Scalar, Sequence, read_file
from builder.shipped import shipped_studies
from builder.study.page.fields import FIXED_ELSEWHERE, Seeds, StudyPage
from builder.study.page.search import own_settings, read_search
from builder.study.page.space import NumberRange, ValueList
from builder.training.recipe.data_sets import DATA_SETS, recipe_of, unknown_data
from builder.training.recipe.overrides import full_path, override_with
from builder.training.recipe.recipe import load_recipe
from builder.validation import validate

if TYPE_CHECKING:
    import collections.abc
    from collections.abc import Iterable, Sized

    from builder.diagnostics import Mark
    from builder.reader import Value
    from builder.study.page.fields import Compare
    from builder.study.page.space import SearchSpace
    from builder.training.recipe.recipe import Recipe

STREAMS = "init_streams"
"""The field of a recipe that has another default in a study.

One stream through all layers would give other weights to every layer behind one that a variant inserts.
"""

MAX_SETTINGS = 200
"""More combinations of hyperparameters than these nobody trains; each is a recipe that is checked."""

MAX_FIELDS = 100
"""A recipe has about 60 fields."""

MAX_EPOCHS = 20_000
"""Of a cell: the file of its result has the metrics of each, and is read back in a bounded time."""


@dataclass(frozen=True)
class Settings:
    """One choice of hyperparameters: by their whole path in the recipe, with the recipe that comes of them."""

    values: collections.abc.Mapping[str, object]
    recipe: Recipe


@dataclass(frozen=True, eq=False)
class Study:
    """What a page says. ``screen_seeds`` is 0 where every network is judged at once; differences are in points.

    ``grid`` has every choice of hyperparameters of a grid, the one of the recipe's own values where there is a
    ``search``, and the empty one else. ``compare`` is what the page says, None where it leaves that open.
    ``says_streams`` is whether the page or its recipe chooses ``init_streams``.
    """

    path: Path
    page: Mapping
    name: str
    question: str | None
    recipe: Recipe
    grid: tuple[Settings, ...]
    search: SearchSpace | None
    compare: Compare | None
    fraction: str | None
    control: str | None
    looks: tuple[int, ...]
    data: str
    subset: int | None
    test: int | None
    groups: str | None
    screen_seeds: int
    confirm_seeds: int
    halving: bool
    finalists: int
    smallest_difference: float
    deviation: float
    error_rate: float
    power: float
    hours: float | None
    says_streams: bool = False
    plugins: tuple[Path, ...] = ()


def study_json_schema() -> dict[str, object]:
    """Return the JSON Schema of a study's page, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **StudyPage.model_json_schema()}


def find_study(text: str) -> Path:
    """Return the page that ``text`` means: a file, or the name of a shipped study; raise ArchError if there is none."""
    path = Path(text)
    if is_file(path):
        return path
    shipped = shipped_studies()
    if text in shipped:
        return shipped[text]
    other = other_than_file(path)
    if text and other is not None:
        raise ArchError(Diagnostic("no-such-study", f"{text} is not a study: {other}", None, "name a file"))
    hint = suggest(path.stem, list(shipped), "shipped are")
    raise ArchError(Diagnostic("no-such-study", f"there is no file and no shipped study `{text}`", None, hint))


def read_study(path: Path, name: str | None = None, plugins: Iterable[Path] = ()) -> Study:
    """Return the study on the page at ``path``; networks are looked at later. ``name`` is what messages call it.

    Its networks may call the operations of ``plugins``, which are files that are run. Raises ArchError with every
    mistake of the page.
    """
    return replace(study_from(read_file(path, name), path), plugins=tuple(plugins))


def study_from(page: Mapping, path: Path) -> Study:
    """Return the study that ``page`` says; what it names is looked for beside ``path``."""
    problems = Collector()
    fields = validate(StudyPage, page, "a study", problems)
    written = _recipe(page, path.parent, problems)
    recipe = _changed(written, page, problems) if written is not None else None
    grid = _grid(page, recipe, problems) if recipe is not None else ()
    search = _search(page, fields, recipe, problems) if recipe is not None else None
    _check_halving(page, fields, problems)
    _check_groups(page, fields, problems)
    _check_epochs(page, grid, search, problems)
    problems.raise_found()
    assert fields is not None, "validate returns None only with a problem"
    assert recipe is not None, "it is None only with a problem"
    if search is not None:
        grid = (Settings(own_settings(recipe, search), recipe),)
    seeds = fields.seeds if isinstance(fields.seeds, Seeds) else None
    return Study(
        path=path,
        page=page,
        name=fields.name,
        question=fields.question,
        recipe=recipe,
        grid=grid,
        search=search,
        compare=fields.compare,
        fraction=fields.fraction,
        control=fields.control,
        looks=fields.looks,
        data=fields.data.name,
        subset=fields.data.subset,
        test=fields.data.test,
        groups=fields.data.groups,
        screen_seeds=seeds.screen if seeds else 0,
        confirm_seeds=seeds.confirm if seeds else int(fields.seeds),  # type: ignore[arg-type]  # no Seeds here
        halving=seeds is not None and seeds.halving,
        finalists=fields.finalists,
        smallest_difference=fields.smallest_difference,
        deviation=fields.deviation,
        error_rate=fields.error_rate,
        power=fields.power,
        hours=fields.budget.hours if fields.budget else None,
        says_streams=written is not None and (STREAMS in written.model_fields_set or STREAMS in fields.set),
    )


def _check_halving(page: Mapping, fields: StudyPage | None, problems: Collector) -> None:
    """Report a halving of trials, which a search's pruner ends early, and one that has no second round."""
    if fields is None or not isinstance(fields.seeds, Seeds) or not fields.seeds.halving:
        return
    mark = page.key_mark("seeds")
    if fields.search is not None:
        hint = "a search ends what promises nothing by its `pruner`: `pruner: successive_halving`"
        problems.error("bad-value", "`halving` is for a screening without a search", mark, hint)
    elif fields.seeds.screen < 2:
        message = "`halving` has no second round with one screening seed"
        problems.error("bad-value", message, mark, "`screen: 8` has rounds of 1, 1, 2 and 4 seeds")


def _check_groups(page: Mapping, fields: StudyPage | None, problems: Collector) -> None:
    """Report groups of images whose names nobody knows."""
    if fields is None or fields.data.groups is None or DATA_SETS[fields.data.name].source == "own":
        return
    data = page.get("data")
    mark = data.key_mark("groups") if isinstance(data, Mapping) else page.key_mark("data")
    message = f"`groups` are of an image folder, and the images of `{fields.data.name}` have no names"
    problems.error("bad-value", message, mark, "`data: {name: imagefolder, groups: groups.csv}`")


def _check_epochs(page: Mapping, grid: Iterable[Settings], search: SearchSpace | None, problems: Collector) -> None:
    """Report cells of more epochs than the file of a result has room for."""
    own = max((each.recipe.epochs for each in grid), default=0)
    for field, epochs in (("grid" if page.get("grid") else "set", own), ("search", _longest(search))):
        if epochs > MAX_EPOCHS:
            message = f"a cell of a study has at most {MAX_EPOCHS:,} epochs, not {epochs:,.0f}"
            problems.error("bad-value", message, page.key_mark(field), "`archcli train` takes more")


def _longest(search: SearchSpace | None) -> float:
    """Return the largest number of epochs that a search may choose, 0 where it chooses none."""
    match search.space.get("epochs") if search is not None else None:
        case NumberRange() as found:
            return found.high
        case ValueList() as found:
            return max((each for each in found.values if isinstance(each, int)), default=0)
    return 0


def _recipe(page: Mapping, folder: Path, problems: Collector) -> Recipe | None:
    """Return the recipe that the page names, or None after saying what is wrong."""
    data = page.get("data")
    name = data.get("name") if isinstance(data, Mapping) else None
    if isinstance(name, Scalar) and isinstance(name.value, str) and name.value not in DATA_SETS:
        problems.add(unknown_data(name.value, name.mark))
        return None
    chosen = page.get("recipe")
    if isinstance(chosen, Scalar) and chosen.value is None:  # `recipe: null` is as if it were not there
        chosen = None
    if isinstance(chosen, Scalar) and isinstance(chosen.value, str):
        text = chosen.value
    elif chosen is None and isinstance(name, Scalar):
        text = recipe_of(str(name.value))
    else:
        return None
    try:
        beside = folder / text
        return load_recipe(beside if Path(text).suffix in {".yaml", ".yml"} and is_file(beside) else text)
    except ArchError as error:
        for each in error.diagnostics:
            mark = each.mark if each.mark is not None or chosen is None else chosen.mark
            problems.error(each.code, each.message, mark, each.hint, each.notes)
        return None


def _changed(recipe: Recipe, page: Mapping, problems: Collector) -> Recipe | None:
    """Return the recipe with what ``set`` changes, or None after saying what is wrong."""
    changes = page.get("set")
    entries = changes.entries if isinstance(changes, Mapping) else ()
    if not _are_few(entries, page.key_mark("set"), problems):
        return None
    _check_elsewhere(entries, problems)
    if STREAMS not in recipe.model_fields_set:
        recipe = recipe.model_copy(update={STREAMS: "by_name"})
    try:
        return override_with(recipe, entries)
    except ArchError as error:
        for each in error.diagnostics:
            problems.add(each)
        return None


def _grid(page: Mapping, recipe: Recipe, problems: Collector) -> tuple[Settings, ...]:
    """Return every combination of the grid, the empty one where there is no grid."""
    grid = page.get("grid")
    entries = grid.entries if isinstance(grid, Mapping) else ()
    if not _are_few(entries, page.key_mark("grid"), problems):
        return ()
    _check_elsewhere(entries, problems)
    named: list[tuple[str, Scalar, tuple[Value, ...]]] = []
    if not _may_be_multiplied(page, entries, problems):
        return ()
    for key, values in entries:
        path = full_path(recipe, key, problems)
        if path is not None and isinstance(values, Sequence):
            named.append((path, key, values.items))
            for value in values.items:
                _check_value(recipe, key, value, problems)
    if problems:
        return ()
    found = []
    for chosen in product(*(values for _, _, values in named)):
        pairs = [(key, value) for (_, key, _), value in zip(named, chosen, strict=True)]
        plain = {path: value.plain() for (path, _, _), value in zip(named, chosen, strict=True)}
        try:
            found.append(Settings(plain, override_with(recipe, pairs)))
        except ArchError as error:
            for each in error.diagnostics:
                problems.add(each)
    return tuple(sorted(found, key=lambda each: each.recipe != recipe))  # the recipe's own values first: the base


def _are_few(entries: Sized, mark: Mark, problems: Collector) -> bool:
    """Report more settings than a recipe has fields, each of which would be looked for; return whether not."""
    if len(entries) > MAX_FIELDS:
        message = f"{len(entries):,} settings are more than any recipe has fields"
        problems.error("bad-value", message, mark, "`archcli schema recipe` lists them")
    return len(entries) <= MAX_FIELDS


def _may_be_multiplied(page: Mapping, entries: Iterable[tuple[Scalar, Value]], problems: Collector) -> bool:
    """Report a grid of more combinations than anybody trains; return whether it has fewer."""
    size = prod(len(values.items) for _, values in entries if isinstance(values, Sequence))
    if size > MAX_SETTINGS:
        message = f"the grid has {size:,} combinations, more than {MAX_SETTINGS}"
        hint = "a `search` of so many fields tries as few of them as it is told to"
        problems.error("too-many-variants", message, page.key_mark("grid"), hint)
    return size <= MAX_SETTINGS


def _search(page: Mapping, fields: StudyPage | None, recipe: Recipe, problems: Collector) -> SearchSpace | None:
    asked = page.get("search")
    over = asked.get("over") if isinstance(asked, Mapping) else None
    entries = over.entries if isinstance(over, Mapping) else ()
    if not _are_few(entries, page.key_mark("search"), problems):
        return None
    _check_elsewhere(entries, problems)
    return read_search(page, fields, recipe, problems)


def _check_value(recipe: Recipe, key: Scalar, value: Value, problems: Collector) -> None:
    try:
        override_with(recipe, [(key, value)])
    except ArchError as error:
        for each in error.diagnostics:
            problems.add(each)


def _check_elsewhere(entries: tuple[tuple[Scalar, Value], ...], problems: Collector) -> None:
    for key, _ in entries:
        if key.value in FIXED_ELSEWHERE:
            message = f"`{key.value}` is not set in a study"
            problems.error("bad-value", message, key.mark, FIXED_ELSEWHERE[str(key.value)])
