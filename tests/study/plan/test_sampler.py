"""What is tried next, and what is ended early."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import pytest

from builder.diagnostics import RunError
from builder.study.page.space import NumberRange, SearchSpace, ValueList
from builder.study.plan.sampler import RANDOM_FIRST, PastTrial, is_hopeless, propose
from builder.training.recipe.recipe import Recipe, load_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from builder.study.page.fields import Pruner, Sampler

pytest.importorskip("optuna", reason="needs the extra `search`")

SPACE = {"optimizer.lr": NumberRange(0.0001, 0.1, log=True), "batch_size": ValueList((16, 32, 64))}
EPOCHS = 9


def search(trials: int = 20, sampler: Sampler = "tpe", pruner: Pruner = "none", min_epochs: int = 1) -> SearchSpace:
    """Return a search for a rate and the size of batches."""
    return SearchSpace(SPACE, trials, sampler, pruner, min_epochs)


def accuracy(settings: Mapping[str, object]) -> float:
    """Return how good settings are: best at a rate of 0.01 and batches of 32."""
    rate, batch = float(str(settings["optimizer.lr"])), settings["batch_size"]
    return 0.9 - 0.1 * abs(math.log10(rate) + 2) - (0.0 if batch == 32 else 0.05)


def curve(top: float, epochs: int = EPOCHS) -> tuple[float, ...]:
    """Return accuracies that rise to ``top``."""
    return tuple(top * (1 - math.exp(-each)) for each in range(1, epochs + 1))


@pytest.fixture
def recipe() -> Recipe:
    """Give the recipe of the first trial."""
    return load_recipe("digits").at(64)


def first(recipe: Recipe) -> PastTrial:
    """Return the trial with the recipe's own values."""
    own = {"optimizer.lr": recipe.optimizer.lr, "batch_size": recipe.batch_size}
    return PastTrial(own, "done", curve(accuracy(own)), accuracy(own))


def run(asked: SearchSpace, recipe: Recipe, name: str = "s") -> list[PastTrial]:
    """Return all trials of a search, one after another."""
    tried = [first(recipe)]
    while len(tried) < asked.trials and (found := propose(asked, name, tried, recipe)) is not None:
        tried.append(PastTrial(found[0], "done", curve(accuracy(found[0])), accuracy(found[0])))
    return tried


