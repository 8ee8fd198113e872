"""A study's plan and how far it is, as a person reads them."""

from __future__ import annotations

from collections import Counter
from math import inf, prod
from typing import TYPE_CHECKING

from builder.commands.text.missing import install_command
from builder.commands.text.training import pixels
from builder.quantities import duration, human, plural
from builder.study.page.space import ValueList
from builder.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.commands.study import Planned, Progress
    from builder.study.page.space import SearchDimension, SearchSpace
    from builder.study.plan.plan import Plan
    from builder.study.status import ArmStatus, Running, StudyStatus
    from builder.study.workers.coordinator import Finished
    from builder.study.workers.pool import Refused

_LISTED = 40


def planned(value: Planned) -> str:
    """Return what a study will do, what it costs, and how sure its answer can be."""
    plan = value.plan
    lines = [
        f"study    {plan.name}" + (f": {plan.question.text}" if plan.question.text else ""),
        f"data     {_data(plan)}",
        f"recipe   {plan.base.recipe.name}: {_recipe(plan)}",
        f"cells    {cells(plan)}",
        *([f"search   {_search(plan.search)}"] if plan.search else []),
        f"compare  {_compared(plan)}",
        "",
        _networks(plan),
        *_merged(plan),
        "",
        f"time     {time(plan)}",
        f"seeds    {seeds(plan)}",
        *(f"warning  {each}" for each in plan.warnings),
        *([] if value.is_new else ["planned  before; the page says the same"]),
        "",
        *_place(value),
    ]
    return "\n".join(lines)


def _place(value: Planned) -> list[str]:
    """Return the folder; where there is none, why."""
    if value.folder is not None:
        return [str(value.folder)]
    return [
        "nothing is measured or written down: that needs PyTorch, which is not installed",
        f"  help: {install_command('torch')}",
    ]


def _data(plan: Plan) -> str:
    images = ", ".join(f"{count:,} {name}" for name, count in plan.images.items())
    groups = f", in {plan.data.groups:,} groups" if plan.data.groups is not None else ""
    return f"{plan.data.name}: each cell has {images} images; the test images are the same ones for all{groups}"


def _recipe(plan: Plan) -> str:
    recipe = plan.base.recipe
    varied = list(dict.fromkeys(name for arm in plan.arms for name in arm.settings))
    also = f"; varied: {', '.join(varied)}" if varied and plan.search is None else ""
    return f"{plural(recipe.epochs, 'epoch')}, {recipe.batch_size} images a batch, {pixels(recipe)}{also}"


def cells(plan: Plan) -> str:
    """Return how many runs a study has, and what they are."""
    arms, networks = len(plan.arms), len(plan.networks)
    reused = f", {plan.reused} of which other studies have finished" if plan.reused else ""
    choices = arms // networks
    many = plural(networks, "network") + (f" × {choices} settings" if choices > 1 else "")
    if not plan.screen_seeds:
        many_seeds = plural(plan.judged_seeds, "seed")
        return f"{arms * plan.judged_seeds} = {many} × {many_seeds}{_course(plan)}, on the test split{reused}"
    screen = sum(each.cells for each in plan.rounds)
    trials = f" × {plan.search.trials} trials" if plan.search else ""
    how = f"{many}{trials} × {plural(plan.screen_seeds, 'seed')}"
    if plan.halving:
        how = ", then ".join(f"{each.arms} × {plural(each.last - each.first, 'seed')}" for each in plan.rounds)
    return (
        f"{screen} to choose = {how}, on the validation split; "
        f"then {plan.confirmed_arms * plan.confirm_seeds} to judge = the base and {plan.confirmed_arms - 1} more × "
        f"{plural(plan.confirm_seeds, 'fresh seed')}, on the test split"
    )


def _course(plan: Plan) -> str:
    """Return when the runs are looked at, where that is not once, at the end."""
    if plan.looks:
        return f", with looks at {', '.join(map(str, plan.looks[:-1]))} and {plan.looks[-1]}"
    return f" ({' and then '.join(map(str, plan.stages))})" if len(plan.stages) > 1 else ""


def _compared(plan: Plan) -> str:
    """Return what is compared with what, and which claims are one family."""
    factorial = plan.factorial
    if factorial is not None:
        kinds = Counter(each.kind for each in factorial.contrasts())
        head = (
            f"the effects of {plural(len(factorial.factors), 'factor')}: {plural(kinds['main'], 'main effect')} and "
            f"{plural(kinds['interaction'], 'interaction')} of two factors, one family of {plan.comparisons}"
        )
        lines = [
            head,
            *(f"{each.name}: {', '.join(each.levels)}" for each in factorial.factors),
        ]
        combinations = prod(len(each.levels) for each in factorial.factors)
        if combinations > len(plan.arms):
            lines.append(f"{len(plan.arms)} of the {combinations} combinations (a fraction of resolution V or more)")
        return "\n         ".join(lines)
    if not plan.comparisons:
        return "nothing: there is one network"
    what = "every variant with the base" if plan.compare == "base" else "every pair"
    return f"{what}: {plural(plan.comparisons, 'comparison')}, one family"


def _search(search: SearchSpace) -> str:
    over = "; ".join(f"{path} {_dimension(each)}" for path, each in search.space.items())
    least = plural(search.min_epochs, "epoch")
    ended = "" if search.pruner == "none" else f"; {search.pruner} ends what promises nothing after {least} or more"
    return f"{over}\n         the recipe's own first, the others chosen by {search.sampler}{ended}"


