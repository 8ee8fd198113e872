"""Why a run that can't be gone on with has stopped, as its folder keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import reason_of
from builder.json_files import from_object, read_object

if TYPE_CHECKING:
    from builder.training.folder.run_folder import RunFolder
    from builder.training.recipe.recipe import Recipe


class DivergedError(RunError):
    """A loss or a weight is not finite: with other hyperparameters it might be."""


@dataclass(frozen=True)
class RunFailure:
    """What happened at which ``step`` of which ``epoch`` (both from 1), in which layer it began, and what to try.

    ``layer`` is the name of a module, "" where it is none's, None where that is not known.
    """

    message: str
    hint: str
    epoch: int
    step: int
    layer: str | None


def advice(recipe: Recipe) -> str:
    """Return what to try where a loss was not finite, with the settings that do it."""
    tried = [f"a tenth of the learning rate, `--set lr={recipe.optimizer.lr / 10:g}`"]
    if recipe.schedule.warmup == 0 and "warmup" in type(recipe.schedule).model_fields:
        tried.append("warm-up, `--set warmup=1`")
    if recipe.clip_norm is None:
        tried.append("gradient clipping, `--set clip_norm=1`")
    return f"try {'; or '.join(tried)}"


def write_failure(folder: RunFolder, failure: RunFailure) -> None:
    """Write ``failure`` into ``folder``, whole or not at all; raise RunError if it can't be written."""
    folder.write_json(folder.failed.name, asdict(failure))


def read_failure(folder: RunFolder) -> RunFailure | None:
    """Return why the run in ``folder`` failed, None where it did not; RunError if that can't be read."""
    if not folder.failed.exists():
        return None
    try:
        return from_object(RunFailure, read_object(folder.failed))
    except (OSError, ValueError) as error:
        raise RunError(f"{folder.failed} is damaged; it should say why the run failed: {reason_of(error)}") from error