class TestPropose:
    """What is tried next."""

    @pytest.mark.parametrize("sampler", ["tpe", "random", "gp"])
    def test_every_try_is_new_and_allowed(self, recipe: Recipe, sampler: Sampler) -> None:
        """And its recipe says what its settings do."""
        tried = run(search(12, sampler), recipe)
        assert len({str(each.settings) for each in tried}) == len(tried) == 12
        for each in tried[1:]:
            assert each.settings["optimizer.lr"] in SPACE["optimizer.lr"]
            assert each.settings["batch_size"] in SPACE["batch_size"]
        settings, made = propose(search(12, sampler), "s", tried[:3], recipe) or ({}, recipe)
        assert (made.optimizer.lr, made.batch_size) == (settings["optimizer.lr"], settings["batch_size"])

    def test_the_same_past_has_the_same_next(self, recipe: Recipe) -> None:
        """So a search that was killed goes on as if nothing had been; another study draws other numbers."""
        tried = run(search(8), recipe)
        again = propose(search(), "s", tried, recipe)
        assert again == propose(search(), "s", tried, recipe)
        assert again != propose(search(), "other", tried, recipe)

    def test_it_learns_from_what_went_well(self, recipe: Recipe) -> None:
        """After its random beginning it trials what lies nearer to the best; what is random never does."""

        def later(sampler: Sampler) -> float:
            found = [run(search(30, sampler), recipe, name)[RANDOM_FIRST:] for name in "abc"]
            every = [each.value or 0.0 for trials in found for each in trials]
            return sum(every) / len(every)

        assert later("tpe") > later("random") + 0.03

    def test_what_runs_and_what_failed_is_known_too(self, recipe: Recipe) -> None:
        """Neither is tried again."""
        tried = [first(recipe)]
        for state in ("running", "failed", "pruned", "running"):
            found = propose(search(), "s", tried, recipe)
            assert found is not None
            tried.append(PastTrial(found[0], state, (0.1,) if state == "pruned" else ()))
        assert len({str(each.settings) for each in tried}) == 5

    def test_where_nothing_new_is_left_it_ends(self, recipe: Recipe) -> None:
        """However many trials were asked for."""
        asked = SearchSpace({"batch_size": ValueList((16, 32, 64))}, 10, "random", "none", 1)
        own = PastTrial({"batch_size": recipe.batch_size}, "done", (0.5,), 0.5)
        tried = [own]
        while (found := propose(asked, "s", tried, recipe)) is not None:
            tried.append(PastTrial(found[0], "done", (0.5,), 0.5))
        assert sorted(str(each.settings["batch_size"]) for each in tried) == ["16", "32", "64"]

    def test_what_a_recipe_cannot_have_is_not_tried(self, recipe: Recipe) -> None:
        """A warm-up that is longer than the training."""
        asked = SearchSpace(
            {"epochs": NumberRange(1, 8, integer=True), "schedule.warmup": NumberRange(0, 8)}, 20, "random", "none", 1
        )
        tried = [PastTrial({"epochs": 8, "schedule.warmup": 1.0}, "done", (0.5,), 0.5)]
        for _ in range(10):
            found = propose(asked, "s", tried, recipe)
            assert found is not None
            tried.append(PastTrial(found[0], "done", (0.5,), 0.5))
            assert found[1].schedule.warmup <= found[1].epochs

    def test_without_optuna_it_says_what_to_install(self, recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is an extra."""
        monkeypatch.setitem(sys.modules, "optuna", None)
        with pytest.raises(RunError, match="Optuna, which is not installed") as raised:
            propose(search(), "s", [first(recipe)], recipe)
        assert raised.value.hint == "pip install 'archcli-cnn[studies]'"


def past(good: int = 6) -> list[PastTrial]:
    """Return trials that went well."""
    return [
        PastTrial({"optimizer.lr": 0.01 + each / 1000, "batch_size": 32}, "done", curve(0.9), 0.9)
        for each in range(good)
    ]


def ended_after(pruner: Pruner, top: float, min_epochs: int = 1) -> int:
    """Return after how many epochs a trial that rises to ``top`` is ended, among others that rose to 0.9."""
    asked, others = search(pruner=pruner, min_epochs=min_epochs), past()
    for epochs in range(1, EPOCHS):
        own = PastTrial({"optimizer.lr": 0.05, "batch_size": 64}, "running", curve(top, epochs))
        if is_hopeless(asked, "s", [*others, own], len(others), EPOCHS):
            return epochs
    return EPOCHS


class TestHopeless:
    """What is ended early."""

    @pytest.mark.parametrize("pruner", ["median", "successive_halving", "hyperband"])
    def test_what_is_far_behind_is_ended_and_what_leads_is_not(self, pruner: Pruner) -> None:
        """Each of Optuna's pruners by its own rule."""
        assert ended_after(pruner, 0.1) < EPOCHS
        assert ended_after(pruner, 0.95) == EPOCHS

    def test_without_a_pruner_nothing_is(self) -> None:
        """Every trial has its whole time."""
        assert ended_after("none", 0.1) == EPOCHS

    @pytest.mark.parametrize("pruner", ["median", "successive_halving", "hyperband"])
    def test_some_epochs_everything_gets(self, pruner: Pruner) -> None:
        """Those of ``min_epochs``."""
        assert ended_after(pruner, 0.1, min_epochs=3) >= 3

    def test_the_first_tries_have_nothing_to_be_compared_with(self) -> None:
        """The median of fewer than three says little."""
        own = PastTrial({"optimizer.lr": 0.05, "batch_size": 64}, "running", curve(0.1, 4))
        assert not is_hopeless(search(pruner="median"), "s", [*past(2), own], 2, EPOCHS)
        assert is_hopeless(search(pruner="median"), "s", [*past(3), own], 3, EPOCHS)
