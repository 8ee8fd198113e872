"""Answers of studies of factors, and of variants beside a base, in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from builder.study.statistics import (
    WITH,
    WITHOUT,
    Blocked,
    Comparison,
    Design,
    Effect,
    Effects,
    Factor,
    base_answer,
    compare,
    effects,
    effects_answer,
    effects_sentences,
    full_product,
)
from tests.study.statistics.arms import group, steady_arm

if TYPE_CHECKING:
    from builder.study.statistics import Group
    from builder.study.statistics.effects import EffectVerdict

DESIGN = Design(smallest=0.3, seeds=6)
ARMS = group(*(steady_arm(name, 6, 100 + place) for place, name in enumerate(("A", "B", "C", "D"))))
ONE, TWO = "se at block1", "block*.shortcut"


def effect(verdict: EffectVerdict, size: float, *factors: str, bound: float = 0.5, seeds: int | None = None) -> Effect:
    """Return an effect of one factor or two, of which that was found."""
    return Effect(
        kind="main" if len(factors) == 1 else "interaction",
        factors=factors,
        levels=tuple("auto" if each == TWO else WITH for each in factors),
        verdict=verdict,
        estimate=size,
        can_tell=verdict in {"positive", "negative"},
        equivalent=verdict == "equivalent",
        interval=(size - 0.2, size + 0.2),
        joint_interval=(-bound, bound),
        seeds_that_would_tell=seeds,
    )


def said(*found: Effect, arms: Group = ARMS) -> tuple[str, ...]:
    """Return the answer in sentences."""
    return effects_sentences(arms, Effects(found, Blocked(4, 6, 0, 15)), DESIGN)


class TestEffects:
    """What is said of factors."""

    def test_what_gains_is_said_with_its_interval_the_largest_first(self) -> None:
        """And what loses."""
        first, *_ = said(effect("positive", 0.4, ONE), effect("negative", -0.6, TWO))
        assert first == (
            "block*.shortcut = auto loses 0.60 points (0.40 to 0.80); se at block1 gains 0.40 points (0.20 to 0.60)."
        )

    def test_what_does_nothing_is_said_with_what_is_ruled_out(self) -> None:
        """At most the smallest difference that matters."""
        assert said(effect("equivalent", 0.1, ONE, bound=0.244), effect("equivalent", 0.0, TWO, bound=0.2))[0] == (
            "se at block1 and block*.shortcut = auto make no difference above 0.25 points."
        )

    def test_a_gain_that_does_not_matter_is_called_so(self) -> None:
        """It is told, and it is small."""
        small = replace(effect("positive", 0.1, ONE), interval=(0.05, 0.15), equivalent=True)
        assert said(small)[0] == "se at block1 gains 0.10 points (0.05 to 0.15), which is less than what matters."

    def test_what_is_open_is_said_with_what_would_decide(self) -> None:
        """The most seeds that any effect needs, beyond those that are there."""
        open_ones = (
            effect("undecided", 0.2, ONE, bound=0.511, seeds=9),
            effect("undecided", 0.1, "se at block2", seeds=15),
        )
        assert said(*open_ones) == (
            "se at block1 and se at block2 cannot be told from no effect, and more than 0.52 points is ruled out.",
            "About 9 more seeds for each network would decide.",
        )
        answer = effects_answer(ARMS, Effects(open_ones, Blocked(4, 6, 0, 15)), DESIGN)
        assert (answer.more_seeds, answer.ruled_out_above, answer.best) == (9, 0.52, ())

    def test_more_seeds_may_not_help(self) -> None:
        """Where the images are too few."""
        assert said(effect("undecided", 0.2, ONE))[-1] == "More seeds would not decide, only more test images."

    def test_factors_that_do_not_add_up_are_named(self) -> None:
        """Twice the interaction is what the one's effect gains by the other."""
        found = said(effect("positive", 0.4, ONE), effect("negative", -0.25, ONE, TWO))
        assert found[1] == (
            "se at block1 and block*.shortcut = auto do not add up: with the second, the first is worth 0.50 points "
            "less (0.10 to 0.90)."
        )

    def test_factors_that_add_up_are_said_to(self) -> None:
        """Again twice what was ruled out."""
        found = said(effect("positive", 0.4, ONE), effect("equivalent", 0.02, ONE, TWO, bound=0.12))
        assert found[1] == "se at block1 and block*.shortcut = auto add up, to within 0.24 points."

    def test_of_many_pairs_the_number_is_said(self) -> None:
        """Names of all would fill the page."""
        names = ("se at a", "se at b", "se at c", "se at d")
        pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
        found = [effect("undecided", 0.1, *pair, seeds=8) for pair in pairs]
        assert said(effect("positive", 0.4, ONE), *found)[1] == "Whether all factors add up cannot be told."
        assert said(effect("positive", 0.4, ONE), *found[:5], effect("equivalent", 0.0, *pairs[5], bound=0.1))[1] == (
            "se at c and se at d add up, to within 0.20 points; whether 5 of 6 pairs add up cannot be told."
        )

    def test_the_numbers_are_those_of_the_effects(self) -> None:
        """From runs to words."""
        arms = group(*(steady_arm(name, 6, wrong) for name, wrong in zip("ABCD", (300, 200, 300, 200), strict=True)))
        factors = full_product([Factor("se at block1", (WITHOUT, WITH)), Factor("se at block2", (WITHOUT, WITH))])
        answer = effects_answer(arms, effects(arms.arms, factors, DESIGN), DESIGN)
        assert answer.sentence.startswith("se at block2 gains 1.00 points (")
        assert "se at block1 makes no difference above " in answer.sentence


