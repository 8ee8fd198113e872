"""The question of the project by clicking: which layer, at which of the places, and the variants that come of it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from builder.commands.variants import VariantsOptions, row
from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.variants.options import SpaceOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from builder.commands.variants import VariantRow
    from builder.variants import Variant, Variants

LISTED: Final = 64
"""Variants that are shown; more nobody compares by eye."""

_Text = Annotated[str, Field(min_length=1, max_length=400)]


class SpaceQuestion(BaseModel):
    """What was clicked: the page by its number, layers to insert, places, and what is chosen of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    page: int = 0
    insert: Annotated[tuple[_Text, ...], Field(min_length=1, max_length=16)]
    places: Annotated[tuple[_Text, ...], Field(min_length=1, max_length=400)]
    choose: Literal["subsets", "one", "all"] = "subsets"
    uses: str | None = None

    def options(self, asked: str, plugins: tuple[Path, ...]) -> VariantsOptions:
        """Return it as ``archcli variants`` takes it."""
        is_all = self.choose == "all"
        space = SpaceOptions(
            insert=self.insert,
            among=() if is_all else self.places,
            at=self.places if is_all else (),
            count="0-1" if self.choose == "one" else None,
        )
        return VariantsOptions(page=asked, space=space, uses=self.uses or None, plugins=plugins)

    def command(self, asked: str, plugins: tuple[Path, ...]) -> str:
        """Return the line that asks the same in a terminal."""
        words = ["archcli", "variants", asked]
        words += [part for layer in self.insert for part in ("--insert", layer)]
        option = "--at" if self.choose == "all" else "--among"
        words += [part for place in self.places for part in (option, place)]
        words += ["--count", "0-1"] if self.choose == "one" else []
        words += ["--uses", self.uses] if self.uses else []
        words += [part for plugin in plugins for part in ("--plugin", str(plugin))]
        return shlex.join(words)


def question(text: str) -> SpaceQuestion:
    """Return what the browser asks; raise ArchError for anything that it does not ask."""
    try:
        return SpaceQuestion.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ArchError(Diagnostic("usage", f"`{where}`: {first['msg']}")) from None


@dataclass(frozen=True)
class KnownRun:
    """A run of a network of this name: its folder, how far it is, and its best validation accuracy."""

    run: Path
    state: str
    best_val_accuracy: float | None


@dataclass(frozen=True)
class SeenSpace:
    """The variants as the browser shows them; ``runs`` are those that are known, by the names of the networks."""

    command: str
    size: int
    is_counted: bool
    variants: tuple[VariantRow, ...]
    same: Mapping[str, tuple[str, ...]]
    repeated: tuple[tuple[str, str], ...]
    runs: Mapping[str, tuple[KnownRun, ...]]


@dataclass(frozen=True)
class FoundSpace:
    """A space that was asked for: the stream, and those of its variants that are shown, by name."""

    found: Variants
    listed: tuple[Variant, ...]

    def variant(self, name: str) -> Variant | None:
        """Return the variant of that name if it is shown."""
        return next((each for each in self.listed if each.name == name), None)


def find_space(asked: VariantsOptions) -> FoundSpace:
    """Return the variants; raise ArchError with every mistake."""
    found = asked.variants()
    return FoundSpace(found, tuple(islice(found, LISTED)))


def seen_space(space: FoundSpace, command: str, runs_dir: Path) -> SeenSpace:
    """Return what is shown of a space, with the runs in ``runs_dir`` whose network is called like a variant."""
    found = space.found
    rows = tuple(row(each, found.base.cost) for each in space.listed)
    return SeenSpace(
        command, found.size, found.is_counted, rows, found.merged, tuple(found.repeated),
        _runs(runs_dir, [each.name for each in rows]),
    )  # fmt: skip


def _runs(folder: Path, names: Sequence[str]) -> dict[str, tuple[KnownRun, ...]]:
    try:
        from builder.runs.listing import list_runs

        listed = list_runs(folder)
    except (RunError, ModuleNotFoundError):  # nothing was trained yet, or nothing is installed that could
        return {}
    known = [(each.network, KnownRun(each.run, each.state, each.best_val_accuracy)) for each in listed]
    return {name: own for name in names if (own := tuple(run for network, run in known if network == name))}