def _dimension(dimension: SearchDimension) -> str:
    if isinstance(dimension, ValueList):
        *most, last = map(str, dimension.values)
        return f"{', '.join(most)} or {last}"
    scale = " (logarithmic)" if dimension.log else f" in steps of {dimension.step:g}" if dimension.step else ""
    return f"{dimension.low:g} to {dimension.high:g}{scale}"


def _networks(plan: Plan) -> str:
    rows = []
    for number, each in enumerate(plan.networks[:_LISTED]):
        seconds = plan.seconds_of(each.name, plan.base.recipe, plan.first_stage)
        name = f"{each.name} (base)" if number == 0 else each.name
        cell = duration(seconds) if seconds is not None else ""
        rows.append([name, human(each.parameters), human(each.macs), human(each.memory), cell])
    text = table(["network", "parameters", "MACs", "memory", "a cell"], rows, right=[1, 2, 3, 4])
    more = len(plan.networks) - _LISTED
    return text + (f"\nand {more} more" if more > 0 else "")


def _merged(plan: Plan) -> list[str]:
    return [f"{each.name} is also {', '.join(each.same_as)}" for each in plan.networks if each.same_as]


def time(plan: Plan) -> str:
    """Return how long the whole study takes, where that was measured."""
    if plan.seconds is None:
        return "not measured"
    side = f", {plan.workers} cells side by side" if plan.workers > 1 else ""
    budget = ""
    if plan.hours is not None:
        over = plan.seconds > 3600 * plan.hours
        budget = f"; {'over' if over else 'within'} the budget of {plan.hours:g} h"
    quiet = ", if nothing else computes there" if plan.device == "cpu" else ""
    return f"about {duration(plan.seconds)} on {plan.device}{side}{quiet}{budget}"


def seeds(plan: Plan) -> str:
    """Return how many seeds the question needs, how many are planned, and what they can tell."""
    question = plan.question
    what = "an effect" if plan.factorial is not None else "a difference"
    asked = (
        f"{what} of {question.smallest_difference:g} points, with seeds that differ by {question.deviation:g} "
        f"(standard deviation), error rate {question.error_rate:g} and power {question.power:g}"
    )
    if plan.needed_seeds is None:
        return f"{plan.confirm_seeds} are planned for {asked}"
    return f"{plan.needed_seeds} of each network are needed for {asked}; {plan.judged_seeds} are planned{_shown(plan)}"


def _shown(plan: Plan) -> str:
    """Return what the planned runs can tell, where that is known."""
    if plan.detectable == inf:
        return ""
    runs = plural(plan.confirmed_arms * plan.judged_seeds, "run")
    what = "effects" if plan.factorial is not None else "differences"
    return f"\n         these {runs} find {what} from {plan.detectable:.2f} points"


def finished(value: Finished, now: Progress) -> str:
    """Return one line for a cell that has ended."""
    cell = value.cell
    what = f"{_named(cell.variant, cell.settings)}, seed {cell.seed}"
    head = f"{now.ended}/{now.cells}  {what}"
    if value.failure is not None:
        return f"{head}: failed after {plural(value.failure.attempts, 'attempt')}: {value.failure.message}"
    left = f", {duration(now.seconds_left)} left" if now.seconds_left else ""
    return f"{head}: done{left}"


def refused(value: Refused) -> str:
    """Return one line for a worker that can't be used."""
    return f"worker {value.address} is not used: {value.why}"


def standing(value: StudyStatus) -> str:
    """Return how far a study is: counts, networks, what is being run, what has failed, and the time left."""
    lines = [
        f"{value.name}  {summary(value)}",
        "",
        table(["network", "stage", "done", "running", "waiting", "failed"], [_row(each) for each in value.rows],
              right=[2, 3, 4, 5]),
    ]  # fmt: skip
    if value.untried:
        lines.append(f"then {plural(value.untried, 'cell')} of the screening that are not chosen yet")
    if value.later and value.look is not None:
        lines.append(f"then a look at {value.look} seeds: archcli report {value.folder}")
        lines.append(f"then up to {value.later} cells of later looks, if that leaves something open")
    elif value.later:
        lines.append(f"then {value.later} cells of the base and the finalists, which are not chosen yet")
    if value.running:
        lines += ["", *(_running(each) for each in value.running)]
    if value.failures:
        lines += ["", *(f"failed  {_named(each.variant, each.settings)}, seed {each.seed}, after "
                        f"{plural(each.attempts, 'attempt')}: {each.message}" for each in value.failures)]  # fmt: skip
    return "\n".join([*lines, "", str(value.folder)])


def summary(value: StudyStatus) -> str:
    """Return how far a study is in one line."""
    counts = value.counts
    parts = [f"{counts['done']} of {value.cells} cells done"]
    parts += [f"{counts['failed']} failed"] if counts["failed"] else []
    if value.is_done:
        return ", ".join(parts)
    parts.append("running" if value.is_running else "not running")
    parts += [f"about {duration(value.seconds_left)} left"] if value.seconds_left is not None else []
    return ", ".join(parts)


def _row(row: ArmStatus) -> list[str]:
    counts = [
        str(row.counts[state]) if row.counts[state] else "·" for state in ("done", "running", "waiting", "failed")
    ]
    return [_named(row.variant, row.settings), row.stage, *counts]


def _running(each: Running) -> str:
    return f"now  {_named(each.variant, each.settings)}, seed {each.seed}: epoch {each.epoch} of {each.epochs} done"


def _named(variant: str, settings: Mapping[str, object]) -> str:
    said = ", ".join(f"{name.rpartition('.')[2]}={value}" for name, value in settings.items())
    return f"{variant} ({said})" if said else variant
