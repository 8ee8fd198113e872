"""``archcli study``: many runs for one question, planned, run and watched."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.extras import need
from builder.files import is_folder
from builder.runs.logs.choice import TENSORBOARD, choose_logs
from builder.study.extending import add_seeds
from builder.study.page.page import find_study, read_study
from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from builder.study.planning import PlanOptions, newest_folder, plan_study, preview_study
from builder.study.results.folder import StudyFolder
from builder.study.status import study_status
from builder.study.workers.code import changed_code, named_plugins, plugins_of, version_with
from builder.study.workers.resources import free_workers
from builder.training.recipe.data_sets import DATA_SETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from builder.study.plan.plan import Plan
    from builder.study.status import StudyStatus
    from builder.study.workers.coordinator import Finished
    from builder.study.workers.pool import Refused

_ADDRESS = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):[0-9]{1,5}")


@dataclass(frozen=True)
class Planned:
    """A plan with the folder that holds it, and whether it was made now.

    Without PyTorch a plan is only looked ahead to: it lies in no folder.
    """

    folder: Path | None
    is_new: bool
    plan: Plan


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """What the command line says of a study: its page or folder, and where things lie and are run.

    ``anew`` plans it once more; ``retry`` tries failed cells again; ``other_code`` goes on although the code that
    trains is not that of the plan. ``scheduler`` is the address of a Dask cluster that runs, and ``tls`` a folder with
    certificates for it; ``hours`` take the place of the page's budget. ``more_seeds`` are added to a
    study that has ended. ``logs`` are the loggers that cells are reported to, as of ``train --log``.
    """

    what: str
    place: PlanOptions
    anew: bool = False
    retry: bool = False
    other_code: bool = False
    scheduler: str | None = None
    tls: Path | None = None
    hours: float | None = None
    more_seeds: int | None = None
    logs: tuple[str, ...] = ()


def plan(asked: StudyOptions, on_measured: Callable[[str, int, int], None]) -> Planned:
    """Return the plan of a study's page, which is made and written down unless it already exists.

    ``on_measured`` is told of every network that is measured: its name, its number, and how many there are. Where
    PyTorch is not installed, the plan is a preview, for data whose size is known without them. Raises
    ArchError for a page that is wrong or has changed since it was planned, RunError for data, a device or a folder that
    can't be had.
    """
    if not _has_torch() and (preview := _preview(asked)) is not None:
        return Planned(None, is_new=True, plan=preview)
    folder, found, is_new = _planned(asked, on_measured)
    return Planned(folder.path, is_new, found)


@dataclass(frozen=True)
class Progress:
    """How many cells of a study have ended, now and in all, and how long the others take at the pace of these."""

    ended: int
    cells: int
    seconds_left: float


@dataclass(frozen=True)
class RunCallbacks:
    """Who is told what happens while a study runs.

    ``measured`` and ``planned`` as in ``plan``; every cell that has ``finished``, with how far the study is; every
    worker that was ``refused``; and often, in ``turn``, what says how things stand.
    """

    measured: Callable[[str, int, int], None]
    planned: Callable[[Planned], None]
    finished: Callable[[Finished, Progress], None]
    refused: Callable[[Refused], None]
    turn: Callable[[Callable[[], StudyStatus]], None]


def run(asked: StudyOptions, callbacks: RunCallbacks) -> StudyStatus:
    """Run what is not done of a study, planning it first if it is not planned, and return how far it is then.

    Raises what ``plan`` and ``builder.study.workers.coordinator.Coordinator.run`` raise, ArchError for options that do
    not go together, RunError where another process
    runs the study or no cluster can be had, and ModuleNotFoundError where PyTorch is not installed.
    """
    _check_cluster(asked)
    logs = choose_logs(asked.logs)
    if asked.scheduler is None and any(each.file is None for each in logs):
        need(TENSORBOARD, "`--log tensorboard`")
    if not _has_torch():  # the workers would end one after the other
        raise _no_torch()
    folder, found, is_new = _planned(asked, callbacks.measured)
    callbacks.planned(Planned(folder.path, is_new, found))
    check_plugins(found, folder, asked.place.plugins)
    if not asked.other_code:
        check_code(found, asked.place.plugins)
    if asked.more_seeds is not None:
        found = add_seeds(folder, found, asked.more_seeds)
    stages = Stages(folder, found)
    if asked.retry:
        for cell in stages.known_cells():
            folder.cell(cell.id).failure.unlink(missing_ok=True)
    _run(asked, stages, callbacks)
    return study_status(folder, found)


def _check_cluster(asked: StudyOptions) -> None:
    """Raise ArchError for what is no address, and where options of a cluster and of this machine stand together."""
    if asked.scheduler is not None and not _ADDRESS.fullmatch(asked.scheduler):
        message = f"`{asked.scheduler}` is not the address of a Dask scheduler"
        raise ArchError(Diagnostic("usage", message, None, "such as tcp://HOST:8786, or tls://HOST:8786"))
    if asked.tls is not None and asked.scheduler is None:
        hint = "name its scheduler: --scheduler tls://HOST:8786"
        raise ArchError(Diagnostic("usage", "`--tls` is for a Dask cluster that runs", None, hint))
    if asked.place.workers is not None and asked.scheduler is not None:
        hint = "start as many as you want: dask worker ADDRESS --nworkers N --nthreads 1"
        message = "`--workers` are those of this machine, and `--scheduler` has its own"
        raise ArchError(Diagnostic("usage", message, None, hint))


def _run(asked: StudyOptions, stages: Stages, callbacks: RunCallbacks) -> None:
    """Run a study on a cluster of its own, or on that which was asked for."""
    from builder.study.workers.cluster import connected, embedded
    from builder.study.workers.context import context_for
    from builder.study.workers.coordinator import Callbacks, coordinate
    from builder.study.workers.limits import Limits
    from builder.study.workers.note import alone
    from builder.study.workers.task import prepare_trials

    folder, found = stages.folder, stages.plan
    workers = asked.place.workers or (free_workers(found.workers) if found.device == "cpu" else found.workers)
    logs = folder.path / "workers"
    texts = {name: each.text for name, each in named_plugins(asked.place.plugins).items()}
    data, is_remote = _data_folder(asked, found), asked.scheduler is not None
    loggers = {each.name: each.file.read_text("utf-8") if each.file else "" for each in choose_logs(asked.logs)}
    context = context_for(folder, found, data, asked.place.device, texts, is_remote=is_remote, logs=loggers)
    watched = Callbacks(
        finished=_counting(study_status(folder, found), callbacks.finished),
        refused=callbacks.refused,
        turn=lambda: callbacks.turn(lambda: study_status(folder, found)),
    )
    with (
        alone(folder),
        connected(logs, asked.scheduler, asked.tls) if asked.scheduler else embedded(logs, workers) as cluster,
    ):
        coordinate(stages, cluster, prepare_trials, context, Limits(), found.hours, watched)


def _counting(before: StudyStatus, finished: Callable[[Finished, Progress], None]) -> Callable[[Finished], None]:
    """Return what tells ``finished`` of every cell how many have ended with it; no folder is read for that."""
    began, already = monotonic(), before.counts["done"] + before.counts["failed"]
    now = count(1)

    def tell(value: Finished) -> None:
        ended = next(now)
        left = (monotonic() - began) / ended * max(0, before.cells - already - ended)
        finished(value, Progress(already + ended, before.cells, left))

    return tell


def status(asked: StudyOptions) -> StudyStatus:
    """Return how far a study is; raise RunError where it has no plan yet."""
    folder = folder_of(asked.what, asked.place.studies)
    return study_status(folder, read_plan(folder.plan))


def check_plugins(found: Plan, folder: StudyFolder, plugins: Sequence[Path]) -> None:
    """Raise RunError unless ``plugins`` are those of the plan: what lies in a folder is not run unless it is named."""
    planned, given = plugins_of(found.code), plugins_of(version_with(plugins))
    if planned.keys() == given.keys():
        return  # whether one of them has changed, the code's check says
    copies = " ".join(f"--plugin {folder.plugins / name}" for name in planned)
    called = " and ".join(planned) if planned else "no plugin"
    message = f"{folder.path} was planned with {called}, and archcli runs only plugins that you name"
    raise RunError(message, f"read it, and name it: {copies}" if planned else "leave out `--plugin`, or plan it again")


def check_code(found: Plan, plugins: Sequence[Path] = ()) -> None:
    """Raise RunError where the code that decides results is not that with which the study was planned."""
    changed = changed_code(found.code, version_with(plugins))
    if changed:
        listed = ", ".join(changed[:4]) + (f" and {len(changed) - 4} more" if len(changed) > 4 else "")
        message = f"the training code has changed since the study was planned: {listed}"
        hint = "plan it again with --new; or continue with --other-code, which mixes the results of both"
        raise RunError(message, hint)


def _planned(
    asked: StudyOptions, on_measured: Callable[[str, int, int], None] | None
) -> tuple[StudyFolder, Plan, bool]:
    there = _as_folder(asked.what)
    if there is not None:
        found = read_plan(there.plan)
        return there, replace(found, hours=asked.hours or found.hours), False
    study = read_study(find_study(asked.what), plugins=asked.place.plugins)
    folder, found, is_new = plan_study(study, asked.place, on_measured, anew=asked.anew)
    return folder, replace(found, hours=asked.hours or study.hours), is_new


def _preview(asked: StudyOptions) -> Plan | None:
    """Return what is known of a plan that would be made now, None where there is one already.

    Raises ModuleNotFoundError where the images have to be counted first.
    """
    if _as_folder(asked.what) is not None:
        return None
    study = read_study(find_study(asked.what), plugins=asked.place.plugins)
    if not asked.anew and newest_folder(study.name, asked.place.studies) is not None:
        return None
    if DATA_SETS[study.data].counts is None:
        raise _no_torch()
    return preview_study(study, asked.place)


def _no_torch() -> ModuleNotFoundError:
    """Return what importing PyTorch raises where it is not installed; what helps is said in one place for all."""
    return ModuleNotFoundError("No module named 'torch'", name="torch")


def _has_torch() -> bool:
    """Return whether PyTorch is installed, without the seconds that importing it takes."""
    try:
        return find_spec("torch") is not None
    except ModuleNotFoundError:
        return False


def folder_of(what: str, studies: Path) -> StudyFolder:
    """Return the newest folder of a study, given by its page or its name, or the folder that ``what`` is.

    Raises ArchError for a page that is wrong or not there, RunError where it has no plan in ``studies``.
    """
    there = _as_folder(what)
    if there is None:
        study = read_study(find_study(what))
        there = newest_folder(study.name, studies)
    if there is None:
        raise RunError(f"{what} has no plan in {studies}", f"archcli study plan {what}")
    return there


def _as_folder(what: str) -> StudyFolder | None:
    path = Path(what)
    return StudyFolder(path) if is_folder(path) else None


def _data_folder(asked: StudyOptions, found: Plan) -> Path:
    return asked.place.data or Path(found.data.folder or asked.place.home)
