"""From a study's page to its plan in a folder; a page that differs from its plan is refused, and the field is named."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import rmtree
from statistics import fmean
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from builder.diagnostics import ArchError, Diagnostic, RunError
from builder.files import cannot_write, make_folder, write_text
from builder.runs.processes import before_torch_starts
from builder.study.extending import reuse
from builder.study.page.networks import networks
from builder.study.page.page import STREAMS
from builder.study.plan.counts import counted, images_of_cells
from builder.study.plan.factors import study_arms
from builder.study.plan.plan import Plan, PlannedArm, PlannedData, PlannedNetwork, StudyQuestion, read_plan, write_plan
from builder.study.plan.sampler import check_installed
from builder.study.results.folder import StudyFolder
from builder.study.results.result import write_true_labels
from builder.study.statistics import cautions, image_error, seeds_for_effects, seeds_needed
from builder.study.workers.code import code_digest, named_plugins, version_with
from builder.study.workers.resources import check_judging
from builder.training.device.cores import usable_cores
from builder.training.folder.run_folder import RunFolder
from builder.training.recipe.data_sets import has_folder
from builder.training.recipe.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from builder.study.page.networks import Networks, StudyNetwork
    from builder.study.page.page import Study
    from builder.study.pilot import Pilot
    from builder.study.plan.factors import StudyArms

MEASURED = 16
"""Networks that are measured one by one; of more, the others are estimated by their multiply-accumulates."""


@dataclass(frozen=True, kw_only=True)
class PlanOptions:
    """Where a study is planned and run: the folder of all studies, that of the data, the device, cells side by side.

    Without a folder of the data they are looked for where they were when the study was planned, and before that in
    ``home``.
    ``plugins`` are files of operations that its networks may call; they are run.
    """

    studies: Path = Path("study-runs")
    data: Path | None = None
    home: Path = Path("data")
    device: str = "auto"
    workers: int | None = None
    plugins: tuple[Path, ...] = ()


def plan_study(
    study: Study, place: PlanOptions, on_measured: Callable[[str, int, int], None] | None, *, anew: bool = False
) -> tuple[StudyFolder, Plan, bool]:
    """Return the folder of ``study`` with its plan, and whether it was made now.

    A plan that is there holds, unless one is wanted ``anew``. ``on_measured`` is told of every network that is
    measured; without it none is, and the plan says no times. Raises ArchError where the page is wrong or asks for
    something else than its plan, RunError for data, a device or what searches that can't be had, or a folder that can't
    be written.
    """
    study_arms(study, networks(study))  # mistakes come before anything is fetched
    if study.search is not None:
        check_installed()
    with _one_at_a_time(place.studies):
        return _planned(study, place, on_measured, anew=anew)


@contextmanager
def _one_at_a_time(studies: Path) -> Iterator[None]:
    """Let several workers that begin together on one machine make one plan, which all of them read."""
    make_folder(studies)
    try:
        lock = FileLock(studies / ".planning")
        lock.acquire()
    except OSError as error:
        raise cannot_write(studies, error) from error
    try:
        yield
    finally:
        lock.release()


def _planned(
    study: Study, place: PlanOptions, on_measured: Callable[[str, int, int], None] | None, *, anew: bool
) -> tuple[StudyFolder, Plan, bool]:
    there = None if anew else newest_folder(study.name, place.studies)
    if there is not None:
        plan = read_plan(there.plan)
        check_unchanged(study, plan, there)
        return there, plan, False
    before_torch_starts()
    from builder.study.pilot import begin_pilot  # noqa: PLC0415 - torch, where a study tries its networks

    pilot = begin_pilot(study, place.data or place.home, place.device)
    images = images_of_cells(study, {name: len(split) for name, split in pilot.data.splits.items()})
    arms = study_arms(study, networks(study, len(pilot.data.classes)))
    found = arms.networks
    seconds = dict(_measured(found, pilot, on_measured)) if on_measured is not None else {}
    data = _data(study, place, pilot.data.classes, images, pilot.data.fingerprint, pilot.observations)
    dearest = max(found.all, key=lambda each: each.cost.memory)
    pilot.check_memory(dearest.name, dearest.cost.memory)
    workers = place.workers or pilot.workers(dearest.cost.memory)
    plan = _plan(study, data, arms, seconds, pilot.device_name, workers)
    check_judging(plan.confirmed_arms * plan.confirm_seeds, plan.data.images["test"])
    plan = replace(plan, warnings=(*pilot.warnings, *plan.warnings))
    folder = _new_folder(study.name, place.studies)
    _write(folder, study, found)
    if study.search is None:
        plan = _reusing(folder, plan)
    write_true_labels(folder.labels, pilot.true_labels)
    write_plan(folder.plan, plan)  # last: a folder that holds it can be run
    return folder, plan, True


def newest_folder(name: str, studies: Path) -> StudyFolder | None:
    """Return the newest planned folder of the study ``name``, None if there is none."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    found = [
        (int(match[1]), path)
        for path in (studies.iterdir() if studies.is_dir() else ())
        if (match := pattern.fullmatch(path.name)) and (path / "plan.json").is_file()
    ]
    return StudyFolder(max(found)[1]) if found else None


