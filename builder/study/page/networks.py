"""The networks of a study: its base, and the pages and spaces that are compared with it, each network once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from builder.costs import graph_cost, parameter_count
from builder.diagnostics import ArchError, Diagnostic
from builder.files import is_file
from builder.identity import graph_id
from builder.lowering import find, load_page, lower, resolved_page
from builder.lowering.sizes import check_batch_of_one, lower_at
from builder.ops.plugins import with_plugins
from builder.reader import Mapping, Scalar, Sequence, describe, read_text
from builder.variants import variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from builder.costs import Cost
    from builder.graph import Graph
    from builder.lowering.pages import Merged
    from builder.study.page.page import Study
    from builder.variants import Variant

MAX_NETWORKS = 1_000
"""More than these nobody trains; a space that is larger is bounded by ``count``, ``require`` or ``not_both``."""


LARGEST = 65_536
"""The largest value of a parameter that a control is tried with."""


class Choice(NamedTuple):
    """One thing that separates a network from the base, which is said of a ``place``, a ``field`` or a whole ``page``.

    ``word`` is the operation of a layer that was inserted at a place.
    """

    kind: Literal["place", "field", "page"]
    name: str
    value: str
    word: str = ""


@dataclass(frozen=True)
class StudyNetwork:
    """One network of a study: its name, its id, what it costs, and the page that describes it without any other.

    ``side`` is that of its square images; ``places`` is where something was inserted; ``settings`` are the fields that
    a space set. ``chosen`` is all that separates it from the base.
    """

    name: str
    id: str
    page: str
    cost: Cost
    side: int
    places: tuple[str, ...] = ()
    settings: tuple[tuple[str, object], ...] = ()
    chosen: tuple[Choice, ...] = ()


@dataclass(frozen=True)
class Networks:
    """The networks, the base first; ``merged`` gives for a name the other names under which it was asked for."""

    all: tuple[StudyNetwork, ...]
    merged: dict[str, tuple[str, ...]]

    @property
    def base(self) -> StudyNetwork:
        """What the others are compared with."""
        return self.all[0]


@dataclass(frozen=True)
class _Candidate:
    name: str
    page: Merged
    graph: Graph
    places: tuple[str, ...] = ()
    settings: tuple[tuple[str, object], ...] = ()
    chosen: tuple[Choice, ...] = ()


def networks(study: Study, classes: int | None = None) -> Networks:
    """Return the networks of ``study`` as they are trained: with the classes of the data and the recipe's size.

    Without ``classes`` they have their pages' own. Raises ArchError with every mistake, at its place on the study's
    page or on a page that it names.
    """
    found: dict[str, StudyNetwork] = {}
    merged: dict[str, list[str]] = {}
    for each in _candidates(study, classes):
        _add(study, found, merged, each)
    if study.control is not None:
        _add(study, found, merged, _control(study, study.control, classes, list(found.values())))
    return Networks(tuple(found.values()), {name: tuple(dict.fromkeys(others)) for name, others in merged.items()})


def _add(study: Study, found: dict[str, StudyNetwork], merged: dict[str, list[str]], each: _Candidate) -> None:
    """Add a network to those that were ``found``, or its name to those under which the same network was asked for."""
    identity = graph_id(each.graph)
    if identity in found:
        if each.name != found[identity].name:
            merged.setdefault(found[identity].name, []).append(each.name)
        if any(choice.kind == "page" for choice in found[identity].chosen):  # a space says more of it
            found[identity] = replace(found[identity], chosen=each.chosen)
        return
    if len(found) == MAX_NETWORKS:
        message = f"there are more than {MAX_NETWORKS:,} networks"
        hint = "limit the space with `count`, `require` or `not_both`"
        raise ArchError(Diagnostic("too-many-variants", message, study.page.key_mark("variants"), hint))
    text = resolved_page(each.page, each.graph)
    name = _unique(each.name, {network.name for network in found.values()})
    found[identity] = StudyNetwork(
        name, identity, text, graph_cost(each.graph), each.graph.input.sizes[1], each.places, each.settings,
        each.chosen,
    )  # fmt: skip


def _unique(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(each for number in range(2, 10_000) if (each := f"{name}_{number}") not in taken)


def _candidates(study: Study, classes: int | None) -> Iterator[_Candidate]:
    base = study.page.get("base")
    assert isinstance(base, Scalar), "the page has been validated"
    yield replace(_of_page(study, base, classes), chosen=())
    asked = study.page.get("variants")
    for item in asked.items if isinstance(asked, Sequence) else (asked,):
        if isinstance(item, Mapping):
            yield from _of_space(study, base, item, classes)
        elif isinstance(item, Scalar) and isinstance(item.value, str):
            yield _of_page(study, item, classes)
        elif item is not None:
            hint = "`variants: [mine.yaml, alexresnet]`, or a space such as `gate: {insert: se, among: block*.out}`"
            message = f"a variant is a page or a space, not {describe(item)}"
            raise ArchError(Diagnostic("bad-variants", message, item.mark, hint))


def _of_page(study: Study, name: Scalar, classes: int | None) -> _Candidate:
    path, member = _found(study, name)
    page = load_page(path, member, with_plugins(study.plugins))
    graph = _lowered(study, page, classes)
    return _Candidate(graph.name, page, graph, chosen=(Choice("page", "network", graph.name),))


def _of_space(study: Study, base: Scalar, space: Mapping, classes: int | None) -> Iterator[_Candidate]:
    path, member = _found(study, base)
    uses = study.page.get("uses")
    named = str(uses.value) if isinstance(uses, Scalar) else None
    page = f"{path}:{member}" if member is not None else str(path)
    for each in variants(page, space, uses=named, plugins=study.plugins):
        derived = each.page
        graph = _lowered(study, derived, classes)
        yield _Candidate(each.name, derived, graph, each.places, tuple(each.settings.items()), tuple(_chosen(each)))


def _control(study: Study, parameter: str, classes: int | None, found: list[StudyNetwork]) -> _Candidate:
    """Return the base with the smallest value of ``parameter`` that gives it as many parameters as any other network.

    Values that the page refuses are taken for too small. Raises ArchError where no value up to ``LARGEST`` is enough.
    """
    wanted, base = max(each.cost.parameters for each in found), study.page.get("base")
    assert isinstance(base, Scalar), "the page has been validated"
    if wanted == found[0].cost.parameters:
        hint = "leave it out; it is for variants that add parameters"
        message = "`control` has nothing to match: no variant has more parameters than the base"
        raise ArchError(Diagnostic("bad-value", message, study.page.key_mark("control"), hint))

    def at(value: int) -> _Candidate:
        space = read_text(f"control: {{params: {{{parameter}: [{value}]}}}}", "control")
        return next(iter(_of_space(study, base, space, classes)))

    def enough(value: int) -> bool:
        try:
            return parameter_count(at(value).graph) >= wanted
        except ArchError as error:
            if any(each.code == "unknown-parameter" for each in error.diagnostics):
                marked = (replace(each, mark=study.page.key_mark("control")) for each in error.diagnostics)
                raise ArchError(*marked) from None
            return False

    high = 1
    while not enough(high):
        high *= 2
        if high > LARGEST:
            message = f"no value of `{parameter}` up to {LARGEST:,} gives the base {wanted:,} parameters"
            raise ArchError(Diagnostic("bad-value", message, study.page.key_mark("control")))
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    chosen = at(high)
    return replace(chosen, chosen=(Choice("page", "network", chosen.name),))


def _chosen(variant: Variant) -> Iterator[Choice]:
    for each in variant.differences.inserted:
        yield from (Choice("place", place.text, each.layer.label, each.layer.word) for place in each.places)
    yield from (Choice("field", name, str(value)) for name, value in variant.settings.items())


def _lowered(study: Study, page: Merged, classes: int | None) -> Graph:
    own = lower(page)
    side, (_, height, width) = study.recipe.side, own.input.sizes
    if side is None and height != width:
        message = f"training needs square images, and the input of `{own.name}` is {own.input}"
        raise ArchError(Diagnostic("not-square", message, page.mark, f"set their size: `set: {{size: {height}}}`"))
    recipes = [each.recipe.at(height) for each in study.grid]
    if _has_batch_of_one(study):
        smallest = min(min(each.training_sides, default=each.side or height) for each in recipes)
        check_batch_of_one(lower_at(page, own.input.channels, smallest, (), classes))
    for last, others in dict.fromkeys((each.side, each.training_sides) for each in recipes if each.training_sides):
        assert last is not None, "a size that grows has its last"
        lower_at(page, own.input.channels, last, others, classes)
    return lower(page, classes=classes) if side is None else lower_at(page, own.input.channels, side, (), classes)


def _has_batch_of_one(study: Study) -> bool:
    """Return whether a cell may be trained by one image at a time."""
    searched = study.search is not None and 1 in study.search.space.get("batch_size", ())
    return searched or study.subset == 1 or any(each.recipe.batch_size == 1 for each in study.grid)


def _found(study: Study, name: Scalar) -> tuple[Path, str | None]:
    """Return the page that ``name`` means: beside the study's page, below it, in ``archs/`` next to it, or shipped."""
    folder = study.path.parent
    text, colon, member = str(name.value).partition(":")
    for root in _roots(folder):
        for candidate in (root / text, root / f"{text}.yaml"):
            if is_file(candidate):
                if candidate.resolve().is_relative_to(root.resolve()):
                    return candidate, member if colon else None
                hint = "copy it beside the study's page"
                raise ArchError(Diagnostic("outside", f"`{text}` lies outside this page's folder", name.mark, hint))
    try:
        return find(Path(text).stem if text.endswith(".yaml") and len(Path(text).parts) == 1 else str(name.value))
    except ArchError as error:
        raise ArchError(*(replace(each, mark=each.mark or name.mark) for each in error.diagnostics)) from None


def _roots(folder: Path) -> Iterable[Path]:
    yield folder
    if folder.resolve().name == "studies":
        yield folder.resolve().parent / "archs"
