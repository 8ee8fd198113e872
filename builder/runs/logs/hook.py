"""What a logger is: it is opened for a run, told its events, and closed at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from builder.runs.settings import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from builder.training.folder.summary import Summary
    from builder.training.progress import Progress
    from builder.training.recipe.recipe import Recipe


@dataclass(frozen=True)
class LoggedRun:
    """The run that a logger is opened for.

    ``folder`` is the run's own, and ``logs`` the one in which a logger may keep files. ``group`` is the name of the
    study whose trial it is, None for a run by itself. ``settings`` are the network, the data and the fields of the
    recipe, such as ``optimizer.lr``. ``id`` is the same in all sessions of a run, and no other run has it; ``done``
    epochs have been told in earlier sessions and do not come again.
    """

    name: str
    folder: Path
    logs: Path
    group: str | None
    settings: Mapping[str, object]
    id: str = ""
    done: int = 0


class Logger(Protocol):
    """Reports a run elsewhere. Whatever it raises ends the logger, and not the run."""

    def __call__(self, event: Progress, /) -> object:
        """Take one event of ``builder.training.progress``; each epoch comes once in all sessions of a run."""

    def close(self, summary: Summary | None, /) -> object:
        """Finish; ``summary`` is the result of the run, None where it was stopped or failed."""


OpenLogger: TypeAlias = "Callable[[LoggedRun], Logger]"


def settings_of(recipe: Recipe, **beside: object) -> dict[str, object]:
    """Return what is ``beside`` a recipe, and its fields with a name each: ``optimizer.lr``."""
    return beside | dict(leaves(recipe.model_dump(mode="json")))
