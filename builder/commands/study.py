"""``archcli study``: many runs for one question, planned, run and watched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from builder.diagnostics import RunError
from builder.files import is_folder
from builder.study.page.page import find_study, read_study
from builder.study.plan.plan import read_plan
from builder.study.plan.stages import Stages
from builder.study.planning import PlanOptions, newest_folder, plan_study, preview_study
from builder.study.results.folder import StudyFolder
from builder.study.status import study_status
from builder.study.workers.code import changed_code, plugins_of, version_with
from builder.study.workers.engine import Engine, local_command
from builder.study.workers.resources import free_workers
from builder.training.recipe.data_sets import DATA_SETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from builder.study.plan.plan import Plan
    from builder.study.results.cells import Cell
    from builder.study.status import StudyStatus
    from builder.study.workers.engine import Finished


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
    trains is not that of the plan.
    """

    what: str
    place: PlanOptions
    anew: bool = False
    retry: bool = False
    other_code: bool = False


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


def run(
    asked: StudyOptions,
    on_measured: Callable[[str, int, int], None],
    on_planned: Callable[[Planned], None],
    on_finished: Callable[[Finished, StudyStatus], None],
    on_turn: Callable[[Callable[[], StudyStatus]], None],
) -> StudyStatus:
    """Run what is not done of a study, planning it first if it is not planned, and return how far it is then.

    ``on_planned`` is told the plan, ``on_finished`` every cell that has ended, and ``on_turn`` often, with what says
    how things stand. Raises what ``plan`` and ``builder.study.workers.engine.Engine.run`` raise, and
    ModuleNotFoundError where PyTorch is not installed.
    """
    if not _has_torch():  # the workers would end one after the other
        raise _no_torch()
    folder, found, is_new = _planned(asked, on_measured)
    on_planned(Planned(folder.path, is_new, found))
    check_plugins(found, folder, asked.place.plugins)
    if not asked.other_code:
        check_code(found, asked.place.plugins)
    stages = Stages(folder, found)
    if asked.retry:
        for cell in stages.known_cells():
            folder.cell(cell.id).failure.unlink(missing_ok=True)
    workers = asked.place.workers or (free_workers(found.workers) if found.device == "cpu" else found.workers)
    engine = Engine(
        folder,
        partial(stages.open_cells, workers),
        local_command(folder, asked.place.device, str(_data_folder(asked, found)), asked.place.plugins),
        workers,
        hours=found.hours,
        on_finished=lambda finished: on_finished(finished, study_status(folder, found)),
        on_turn=lambda: on_turn(lambda: study_status(folder, found)),
    )
    engine.run()
    return study_status(folder, found)


def worker(
    asked: StudyOptions,
    storage: str,
    on_planned: Callable[[Planned], None],
    on_finished: Callable[[Cell, str | None], None],
) -> StudyStatus:
    """Run cells of a study that many machines share in the database at ``storage``, until none is left anywhere.

    All results then lie in this machine's folder too. ``on_finished`` is told each cell that was run here, and what
    went wrong if anything did. Raises what ``plan`` raises, and RunError for a database that can't be reached, holds
    another study, or is lost.
    """
    from builder.study.workers.join import work
    from builder.study.workers.shared import SharedQueue
    from builder.study.workers.worker import performer

    folder, found, is_new = _planned(asked, None)
    on_planned(Planned(folder.path, is_new, found))
    check_plugins(found, folder, asked.place.plugins)
    if not asked.other_code:
        check_code(found, asked.place.plugins)
    with SharedQueue(storage, found) as queue:
        data, plugins = _data_folder(asked, found), asked.place.plugins
        perform = performer(folder, found, asked.place.device, data, plugins=plugins)
        work(queue, Stages(folder, found), perform, on_finished)
    return study_status(folder, found)


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
        return there, read_plan(there.plan), False
    study = read_study(find_study(asked.what), plugins=asked.place.plugins)
    folder, found, is_new = plan_study(study, asked.place, on_measured, anew=asked.anew)
    return folder, replace(found, hours=study.hours), is_new


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
