"""The loggers of one run while it is trained: what they are told, and what becomes of one that fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.runs.logs.choice import told
from builder.runs.logs.logged import read_logged, write_logged
from builder.training.folder.metrics import read_metrics
from builder.training.progress import EpochDone, GoingOn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import Self

    from builder.runs.logs.choice import LogChoice
    from builder.runs.logs.hook import LoggedRun, Logger, OpenLogger
    from builder.runs.logs.logged import Logged
    from builder.training.folder.metrics import EpochMetrics
    from builder.training.folder.summary import Summary
    from builder.training.progress import Progress


@dataclass(frozen=True)
class LoadedLog:
    """A logger that can be opened, and the file that its mistakes are looked for in."""

    choice: LogChoice
    open: OpenLogger


def load_logs(choices: Sequence[LogChoice]) -> tuple[LoadedLog, ...]:
    """Run the files of loggers, and return what opens them; raises what ``LogChoice.load`` raises."""
    return tuple(LoadedLog(each, each.load()) for each in choices)


def not_told(loaded: Sequence[LoadedLog], folder: Path, epoch: int) -> tuple[LoadedLog, ...]:
    """Return the loggers that were not told the result of the run in ``folder`` after its last ``epoch``."""
    known = read_logged(folder)
    return tuple(each for each in loaded if known.ended.get(each.choice.name) != epoch)


class Logs:
    """Tells the events of a run to its loggers, each epoch once; a ``with`` closes those that were not ended.

    Raises RunError where one can't be opened, before anything is trained. One that raises later is told nothing more,
    ``on_note`` is told at which event it was, and the run goes on.
    """

    def __init__(self, loaded: Sequence[LoadedLog], run: LoggedRun, on_note: Callable[[str], None]) -> None:
        self._folder, self._note = run.folder, on_note
        self._known = read_logged(run.folder)
        self._files = {each.choice.name: each.choice.file for each in loaded}
        self._live: dict[str, Logger] = {}
        if loaded:
            write_logged(run.folder, self._known)
        for each in loaded:
            self._live[each.choice.name] = self._opened(each, run)

    def _opened(self, each: LoadedLog, run: LoggedRun) -> Logger:
        name = each.choice.name
        try:
            return each.open(replace(run, id=self._known.id, done=self._known.epochs.get(name, 0)))
        except Exception as error:
            self.__exit__()
            message = f"{name} can't be opened as a logger: {told(error, each.choice.file)}"
            raise RunError(message, "correct it, or leave out `--log`; nothing has been trained") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name, logger in tuple(self._live.items()):
            self._works(name, "the end of an unfinished run", partial(logger.close, None))
        self._live.clear()

    def tell(self, event: Progress) -> None:
        """Tell an event; where a run goes on, first the epochs before it that a logger does not know."""
        if isinstance(event, GoingOn):
            self.catch_up(event.epoch)
        for name, logger in tuple(self._live.items()):
            self._tell(name, logger, event)

    def catch_up(self, epoch: int) -> None:
        """Tell the epochs before ``epoch``, as the run's file has them, to the loggers that do not know them."""
        if not self._live:
            return
        for event in _epochs_before(epoch, read_metrics(self._folder / "metrics.csv")):
            for name, logger in tuple(self._live.items()):
                self._tell(name, logger, event)

    def end(self, summary: Summary) -> None:
        """Tell the result, and close."""
        for name, logger in tuple(self._live.items()):
            if self._works(name, "the end of the run", partial(logger.close, summary)):
                self._keep(self._known.finished(name, summary.final.epoch))
        self._live.clear()

    def _tell(self, name: str, logger: Logger, event: Progress) -> None:
        kind = type(event).__name__
        if not isinstance(event, EpochDone):
            self._works(name, kind, partial(logger, event))
            return
        epoch = event.metrics.epoch
        if epoch > self._known.epochs.get(name, 0) and self._works(
            name, f"{kind} of epoch {epoch}", partial(logger, event)
        ):
            self._keep(self._known.told(name, epoch))

    def _keep(self, known: Logged) -> None:
        self._known = known
        try:
            write_logged(self._folder, known)
        except RunError as error:
            self._note(f"warning: which epochs were logged is not kept: {error.message}")

    def _works(self, name: str, where: str, call: Callable[[], object]) -> bool:
        """Call a logger; where it raises, say so, leave it out from now on, and return False."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - whatever it raises, the run is worth more
            self._live.pop(name, None)
            said = told(error, self._files[name])
            self._note(f"warning: {name} failed at {where} and is told nothing more; the run goes on: {said}")
            return False
        return True


def _epochs_before(epoch: int, rows: Sequence[EpochMetrics]) -> Iterator[EpochDone]:
    """Yield the epochs before ``epoch`` as they were reported when they ended."""
    best: float | None = None
    for row in rows[: epoch - 1]:
        is_best = best is None or row.val_accuracy > best
        best = row.val_accuracy if is_best else best
        yield EpochDone(row, best=is_best)
