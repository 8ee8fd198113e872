"""``archcli check``: every mistake of every file: pages, recipes and studies alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from builder.costs import parameter_count
from builder.diagnostics import ArchError, Collector, Note
from builder.files import is_file
from builder.lowering import find, lower
from builder.lowering.finding import shown
from builder.lowering.lower import Work
from builder.lowering.pages import read_base
from builder.ops.plugins import with_plugins
from builder.reader import read_file
from builder.shipped import shipped_studies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from builder.diagnostics import Diagnostic
    from builder.lowering.pages import Base, Merged

_RECIPE_WORDS = ("epochs", "optimizer")
"""Either of them makes a file a recipe; no page has them."""

_STUDY_WORDS = ("seeds", "smallest_difference")
"""Either of them makes a file a study; no page and no recipe has them."""

MAX_FAMILY = 20_000
"""Layers and blocks of all members of one family, and what is read for each; EfficientNet's eleven have 14,000."""

FileKind: TypeAlias = Literal["network", "family", "templates", "recipe", "study"]


@dataclass(frozen=True)
class FileVerdict:
    """What one file is and what is wrong with it; what follows ``mistakes`` is known only where nothing is."""

    file: str
    kind: FileKind
    mistakes: tuple[Diagnostic, ...] = ()
    name: str | None = None
    parameters: int | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checked:
    """The verdict on every file, in the order in which they were named."""

    files: tuple[FileVerdict, ...]

    @property
    def is_valid(self) -> bool:
        """Whether no file has a mistake."""
        return not self.mistakes

    @property
    def mistakes(self) -> tuple[Diagnostic, ...]:
        """The mistakes of all files; pages that share a base share its mistakes."""
        return tuple(mistake for file in self.files for mistake in file.mistakes)


def run(files: Sequence[str], plugins: Sequence[Path] = ()) -> Checked:
    """Return the verdict on every file; mistakes are part of it and are not raised, but for those of ``plugins``."""
    with_plugins(plugins)
    return Checked(tuple(_verdict(file, plugins) for file in files))


def _verdict(file: str, plugins: Sequence[Path]) -> FileVerdict:
    kind: FileKind = "network"
    try:
        kind = _kind(file)
        if kind == "recipe":
            return _recipe(file)
        if kind == "study":
            return _study(file, plugins)
        path, member = find(file)
        base = read_base(path, member, with_plugins(plugins))
        page = base.merged()
        if page.members and member is None:
            kind = "family"
            return _family(file, base, page)
        graph = lower(page)
        _check_space(file, page, plugins)
    except ArchError as error:
        if all(mistake.code == "library" for mistake in error.diagnostics):
            return FileVerdict(file, "templates", name=Path(file).stem)
        return FileVerdict(file, kind, error.diagnostics)
    return FileVerdict(file, kind, name=graph.name, parameters=parameter_count(graph))


def _check_space(file: str, page: Merged, plugins: Sequence[Path]) -> None:
    """Look at the page's own ``variants:``, if it has any: every place is found, and no variant is priced."""
    if page.variants is not None and page.variants.entries:
        from builder.variants import variants

        variants(file, plugins=plugins)


def _family(file: str, base: Base, page: Merged) -> FileVerdict:
    """Return the verdict on a page that stands for several networks: each of them is checked.

    What is wrong with the page itself is wrong with every member, and said once.
    """
    problems, work = Collector(), Work()
    found: dict[tuple[str, ...], tuple[Note, Diagnostic]] = {}
    counts: Counter[tuple[str, ...]] = Counter()
    looked_at = 0
    for member in page.members.values():
        looked_at += 1
        for mistake in _mistakes(replace(base, member=str(member.name.value)), work):
            found.setdefault(_place(mistake), (Note(member.name.mark, "of this member"), mistake))
            counts[_place(mistake)] += 1
        if work.steps > MAX_FAMILY:
            what = f"more than {MAX_FAMILY:,} layers, blocks and entries in all"
            message = f"the members of `{page.title}` have {what}"
            problems.error("too-many-layers", message, member.name.mark, "make several pages of it")
            break
    for place, (whose, mistake) in found.items():
        problems.add(mistake if counts[place] == looked_at else replace(mistake, notes=(*mistake.notes, whose)))
    members = tuple(page.members)
    try:
        problems.raise_found()
    except ArchError as error:
        return FileVerdict(file, "family", error.diagnostics, name=page.title, members=members)
    return FileVerdict(file, "family", name=page.title, members=members)


def _mistakes(base: Base, work: Work) -> tuple[Diagnostic, ...]:
    """Return the mistakes of a member, and add what it costs to ``work``."""
    try:
        lower(base.merged(), work=work)
    except ArchError as error:
        return error.diagnostics
    return ()


def _place(mistake: Diagnostic) -> tuple[str, ...]:
    return mistake.code, *((str(mistake.mark),) if mistake.mark is not None else ("", mistake.message))


def _kind(file: str) -> FileKind:
    """Return what a file is by the words on it, so that the code of recipes and studies stays away from networks."""
    path = Path(file)
    if not is_file(path) or path.suffix == ".py":
        return "study" if file in shipped_studies() else "network"
    page = read_file(path, shown(path))  # as it is called where it is judged
    if any(page.get(word) is not None for word in _RECIPE_WORDS):
        return "recipe"
    return "study" if any(page.get(word) is not None for word in _STUDY_WORDS) else "network"


def _recipe(file: str) -> FileVerdict:
    from builder.training.recipe.recipe import load_recipe

    return FileVerdict(file, "recipe", name=load_recipe(Path(file)).name)


def _study(file: str, plugins: Sequence[Path]) -> FileVerdict:
    from builder.study.page.networks import networks
    from builder.study.page.page import find_study, read_study
    from builder.study.plan.counts import counted, images_of_cells
    from builder.training.recipe.data_sets import DATA_SETS

    study = read_study(find_study(file), plugins=plugins)
    found = networks(study)
    if DATA_SETS[study.data].counts is not None:
        there = counted(study)
        images_of_cells(study, {"train": there.train, "test": there.test})
    if (study.compare == "effects" or study.fraction) and find_spec("scipy") is not None:  # else the plan checks it
        from builder.study.plan.factors import study_arms

        found = study_arms(study, found).networks
    return FileVerdict(file, "study", name=study.name, members=tuple(each.name for each in found.all))