class TestRefusals:
    """Why no effect is named."""

    def test_before_the_last_run_nothing_is_concluded(self) -> None:
        """Whatever the runs until now say."""
        arms = group(steady_arm("A", 3, 100, missing=(3,)), steady_arm("B", 4, 100))
        made = Effects((effect("positive", 5.0, ONE),), Blocked(4, 6, 0, 15))
        answer = effects_answer(arms, made, DESIGN)
        assert answer.sentence == "No effect is named: the study has not ended, 7 of 8 runs are there."
        assert answer.refused_because == "the study has not ended, 7 of 8 runs are there"

    def test_effects_that_cannot_be_tested(self) -> None:
        """Too few runs."""
        assert said(effect("untested", 0.0, ONE)) == (
            "No effect is named: too few runs ended well to tell effects from chance.",
        )

    def test_failures_are_named(self) -> None:
        """At the end, where an answer is given all the same."""
        arms = group(steady_arm("A", 5, 100, failed=(5,)), steady_arm("B", 6, 100))
        assert said(effect("positive", 0.4, ONE), arms=arms)[-1] == "1 of the 6 runs of A failed."


class TestBase:
    """What is said of variants beside a base."""

    @staticmethod
    def judged(*wrong: int, seeds: int = 6) -> tuple[Group, tuple[Comparison, ...]]:
        """Return variants that are wrong about so many images, the first of them the base, and what was compared."""
        arms = group(*(steady_arm(name, seeds, each) for name, each in zip("ABCDE", wrong, strict=False)))
        return arms, compare([arms], DESIGN, analysis="blocked", against="base")

    def test_variants_are_said_to_gain_or_not(self) -> None:
        """Among themselves they are not compared."""
        answer = base_answer(*self.judged(300, 200, 301), DESIGN)
        assert answer.sentence.startswith("B gains 1.00 points (")
        assert "; C makes no difference above " in answer.sentence

    @pytest.mark.parametrize(
        ("wrong", "seeds", "reason"),
        [
            ((100,), 6, "there is nothing to compare with the base"),
            ((100, 100), 1, "fewer than two runs of the variants or of the base ended well"),
        ],
    )
    def test_nothing_is_said_without_runs(self, wrong: tuple[int, ...], seeds: int, reason: str) -> None:
        """And why."""
        assert base_answer(*self.judged(*wrong, seeds=seeds), DESIGN).sentence == f"No difference is named: {reason}."
