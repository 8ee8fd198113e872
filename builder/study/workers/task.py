"""What a Dask worker does for a study: it says what it is, makes itself ready, and runs one cell at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from distributed import get_worker

from builder.diagnostics import ArchError, RunError
from builder.files import make_folder, write_text
from builder.runs.processes import before_torch_starts
from builder.study.results.cells import cell_from_json
from builder.study.results.folder import CellFolder, StudyFolder
from builder.study.workers.context import StudyContext
from builder.study.workers.facts import facts
from builder.study.workers.memory import keep_freed_memory
from builder.study.workers.place import claimed, forget_cell, prepare_cell, sees
from builder.study.workers.watch import Watch
from builder.training.folder.failure import DivergedError
from builder.training.interrupts import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from distributed import Worker

    from builder.study.results.cells import Cell
    from builder.study.results.result import CellResult
    from builder.study.workers.trial import Watcher

Perform: TypeAlias = "Callable[[Cell, Path, Watcher], CellResult]"
"""What runs a cell in a folder."""

Prepare: TypeAlias = "Callable[[StudyContext, Sequence[Path], int], Perform]"
"""What makes a worker of that number ready for a context: images are loaded, plugins are run."""

Kind: TypeAlias = Literal["ready", "done", "failed", "busy", "stopped", "broken"]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a task has come to.

    A cell has its ``result``, or has ``failed`` with a message, for good where that ``is_final``; was ``busy`` because
    another process has it; or was ``stopped``, with its checkpoint saved. A worker is ``ready``, or so ``broken`` that
    no cell can go well on it, as on a full disk. ``is_shared`` says that the cell lies in the study's own folder.
    """

    kind: Kind
    message: str = ""
    result: CellResult | None = None
    is_final: bool = False
    is_shared: bool = True


def prepare_trials(context: StudyContext, plugins: Sequence[Path], number: int) -> Perform:
    """Return what trains cells; torch is imported now."""
    keep_freed_memory()
    before_torch_starts()
    from builder.study.workers.trial import trainer  # noqa: PLC0415 - torch reads what is set above

    return trainer(context, plugins, number)


def worker_facts() -> dict[str, Any]:
    """Return what this worker computes with, and the resources with which it was started, such as a GPU."""
    return facts() | {"resources": dict(get_worker().state.total_resources)}


def make_ready(prepare: Prepare, text: str) -> Outcome:
    """Do now what the cells of a context share, so that none of them waits for it."""
    try:
        _performer(prepare, text)
    except (RunError, ArchError) as error:
        return Outcome("broken", said(error))
    return Outcome("ready")


def run_cell(prepare: Prepare, text: str, topic: str, defined: Mapping[str, Any], page: str) -> Outcome:
    """Run the cell that is ``defined``, of the network on ``page``; whatever happens is an outcome, and none raised."""
    worker = get_worker()
    cell = cell_from_json(defined)
    is_shared = False
    try:
        own = _performer(prepare, text)
        is_shared = own.study is not None
        place = own.study.cell(cell.id) if own.study is not None else CellFolder(_scratch(worker) / cell.id)
        prepare_cell(place, cell, page)
        with claimed(place) as is_free:
            if not is_free:
                return Outcome("busy", is_shared=is_shared)
            watch = Watch(worker, str(worker.get_current_task()), topic, cell.id, place.path)
            result = own.perform(cell, place.path, watch)
    except Interrupted:
        watch.say(stopped=True)
        return Outcome("stopped", is_shared=is_shared)
    except (RunError, ArchError) as error:
        if isinstance(error.__cause__, OSError):  # no cell could do better here
            return Outcome("broken", said(error), is_shared=is_shared)
        return Outcome("failed", said(error), is_final=isinstance(error, DivergedError | ArchError))
    except MemoryError:
        return Outcome("failed", "there is not enough memory for it")
    except Exception as error:  # noqa: BLE001 - one cell's accident must not end the others
        return Outcome("failed", f"{type(error).__name__}: {error}")
    return Outcome("done", result=result, is_shared=is_shared)


def forget(cell: str) -> None:
    """Remove what a cell left in this worker's scratch folder."""
    forget_cell(_scratch(get_worker()), cell)


def said(error: RunError | ArchError) -> str:
    """Return an error as one line: what happened, and what helps."""
    hint = error.hint if isinstance(error, RunError) else None
    return f"{error} ({hint})" if hint else str(error)


@dataclass(frozen=True)
class _Ready:
    """What the cells of a context share here; the folder of the study where it is seen, None where it is not."""

    perform: Perform
    study: StudyFolder | None


@lru_cache(maxsize=1)
def _performer(prepare: Prepare, text: str) -> _Ready:
    context, worker = StudyContext.of(text), get_worker()
    number = str(worker.name).rpartition("-")[2]
    folder = _scratch(worker) / "plugins" / sha256(text.encode()).hexdigest()[:16]
    plugins = []
    for name, content in context.plugins.items():
        make_folder(folder)
        write_text(folder / name, content)
        plugins.append(folder / name)
    perform = prepare(context, plugins, int(number) if number.isdigit() and not context.is_remote else 0)
    study = StudyFolder(Path(context.study))
    return _Ready(perform, study if sees(study, context.fingerprint) else None)


def _scratch(worker: Worker) -> Path:
    """Return where cells lie on this machine whose study it does not see; it outlives the worker."""
    return Path(worker.local_directory).parent / "archcli"
