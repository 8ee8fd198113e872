"""``archcli resume``: a run goes on from where it was stopped, or gets more epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builder.commands.preparation import prepare_again
from builder.commands.train import Beginning, Trained, describe, train_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from builder.training.progress import Progress


def run(
    path: Path,
    settings: tuple[str, ...],
    device: str,
    data_dir: Path | None,
    plugins: tuple[Path, ...],
    on_beginning: Callable[[Beginning], None],
    on_progress: Callable[[Progress], None],
) -> Trained:
    """Train the run at ``path`` to its end and return the result, which is at once there if it had ended before.

    Raises ArchError and RunError as ``prepare_again`` does, and whatever ``builder.training.trainer.train`` raises.
    """
    from builder.training.run_folder import RunFolder
    from builder.training.summary import read_summary

    folder = RunFolder.open(path)
    ready = prepare_again(folder, settings, device, data_dir, plugins)
    with ready.team as team:
        beginning = describe(str(folder.page), ready, folder)
        on_beginning(beginning)
        ended = team.said_by_first(lambda: read_summary(folder))
        if ended is not None and ended.epochs == ready.recipe.epochs:
            return Trained(beginning, ended)
        return Trained(beginning, train_in(folder, ready, on_progress))