def check_unchanged(study: Study, plan: Plan, folder: StudyFolder) -> None:
    """Raise ArchError, with the names of what changed, where the page says something else than when it was planned."""
    now = _asked(study, study_arms(study, networks(study, len(plan.data.classes))).networks)
    if STREAMS not in plan.asked["recipe"] and (not study.says_streams or now["recipe"][STREAMS] == "one"):
        now["recipe"].pop(STREAMS)  # a plan of an earlier version, which goes on with one stream
    changed = list(_differences(_with_defaults(plan.asked), json.loads(json.dumps(now))))
    if changed:
        named = ", ".join(f"`{each}`" for each in changed[:8])
        message = f"{study.path} has changed since {folder.path} was planned: {named}"
        mark = next(
            (study.page.key_mark(key) for each in changed if study.page.get(key := each.partition(".")[0])), None
        )
        hint = (
            "`archcli study plan --new` starts a new one, with the finished cells of the old one that are its own too"
        )
        raise ArchError(Diagnostic("study-changed", message, mark, hint))


def _with_defaults(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a plan asked with the fields of a recipe that it does not know: they did not exist, as by default."""
    known = asked["recipe"]
    filled = Recipe.model_validate_json(json.dumps(known | {"name": "planned"})).model_dump(
        mode="json", exclude={"name"}
    )
    if STREAMS not in known:
        filled.pop(STREAMS)
    return {**asked, "recipe": filled}


def _asked(study: Study, found: Networks) -> dict[str, Any]:
    """Return what the page says that decides the cells and how they are judged."""
    asked: dict[str, Any] = {
        "base": found.base.name,
        "variants": {each.name: each.id for each in found.all},
        "recipe": study.recipe.model_dump(mode="json", exclude={"name"}),
        "grid": [dict(each.values) for each in study.grid],
        "data": {"name": study.data, "subset": study.subset, "test": study.test},
        "seeds": {"screen": study.screen_seeds, "confirm": study.confirm_seeds},
        "finalists": study.finalists,
        "compare": study.compare,
        "fraction": study.fraction,
        "looks": list(study.looks),
        "smallest_difference": study.smallest_difference,
        "deviation": study.deviation,
        "error_rate": study.error_rate,
        "power": study.power,
    }
    if study.groups is not None:
        asked["data"]["groups"] = study.groups
    if study.control is not None:
        asked["control"] = study.control
    if study.halving:
        asked["seeds"]["halving"] = True
    if study.search is None:
        return asked
    searched = asdict(study.search)
    return asked | {"search": {"over": searched.pop("space"), **searched}}


def _differences(before: object, now: object, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            yield from _differences(before.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif before != now:
        yield path


def _measured(found: Networks, pilot: Pilot, tell: Callable[[str, int, int], None]) -> Iterator[tuple[str, float]]:
    few = found.all[:MEASURED]
    rates = []
    for number, each in enumerate(few, 1):
        tell(each.name, number, len(few))
        try:
            seconds = pilot.seconds(each.page)
        except RunError as error:
            raise RunError(f"{each.name}: {error.message}", error.hint) from error
        rates.append(seconds / each.cost.macs)
        yield each.name, seconds
    middle = sorted(rates)[len(rates) // 2]
    for each in found.all[MEASURED:]:
        yield each.name, middle * each.cost.macs


def preview_study(study: Study, place: PlanOptions) -> Plan:
    """Return the plan of ``study`` as far as it can be made without PyTorch; its data are ``KNOWN`` by their size.

    Nothing is measured, fetched or written, and the plan can't be run: it does not know the images, nor the names of
    their classes. Raises ArchError where the page is wrong, or asks for more images than there are.
    """
    there = counted(study)
    images = images_of_cells(study, {"train": there.train, "test": there.test})
    arms = study_arms(study, networks(study, there.classes))
    data = _data(study, place, (), images, "")
    return _plan(study, data, arms, {}, "", place.workers or usable_cores())


def _data(
    study: Study,
    place: PlanOptions,
    classes: tuple[str, ...],
    images: dict[str, int],
    fingerprint: str,
    groups: int | None = None,
) -> PlannedData:
    folder = str((place.data or place.home).resolve()) if has_folder(study.data) else None
    side = study.recipe.resize
    return PlannedData(study.data, folder, study.subset, study.test, side, classes, images, fingerprint, groups)


def _plan(
    study: Study, data: PlannedData, chosen: StudyArms, seconds: dict[str, float], device: str, workers: int
) -> Plan:
    found = chosen.networks
    code = version_with(study.plugins)
    planned = Plan(
        name=study.name,
        question=StudyQuestion(
            study.question, study.smallest_difference, study.deviation, study.error_rate, study.power
        ),
        data=data,
        networks=tuple(_network(each, found, seconds) for each in found.all),
        arms=tuple(
            PlannedArm(network.name, settings.values, settings.recipe.at(_side(study, network)))
            for network, settings in chosen.arms
        ),
        screen_seeds=study.screen_seeds,
        confirm_seeds=study.confirm_seeds,
        finalists=study.finalists,
        halving=study.halving,
        hours=study.hours,
        asked=_asked(study, found),
        code=code,
        world=" ".join([data.fingerprint, *([f"{study.subset}"] if study.subset else []), code_digest(code)]),
        device=device,
        workers=workers,
        seconds=None,
        search=study.search,
        compare=chosen.compare,
        factorial=chosen.factorial,
        looks=(*study.looks, study.confirm_seeds) if study.looks else (),
    )
    return replace(planned, seconds=estimate(planned), **_certainty(planned))


def _certainty(plan: Plan) -> dict[str, Any]:
    """Return how many seeds the question needs, and what has to be said before anything is run."""
    design, comparisons = plan.design, plan.comparisons
    images = plan.data.observations
    fixed = image_error(images, layout=plan.layout)
    asked = (comparisons, design.error_rate, design.power, fixed, plan.layout)
    needed = seeds_needed(design.smallest, design.deviation, *asked)
    if needed is not None and plan.factorial is not None:
        needed = max(needed, seeds_for_effects(plan.layout))
    of_effects, are_groups = plan.factorial is not None, plan.data.groups is not None
    said = cautions(design, comparisons, images, plan.layout, of_effects=of_effects, are_groups=are_groups)
    return {"needed_seeds": needed, "warnings": tuple(said)}


def _side(study: Study, network: StudyNetwork) -> int:
    return study.recipe.side or network.side


def _network(network: StudyNetwork, found: Networks, seconds: dict[str, float]) -> PlannedNetwork:
    return PlannedNetwork(
        name=network.name,
        id=network.id,
        parameters=network.cost.parameters,
        macs=network.cost.macs,
        memory=network.cost.memory,
        places=network.places,
        settings=dict(network.settings),
        same_as=found.merged.get(network.name, ()),
        seconds=seconds.get(network.name),
    )


def estimate(plan: Plan) -> float | None:
    """Return about how many seconds of the clock the whole study takes, None where nothing was measured.

    Which arms will be finalists is not known: they are taken for the dearest. Trials of a search are taken to be
    trained as the recipe says, to their end.
    """
    first = [plan.seconds_of(each.variant, each.recipe, plan.first_stage) for each in plan.arms]
    if any(each is None for each in first):
        return None
    prices = [each for each in first if each is not None]
    if not plan.screen_seeds:
        return _on_workers(sum(prices) * plan.confirm_seeds, max(prices), plan.workers)
    last = sorted((plan.seconds_of(each.variant, each.recipe, "confirm") or 0.0 for each in plan.arms), reverse=True)
    finals = [last[min(number, len(last) - 1)] for number in range(plan.confirmed_arms)]
    screen = _on_workers(fmean(prices) * sum(each.cells for each in plan.rounds), max(prices), plan.workers)
    return screen + _on_workers(sum(finals) * plan.confirm_seeds, max(finals), plan.workers)


def _on_workers(seconds: float, longest: float, workers: int) -> float:
    return max(longest, seconds / workers)


def _reusing(folder: StudyFolder, plan: Plan) -> Plan:
    """Return the plan with the cells that other studies have; without the new folder where that can't be judged."""
    try:
        return reuse(folder, plan)
    except RunError:
        rmtree(folder.path)
        raise


def _new_folder(name: str, studies: Path) -> StudyFolder:
    """Make the next of ``NAME-001``, ``NAME-002``, …; raise RunError if that can't be."""
    return StudyFolder(RunFolder.create(studies, name).path)


def _write(folder: StudyFolder, study: Study, found: Networks) -> None:
    write_text(folder.page, study.path.read_text("utf-8"))
    make_folder(folder.networks)
    if study.plugins:
        make_folder(folder.plugins)
    for each in found.all:
        write_text(folder.network(each.name), each.page)
    for name, plugin in named_plugins(study.plugins).items():
        write_text(folder.plugins / name, plugin.text)
