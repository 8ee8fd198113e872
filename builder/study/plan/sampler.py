"""Which hyperparameters are tried next, and which trial is ended early: Optuna's samplers and pruners.

Nothing of Optuna's is kept. What a network's trials have come to lies in the study's folder, and is told to a study in
memory anew for every question: so a search goes on from any kill, and on another machine.
https://optuna.readthedocs.io/en/stable/reference/samplers/index.html and …/pruners.html
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from builder.diagnostics import ArchError
from builder.study.page.space import ValueList, with_settings
from builder.study.plan.extra import optuna

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from optuna.study import Study
    from optuna.trial import Trial

    from builder.study.page.space import SearchDimension, SearchSpace
    from builder.training.recipe.recipe import Recipe

RANDOM_FIRST = 10
"""The number of random trials before a sampler learns from them, but no more than a third of all."""

ASKED = 20
"""So often a sampler is asked for something new before the search of a network has nothing left to try."""

PastTrialState: TypeAlias = Literal["running", "done", "pruned", "failed"]


@dataclass(frozen=True)
class PastTrial:
    """A trial of one network: what, how it stands, and its validation accuracies (0 to 1) epoch by epoch.

    ``value`` is the mean over its seeds of the best of them, None before it is done.
    """

    settings: Mapping[str, object]
    state: PastTrialState
    curve: tuple[float, ...] = ()
    value: float | None = None


def check_installed() -> None:
    """Raise RunError where Optuna is not installed: before anything is trained for a search that can't go on."""
    _optuna()


def propose(
    search: SearchSpace, name: str, tried: Sequence[PastTrial], recipe: Recipe
) -> tuple[Mapping[str, object], Recipe] | None:
    """Return what to try after ``tried``, with the recipe that comes of it, or None where nothing new is left.

    A pure function of its arguments: all networks of the study ``name`` begin with the same random trials. Raises
    RunError where Optuna is not installed.
    """
    study, _ = _told(search, name, tried)
    before = [each.settings for each in tried]
    for attempt in range(ASKED):
        study.sampler = _sampler(search, _seed(name, len(tried), attempt))
        settings = _settings(search, study.ask(_distributions(search)).params)
        if settings not in before:
            try:
                return settings, with_settings(recipe, settings)
            except ArchError:  # values that this recipe can't have together
                continue
    return None


def is_hopeless(search: SearchSpace, name: str, tried: Sequence[PastTrial], number: int, epochs: int) -> bool:
    """Return whether the pruner would end the trial at index ``number`` now, after the epochs that its curve has."""
    if search.pruner == "none" or len(tried[number].curve) < search.min_epochs:
        return False
    others = [*tried[:number], PastTrial(tried[number].settings, "running"), *tried[number + 1 :]]
    _, trials = _told(search, name, others, epochs)
    return _reported(trials[number], tried[number].curve)


def _told(search: SearchSpace, name: str, tried: Sequence[PastTrial], epochs: int = 1) -> tuple[Study, list[Trial]]:
    """Return a study that knows everything that was tried, and its trials."""
    module = _optuna()
    study: Study = module.create_study(
        study_name=name,
        direction="maximize",
        sampler=module.samplers.RandomSampler(seed=0),
        pruner=_pruner(search, epochs),
    )
    for each in tried:
        study.enqueue_trial(_parameters(search, each.settings))
    trials = [study.ask(_distributions(search)) for _ in tried]
    for trial, each in zip(trials, tried, strict=True):
        _reported(trial, each.curve)
        if each.state != "running":
            state = {"done": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}[each.state]
            study.tell(trial, each.value if each.state == "done" else None, state=module.trial.TrialState[state])
    return study, trials


def _reported(trial: Trial, curve: Sequence[float]) -> bool:
    """Report a curve epoch by epoch, and return whether it would be ended after the last."""
    hopeless = False
    for epoch, accuracy in enumerate(curve, 1):
        trial.report(accuracy, epoch)
        hopeless = trial.should_prune()  # of every epoch: some pruners note who has come how far
    return hopeless


def _seed(*parts: object) -> int:
    return int.from_bytes(sha256(repr(parts).encode()).digest()[:4], "big")


def _sampler(search: SearchSpace, seed: int) -> Any:
    samplers = _optuna().samplers
    first = min(RANDOM_FIRST, -(-search.trials // 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is experimental in older versions is not in newer ones
        if search.sampler == "random":
            return samplers.RandomSampler(seed=seed)
        if search.sampler == "gp":
            return samplers.GPSampler(seed=seed, n_startup_trials=first)
        return samplers.TPESampler(seed=seed, n_startup_trials=first, constant_liar=True)


def _pruner(search: SearchSpace, epochs: int) -> Any:
    pruners, least = _optuna().pruners, search.min_epochs
    match search.pruner:
        case "median":
            return pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=least)
        case "successive_halving":
            return pruners.SuccessiveHalvingPruner(min_resource=least)
        case "hyperband":
            return pruners.HyperbandPruner(min_resource=least, max_resource=max(least, epochs))
    return pruners.NopPruner()


def _distributions(search: SearchSpace) -> dict[str, Any]:
    return {path: _distribution(each) for path, each in search.space.items()}


def _distribution(dimension: SearchDimension) -> Any:
    kinds = _optuna().distributions
    if isinstance(dimension, ValueList):  # by their numbers, for a value may be anything
        return kinds.CategoricalDistribution(range(len(dimension.values)))
    low, high, log, step = dimension.low, dimension.high, dimension.log, dimension.step
    if dimension.integer:
        return kinds.IntDistribution(int(low), int(high), log=log, step=int(step or 1))
    return kinds.FloatDistribution(low, high, log=log, step=step)


def _settings(search: SearchSpace, parameters: Mapping[str, Any]) -> dict[str, object]:
    """Return what Optuna's parameters mean."""
    return {path: _value(each, parameters[path]) for path, each in search.space.items()}


def _value(dimension: SearchDimension, parameter: Any) -> object:
    return dimension.values[parameter] if isinstance(dimension, ValueList) else dimension.rounded(parameter)


def _parameters(search: SearchSpace, settings: Mapping[str, object]) -> dict[str, object]:
    """Return Optuna's parameters for what was tried."""
    return {path: _parameter(each, settings[path]) for path, each in search.space.items()}


def _parameter(dimension: SearchDimension, value: object) -> object:
    return dimension.values.index(value) if isinstance(dimension, ValueList) else value


def _optuna() -> Any:
    return optuna("studies", "hyperparameters are searched")
